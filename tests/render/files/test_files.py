"""Trees of files and diffs of workspaces, from hostile names and contents too."""

import struct
import zlib

import pytest

from dari_nb.render.files.files import (
    MOST_FILES,
    ChangedFile,
    ShownFile,
    size_text,
    static_file_changes,
    static_file_tree,
    text_of,
)


def shown(path, content=b"", *, size=None):
    data = content if isinstance(content, bytes) else content.encode()
    return ShownFile(path, len(data) if size is None else size, data)


def picture():
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0\1\2\3"))
    return b"\x89PNG\r\n\x1a\n" + head + pixels + chunk(b"IEND", b"")


def html_of(*files, **options):
    return static_file_tree("workspace", files, **options)["text/html"].partition("</style>")[2]


def test_a_tree_has_folders_with_totals_and_files_with_sizes(read):
    files = [shown("b/two.txt", "x" * 1500), shown("a.txt", "hi"), shown("b/c/three.txt", "y")]
    assert static_file_tree("workspace", files)["text/plain"].splitlines() == [
        "workspace · 3 files · 1.5 kB",
        "├─ b/     1.5 kB",
        "│  ├─ c/       1 B",
        "│  │  └─ three.txt  1 B",
        "│  └─ two.txt  1.5 kB",
        "└─ a.txt  2 B",
    ]
    assert "b/ 2 files · 1.5 kB" in read(html_of(*files)).text


def test_a_csv_file_is_a_table_and_code_has_its_look(read):
    html = html_of(shown("out.csv", "city,price\nRome,1\nOslo,2\n"), shown("a.py", "def f(): ..."))
    page = read(html)
    assert {"table", "pre"} <= page.tags
    assert '<span class="k">def</span>' in html


def test_a_small_picture_is_shown_and_what_only_says_it_is_one_is_not(read):
    html = html_of(shown("a.png", picture()), shown("b.png", b"<svg onload=1>"))
    assert html.count("<img ") == 1
    assert read(html).text.count("no picture that can be shown here") == 1
    large = ShownFile("c.png", 10_000_000, picture())
    assert "<img" not in html_of(large)


def test_binary_and_empty_files_are_named_alone(read):
    text = read(html_of(shown("model.bin", bytes(range(256))), shown("empty"))).text
    assert "model.bin 256 Bbinary" in text
    assert "empty 0 B" in text


def test_of_a_long_file_the_beginning_is_shown_by_whole_lines(read):
    text = read(html_of(shown("log.txt", "one\ntwo\nthr", size=50_000))).text
    assert "onetwo" in text.replace("\n", "")
    assert "thr" not in text
    assert "… 50 kB more" in text


def test_of_many_files_the_rest_is_counted():
    forms = static_file_tree("workspace", [shown(f"f{n:04}") for n in range(MOST_FILES + 7)])
    for form in forms.values():
        assert "… 7 more files not shown" in form


def test_entries_that_are_unsafe_are_named():
    forms = static_file_tree("workspace", [], unsafe=["../../etc/passwd"])
    assert "left out as unsafe: ../../etc/passwd" in forms["text/plain"]


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"caf\xc3\xa9", "café"), (b"caf\xc3", "caf"), (b"\xff\xfe", None), (b"a\0b", None)],
)
def test_text_is_told_from_other_bytes(data, text):
    assert text_of(data) == text


def changed(path, before, after):
    sides = [side and side.encode() for side in (before, after)]
    change = "added" if before is None else "removed" if after is None else "changed"
    return ChangedFile(path, change, *sides, (len(sides[0] or b""), len(sides[1] or b"")))


def test_changes_are_diffs_of_the_lines(read):
    changes = [
        changed("a.md", "x\ny\n", "x\nz\n"),
        changed("n.md", None, "new\n"),
        changed("o", "old\n", None),
    ]
    forms = static_file_changes(("one", "two"), changes, same=2)
    assert forms["text/plain"].splitlines() == [
        "one → two · 1 added · 1 removed · 1 changed · 2 files the same",
        "a.md  changed · +1 -1", "   x", "  -y", "  +z",
        "n.md  added · 4 B", "  +new",
        "o  removed · 4 B", "  -old",
    ]  # fmt: skip
    assert '<span class="p">+z' in forms["text/html"]
    assert "```diff\n x\n-y\n+z\n```" in forms["text/markdown"]


def test_what_is_no_text_is_told_by_its_sizes(read):
    binary = ChangedFile("m.bin", "changed", b"\0", b"\0\1", (1, 2))
    large = ChangedFile("big.txt", "changed", None, None, (1_000_000, 2_000_000))
    text = static_file_changes(("a", "b"), [binary, large], same=0)["text/plain"]
    assert "m.bin  changed · 1 B → 2 B" in text
    assert "big.txt  changed · 1.0 MB → 2.0 MB" in text


HOSTILE = "<img src=x onerror=1>`|\u202e</details><script>1</script>"


def test_hostile_names_and_contents_stay_texts(read):
    files = [
        shown(f"{HOSTILE}/{HOSTILE}.csv", f"{HOSTILE},b\n{HOSTILE},1\nx,2\n"),
        shown(f"{HOSTILE}.md", HOSTILE),
    ]
    changes = [changed(HOSTILE, HOSTILE, "```\n" + HOSTILE)]
    for forms in (
        static_file_tree(HOSTILE, files, unsafe=[HOSTILE]),
        static_file_changes((HOSTILE, HOSTILE), changes, same=0),
    ):
        page = read(forms["text/html"].partition("</style>")[2])
        assert page.roots == 1
        assert "onerror=1" in page.text
        for form in forms.values():
            assert "\u202e" not in form


def test_sizes_are_short():
    assert [size_text(n) for n in (9_949, 9_950, 999_400, 999_600)] == [
        "9.9 kB",
        "10 kB",
        "999 kB",
        "1.0 MB",
    ]
