import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dari_nb.local import LocalDari


@pytest.fixture
def made(server, api):
    """A session whose agent runs some work in its workspace."""

    def make(work, *files):
        @server.agent("works")
        def works(prompt, turn):
            work(turn.workspace)

        message = api.ask("works", "x", *files)
        assert message["status"] == "completed", message
        return message["session_id"]

    return make


def download(api, session_id, *paths):
    answer = api.http.get(f"/sessions/{session_id}/workspace.zip", params={"path": list(paths)})
    assert answer.status_code == 200, answer.text
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return {name: archive.read(name) for name in archive.namelist()}


def write(root, name, data=b"x"):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_what_an_agent_writes_is_downloaded(api, made):
    def work(root):
        write(root, "reports/a.txt", b"alpha")
        write(root, "big.bin", os.urandom(900_000))
        (root / "empty").mkdir()

    session_id = made(work)
    answer = api.http.get(f"/sessions/{session_id}/workspace.zip")
    assert answer.headers["content-type"] == "application/zip"
    wanted = f'attachment; filename="workspace-{session_id}.zip"'
    assert answer.headers["content-disposition"] == wanted
    files = download(api, session_id)
    assert list(files) == ["big.bin", "empty/", "reports/a.txt"]
    assert (files["reports/a.txt"], len(files["big.bin"])) == (b"alpha", 900_000)


def test_attached_files_are_in_the_workspace_and_never_overwrite(server, api):
    seen = []

    @server.agent("looks")
    def looks(prompt, turn):
        seen.append(sorted(path.name for path in turn.workspace.iterdir()))
        (turn.workspace / "notes.txt").write_text("changed")

    one, two = api.upload("notes.txt", b"first"), api.upload("notes.txt", b"second")
    session_id = api.ask("looks", "x", one)["session_id"]
    api.finished(api.send(session_id, "y")["message"]["id"])
    api.finished(api.send(session_id, "z", two)["message"]["id"])
    assert seen == [["notes.txt"], ["notes.txt"], ["notes-2.txt", "notes.txt"]]
    assert download(api, session_id) == {"notes.txt": b"changed", "notes-2.txt": b"second"}


def test_a_file_that_is_attached_again_is_put_there_again_only_when_it_has_gone(server, api):
    works = [
        lambda root: (root / "notes.txt").write_text("worked on"),
        lambda root: None,
        lambda root: (root / "notes.txt").unlink(),
        lambda root: None,
    ]
    seen = []

    @server.agent("works-on")
    def works_on(prompt, turn):
        seen.append({path.name: path.read_text() for path in turn.workspace.iterdir()})
        works.pop(0)(turn.workspace)

    file_id = api.upload("notes.txt", b"first")
    session_id = api.ask("works-on", "x", file_id)["session_id"]
    for _ in range(3):
        api.finished(api.send(session_id, "again", file_id)["message"]["id"])
    assert [one["notes.txt"] for one in seen] == ["first", "worked on", "worked on", "first"]
    assert {len(one) for one in seen} == {1}


def test_paths_choose_directories_and_keep_their_names(api, made):
    def work(root):
        for name in ("docs/a.md", "docs/sub/b.md", "other/c.md", "top.md"):
            write(root, name)

    session_id = made(work)
    assert list(download(api, session_id, "docs")) == ["docs/a.md", "docs/sub/b.md"]
    assert download(api, session_id, "/workspace/docs/") == download(api, session_id, "docs")
    assert list(download(api, session_id, "docs/sub", "other")) == ["docs/sub/b.md", "other/c.md"]
    assert list(download(api, session_id, "docs/sub", "docs")) == ["docs/sub/b.md", "docs/a.md"]
    assert len(download(api, session_id, "/workspace")) == 4


@pytest.mark.parametrize("path", ["top.md", "/workspacex", "//etc", "link"])
def test_a_path_that_is_no_directory_of_the_workspace_is_refused(api, made, path):
    def work(root):
        write(root, "top.md")
        write(root, "docs/a.md")
        (root / "link").symlink_to("/etc")

    answer = api.http.get(f"/sessions/{made(work)}/workspace.zip", params={"path": path})
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])
    assert "workspaces" not in answer.text


