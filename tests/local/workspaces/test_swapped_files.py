"""What is exchanged in a workspace while it is read or written leads nowhere outside of it."""

import io
import os
import socket
import subprocess
import threading
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

SECRET = b"only of the host"
BIG = os.urandom(12 << 20)


@pytest.fixture
def host(tmp_path):
    """A folder of the machine on the workspaces' disk, with the names that a workspace has."""
    folder = tmp_path / "host"
    folder.mkdir()
    for name in ("later.txt", "notes.txt", "only.txt"):
        (folder / name).write_bytes(SECRET)
    return folder


@pytest.fixture
def agent(server):
    """Register an agent that runs some work in its workspace; a later turn runs the next one."""

    def make(*works):
        left = list(works)

        @server.agent("swaps")
        def swaps(prompt, turn):
            (left.pop(0) if left else lambda _root: None)(turn.workspace)

    return make


@pytest.fixture
def asked(api, agent):
    """A session whose agent has run some work, with the folder of its workspace."""

    def ask(work):
        seen = []
        agent(lambda root: (seen.append(root), work(root)))
        message = api.ask("swaps", "x")
        assert message["status"] == "completed", message
        return message["session_id"], seen[0]

    return ask


class SlowReader:
    """A download that is read only as far as it is asked to be."""

    def __init__(self, api, session_id):
        address = api.http.base_url
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        self._socket.connect((address.host, address.port))
        self._socket.sendall(
            f"GET /v1/sessions/{session_id}/workspace.zip HTTP/1.0\r\nHost: {address.host}\r\n"
            f"Authorization: {api.http.headers['authorization']}\r\n\r\n".encode()
        )
        self._read = self._socket.recv(1024)
        assert b" 200 " in self._read.splitlines()[0]

    def reach(self, name):
        """Read until a file's head is there, which is when the server is writing it."""
        while name.encode() not in self._read:
            self._read += self._socket.recv(65_536)

    def close(self):
        """Leave it."""
        self._socket.close()

    def rest(self):
        """Read to the end; returns the archive, which is whole."""
        with self._socket:
            while piece := self._socket.recv(1 << 20):
                self._read += piece
        archive = zipfile.ZipFile(io.BytesIO(self._read.partition(b"\r\n\r\n")[2]))
        assert archive.testzip() is None
        return archive


@contextmanager
def meanwhile(work):
    """Do something again and again in another thread."""
    done = threading.Event()

    def again():
        while not done.is_set():
            with suppress(OSError):
                work()

    thread = threading.Thread(target=again)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def held(archive):
    return b"".join(archive.read(name) for name in archive.namelist())


def folder_with_a_long_start(root):
    (root / "d/inner").mkdir(parents=True)
    (root / "d/0.bin").write_bytes(BIG)
    (root / "d/later.txt").write_bytes(b"of the agent")
    (root / "d/inner/later.txt").write_bytes(b"of the agent")


def away(path, target):
    path.rename(path.with_name("moved"))
    path.symlink_to(target)


@pytest.mark.parametrize(
    "swap",
    [
        lambda root, host: away(root / "d", host),
        lambda root, host: away(root / "d/later.txt", host / "later.txt"),
        lambda root, host: (
            (root / "d/later.txt").unlink(),
            os.link(host / "later.txt", root / "d/later.txt"),
        ),
        lambda root, host: (root.replace(f"{root}-old"), root.symlink_to(host.parent)),
    ],
    ids=["folder", "file", "hard link", "whole workspace"],
)
def test_what_is_swapped_while_a_zip_is_read_stays_out_of_it(api, asked, host, swap):
    session_id, root = asked(folder_with_a_long_start)
    reader = SlowReader(api, session_id)
    reader.reach("d/0.bin")
    swap(root, host)
    archive = reader.rest()
    assert archive.read("d/0.bin") == BIG
    assert SECRET not in held(archive)


def test_at_whatever_moment_something_is_swapped_the_zip_holds_none_of_the_host(api, asked, host):
    def work(root):
        for number in range(30):
            (root / f"d{number}").mkdir()
            (root / f"d{number}/later.txt").write_bytes(b"of the agent")

    session_id, root = asked(work)

    def swap():
        for number in range(30):
            place, old = root / f"d{number}", root / f"old{number}"
            place.replace(old)
            place.symlink_to(host)
            place.unlink()
            old.replace(place)
            os.link(host / "later.txt", root / "second")
            (root / "second").replace(place / "later.txt")
            (place / "later.txt").unlink()
            (place / "later.txt").write_bytes(b"of the agent")

    with meanwhile(swap):
        for _ in range(20):
            archive = SlowReader(api, session_id).rest()
            assert SECRET not in held(archive)


