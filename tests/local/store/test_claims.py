"""One local Dari serves a file, whatever else is done with it."""

import os
import shutil
import sqlite3

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari

from .conftest import hard_link, symbolic_link

REFUSED = "is open in another local Dari"


def roundabout(path):
    return path.parent / "there" / ".." / path.name


@pytest.mark.parametrize("name", [hard_link, symbolic_link, roundabout, os.path.relpath])
def test_a_second_one_is_refused_under_any_name(path, opening, name):
    (path.parent / "there").mkdir()
    with LocalDari(path):
        other = name(path)
        assert REFUSED in opening(other)
        with pytest.raises(InvalidRequestError, match=REFUSED):
            LocalDari(other)
        assert REFUSED in opening(path)
    assert opening(other) == "opened"


def copy(path):
    shutil.copy(path, path.with_suffix(".copy"))


def copy_all(path):
    for file in path.parent.glob("course.db*"):
        if file.is_file():
            shutil.copy(file, path.with_suffix(".copy"))


def read_with_sqlite(path):
    db = sqlite3.connect(path)
    db.execute("SELECT count(*) FROM agents").fetchone()
    db.close()


def try_to_serve(path):
    with pytest.raises(InvalidRequestError, match=f"{REFUSED} of this process"):
        LocalDari(path)


def remove_the_lock_file(path):
    path.with_name("course.db.lock").unlink()


def open_and_close_another(path):
    with LocalDari(path.with_name("other.db")):
        pass


@pytest.mark.parametrize(
    "deed",
    [
        copy,
        copy_all,
        read_with_sqlite,
        try_to_serve,
        remove_the_lock_file,
        open_and_close_another,
    ],
)
def test_nothing_that_this_process_does_lets_a_second_one_in(path, call, opening, deed):
    with LocalDari(path) as server, call(server) as api:
        for _ in range(2):
            deed(path) if deed is not remove_the_lock_file or _ == 0 else None
            assert REFUSED in opening(path)
        assert api.ask("echo", "still here")["status"] == "completed"
    assert opening(path) == "opened"


def test_the_refusal_names_the_process(path, serve):
    other = serve(path)
    with pytest.raises(
        InvalidRequestError, match=rf"another local Dari \(process {other.process.pid}\)"
    ):
        LocalDari(path)
    assert other.stop() == 0
    with LocalDari(path):
        pass


def test_a_killed_one_holds_nothing(path, serve, call):
    other = serve(path)
    with call(other) as api:
        session_id = api.ask("echo", "hello")["session_id"]
        events = api.events(session_id)
    other.kill()
    with LocalDari(path) as server, call(server) as api:
        assert api.events(session_id)[: len(events)] == events


def test_a_stopped_one_leaves_its_database_and_nothing_else(path, call):
    with LocalDari(path) as server, call(server) as api:
        api.create("echo")
    assert [file.name for file in path.parent.iterdir()] == ["course.db"]


def test_another_program_that_has_locked_it_is_no_local_dari(path, opening):
    LocalDari(path).stop()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    said = opening(path)
    db.close()
    assert said == f"{path} is locked by another program: close it there, or choose another path."
