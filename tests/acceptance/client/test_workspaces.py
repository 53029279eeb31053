"""The workspace of a session: listed, read, unpacked, and never trusted."""

import io
import zipfile

import pytest

from dari_nb import errors

from .proxy import cut_in_body, says


@pytest.fixture(scope="module")
def written(server, direct):
    """Return the id of a session whose agent has written files."""

    @server.agent("writes")
    def writes(prompt, turn):
        (turn.workspace / "reports").mkdir()
        (turn.workspace / "reports" / "may.csv").write_text("store,sold\nnorth,7\n")
        (turn.workspace / "facts.json").write_text('{"ü": [1]}')
        return "Written."

    agent_id = next(agent.id for agent in direct.agents.list() if agent.name == "writes")
    sent = direct.agents.send(agent_id, "Go.")
    with direct.sessions.stream(sent.session.id, until=sent.message.id) as events:
        list(events)
    return sent.session.id


def test_files_are_listed_and_read(side, written):
    with side.call("sessions.workspace", written) as workspace:
        sizes = {file.path: file.size_bytes for file in workspace.files()}
        assert sizes == {"facts.json": 11, "reports/may.csv": 19}
        assert workspace.read_text("reports/may.csv").startswith("store,sold")
        assert workspace.read_json("facts.json") == {"ü": [1]}
        assert workspace.read_csv("reports/may.csv")["sold"].to_list() == [7]
        with pytest.raises(errors.WorkspaceError) as raised:
            workspace.read_text("missing.txt")
    assert raised.value.code == "file_not_found"


def test_files_are_unpacked(side, written, tmp_path):
    with side.call("sessions.workspace", written) as workspace:
        workspace.extract(tmp_path / "out")
    names = {path.relative_to(tmp_path / "out").as_posix() for path in tmp_path.rglob("*.*")}
    assert names == {"facts.json", "reports/may.csv"}


def test_interrupted_download_is_repeated(side, proxy, written):
    proxy.expect(cut_in_body)
    with side.call("sessions.workspace", written) as workspace:
        assert len(workspace.files()) == 2


def test_session_without_workspace_is_a_conflict(side, session_id):
    with pytest.raises(errors.ConflictError):
        side.call("sessions.workspace", session_id)


def archive(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name in names:
            info = zipfile.ZipInfo("x")
            info.filename = name
            made.writestr(info, b"evil")
    return says(200, buffer.getvalue(), Content_Type="application/zip")


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/evil", "C:/evil", "..\\evil", "a//evil"]
)
def test_unsafe_file_is_not_unpacked(side, proxy, tmp_path, name):
    proxy.expect(archive("good.txt", name))
    with (
        side.call("sessions.workspace", "sess_1") as workspace,
        pytest.raises(errors.WorkspaceError) as raised,
    ):
        workspace.extract(tmp_path / "deep" / "out")
    assert raised.value.code == "unsafe_path"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_workspace_without_zip_is_refused(side, proxy):
    proxy.expect(says(200, b"<html>", Content_Type="application/zip"))
    with pytest.raises((errors.UnexpectedAnswerError, errors.WorkspaceError)):
        side.call("sessions.workspace", "sess_1")
