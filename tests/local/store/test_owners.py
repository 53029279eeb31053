"""Whose a file is: what is not a local Dari's is refused, and stays as it was."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari

FOREIGN = {
    "notes": "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine');",
    "our tables and one more": (
        "CREATE TABLE agents (ordinal, id, name, active_version_id, created_at);"
        "CREATE TABLE versions (id); CREATE TABLE messages (id); CREATE TABLE notes (text);"
    ),
    "a stamp": "PRAGMA application_id = 42;",
}


def made(path, script):
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)
    path.chmod(0o644)


def folder(path):
    return {
        file.name: (file.read_bytes(), file.stat().st_mode, file.stat().st_mtime_ns)
        for file in path.parent.iterdir()
    }


@pytest.mark.parametrize("script", FOREIGN.values(), ids=FOREIGN)
def test_another_programs_database_is_refused_and_not_touched(path, script):
    made(path, script)
    before = folder(path)
    with pytest.raises(InvalidRequestError):
        LocalDari(path)
    assert folder(path) == before


def test_another_programs_database_is_not_touched_while_it_is_open_there(path):
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE notes (text TEXT)")
        before = folder(path)
        with pytest.raises(InvalidRequestError):
            LocalDari(path)
        kept = folder(path)
        assert kept["course.db"] == before["course.db"]
        assert kept["course.db-wal"] == before["course.db-wal"]
        db.execute("INSERT INTO notes VALUES ('still mine')")
        db.commit()


def test_a_newer_one_is_refused_with_what_to_do_and_not_touched(path):
    LocalDari(path).stop()
    with closing(sqlite3.connect(path)) as db:
        [version] = db.execute("PRAGMA user_version").fetchone()
        db.execute(f"PRAGMA user_version = {version + 1}")
        db.execute("PRAGMA journal_mode = DELETE")
    before = folder(path)
    with pytest.raises(InvalidRequestError):
        LocalDari(path)
    assert folder(path) == before


def short(path):
    path.write_bytes(b"SQLite format 3\0")


def a_folder(path):
    path.mkdir()


def a_pipe(path):
    os.mkfifo(path)


def a_circle(path):
    path.symlink_to(path)


@pytest.mark.parametrize("make", [short, a_folder, a_pipe, a_circle])
def test_what_is_no_database_is_refused_in_one_line(path, make):
    make(path)
    with pytest.raises(InvalidRequestError):
        LocalDari(path)
    assert [file.name for file in path.parent.iterdir()] == ["course.db"]


def test_a_file_in_no_folder_is_refused(tmp_path):
    with pytest.raises(InvalidRequestError):
        LocalDari(tmp_path / "missing" / "course.db")


def empty(path):
    path.touch(0o644)


def a_link_to_nothing_yet(path):
    path.symlink_to(path.with_name("real.db"))


@pytest.mark.parametrize("make", [empty, a_link_to_nothing_yet])
def test_what_belongs_to_nobody_becomes_a_local_daris(path, call, make):
    make(path)
    for _ in range(2):
        with LocalDari(path) as server, call(server) as api:
            assert api.ask("echo", "hello")["status"] == "completed"
    with LocalDari(path) as server, call(server) as api:
        assert len(api.get("/sessions")["sessions"]) == 2


READ_ONLY = """
import os, sys
from dari_nb.local import LocalDari
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try: LocalDari(sys.argv[1])
except ValueError as error: print(error)
"""


@pytest.fixture
def shared():
    """A folder that everybody may look into."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o700)


@pytest.mark.parametrize(("of_file", "of_folder"), [(0o444, 0o777), (0o666, 0o555)])
def test_what_may_not_be_read_or_written_is_refused(shared, elsewhere, of_file, of_folder):
    path = shared / "course.db"
    LocalDari(path).stop()
    path.chmod(of_file)
    shared.chmod(of_folder)
    assert str(path) in elsewhere(READ_ONLY, path)
