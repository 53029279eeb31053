"""Several files of runs, side by side: what a comparison begins with."""

from __future__ import annotations

import json

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.resources import Transcript

HI = {"role": "user", "content": "Hi"}


@pytest.fixture
def folder(tmp_path):
    """Two files of one model with the same tasks, and one that is none."""
    for name, scores in {"a": (1, 0), "b": (1, 1)}.items():
        rows = [
            {"messages": [HI], "model": "m", "task_id": f"t{n}", "score": score}
            for n, score in enumerate(scores)
        ]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "README.md").write_text("Two files.")
    return tmp_path


@pytest.fixture
def several(folder):
    return iter(sorted(folder.glob("*.jsonl")))


def test_files_of_one_model_are_compared_by_file(several, d):
    matrix = d.batches.from_runs(several, group="file")
    means = matrix.summary("score").set_index("llm_id")["mean"]
    assert means.to_dict() == {"a.jsonl": 0.5, "b.jsonl": 1.0}


def test_runs_tell_which_file_they_are_of(several):
    runs = Transcript.from_file(several)
    assert [run.metadata["file"] for run in runs] == ["a.jsonl"] * 2 + ["b.jsonl"] * 2
    assert [run.resource.agent.name for run in runs] == ["a", "a", "b", "b"]


def test_files_of_one_name_are_told_apart_by_their_folders(folder):
    for name in ("x", "y"):
        (folder / name).mkdir()
        (folder / name / "run.json").write_text(json.dumps({"messages": [HI]}))
    runs = Transcript.from_file([folder / "x" / "run.json", folder / "y" / "run.json"])
    assert [run.metadata["file"] for run in runs] == ["x/run.json", "y/run.json"]
    assert len({run.resource.session.id for run in runs}) == 2


def test_two_at_one_place_are_told_apart_by_file(folder, d):
    for name in ("a", "b"):
        row = {"messages": [HI], "task_id": "t", "trial": 0}
        (folder / f"{name}.jsonl").write_text(json.dumps(row))
    with pytest.raises(InvalidRequestError, match=r"same place.*group=, such as group='file'"):
        d.batches.from_runs(folder)
    assert len(d.batches.from_runs(folder, group="file")) == 2


def test_files_stand_beside_sessions(folder, server, d):
    loaded = server.load_runs(folder / "a.jsonl")
    matrix = d.batches.from_runs([folder / "b.jsonl", *loaded], task="task_id")
    assert matrix.to_frame()["repeat"].to_list() == [0, 1, 0, 1]


def test_one_file_has_no_name_in_its_metadata(folder):
    assert "file" not in Transcript.from_file([folder / "a.jsonl"])[0].metadata


@pytest.mark.parametrize(
    ("name", "text", "cause"),
    [
        ("missing.jsonl", None, "missing.jsonl"),
        ("*.eval", None, r"\*\.eval"),
        ("empty.jsonl", "", "empty.jsonl"),
        ("none", None, "none"),
    ],
)
def test_what_is_not_there_is_named(folder, d, name, text, cause):
    if text is not None:
        (folder / name).write_text(text)
    if name == "none":
        (folder / name).mkdir()
    with pytest.raises(InvalidRequestError, match=cause):
        d.batches.from_runs(str(folder / name))


@pytest.mark.parametrize("nothing", ["", 5])
def test_what_names_no_file_is_told(nothing):
    with pytest.raises(InvalidRequestError):
        Transcript.from_file(nothing)


def test_hidden_files_of_a_folder_are_left_alone(folder):
    files = len(Transcript.from_file(folder))
    (folder / "._a.jsonl").write_bytes(b"\x00\x05\x16\x07")
    assert len(Transcript.from_file(folder)) == files


@pytest.mark.parametrize(
    "twice",
    [
        lambda folder: [str(folder / "a.jsonl"), folder / "." / "a.jsonl"],
        lambda folder: [folder / "a.jsonl", folder / "again.jsonl"],
    ],
)
def test_a_file_that_is_named_twice_is_read_once(folder, d, twice):
    (folder / "again.jsonl").symlink_to(folder / "a.jsonl")
    assert len(Transcript.from_file(twice(folder))) == 2
    assert (
        repr(d.batches.from_runs(twice(folder)))
        == "<Gathered a: 2 tasks x 1 column x 1; 2 sessions>"
    )
