"""Backups, by the object and by the command, while all is going on."""

import os
import shutil
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

from .conftest import circle, hard_link, symbolic_link

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


def by_object(server, _path, out):
    server.backup(out)


def by_command(_server, path, out):
    subprocess.run([*COMMAND, path, out], check=True, capture_output=True)


def by_command_here(_server, path, out):
    assert main(["backup", str(path), str(out)]) == 0


@pytest.mark.parametrize("way", [by_object, by_command, by_command_here])
def test_a_backup_under_load_holds_what_was_acknowledged_before_it(path, out, call, way):
    with LocalDari(path) as server, call(server) as api:
        file_id = api.upload("notes.txt", b"alpha\n")
        session_id = api.ask("librarian", "alpha?", file_id)["session_id"]
        with ThreadPoolExecutor(2) as senders:
            sending = [senders.submit(api.ask, "echo", "more") for _ in range(60)]
            before = events_of(api)
            way(server, path, out)
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
    by_command(None, path, out)
    assert path.read_bytes() == content
    assert stored(out, call).items() >= before.items()


def test_a_backup_that_is_there_is_kept_unless_it_is_to_be_replaced(path, out, call):
    out.write_text("kept")
    with LocalDari(path) as server, call(server) as api:
        with pytest.raises(InvalidRequestError, match="is there already"):
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


def its_lock(path, out):
    return path.with_name("course.db.lock")


def a_journal_that_it_has_not(path, out):
    return path.with_name("course.db-journal")


def another_ones_workspaces(path, out):
    return path.with_name("other.db.workspaces")


def a_link_to_it(path, out):
    out.symlink_to(path)
    return out


def a_second_name_of_it(path, out):
    out.hardlink_to(path)
    return out


def a_folder(path, out):
    return out.parent


def nowhere(path, out):
    return out.parent / "missing" / "x.db"


@pytest.mark.parametrize(
    "make",
    [
        itself,
        its_log,
        its_lock,
        a_journal_that_it_has_not,
        another_ones_workspaces,
        a_link_to_it,
        a_second_name_of_it,
        a_folder,
        nowhere,
    ],
)
def test_what_cannot_be_a_backup_is_refused_and_harms_nothing(path, out, call, make):
    with LocalDari(path) as server, call(server) as api:
        target = make(path, out)
        beside = sorted(out.parent.iterdir())
        for _ in range(2):
            with pytest.raises(InvalidRequestError):
                server.backup(target, overwrite=True)
        assert main(["backup", str(path), str(target), "--overwrite"]) == 2
        assert api.ask("echo", "hello")["status"] == "completed"
        before = events_of(api)
        assert sorted(out.parent.iterdir()) == beside
    assert stored(path, call).items() >= before.items()


@pytest.mark.parametrize("way", [by_object, by_command_here])
def test_a_backup_is_not_put_among_the_folders_that_it_copies(path, call, capsys, way):
    with LocalDari(path) as server, call(server) as api:
        file_id = api.upload("notes.txt", b"alpha\n")
        session_id = api.ask("librarian", "alpha?", file_id)["session_id"]
        folder = path.with_name(f"{path.name}.workspaces") / session_id
        held = sorted(folder.iterdir())
        try:
            way(server, path, folder / "copy.db")
        except (InvalidRequestError, AssertionError) as error:
            refusal = f"{error}{capsys.readouterr().err}"
        assert "inside the workspaces" in refusal
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
        for number in range(10):
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


@pytest.mark.parametrize("is_removed", [False, True])
@pytest.mark.parametrize("way", ["object", "command"])
def test_a_log_that_a_killed_server_left_is_not_played_into_a_backup(
    path, out, call, killed, elsewhere, way, is_removed
):
    if is_removed:
        out.unlink()
        shutil.rmtree(f"{out}.workspaces", ignore_errors=True)
    with LocalDari(path) as server, call(server) as api:
        for _ in range(10):
            api.rests(api.ask("echo", "new")["session_id"])
        before = events_of(api)
        if way == "object":
            server.backup(out, overwrite=not is_removed)
        else:
            assert main(["backup", str(path), str(out), "--overwrite"]) == 0
    assert elsewhere(SOUND, out) == "[('ok',)]"
    now = stored(out, call)
    assert now.items() >= before.items()
    assert not now.keys() & killed.keys()


@pytest.mark.parametrize("suffix", ["-wal", "-journal", "-shm"])
def test_what_lies_beside_a_name_that_is_free_goes(path, out, elsewhere, suffix):
    Path(f"{out}{suffix}").write_bytes(os.urandom(100_000))
    with LocalDari(path) as server:
        server.backup(out)
    assert elsewhere(SOUND, out) == "[('ok',)]"
    with LocalDari(out):
        pass


DYING = """
import os, sys
from dari_nb.cli.cli import main
path, out, left = sys.argv[1], sys.argv[2], int(sys.argv[3])
def watch(event, arguments):
    global left
    if event in ("os.rename", "os.remove") and out in map(str, arguments[:2]) or (
        event == "os.remove" and str(arguments[0]).startswith(out + "-")
    ):
        if left == 0:
            os._exit(9)
        left -= 1
sys.addaudithook(watch)
sys.exit(main(["backup", path, out, "--overwrite"]))
"""


