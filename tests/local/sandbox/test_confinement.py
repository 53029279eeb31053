"""No file tool shows or changes anything outside of the workspace, whatever lies in it."""

import os
import shutil
import socket
import threading
from contextlib import suppress

import pytest

from ..tools.conftest import SECRET

CALLS = {
    "read": {},
    "write": {"content": "changed"},
    "edit": {"old_text": "kept", "new_text": "changed"},
    "ls": {},
    "grep": {"pattern": "kept"},
    "find": {"pattern": "*"},
}
every_tool = pytest.mark.parametrize("tool", CALLS)
on_files = pytest.mark.parametrize("tool", ["read", "write", "edit"])


@pytest.fixture
def untouched(outside):
    """The file outside, which has to be as it was in the end."""
    before = outside.stat()
    yield outside
    after = outside.stat()
    assert outside.read_text() == SECRET
    assert (after.st_mode, after.st_uid, after.st_ino) == (
        before.st_mode,
        before.st_uid,
        before.st_ino,
    )
    assert [path.name for path in outside.parent.iterdir()] == [outside.name]


PATHS = [
    *("../../outside/secret.txt", "a/../../../outside/secret.txt", "{outside}"),
    *("/workspace/../../outside/secret.txt", "/etc/passwd", "//etc/passwd", "/workspaces/x"),
    *("/proc/self/environ", "/proc/self/root/etc/passwd", "a\0/b", "x" * 5000),
]


@every_tool
def test_paths_that_lead_outside_are_refused(someone, untouched, tool):
    for path in PATHS:
        said = someone.fails(tool, path=path.format(outside=untouched), **CALLS[tool])
        assert SECRET not in said


@every_tool
def test_tricks_of_other_systems_are_names_like_any_other(someone, untouched, tool):
    for path in ("..\\..\\outside", "%2e%2e/outside", "~/x", "$HOME", "file:///etc/passwd"):
        outcome = someone.use(tool, path=path, **CALLS[tool])
        assert SECRET not in outcome.result
        assert "root:" not in outcome.result


def test_links_that_bash_makes_are_not_followed(someone, untouched):
    links = f"ln -s {untouched} file; ln -s {untouched.parent} folder; ln -s /proc/self/root root"
    assert not someone.bash(f"{links}; mkdir d; ln -s ../folder d/inner").is_error
    for tool, arguments in CALLS.items():
        paths = ["file", "folder/secret.txt", f"root{untouched}", "d/inner/secret.txt"]
        if tool in ("ls", "grep", "find"):
            paths = ["folder", "root/etc", "d/inner"]
        for path in paths:
            assert SECRET not in someone.fails(tool, path=path, **arguments)


@pytest.mark.parametrize("tool", ["ls", "grep", "find"])
def test_a_walk_passes_by_links(someone, untouched, tool):
    (someone.workspace / "folder").symlink_to(untouched.parent)
    (someone.workspace / "file").symlink_to(untouched)
    (someone.workspace / "loop").symlink_to(".")
    said = someone.gets(tool, **CALLS[tool])
    assert SECRET not in said
    assert "secret.txt" not in said


@on_files
def test_a_second_name_of_a_file_outside_is_not_used(someone, untouched, tool):
    os.link(untouched, someone.workspace / "file")
    outcome = someone.use(tool, path="file", **CALLS[tool])
    assert SECRET not in outcome.result
    # A write puts a new file in place of the name, and leaves the other one as it is.
    assert outcome.is_error == (tool != "write")
    (someone.workspace / "file").unlink()


def test_a_second_name_of_a_file_outside_is_not_searched_or_given_away(someone, untouched):
    os.link(untouched, someone.workspace / "file")
    assert someone.gets("grep", pattern="kept") == "[No line fits.]"
    owner = untouched.stat().st_uid
    assert someone.bash("chown 0:0 file").is_error
    assert untouched.stat().st_uid == owner
    (someone.workspace / "file").unlink()


@on_files
def test_pipes_sockets_and_devices_are_not_opened(someone, tool):
    os.mkfifo(someone.workspace / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    here = os.open(someone.workspace, os.O_RDONLY)
    listener.bind(f"/proc/self/fd/{here}/socket")
    if os.geteuid() == 0:
        os.mknod(someone.workspace / "pipe2", 0o20666, os.makedev(1, 9))
    else:
        os.mkfifo(someone.workspace / "pipe2")
    for name in ("pipe", "socket", "pipe2"):
        assert "no regular file" in someone.fails(tool, path=name, **CALLS[tool])
    assert someone.gets("grep", pattern=".") == "[No line fits.]"
    assert someone.gets("ls").count("no regular file") == 3
    listener.close()
    os.close(here)


@pytest.mark.parametrize("tool", ["read", "write", "edit"])
def test_a_folder_that_is_exchanged_while_it_is_used_leads_nowhere(someone, untouched, tool):
    real, link = someone.workspace / "real", someone.workspace / "link"
    real.mkdir()
    (real / "secret.txt").write_text("kept inside")
    link.symlink_to(untouched.parent)
    place, done = someone.workspace / "place", threading.Event()

    def exchange():
        while not done.is_set():
            for one in (real, link):
                # A write may put a folder of its own there in between.
                shutil.rmtree(place, ignore_errors=True)
                with suppress(OSError):
                    one.rename(place)
                    place.rename(one)

    other = threading.Thread(target=exchange)
    other.start()
    try:
        for _ in range(100):
            outcome = someone.use(tool, path="place/secret.txt", **CALLS[tool])
            assert SECRET not in outcome.result
    finally:
        done.set()
        other.join()


def test_a_very_deep_tree_stops_no_tool(someone):
    someone.bash("for n in $(seq 300); do mkdir d; cd d; done; echo kept > file")
    assert "d/" in someone.gets("ls")
    assert someone.gets("grep", pattern="kept") == "[No line fits.]"
    assert len(someone.gets("find", pattern="d").splitlines()) == 65
    assert "The workspace is full" in someone.fails("write", path="a", content="x")
    assert not someone.bash("rm -r d").is_error
    someone.gets("write", path="a", content="x")


def test_what_is_locked_away_is_counted_and_told(someone):
    someone.bash("mkdir d; echo x > d/file; chmod 0 d/file d")
    outcome = someone.use("read", path="d/file")
    assert outcome.result == "x" or "permissions forbid" in outcome.result
    someone.gets("write", path="a", content="x")
