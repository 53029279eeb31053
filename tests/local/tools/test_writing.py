import pytest


@pytest.fixture
def written(someone):
    def write(text, path="a.txt"):
        someone.gets("write", path=path, content=text)
        return someone

    return write


def test_a_file_is_written_with_its_folders(someone):
    said = someone.gets("write", path="/workspace/notes/new/a.txt", content="größer\n")
    assert said == "Wrote '/workspace/notes/new/a.txt': 9 bytes."
    assert (someone.workspace / "notes/new/a.txt").read_text() == "größer\n"


def test_a_file_is_replaced_and_keeps_its_mode(written):
    someone = written("one")
    (someone.workspace / "a.txt").chmod(0o755)
    assert someone.gets("write", path="a.txt", content="two").startswith("Replaced")
    assert (someone.workspace / "a.txt").read_text() == "two"
    assert (someone.workspace / "a.txt").stat().st_mode & 0o777 == 0o755
    assert [path.name for path in someone.workspace.iterdir()] == ["a.txt"]


def test_a_text_is_edited_and_the_change_shown(written):
    someone = written("one\ntwo\nthree\nfour\nfive\nsix\n")
    shown = someone.gets("edit", path="a.txt", old_text="three\nfo", new_text="3\nand\nfo")
    diff = "@@ line 3 @@\n one\n two\n-three\n-four\n+3\n+and\n+four\n five\n six"
    assert shown == f"Edited 'a.txt':\n{diff}"
    assert (someone.workspace / "a.txt").read_text() == "one\ntwo\n3\nand\nfour\nfive\nsix\n"


def test_a_text_that_stands_there_twice_is_left_alone_unless_all_are_meant(written):
    someone = written("a b a")
    assert "2 times" in someone.fails("edit", path="a.txt", old_text="a", new_text="c")
    assert (someone.workspace / "a.txt").read_text() == "a b a"
    edited = someone.gets("edit", path="a.txt", old_text="a", new_text="c", replace_all=True)
    assert "in 2 places" in edited
    assert (someone.workspace / "a.txt").read_text() == "c b c"


def test_a_text_that_is_not_there_is_explained(written):
    someone = written("one  two\r\nthree\r\n")
    assert "exactly" in someone.fails("edit", path="a.txt", old_text="four", new_text="4")
    assert "CR LF" in someone.fails("edit", path="a.txt", old_text="two\nthree", new_text="4")
    assert "other spaces" in someone.fails("edit", path="a.txt", old_text="one two", new_text="4")
    assert "is the old one" in someone.fails("edit", path="a.txt", old_text="one", new_text="one")


def test_what_is_no_text_is_not_edited(someone):
    (someone.workspace / "a.bin").write_bytes(b"one\xff")
    assert "binary" in someone.fails("edit", path="a.bin", old_text="one", new_text="two")


def test_what_cannot_be_written_is_refused_and_nothing_is_lost(written):
    someone = written("one")
    assert "UTF-8" in someone.fails("write", path="a.txt", content="\ud800")
    assert "may have 16 MiB" in someone.fails("write", path="a.txt", content="x" * (1 << 24) + "x")
    assert "the workspace itself" in someone.fails("write", path="/workspace", content="x")
    assert "no regular file" in written("x", "b/c").fails("write", path="b", content="x")
    assert "name that is too long" in someone.fails("write", path="n" * 300, content="x")
    assert "no path" in someone.fails("write", path="a\0b", content="x")
    assert "no path" in someone.fails("write", path="d/" * 65 + "e", content="x")
    assert sorted(path.name for path in someone.workspace.iterdir()) == ["a.txt", "b"]
    assert (someone.workspace / "a.txt").read_text() == "one"


def test_an_edit_that_would_grow_without_bound_is_refused_at_once(written):
    someone = written("x" * 100_000)
    call = {"path": "a.txt", "old_text": "x", "new_text": "y" * 100_000, "replace_all": True}
    assert "may have 16 MiB" in someone.fails("edit", **call)


def test_a_full_workspace_takes_no_more(agent):
    someone = agent(limits={"workspace_bytes": 100_000, "workspace_files": 3})
    someone.gets("write", path="a", content="x" * 90_000)
    assert "The workspace is full" in someone.fails("write", path="b", content="x" * 20_000)
    someone.gets("write", path="b", content="x")
    someone.gets("write", path="c", content="x")
    assert "may hold 3 files" in someone.fails("write", path="d", content="x")
