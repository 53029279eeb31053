"""One local Dari serves a file, whatever else is done with it."""

import shutil
import sqlite3

import pytest

from dari_nb.local import LocalDari

REFUSED = "is open in another local Dari"


def copy_all(path):
    for file in path.parent.glob("course.db*"):
        if file.is_file():
            shutil.copy(file, path.with_suffix(".copy"))


def read_with_sqlite(path):
    db = sqlite3.connect(path)
    db.execute("SELECT count(*) FROM agents").fetchone()
    db.close()


@pytest.mark.parametrize("deed", [copy_all, read_with_sqlite])
def test_nothing_that_this_process_does_lets_a_second_one_in(path, call, opening, deed):
    with LocalDari(path) as server, call(server) as api:
        for _ in range(2):
            deed(path)
            assert REFUSED in opening(path)
        assert api.ask("echo", "still here")["status"] == "completed"
    assert opening(path) == "opened"


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
    assert "another program" in said
