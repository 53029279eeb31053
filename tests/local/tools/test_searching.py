import pytest


@pytest.fixture
def tree(someone):
    files = {
        "README.md": "Hello\nworld\n",
        "src/a.py": "import os\nprint('Hello')\n",
        "src/deep/b.py": "x = 1\n",
        "data/c.csv": "a,b\n1,2\n",
        ".git/config": "Hello",
    }
    for path, text in files.items():
        target = someone.workspace / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (someone.workspace / "image.png").write_bytes(b"\x89PNG\0Hello")
    return someone


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.py", ["src/a.py", "src/deep/b.py"]),
        ("src/*.py", ["src/a.py"]),
        ("src/**/*.py", ["src/a.py", "src/deep/b.py"]),
        ("/workspace/**/b.*", ["src/deep/b.py"]),
        ("[a-c].csv", ["data/c.csv"]),
        ("d*", ["data/", "src/deep/"]),
        ("none", ["[No path fits.]"]),
    ],
)
def test_paths_are_found_by_globs(tree, pattern, found):
    assert tree.gets("find", pattern=pattern).splitlines() == found


def test_a_search_can_be_held_to_a_folder_and_a_number(tree):
    assert tree.gets("find", pattern="*.py", path="src/deep") == "src/deep/b.py"
    assert tree.gets("find", pattern="*.py", limit=1) == "src/a.py\n[1 paths more.]"
    assert "There is no folder" in tree.fails("find", pattern="*", path="nowhere")


def test_lines_are_found_by_an_expression(tree):
    assert tree.gets("grep", pattern="^Hel+o").splitlines() == ["README.md:1: Hello"]
    everywhere = tree.gets("grep", pattern="hello", ignore_case=True).splitlines()
    assert everywhere == ["README.md:1: Hello", "src/a.py:2: print('Hello')"]
    assert tree.gets("grep", pattern="('", literal=True) == "src/a.py:2: print('Hello')"
    assert tree.gets("grep", pattern="Hello", glob="*.md") == "README.md:1: Hello"
    assert tree.gets("grep", pattern="Hello", path="src") == "src/a.py:2: print('Hello')"
    assert tree.gets("grep", pattern="Hello", limit=1).endswith("[More than 1 lines fit.]")
    assert tree.gets("grep", pattern="nothing") == "[No line fits.]"


def test_an_expression_that_is_wrong_is_explained(tree):
    assert "is wrong: missing )" in tree.fails("grep", pattern="(a")


def test_an_expression_without_end_is_ended(tree, monkeypatch):
    monkeypatch.setattr("dari_nb.local.tools.searching.SECONDS", 1)
    (tree.workspace / "a.txt").write_text("a" * 60 + "b")
    assert "took longer than 1 s" in tree.fails("grep", pattern="(a+)+$", glob="a.txt")


def test_a_glob_without_end_has_one(tree):
    (tree.workspace / ("a" * 200)).write_text("")
    assert tree.gets("find", pattern="*a" * 100 + "b") == "[No path fits.]"
    assert tree.gets("find", pattern="**/" * 200 + "z") == "[No path fits.]"


def test_results_are_of_bounded_size(tree):
    (tree.workspace / "lines.txt").write_text(("y" * 10_000 + "\n") * 100)
    (tree.workspace / "long.txt").write_text("y" * 5_000_000)
    found = tree.gets("grep", pattern="y")
    assert len(found) < 50_000
    assert "[9600 characters more]" in found
    assert "Too large to be searched: long.txt" in found
