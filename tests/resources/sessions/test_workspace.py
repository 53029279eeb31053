"""A session's files as people hold them."""

import io
import zipfile

import pytest

from dari_nb.client import Workspace as PlainWorkspace
from dari_nb.errors import ConflictError
from dari_nb.resources.sessions.workspace import Workspace, diff_workspaces


@pytest.fixture
def workspace_of(tmp_path):
    """Make a workspace of texts by path."""
    made = []

    def make(**files):
        archive = tmp_path / f"{len(made)}.zip"
        with zipfile.ZipFile(archive, "w") as packed:
            for path, text in files.items():
                packed.writestr(path, text)
        made.append(Workspace(archive))
        return made[-1]

    yield make
    for workspace in made:
        workspace.close()


def test_a_downloaded_workspace_shows_its_files_and_is_gone_when_closed(server, d):
    @server.agent("writer")
    def writer(prompt, turn):
        (turn.workspace / "out.csv").write_text("city,price\nRome,1\nOslo,2\n")
        yield "done"

    turn = d.agents.get("writer").send("Write")
    turn.wait(timeout=180)
    with turn.session.workspace() as workspace:
        assert isinstance(workspace, PlainWorkspace)
        assert workspace.read_csv("out.csv").price.sum() == 3
        forms = workspace._repr_mimebundle_()
        assert "<td>Rome</td>" in forms["text/html"]
        assert str(workspace) == forms["text/plain"]
        assert "out.csv" in str(workspace)
        archive = workspace.archive
    assert not archive.exists()


def test_a_workspace_that_is_not_there_leaves_no_file_behind(server, d, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    session = d.sessions.create("echo")
    with pytest.raises(ConflictError):
        session.workspace()
    assert list(tmp_path.iterdir()) == []


def test_two_workspaces_are_compared_file_by_file(workspace_of):
    first = workspace_of(**{"same.txt": "s", "old.txt": "o", "a/x.md": "one\n", "b.txt": "1"})
    second = workspace_of(**{"same.txt": "s", "new.txt": "n", "a/x.md": "two\n", "b.txt": "12"})
    diff = first.diff(second)
    assert (diff.added, diff.removed, diff.changed) == (
        ["new.txt"],
        ["old.txt"],
        ["a/x.md", "b.txt"],
    )
    assert diff.same == 1
    assert "-one" in str(diff)
    assert "+two" in str(diff)
    assert repr(diff) == "<WorkspaceDiff: 1 added, 1 removed, 2 changed>"
    assert bool(diff)
    assert not diff_workspaces(first, first)


def test_a_damaged_file_does_not_hide_the_others(workspace_of, tmp_path):
    archive = tmp_path / "damaged.zip"
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        packed.writestr("good.txt", "fine")
        packed.writestr("bad.txt", "BROKEN-CONTENT")
    archive.write_bytes(data.getvalue().replace(b"BROKEN-CONTENT", b"BROKEN-CONTENX", 1))
    with Workspace(archive) as workspace:
        html = workspace.to_mimebundle()["text/html"]
    assert "fine" in html
    assert "bad.txt" in html
