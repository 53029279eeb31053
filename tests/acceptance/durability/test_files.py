"""A database file that is opened twice, backed up, and opened again."""

import itertools
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import pytest

import dari_nb as dari

from ..serving import COMMAND, KEY
from .conftest import send, stored_texts


@pytest.fixture
def opened(path):
    """Open the file as a local Dari; yield that and a connection to it."""
    with dari.local.LocalDari(path) as server, dari.Dari(server.url, server.api_key) as d:
        yield server, d


@pytest.mark.parametrize("link", [None, "symlink_to", "hardlink_to"])
def test_second_opener_is_refused(opened, path, link):
    name = path
    if link is not None:
        name = path.with_name("other.db")
        getattr(name, link)(path)
    with pytest.raises(dari.errors.InvalidRequestError) as refused:
        dari.local.LocalDari(name)
    assert refused.value.code == "file_in_use"
    assert opened[1].agents.get("echo").send("still served").wait(30).text


def test_second_opening_process_is_refused(opened, path):
    command = [COMMAND, "serve", "--db", path, "--port", "0"]
    refused = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert refused.returncode != 0
    assert opened[1].agents.get("echo").send("still served").wait(30).text


def other_database(path):
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE notes (text TEXT)")


def no_database(path):
    path.write_text("Notes of Monday\n" * 100)


def damaged_database(path):
    dari.local.LocalDari(path).stop()
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize("make", [other_database, no_database, damaged_database])
def test_foreign_file_is_refused_unchanged(path, make):
    make(path)
    before = path.read_bytes()
    with pytest.raises(dari.errors.InvalidRequestError) as refused:
        dari.local.LocalDari(path)
    assert refused.value.code in {code.code for code in dari.errors.CODES}
    assert path.read_bytes() == before


def test_served_file_is_free_after_kill(serve, path):
    serve().kill()
    with dari.local.LocalDari(path):
        pass


def test_backup_while_sending_opens_whole(opened, path):
    server, d = opened
    stop, backups = Event(), {}

    def keep_sending(name):
        session_id = d.client.sessions.create(d.client.agents.get("echo").id).id
        for number in itertools.takewhile(lambda _: not stop.is_set(), itertools.count()):
            d.client.sessions.send(session_id, f"{name} {number}")

    with ThreadPoolExecutor() as pool:
        sending = [pool.submit(keep_sending, name) for name in ("a", "b")]
        try:
            while len(stored_texts(d.client)) < 10:
                pass
            for number in range(3):
                before = stored_texts(d.client)
                before[send(d.client, "echo", f"last {number}")] = f"last {number}"
                copy = path.with_name(f"monday {number}.db")
                server.backup(copy)
                backups[copy] = before
        finally:
            stop.set()
        for each in sending:
            each.result(30)
    everything = stored_texts(d.client)
    for copy, before in backups.items():
        with dari.local.LocalDari(copy) as server, dari.Dari(server.url, server.api_key) as d:
            assert before.items() <= stored_texts(d.client).items() <= everything.items()
            for session in d.client.sessions.list():
                numbers = [event.sequence_number for event in d.client.sessions.events(session.id)]
                assert numbers == list(range(1, len(numbers) + 1))
            assert d.agents.get("echo").send("goes on").wait(30).text


def test_backup_keeps_existing_file(opened, path):
    server, _ = opened
    copy = path.with_name("monday.db")
    server.backup(copy)
    before = copy.read_bytes()
    with pytest.raises(dari.errors.InvalidRequestError) as refused:
        server.backup(copy)
    assert refused.value.code == "file_exists"
    assert copy.read_bytes() == before


def workspace_of(session):
    workspace = session.workspace(wait=30)
    return {file.path: workspace.read_bytes(file.path) for file in workspace.files()}


@pytest.mark.parametrize("name", ["course.db", "monday.db"])
def test_reopened_file_has_everything(path, tmp_path, name):
    with dari.local.LocalDari(path, api_key=KEY) as server, dari.Dari(server.url, KEY) as d:
        file_id = d.client.files.upload(b"alpha\nbeta\n", filename="notes.txt").id
        question = [{"type": "text", "text": "alpha?"}, {"type": "file", "file_id": file_id}]
        session = d.agents.get("librarian").send(question).wait(30).session
        answer, files = session.turn().text, workspace_of(session)
        batch = d.batches.run("calculator", ["1 + 1", "2 + 2"], ["small", "large"]).wait(30)
        results = [cell.text for cell in batch.cells]
        server.backup(tmp_path / "monday.db")
    assert b"alpha\nbeta\n" in files.values()
    assert list(tmp_path.rglob("notes.txt"))  # in a folder beside the database file
    opened = dari.local.LocalDari(tmp_path / name, api_key=KEY)
    with opened as server, dari.Dari(server.url, KEY) as d:
        reopened = d.sessions.get(session.id)
        assert reopened.turn().wait(30).text == answer
        assert workspace_of(reopened) == files
        found = d.batches[batch.run_id].wait(30)
        assert found.counts == {"completed": 4}
        assert [cell.text for cell in found.cells] == results
        assert d.agents.get("librarian").send(question).wait(30).text == answer
        assert reopened.send("And beta?").wait(30).status == "completed"
