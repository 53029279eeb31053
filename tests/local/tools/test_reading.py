import pytest


@pytest.fixture
def written(someone):
    def write(path, data):
        target = someone.workspace / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data if isinstance(data, bytes) else data.encode())
        return someone

    return write


def test_a_file_is_read_by_either_form_of_its_path(written):
    someone = written("notes/a.txt", "one\ntwo\n")
    for path in ("notes/a.txt", "./notes//a.txt", "/workspace/notes/a.txt"):
        assert someone.gets("read", path=path) == "one\ntwo"


def test_a_part_says_how_to_go_on(written):
    someone = written("a.txt", "".join(f"line {n}\n" for n in range(1, 11)))
    part = someone.gets("read", path="a.txt", offset=3, limit=2)
    assert part == "line 3\nline 4\n[Lines 3 to 4 of 10. Go on with offset 5.]"
    assert someone.gets("read", path="a.txt", offset=9) == "line 9\nline 10"
    assert "has 10 lines" in someone.fails("read", path="a.txt", offset=11)


def test_a_long_text_comes_in_parts_of_bounded_size(written):
    someone = written("a.txt", "x" * 999 + "\n" + ("y" * 99 + "\n") * 3000)
    part = someone.gets("read", path="a.txt")
    assert len(part) < 50_000
    assert "of 3001. Go on with offset" in part
    line = written("b.txt", "x" * 200_000).gets("read", path="b.txt")
    assert line.endswith("characters more]")
    assert len(line) < 50_000


def test_what_is_no_text_is_named_with_its_size(written):
    assert "binary (5 bytes)" in written("a.bin", b"ab\0cd").fails("read", path="a.bin")


def test_bytes_that_are_no_utf8_do_not_hide_the_rest(written):
    assert written("a.txt", b"caf\xe9 au lait").gets("read", path="a.txt") == "caf\ufffd au lait"


def test_an_empty_file_and_a_missing_one_are_told_apart(written):
    someone = written("a.txt", "")
    assert someone.gets("read", path="a.txt") == "[The file is empty.]"
    assert someone.fails("read", path="b.txt") == "There is no file 'b.txt' in the workspace."
    assert "There is no folder 'c'" in someone.fails("read", path="c/d.txt")
    assert "is no folder" in someone.fails("read", path="a.txt/d.txt")
    assert "is a folder" in written("e/f", "").fails("read", path="e")


def test_a_file_that_is_too_large_is_named_with_its_size(someone):
    with (someone.workspace / "a.txt").open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    assert "has 65 MiB" in someone.fails("read", path="a.txt")


def test_a_folder_is_listed_with_kinds_and_sizes(written):
    someone = written("b/c.txt", "x" * 2048)
    written("a.txt", "1234")
    (someone.workspace / "d").symlink_to("a.txt")
    assert someone.gets("ls") == "a.txt  4 bytes\nb/\nd  link"
    assert someone.gets("ls", path="/workspace/b") == "c.txt  2 KiB"
    (someone.workspace / "e").mkdir()
    assert someone.gets("ls", path="e") == "[The folder is empty.]"
    assert "is no folder" in someone.fails("ls", path="a.txt")


def test_names_that_are_no_text_are_listed_on_their_line(someone):
    (someone.workspace / "a\nb\x1b[31m").write_text("")
    (someone.workspace / "c\udcff").write_text("")
    assert someone.gets("ls") == "a\\x0ab\\x1b[31m  0 bytes\nc\\xff  0 bytes"
    assert "no path" in someone.fails("read", path="c\udcff")


def test_arguments_are_held_to_the_schema_before_the_call(someone):
    assert '"path" is a required property' in someone.fails("read")
    assert "at $.offset" in someone.fails("read", path="a", offset=0)
    assert "'paths' was unexpected" in someone.fails("read", path="a", paths="b")
    assert "There is no tool 'rm'" in someone.fails("rm")