def test_a_backup_that_dies_while_it_replaces_another_leaves_one_that_is_whole(
    path, out, call, killed, elsewhere
):
    with LocalDari(path) as server, call(server) as api:
        api.rests(api.ask("echo", "new")["session_id"])
        new = events_of(api)
    files = {file.name: file.read_bytes() for file in out.parent.iterdir() if file.is_file()}
    deaths = 0
    while True:
        for name, data in files.items():
            (out.parent / name).write_bytes(data)
        command = [sys.executable, "-c", DYING, path, out, str(deaths)]
        code = subprocess.run(command, check=False, capture_output=True).returncode
        assert elsewhere(SOUND, out) == "[('ok',)]"
        now = stored(out, call)
        if code == 0:
            break
        assert code == 9
        assert now.items() >= killed.items()
        deaths += 1
    assert deaths >= 2
    assert now.items() >= new.items()


def as_it_is(other):
    return other


def moved(other):
    return other.rename(other.with_name("moved.db"))


NAMES = [as_it_is, symbolic_link]
if sys.platform == "linux":
    # Elsewhere a lock on the database itself would keep SQLite out.
    NAMES += [hard_link, moved]


@pytest.mark.parametrize("name", NAMES)
def test_a_database_that_another_process_serves_is_never_replaced(
    path, out, call, serve, elsewhere, name
):
    served = serve(out)
    with LocalDari(path) as server, call(served) as api:
        first = api.ask("echo", "before")["session_id"]
        target = name(out)
        for _ in range(2):
            with pytest.raises(InvalidRequestError, match="is open in another local Dari"):
                server.backup(target, overwrite=True)
            assert main(["backup", str(path), str(target), "--overwrite"]) == 2
        last = api.ask("echo", "after")["session_id"]
        api.rests(first)
        api.rests(last)
        before = events_of(api)
        served.kill()
    if name is moved:
        for suffix in ("-wal", "-shm"):
            Path(f"{out}{suffix}").rename(f"{target}{suffix}")
    real = target if name is moved else out
    assert elsewhere(SOUND, real) == "[('ok',)]"
    assert stored(real, call).items() >= before.items()


def test_the_refusal_names_the_process_that_serves(path, out, serve, capsys):
    pid = serve(out).process.pid
    LocalDari(path).stop()
    assert main(["backup", str(path), str(out), "--overwrite"]) == 2
    assert f"{out} is open in another local Dari (process {pid})" in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_a_database_that_this_process_serves_is_never_replaced(path, out, call, name):
    with LocalDari(path) as server, LocalDari(out) as other, call(other) as api:
        target = name(out)
        with pytest.raises(InvalidRequestError, match="is open in another local Dari"):
            server.backup(target, overwrite=True)
        with pytest.raises(InvalidRequestError, match=r"is open in another|is the database itself"):
            other.backup(target, overwrite=True)
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


@pytest.mark.parametrize("folder", ["missing", "missing/deeper"])
def test_a_folder_that_is_not_there_is_named(path, tmp_path, monkeypatch, capsys, folder):
    monkeypatch.chdir(tmp_path)
    with LocalDari(path) as server:
        for given in (Path(folder), tmp_path / folder):
            with pytest.raises(InvalidRequestError) as refusal:
                server.backup(given / "x.db")
            assert str(refusal.value) == f"There is no folder {given}."
            assert main(["backup", str(path), str(given / "x.db")]) == 2
            assert capsys.readouterr().err == f"dari-local: There is no folder {given}.\n"


def test_a_circle_of_links_is_no_place_for_a_backup_nor_a_database(path, out, capsys):
    circle(out)
    with LocalDari(path) as server:
        with pytest.raises(InvalidRequestError, match=r"written: Too many .* symbolic links\.$"):
            server.backup(out, overwrite=True)
        assert main(["backup", str(path), str(out)]) == 2
    assert main(["backup", str(out), str(path.with_name("copy.db"))]) == 2
    told = capsys.readouterr().err.splitlines()
    assert ["levels of symbolic links" in line for line in told] == [True, True]
    assert out.is_symlink()


def refused(path):
    try:
        with LocalDari(path):
            return None
    except InvalidRequestError as error:
        return str(error)


def test_a_database_that_is_damaged_inside_says_what_to_do(path, out, call):
    with LocalDari(path) as server, call(server) as api:
        for _ in range(10):
            api.rests(api.ask("echo", "x" * 3000)["session_id"])
        before = events_of(api)
        server.backup(out)
    content = path.read_bytes()
    refusals = 0
    for page in range(min(len(content) // 4096, 40)):
        # The first has a head, by which SQLite knows its files.
        at = page * 4096 or 100
        path.write_bytes(content[:at] + b"\x5a" * 3996 + content[at + 3996 :])
        refusal = refused(path)
        if refusal is not None:
            refusals += 1
            assert "is damaged inside" in refusal
            assert "restore a backup" in refusal
    assert refusals
    with LocalDari(out) as good:
        good.backup(path, overwrite=True)
    assert stored(path, call).items() >= before.items()
