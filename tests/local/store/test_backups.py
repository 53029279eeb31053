"""Backups, by the object and by the command, while all is going on."""

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from dari_nb.cli.cli import main
from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari

from .conftest import symbolic_link

COMMAND = [sys.executable, "-m", "dari_nb.cli", "backup"]


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "monday.db"


def events_of(api):
    ids = [session["id"] for session in api.get("/sessions")["sessions"]]
    return {e["id"]: e for one in ids for e in api.events(one)}


def stored(path, call):
    with LocalDari(path) as server, call(server) as api:
        return events_of(api)


def by_command(path, out):
    subprocess.run([*COMMAND, path, out], check=True, capture_output=True)


def test_a_backup_under_load_holds_what_was_acknowledged_before_it(path, out, call):
    with LocalDari(path) as server, call(server) as api:
        file_id = api.upload("notes.txt", b"alpha\n")
        session_id = api.ask("librarian", "alpha?", file_id)["session_id"]
        with ThreadPoolExecutor(2) as senders:
            sending = [senders.submit(api.ask, "echo", "more") for _ in range(30)]
            before = events_of(api)
            by_command(path, out)
            [one.result() for one in sending]
    assert stored(out, call).items() >= before.items()
    with LocalDari(out) as server, call(server) as api:
        assert api.http.get(f"/sessions/{session_id}/workspace.zip").status_code == 200
        assert api.ask("echo", "hello")["status"] == "completed"


def test_one_in_memory_is_backed_up_into_a_file(out, call):
    with LocalDari() as server, call(server) as api:
        api.ask("echo", "hello")
        before = events_of(api)
        server.backup(out)
    assert stored(out, call).items() >= before.items()


def test_a_file_that_nobody_serves_is_backed_up_and_stays_as_it_was(path, out, call):
    with LocalDari(path) as server, call(server) as api:
        api.ask("echo", "hello")
        before = events_of(api)
    content = path.read_bytes()
    by_command(path, out)
    assert path.read_bytes() == content
    assert stored(out, call).items() >= before.items()


def test_a_backup_that_is_there_is_kept_unless_it_is_to_be_replaced(path, out, call):
    out.write_text("kept")
    with LocalDari(path) as server, call(server) as api:
        with pytest.raises(InvalidRequestError):
            server.backup(out)
        assert main(["backup", str(path), str(out)]) == 2
        assert out.read_text() == "kept"
        api.ask("echo", "hello")
        server.backup(out, overwrite=True)
        assert main(["backup", str(path), str(out), "--overwrite"]) == 0
        before = events_of(api)
    assert stored(out, call).items() >= before.items()


def itself(path, out):
    return path


def its_log(path, out):
    return path.with_name("course.db-wal")


def a_second_name_of_it(path, out):
    out.hardlink_to(path)
    return out


def a_folder(path, out):
    return out.parent


def nowhere(path, out):
    return out.parent / "missing" / "x.db"


@pytest.mark.parametrize("make", [itself, its_log, a_second_name_of_it, a_folder, nowhere])
def test_what_cannot_be_a_backup_is_refused_and_harms_nothing(path, out, call, make):
    with LocalDari(path) as server, call(server) as api:
        target = make(path, out)
        beside = sorted(out.parent.iterdir())
        with pytest.raises(InvalidRequestError):
            server.backup(target, overwrite=True)
        assert main(["backup", str(path), str(target), "--overwrite"]) == 2
        assert api.ask("echo", "hello")["status"] == "completed"
        before = events_of(api)
        assert sorted(out.parent.iterdir()) == beside
    assert stored(path, call).items() >= before.items()


def test_a_backup_is_not_put_among_the_folders_that_it_copies(path, call):
    with LocalDari(path) as server, call(server) as api:
        file_id = api.upload("notes.txt", b"alpha\n")
        session_id = api.ask("librarian", "alpha?", file_id)["session_id"]
        folder = path.with_name(f"{path.name}.workspaces") / session_id
        held = sorted(folder.iterdir())
        with pytest.raises(InvalidRequestError):
            server.backup(folder / "copy.db")
        assert sorted(folder.iterdir()) == held


