import io
import os
import zipfile

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


@pytest.mark.parametrize(
    "path",
    [
        "missing",
        "top.md",
        "..",
        "docs/../..",
        "/etc",
        "/workspacex",
        "/",
        "//",
        "//etc",
        "///etc",
        "a\0b",
        "link",
        "x" * 999,
    ],
)
def test_a_path_that_is_no_directory_of_the_workspace_is_refused(api, made, path):
    def work(root):
        write(root, "top.md")
        write(root, "docs/a.md")
        (root / "link").symlink_to("/etc")

    answer = api.http.get(f"/sessions/{made(work)}/workspace.zip", params={"path": path})
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])
    assert "dari-workspaces" not in answer.text


def test_links_and_pipes_lead_nowhere(api, made, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")

    def work(root):
        (root / "link.txt").symlink_to(tmp_path / "secret.txt")
        (root / "folder").symlink_to(tmp_path)
        os.mkfifo(root / "pipe")
        (root / "plain.txt").write_text("plain")

    assert download(api, made(work)) == {"plain.txt": b"plain"}


def test_a_name_that_is_too_long_for_a_file_becomes_its_id(api):
    file_id = api.upload("x" * 500, b"long")
    session_id = api.ask("echo", "x", file_id)["session_id"]
    assert download(api, session_id) == {file_id: b"long"}


def test_there_is_no_workspace_before_the_first_turn(api):
    session_id = api.create("echo")
    answer = api.http.get(f"/sessions/{session_id}/workspace.zip")
    assert answer.status_code == 409
    assert api.http.get("/sessions/sess_0/workspace.zip").status_code == 404
    api.finished(api.send(session_id, "x")["message"]["id"])
    assert download(api, session_id) == {}


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