def test_a_name_that_is_too_long_for_a_file_becomes_its_id(api):
    file_id = api.upload("x" * 500, b"long")
    session_id = api.ask("echo", "x", file_id)["session_id"]
    assert download(api, session_id) == {file_id: b"long"}


def test_a_durable_workspace_is_there_after_a_restart_and_others_go(tmp_path, call):
    folders = []

    def work(prompt, turn):
        folders.append(turn.workspace)
        (turn.workspace / "kept.txt").write_text("kept")

    with LocalDari(tmp_path / "x.db") as server, call(server) as api:
        server.agent("works")(work)
        session_id = api.ask("works", "x")["session_id"]
    with LocalDari(tmp_path / "x.db") as server, call(server) as api:
        assert download(api, session_id) == {"kept.txt": b"kept"}
    assert folders[0].is_relative_to(tmp_path)


def test_a_dari_in_memory_by_sqlites_name_leaves_nothing_in_the_current_folder(
    tmp_path, monkeypatch, call
):
    monkeypatch.chdir(tmp_path)
    folders = []
    server = LocalDari(":memory:")

    @server.agent("works")
    def works(prompt, turn):
        folders.append(turn.workspace)

    with server, call(server) as api:
        session_id = api.ask("works", "x", api.upload("a.txt", b"a"))["session_id"]
        assert download(api, session_id) == {"a.txt": b"a"}
    assert list(tmp_path.iterdir()) == []
    # Like any other in memory, it has its ledger when it is started again.
    with server, call(server) as api:
        assert api.get(f"/sessions/{session_id}")["id"] == session_id
    assert folders[0].exists()


LIVES = """
import os, sys, httpx
from dari_nb.local import LocalDari
with LocalDari() as server:
    @server.agent("tells")
    def tells(prompt, turn):
        print(turn.workspace, flush=True)
    http = httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {server.api_key}"})
    agents = http.get("/v1/agents").json()["agents"]
    agent_id = next(agent["id"] for agent in agents if agent["name"] == "tells")
    body = {"type": "user.message", "content": [{"type": "text", "text": "x"}]}
    http.post(f"/v1/agents/{agent_id}/messages", json=body)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.exit(0)
        print(os.waitpid(child, 0)[1], flush=True)
"""


@pytest.fixture
def living(tmp_path):
    """Starts a process with a server in memory; gives it and the folder of a session there."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", LIVES],
            cwd=Path(__file__).parents[3],
            env={**os.environ, "TMPDIR": str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process, Path(process.stdout.readline().strip())

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_workspaces_that_a_killed_process_left_go_with_the_next_and_others_stay(living):
    (killed, left), (_, used) = living(), living()
    killed.kill()
    killed.wait()
    assert left.is_dir()
    ended, last = living()
    assert not left.exists()
    assert not left.parent.exists()
    assert used.is_dir()
    ended.communicate()
    assert (ended.returncode, last.exists(), used.is_dir()) == (0, False, True)


def test_a_forked_child_that_ends_leaves_the_workspaces_to_its_parent(living):
    process, folder = living()
    process.stdin.write("fork\n")
    process.stdin.flush()
    assert process.stdout.readline() == "0\n"
    assert folder.is_dir()


def test_sessions_that_begin_at_once_each_find_their_files(call, blocks):
    with LocalDari() as server, call(server) as api:

        @server.agent("reader")
        def reader(prompt, turn):
            listed = sorted(path.name for path in turn.workspace.iterdir())
            return f"{listed} {[file.text for file in turn.files]}"

        file_id = api.upload("notes.txt", b"Bring soap.")
        message = {"content": blocks("x", file_id)}
        items = [{"agent_id": api.agent_id("reader"), "message": message} for _ in range(20)]
        for child in api.post("/session-batches", {"items": items})["sessions"]:
            api.rests(child["session_id"])
            [said] = api.messages(child["session_id"])[0]["output"]["parts"]
            assert said["text"] == "['notes.txt'] ['Bring soap.']"