def test_what_is_no_local_daris_is_not_backed_up(tmp_path, out, capsys):
    for name in ("missing.db", "foreign.db"):
        path = tmp_path / name
        if name == "foreign.db":
            with closing(sqlite3.connect(path)) as db:
                db.execute("CREATE TABLE notes (x)")
        assert main(["backup", str(path), str(out)]) == 2
        assert name in capsys.readouterr().err
        assert not out.exists()


def test_a_backup_that_is_killed_leaves_no_half_file(path, out, call):
    with LocalDari(path) as server, call(server) as api:
        for _ in range(20):
            api.upload("x.bin", b"x" * 1_000_000)
        for number in range(0, 10, 3):
            process = subprocess.Popen([*COMMAND, path, out], stdout=subprocess.DEVNULL)
            try:
                process.wait(0.35 + number / 40)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            if out.exists():
                with closing(sqlite3.connect(out)) as db:
                    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                    assert db.execute("SELECT count(*) FROM files").fetchone() == (20,)
                out.unlink()


SOUND = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(db.execute("PRAGMA integrity_check").fetchall())
db.close()
"""


@pytest.fixture
def killed(out, serve, call):
    """A database whose server was killed, so that its log lies beside it; gives what was told."""
    served = serve(out)
    with call(served) as api:
        for _ in range(20):
            api.rests(api.ask("echo", "old")["session_id"])
        # What is in the log alone, however soon checkpoints follow.
        reader = sqlite3.connect(out, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()
        for _ in range(20):
            api.rests(api.ask("echo", "last")["session_id"])
        before = events_of(api)
        served.kill()
        # Nobody tidies up: this process holds what is there until the test is over.
        beside = {suffix: Path(f"{out}{suffix}").read_bytes() for suffix in ("", "-wal")}
        reader.close()
    for suffix, data in beside.items():
        Path(f"{out}{suffix}").write_bytes(data)
    return before


def test_a_log_that_a_killed_server_left_is_not_played_into_a_backup(
    path, out, call, killed, elsewhere
):
    with LocalDari(path) as server, call(server) as api:
        for _ in range(10):
            api.rests(api.ask("echo", "new")["session_id"])
        before = events_of(api)
        server.backup(out, overwrite=True)
    assert elsewhere(SOUND, out) == "[('ok',)]"
    now = stored(out, call)
    assert now.items() >= before.items()
    assert not now.keys() & killed.keys()


def test_a_database_that_another_process_serves_is_never_replaced(
    path, out, call, serve, elsewhere
):
    served = serve(out)
    with LocalDari(path) as server, call(served) as api:
        with pytest.raises(InvalidRequestError):
            server.backup(out, overwrite=True)
        assert main(["backup", str(path), str(out), "--overwrite"]) == 2
        api.rests(api.ask("echo", "after")["session_id"])
        before = events_of(api)
        served.kill()
    assert elsewhere(SOUND, out) == "[('ok',)]"
    assert stored(out, call).items() >= before.items()


def test_a_database_that_this_process_serves_is_never_replaced(path, out, call):
    with LocalDari(path) as server, LocalDari(out) as other, call(other) as api:
        for one in (server, other):
            with pytest.raises(InvalidRequestError):
                one.backup(symbolic_link(out) if one is server else out, overwrite=True)
        assert api.ask("echo", "still here")["status"] == "completed"


def test_a_link_to_a_backup_stays_and_its_target_is_replaced(path, out, call):
    link = out.with_name("latest.db")
    link.symlink_to(out)
    with LocalDari(path) as server, call(server) as api:
        server.backup(out)
        api.rests(api.ask("echo", "hello")["session_id"])
        before = events_of(api)
        server.backup(link, overwrite=True)
    assert link.is_symlink()
    assert stored(out, call).items() >= before.items()


def test_a_database_that_is_damaged_inside_says_what_to_do(path, out, call):
    with LocalDari(path) as server, call(server) as api:
        for _ in range(10):
            api.rests(api.ask("echo", "x" * 3000)["session_id"])
        before = events_of(api)
        server.backup(out)
    content = path.read_bytes()
    # A page of a table, and the head by which SQLite knows its files.
    for at in (4096, 100):
        path.write_bytes(content[:at] + b"\x5a" * 3996 + content[at + 3996 :])
        with pytest.raises(InvalidRequestError, match="restore a backup"):
            LocalDari(path)
    with LocalDari(out) as good:
        good.backup(path, overwrite=True)
    assert stored(path, call).items() >= before.items()
