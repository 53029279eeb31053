"""Copies of a file that is served, and programs that read it meanwhile."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from dari_nb.local import LocalDari

READ = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(db.execute("SELECT count(*) FROM events").fetchone()[0])
db.close()
"""
BACK_UP = """
import sqlite3, sys
source, copy = map(sqlite3.connect, sys.argv[1:])
source.backup(copy)
copy.close()
source.close()
"""


def events_of(api, *sessions):
    return {(e["session_id"], e["sequence_number"]) for one in sessions for e in api.events(one)}


def asked(api, count):
    ids = [api.ask("echo", f"question {number}")["session_id"] for number in range(count)]
    for one in ids:
        api.rests(one)
    return ids


def copied(path):
    return shutil.copy(path, path.with_name("copy.db"))


def held_by_a_copy(path, held):
    """What events a copy of the file holds: none if the server wrote to it meanwhile."""
    try:
        return held(copied(path))
    except sqlite3.DatabaseError:
        return set()


def test_a_plain_copy_soon_holds_all_that_was_acknowledged(path, call, held, wait):
    with LocalDari(path) as server, call(server) as api:
        for count in (1, 20):
            everything = events_of(api, *asked(api, count))
            wait(lambda: held_by_a_copy(path, held), everything.__le__)
        with LocalDari(copied(path)) as second, call(second) as other:
            ids = [session["id"] for session in api.get("/sessions")["sessions"]]
            assert events_of(other, *ids) == events_of(api, *ids)


def test_a_program_that_reads_holds_up_neither_turns_nor_later_copies(path, call, held, wait):
    with LocalDari(path) as server, call(server) as api:
        before = events_of(api, *asked(api, 1))
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM events").fetchone()
            everything = before | events_of(api, *asked(api, 10))
            assert reader.execute("SELECT count(*) FROM events").fetchone() == (len(before),)
        wait(lambda: held_by_a_copy(path, held), everything.__le__)


def test_other_programs_read_and_back_up_while_it_is_served(path, call, elsewhere, held):
    with LocalDari(path) as server, call(server) as api:
        for number in range(3):
            ids = asked(api, 5)
            assert int(elsewhere(READ, path)) >= len(events_of(api, *ids))
            out = path.with_name(f"out{number}.db")
            elsewhere(BACK_UP, path, out)
            assert held(out) >= events_of(api, *ids)


COPYING = {
    "the database": ["shutil.copy(path, path + '.copy')"],
    "the log": ["shutil.copy(path + '-wal', path + '.copy')"],
    "its index": ["shutil.copy(path + '-shm', path + '.copy')"],
    "the folder": [
        "folder = os.path.dirname(path)",
        "shutil.copytree(folder, folder + '.copy', dirs_exist_ok=True)",
    ],
    "by reading": ["open(path, 'rb').read()", "open(path + '-shm', 'rb').read()"],
}


@pytest.mark.parametrize("what", COPYING)
def test_after_a_copy_in_its_process_and_a_reader_outside_a_kill_loses_nothing(
    path, serve, call, elsewhere, what
):
    served = serve(path)
    with call(served) as api:
        ids = asked(api, 5)
        for _ in range(3):
            served.does(*COPYING[what])
            elsewhere(READ, path)
            ids += asked(api, 5)
        everything = events_of(api, *ids)
        served.kill()
    with LocalDari(path) as server, call(server) as api:
        assert events_of(api, *ids) >= everything


def test_a_busy_server_keeps_its_log_short(path, call, wait):
    data, sent = b"x" * 2_000_000, []

    def size_of_log(api):
        sent.append(api.upload("x.txt", data))
        return path.with_name("course.db-wal").stat().st_size

    with LocalDari(path) as server, call(server) as api:
        wait(lambda: size_of_log(api), lambda size: size < 0.75 * len(sent) * len(data))
