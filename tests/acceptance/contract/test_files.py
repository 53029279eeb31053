"""Uploaded files and workspaces (contract, sections 2 and 10)."""

import io
import zipfile

import pytest

from .caller import answer_of


@pytest.fixture(scope="module", autouse=True)
def _writer(server):
    @server.agent("writes")
    def writes(prompt, turn):
        (turn.workspace / "reports").mkdir(exist_ok=True)
        (turn.workspace / "reports" / "may.md").write_text(prompt)
        return ", ".join(sorted(path.name for path in turn.workspace.iterdir()))


@pytest.fixture(scope="module")
def written(api):
    """Return the id of a session with an attached file and one that its agent wrote."""
    file_id = api.upload("notes.txt", "ü".encode())["id"]
    asked = api.ask("writes", "sold: 7", file_id)
    assert answer_of(asked) == "notes.txt, reports"
    return asked["session_id"]


def unzipped(api, session_id, **query):
    answer = api.http.get(f"/sessions/{session_id}/workspace.zip", params=query)
    assert answer.headers["content-type"] == "application/zip"
    assert f"workspace-{session_id}.zip" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {i.filename: archive.read(i) for i in archive.infolist() if not i.is_dir()}


def test_upload_returns_id_name_and_size(api):
    file = api.upload("ticket.txt", b"12345")
    assert file.pop("id").startswith("file_")
    assert file == {"filename": "ticket.txt", "size_bytes": 5}


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.csv", "a.csv"),
        ("größe 😀.txt", "größe 😀.txt"),
    ],
)
def test_file_name_is_its_last_component(api, sent, name):
    assert api.upload(sent, b"x")["filename"] == name


def test_upload_over_the_limit_is_413(api):
    assert api.upload("a", bytes(50_000))["size_bytes"] == 50_000
    api.call("POST", "/files", 413, files={"file": ("a", bytes(50_001))})


@pytest.mark.parametrize(
    "body",
    [
        {"files": {"other": ("a", b"x")}},
        {"files": [("file", ("a", b"x")), ("file", ("b", b"x"))]},
        {"json": {"file": "x"}},
        {"content": b"", "headers": {"Content-Type": "multipart/form-data"}},
    ],
)
def test_form_without_file_is_422(api, body):
    api.call("POST", "/files", 422, **body)


def test_workspace_has_attached_and_written_files(api, written):
    files = {"notes.txt": "ü".encode(), "reports/may.md": b"sold: 7"}
    assert unzipped(api, written) == files


@pytest.mark.parametrize("path", ["reports", "/workspace/reports"])
def test_workspace_is_limited_to_folders(api, written, path):
    assert unzipped(api, written, path=path) == {"reports/may.md": b"sold: 7"}


@pytest.mark.parametrize("path", ["missing", "notes.txt", "../..", "/etc"])
def test_workspace_path_without_folder_is_400(api, written, path):
    api.get(f"/sessions/{written}/workspace.zip", 400, path=path)


def test_workspace_before_first_turn_is_409(api):
    api.get(f"/sessions/{api.session('writes')['id']}/workspace.zip", 409)


def test_file_is_attached_to_many_sessions(api):
    file_id = api.upload("shared.txt", b"x")["id"]
    for _ in range(2):
        asked = api.ask("writes", "y", file_id)
        assert "shared.txt" in answer_of(asked)
        block = asked["parts"][1]
        assert (block["type"], block["file_id"]) == ("file", file_id)
        assert block["filename"] == "shared.txt"
