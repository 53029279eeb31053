"""Copies of a file that is served, and programs that read it meanwhile."""

import shutil
import sqlite3
from contextlib import closing

from dari_nb.local import LocalDari


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