def test_what_has_a_second_name_on_the_host_stays_out_and_inner_names_do_not(api, asked, host):
    def work(root):
        run = {"cwd": root, "check": True, "capture_output": True}
        subprocess.run(["git", "init", "-q", "one"], **run)
        (root / "one/a.txt").write_text("tracked")
        git = ["git", "-C", "one", "-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run([*git, "add", "."], **run)
        subprocess.run([*git, "commit", "-qm", "first"], **run)
        subprocess.run(["git", "clone", "-q", "one", "two"], **run)
        os.link(host / "later.txt", root / "taken.txt")
        os.link(host / "only.txt", root / "one/taken.txt")
        os.link(root / "one/taken.txt", root / "two/taken.txt")

    session_id, root = asked(work)
    archive = SlowReader(api, session_id).rest()
    objects = [path for path in root.glob("*/.git/objects/*/*") if path.stat().st_nlink > 1]
    assert objects
    for path in objects:
        assert archive.read(path.relative_to(root).as_posix()) == path.read_bytes()
    assert not [name for name in archive.namelist() if "taken" in name]
    assert SECRET not in held(archive)


@pytest.mark.parametrize("change", ["grows", "shrinks"])
def test_a_file_that_changes_while_it_is_read_ends_where_it_ended_at_first(api, asked, change):
    session_id, root = asked(lambda root: (root / "log.txt").write_bytes(BIG))
    reader = SlowReader(api, session_id)
    reader.reach("log.txt")
    with (root / "log.txt").open("r+b") as log:
        log.truncate(1000) if change == "shrinks" else (log.seek(0, 2), log.write(b"more" * 999))
    got = reader.rest().read("log.txt")
    assert got == BIG[: len(got)]
    assert len(got) == len(BIG) if change == "grows" else len(got) < len(BIG)


def test_a_download_that_is_left_lets_go_of_all_files(api, asked, wait):
    def inside():
        found = []
        for descriptor in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                found.append(descriptor.readlink())
        return [path for path in found if path.is_relative_to(root)]

    session_id, root = asked(folder_with_a_long_start)
    for _ in range(2):
        reader = SlowReader(api, session_id)
        reader.reach("d/0.bin")
        assert inside()
        reader.close()
    wait(inside, lambda found: not found)


def test_pipes_sockets_and_devices_do_not_hold_a_zip_up(api, asked):
    def work(root):
        os.mkfifo(root / "pipe")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(root / "socket"))
        with suppress(PermissionError):
            os.mknod(root / "zero", 0o020666, os.makedev(1, 5))
        (root / "only").mkdir()
        os.mkfifo(root / "only/pipe")
        (root / "plain.txt").write_bytes(b"plain")

    archive = SlowReader(api, asked(work)[0]).rest()
    assert archive.namelist() == ["only/", "plain.txt"]


def test_folders_that_the_agent_has_shut_are_in_the_zip(api, asked):
    modes = {"searched": 0o100, "listed": 0o400, "shut": 0}

    def work(root):
        for name, mode in modes.items():
            (root / name).mkdir()
            (root / name / "a.txt").write_bytes(b"of the agent")
            (root / name).chmod(mode)

    archive = SlowReader(api, asked(work)[0]).rest()
    assert archive.namelist() == ["listed/a.txt", "searched/a.txt", "shut/a.txt"]


def test_files_whose_names_are_no_text_are_all_in_the_zip(api, asked):
    names = [b"a\xfe.txt", b"a\xff.txt", "a\N{REPLACEMENT CHARACTER}.txt".encode(), b"l\nf.txt"]

    def work(root):
        for name in names:
            (root / os.fsdecode(name)).write_bytes(name)

    archive = SlowReader(api, asked(work)[0]).rest()
    assert sorted(archive.read(name) for name in archive.namelist()) == sorted(names)
    assert archive.read("l\nf.txt") == b"l\nf.txt"
    assert archive.read("a\N{REPLACEMENT CHARACTER}.txt") == names[2]


def test_an_attached_file_is_not_written_through_a_workspace_that_became_a_link(api, agent, host):
    def leave(root):
        root.replace(f"{root}-old")
        root.symlink_to(host)

    agent(leave)
    session_id = api.ask("swaps", "x")["session_id"]
    sent = api.send(session_id, "y", api.upload("attached.txt", b"attached"))
    assert api.finished(sent["message"]["id"])["status"] == "failed"
    assert sorted(path.name for path in host.iterdir()) == ["later.txt", "notes.txt", "only.txt"]


def test_an_attached_file_is_not_written_through_a_link_whenever_that_comes(api, asked, host):
    session_id, root = asked(lambda root: None)
    names = [f"f{number}.txt" for number in range(60)]
    files = [api.upload(name, b"attached") for name in names]

    def swap():
        for name in names:
            with suppress(FileExistsError):
                (root / name).symlink_to(host / f"through-{name}")
                (root / name).unlink()

    with meanwhile(swap):
        for part in range(0, 60, 20):
            sent = api.send(session_id, "y", *files[part : part + 20])
            assert api.finished(sent["message"]["id"])["status"] == "completed"
    assert not list(host.glob("through-*"))


@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "folder"])
def test_an_attached_file_gets_a_number_where_its_name_is_something_else(api, agent, host, kind):
    def work(root):
        place = root / "notes.txt"
        {
            "link": lambda: place.symlink_to(host / "notes.txt"),
            "hard link": lambda: os.link(host / "notes.txt", place),
            "pipe": lambda: os.mkfifo(place),
            "folder": place.mkdir,
        }[kind]()

    read = {}
    agent(work, lambda root: read.update(text=(root / "notes-2.txt").read_bytes()))
    session_id = api.ask("swaps", "x")["session_id"]
    sent = api.send(session_id, "y", api.upload("notes.txt", SECRET))
    assert api.finished(sent["message"]["id"])["status"] == "completed"
    assert read["text"] == SECRET
    assert (host / "notes.txt").read_bytes() == SECRET
