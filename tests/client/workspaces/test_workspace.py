"""A workspace is downloaded to disk, within limits, and unpacked nowhere else."""

import io
import tempfile
import zipfile

import pandas as pd
import pytest
from starlette.responses import JSONResponse, Response

from dari_nb import errors
from dari_nb.client import Limits, Workspace

ZIP = "/sessions/sess_1/workspace.zip"
FILES = {
    "README.md": "Grüße\n".encode(),
    "reports/a.csv": b"x,y\n1,2\n",
    "reports/a.json": b'{"x": 1}',
    "bad.txt": b"\xff",
}


def zipped(files=FILES, **entries) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("empty")
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder of temporary files, for this test alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_files_are_listed_and_read_and_the_zip_goes_with_the_context(dari, side, temporary):
    dari.answer("GET", ZIP, Response(zipped(), media_type="application/zip"))
    with side.ask(dari.url, "sessions.workspace", "sess_1", paths=["a", "b c"]) as files:
        assert {file.path: file.size_bytes for file in files.files()} == {
            name: len(content) for name, content in FILES.items()
        }
        assert files.read_text("README.md") == "Grüße\n"
        assert files.read_bytes("/workspace/bad.txt") == b"\xff"
        assert files.read_json("reports/a.json") == {"x": 1}
        pd.testing.assert_frame_equal(
            files.read_csv("reports/a.csv"), pd.DataFrame({"x": [1], "y": [2]})
        )
        assert len(list(temporary.iterdir())) == 1
        for bad in ("nope", "bad.txt"):
            with pytest.raises(errors.WorkspaceError, match=bad):
                files.read_text(bad)
    assert list(temporary.iterdir()) == []
    assert dari.seen[0].query == [("path", "a"), ("path", "b c")]


def test_a_parquet_file_is_read(tmp_path):
    frame = pd.DataFrame({"x": [1, 2]})
    (tmp_path / "w.zip").write_bytes(zipped({"x.parquet": frame.to_parquet()}))
    with Workspace(tmp_path / "w.zip") as files:
        pd.testing.assert_frame_equal(files.read_parquet("x.parquet"), frame)


def test_the_zip_is_kept_where_it_is_wanted(dari, sync_side, tmp_path):
    archive = zipped()
    dari.answer("GET", ZIP, Response(archive))
    kept = tmp_path / "kept.zip"
    with sync_side.ask(dari.url, "sessions.workspace", "sess_1", dest=kept) as files:
        root = files.extract(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["kept.zip"]
    assert kept.read_bytes() == archive
    assert {name: (root / name).read_bytes() for name in FILES} == FILES


@pytest.mark.parametrize(
    ("answer", "options", "kind", "text"),
    [
        (Response(zipped()), {"max_bytes": 100}, errors.WorkspaceError, "exceeds 100 bytes"),
        (Response(zipped()), {"limits": Limits(files=3)}, errors.WorkspaceError, "4 files, over 3"),
        (Response(zipped()), {"limits": Limits(size_bytes=9)}, errors.WorkspaceError, "over 9"),
        (Response(b"<html>"), {}, errors.UnexpectedAnswerError, "not a zip"),
        (Response(zipped()[:90]), {}, errors.WorkspaceError, "cannot be read"),
        (JSONResponse({"detail": "no"}, 400), {}, errors.BadRequestError, "no .ask for folders"),
        (JSONResponse({"detail": "no"}, 409), {}, errors.ConflictError, "wait=seconds"),
    ],
)
def test_what_cannot_be_had_says_why_and_leaves_nothing_behind(
    dari, sync_side, temporary, answer, options, kind, text
):
    dari.answer("GET", ZIP, answer)
    with pytest.raises(kind, match=text):
        sync_side.ask(dari.url, "sessions.workspace", "sess_1", **options)
    assert list(temporary.iterdir()) == []


def test_a_workspace_that_is_not_there_yet_is_waited_for(dari, sync_side, temporary):
    none = JSONResponse({"detail": "no workspace"}, 409)
    dari.answer("GET", ZIP, none, Response(zipped()))
    with sync_side.ask(dari.url, "sessions.workspace", "sess_1", wait=5) as files:
        assert len(files.files()) == 4


def test_a_link_in_the_folder_leads_nothing_out_of_it(tmp_path):
    (tmp_path / "w.zip").write_bytes(zipped())
    outside, root = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    root.mkdir()
    (root / "reports").symlink_to(outside)
    (root / "README.md").symlink_to(outside / "README.md")
    with Workspace(tmp_path / "w.zip") as files, pytest.raises(errors.WorkspaceError, match="outs"):
        files.extract(root)
    assert list(outside.iterdir()) == []
    assert sorted(path.name for path in root.iterdir()) == ["README.md", "reports"]
    (root / "reports").unlink()
    with Workspace(tmp_path / "w.zip") as files:
        files.extract(root)
    assert list(outside.iterdir()) == []
    assert (root / "README.md").read_bytes() == FILES["README.md"]
    assert not (root / "README.md").is_symlink()


def test_a_damaged_file_is_an_error(tmp_path):
    content = bytearray(zipped({"a": b"x" * 50}))
    content[content.index(b"PK\x03\x04", 1) + 31] ^= 0xFF
    (tmp_path / "w.zip").write_bytes(content)
    with Workspace(tmp_path / "w.zip") as files, pytest.raises(errors.WorkspaceError, match="'a'"):
        files.read_bytes("a")
