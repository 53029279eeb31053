"""Archives as collections of attacks have them: refused or contained, with nothing left behind."""

import io
import stat
import struct
import tarfile
import zipfile
import zlib

import pytest

from dari_nb.client import Bundle, Workspace
from dari_nb.errors import InvalidRequestError, WorkspaceError

FILE = stat.S_IFREG | 0o644


def info(name: str, mode: int = FILE, **fields) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("x")
    entry.filename = entry.orig_filename = name
    entry.create_system, entry.external_attr = 3, mode << 16
    for key, value in fields.items():
        setattr(entry, key, value)
    return entry


def zipped(*entries: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return buffer.getvalue()


def raw(*entries: tuple[bytes, bytes, dict[str, int]], flags: int = 0) -> bytes:
    """A zip file whose fields may lie; names are bytes, and ``at`` makes an entry share another."""
    body, directory = b"", b""
    for name, content, lies in entries:
        crc, size = zlib.crc32(content), lies.get("size", len(content))
        packed = lies.get("packed", len(content))
        place = lies.get("at", len(body))
        fields = struct.pack("<HHHHHLLLHH", 20, flags, 0, 0, 33, crc, packed, size, len(name), 0)
        if "at" not in lies:
            body += b"PK\3\4" + fields + name + content
        rest = struct.pack("<HHHLL", 0, 0, 0, FILE << 16, place)
        directory += b"PK\1\2" + struct.pack("<H", 3 << 8 | 20) + fields + rest + name
    end = struct.pack("<HHHHLLH", 0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return body + directory + b"PK\5\6" + end


NAMES = [
    "../evil",
    "a/../../evil",
    "a/b/../../../evil",
    "..",
    "./evil",
    "/evil",
    "//server/share/evil",
    "///evil",
    "a//evil",
    "C:/evil",
    "C:evil",
    "a/C:/evil",
    "..\\evil",
    "a\\..\\..\\evil",
    "\\evil",
    "\\\\server\\share\\evil",
    "\\\\?\\C:\\evil",
    "C:\\evil",
    "evil\0.txt",
    "../evil\0.txt",
    "evil\n",
    "evil\x1b[2J",
    "evil\u202etxt.exe",
    "\ufeffevil",
    "a/\u200b/evil",
]
MODES = [
    stat.S_IFLNK,
    stat.S_IFCHR,
    stat.S_IFIFO,
    stat.S_IFDIR,
]
# Names that only look dangerous: taken as the plain names they are.
HARMLESS = [
    "%2e%2e/x",
    "..%2fx",
    "\uff0e\uff0e/x",
    "a../x",
    "x..",
    "~/x",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_elsewhere_is_left_out_or_refuses_all(tmp_path, name):
    encoding = "cp437" if name.isascii() else "utf-8"
    fine, evil = (b"fine.txt", b"fine", {}), (name.encode(encoding), b"evil", {})
    check_contained(tmp_path, raw(fine, evil, flags=0x800 if encoding == "utf-8" else 0))


@pytest.mark.parametrize("mode", MODES)
def test_what_is_no_regular_file_is_left_out_or_refuses_all(tmp_path, mode):
    evil = info("evil", mode | 0o777)
    check_contained(tmp_path, zipped(("fine.txt", b"fine"), (evil, b"../outside")))


def test_nothing_is_written_through_a_link_of_the_same_archive(tmp_path):
    link = info("evil", stat.S_IFLNK | 0o777)
    content = zipped((link, b"/etc"), ("evil/passwd", b"root"))
    check_contained(tmp_path, content, left=("evil", "evil/passwd"))


def check_contained(tmp_path, content: bytes, left: tuple[str, ...] = ("fine.txt",)) -> None:
    (tmp_path / "w.zip").write_bytes(content)
    root = tmp_path / "deep" / "out"
    with Workspace(tmp_path / "w.zip") as files:
        assert len(files.unsafe) == 1
        with pytest.raises(WorkspaceError, match="must not be unpacked"):
            files.extract(root)
        assert not root.parent.exists()
        files.extract(root, skip_unsafe=True)
    assert sorted(path.relative_to(root).as_posix() for path in root.rglob("*")) == list(left)
    assert not any(path.is_symlink() for path in root.rglob("*"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "w.zip"]


@pytest.mark.parametrize("name", HARMLESS)
def test_a_name_that_only_looks_dangerous_stays_in_the_folder(tmp_path, name):
    (tmp_path / "w.zip").write_bytes(zipped((name, b"x")))
    with Workspace(tmp_path / "w.zip") as files:
        root = files.extract(tmp_path / "out")
    files = [path for path in root.rglob("*") if path.is_file()]
    assert [path.relative_to(root).as_posix() for path in files] == [name]


def test_names_that_differ_in_case_are_two_files(tmp_path):
    (tmp_path / "w.zip").write_bytes(zipped(("README", b"1"), ("readme", b"2")))
    with Workspace(tmp_path / "w.zip") as files:
        root = files.extract(tmp_path / "out")
        assert {file.path: files.read_text(file.path) for file in files.files()} == {
            path.name: path.read_text() for path in root.iterdir()
        }


SMALL = (b"a", b"x" * 50, {})
REFUSED = {
    "the same file twice": (raw(SMALL, SMALL), "same name"),
    "one file with two names": (raw(SMALL, (b"b", b"x" * 50, {"at": 0})), "overlap"),
    "a file inside of another": (
        raw((b"a", raw((b"b", b"x" * 90, {})), {}), (b"b", b"x" * 90, {"at": 31})),
        "overlap",
    ),
    "a bomb": (zipped((info("a", compress_type=8), bytes(30 << 20))), "200 times"),
    "a size of four gigabytes": (raw((b"a", b"x", {"size": 0xFFFFFFFE})), "over 1073741824"),
    "many with great sizes": (
        raw(*[(b"%d" % number, b"x", {"size": 1 << 27}) for number in range(9)]),
        "over 1073741824",
    ),
    "no directory": (raw(SMALL)[:60], "cannot be read"),
    "a directory that is cut": (raw(SMALL)[:-30], "cannot be read"),
    "nothing": (b"", "cannot be read"),
}


@pytest.mark.parametrize(("content", "text"), REFUSED.values(), ids=REFUSED)
def test_an_archive_that_lies_is_refused_as_a_whole(tmp_path, content, text):
    (tmp_path / "w.zip").write_bytes(content)
    with pytest.raises(WorkspaceError, match=text):
        Workspace(tmp_path / "w.zip")


def renamed(content: bytes) -> bytes:
    """Give the first file another name in its own header than in the directory."""
    return content.replace(b"a", b"b", 1)


BROKEN = {
    "a wrong checksum": raw(SMALL).replace(b"xx", b"xy", 1),
    "less than it claims": raw((b"a", b"x", {"size": 50})),
    "more than it claims": raw((b"a", b"x" * 50, {"size": 1})),
    "beyond the end": raw((b"a", b"x" * 50, {"packed": 5000, "size": 5000})),
    "a header that is elsewhere": raw((b"a", b"x", {"at": 7})),
    "two names for one file": renamed(raw(SMALL)),
    "a name that is too long": zipped(("n" * 300, b"x")),
    "a path that is too long": zipped(("/".join(["n" * 200] * 40), b"x")),
    "a file where a folder is": zipped(("a", b"x"), ("a/b", b"x")),
    "a folder where a file is": zipped(("a/b", b"x"), ("a", b"x")),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_unpacked_whole_leaves_nothing_behind(tmp_path, content):
    root = tmp_path / "out"
    root.mkdir()
    (root / "mine.txt").write_bytes(b"mine")
    (tmp_path / "w.zip").write_bytes(content)
    with Workspace(tmp_path / "w.zip") as files, pytest.raises(WorkspaceError):
        files.extract(root)
    left = {path.name: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    assert left == {"w.zip": content, "out": False, "mine.txt": b"mine"}


def test_an_archive_in_an_archive_stays_packed(tmp_path):
    inner = zipped((info("../evil"), b"evil"))
    (tmp_path / "w.zip").write_bytes(zipped(("inner.zip", inner)))
    with Workspace(tmp_path / "w.zip") as files:
        root = files.extract(tmp_path / "out")
    assert [(path.name, path.read_bytes()) for path in root.iterdir()] == [("inner.zip", inner)]


def test_modes_and_owners_of_the_archive_are_not_taken_over(tmp_path):
    (tmp_path / "w.zip").write_bytes(zipped((info("a", stat.S_IFREG | 0o6777), b"x")))
    with Workspace(tmp_path / "w.zip") as files:
        root = files.extract(tmp_path / "out")
    assert stat.S_IMODE((root / "a").stat().st_mode) & 0o7111 == 0


@pytest.mark.parametrize("there", ["folder", "file"])
def test_what_stands_in_the_way_stays_and_nothing_is_unpacked(tmp_path, there):
    root = tmp_path / "out"
    (root / "a").mkdir(parents=True)
    if there == "file":
        (root / "a").rmdir()
        (root / "a").write_text("mine")
    name = "a" if there == "folder" else "a/b"
    (tmp_path / "w.zip").write_bytes(zipped(("0", b"x"), (name, b"x")))
    with Workspace(tmp_path / "w.zip") as files, pytest.raises(WorkspaceError, match="its place"):
        files.extract(root)
    assert [path.name for path in root.rglob("*")] == ["a"]


def tarred(name: str, content: bytes = b"", pax: dict[str, str] | None = None, **fields) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        manifest = tarfile.TarInfo("dari.yml")
        archive.addfile(manifest)
        entry = tarfile.TarInfo(name)
        entry.size, entry.pax_headers = len(content), pax or {}
        for key, value in fields.items():
            setattr(entry, key, value)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


BUNDLES = {
    "a parent folder": tarred("../evil"),
    "a parent folder further in": tarred("a/../../evil"),
    "an absolute name": tarred("/evil"),
    "a link": tarred("evil", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "a hard link": tarred("evil", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
    "a device": tarred("evil", type=tarfile.CHRTYPE),
    "a disk": tarred("evil", type=tarfile.BLKTYPE),
    "a pipe": tarred("evil", type=tarfile.FIFOTYPE),
    "an unknown kind": tarred("../evil", type=b"Z"),
    "another name in its pax header": tarred("fine", pax={"path": "../evil"}),
    "a null character in its pax header": tarred("fine", pax={"path": "evil\0.txt"}),
    "a sparse file": tarred("fine", pax={"GNU.sparse.size": "9", "GNU.sparse.map": "0,1"}),
    "the same name twice": tarred("dari.yml"),
    "nothing of its own": tarred("x")[:50],
}


@pytest.mark.parametrize("content", BUNDLES.values(), ids=BUNDLES)
def test_a_bundle_of_anything_but_regular_files_is_refused(content):
    with pytest.raises(InvalidRequestError, match="bundle"):
        Bundle.from_bytes(content)
