"""The answers of a whole class: whatever is wrong with one file, the others are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import dari_nb as dari

from ..pages import reply

_TAPE = """{"dari_tape":1,"times":true}
{"agent":"w"}
{"turn":"msg_1","session":"sess_1","key":"5d6c28aeec0496b0","agent":"w","asked":"q"}
{"event":"message.status_changed","data":{"status":"running"}}
{"mark":"one","ask":"What frist?"}
{"mark":"two","ask":"What second?"}
{"after":0.3,"event":"assistant.message_completed","data":{"content":[{"type":"text","text":"ok"}]}}
{"event":"message.status_changed","data":{"status":"completed"}}
{"scrubbed":{}}
"""


@pytest.fixture
def tape(tmp_path: Path) -> dari.Tape:
    file = tmp_path / "lesson.tape"
    file.write_text(_TAPE)
    return dari.Tape(file)


@pytest.fixture
def lines(tape: dari.Tape) -> str:
    """The answers of somebody who read the page, as it saves them."""
    told = []
    for number, (mark_id, (_, mark)) in enumerate(tape._score().questions.items()):
        about = {"name": "answer", "run_id": f"mark:{mark_id}", "repeat": number, "by": "person"}
        about |= {"note": f"sess_1: {mark.mark}: {mark.ask}", "at": f"2026-01-01T00:00:0{number}Z"}
        told.append(json.dumps({**about, "value": f"answer {number}", "reader": "Ann"}))
    return "\n".join([*told, ""])


@pytest.fixture
def folder(tmp_path: Path, lines: str) -> Path:
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "ann answers.jsonl").write_text(lines)
    return folder


def _tape(file: Path, lines: str) -> None:
    file.write_text(_TAPE)


def _noise(file: Path, lines: str) -> None:
    file.write_bytes(b"\x00\xff" * 9)


def _cut(file: Path, lines: str) -> None:
    file.write_text(lines[:50])


def _dangling(file: Path, lines: str) -> None:
    file.symlink_to("nowhere")


def _folder(file: Path, lines: str) -> None:
    file.mkdir()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_tape, "is a tape: answers are in another file"),
        (_cut, "holds no answers: no line of it can be read"),
    ],
)
def test_a_bad_file_costs_no_answers_of_others(
    tape: dari.Tape, folder: Path, lines: str, spoil: Any, words: str
) -> None:
    bad = folder / "x answers.jsonl"
    spoil(bad, lines)
    for given in (folder, [folder / "ann answers.jsonl", bad]):
        with pytest.warns(UserWarning, match=words) as told:
            frame = tape.answers(given)
        assert frame["answer"].tolist() == ["answer 0", "answer 1"]
        assert len(told) == 1
    if not bad.is_dir():
        with pytest.raises(dari.DariError, match=words):
            tape.answers(bad)
    (folder / "ann answers.jsonl").unlink()
    with pytest.warns(UserWarning, match=words):
        assert tape.answers(folder)["answer"].isna().all()


def test_a_pattern_finds_files(
    tape: dari.Tape, folder: Path, lines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "[bob].jsonl").write_text(lines.replace("Ann", "Bob"))
    monkeypatch.chdir(folder.parent)
    assert sorted(tape.answers("class/*.jsonl")["name"]) == ["Ann", "Ann", "Bob", "Bob"]
    assert tape.answers("class/[bob].jsonl")["name"].tolist() == ["Bob", "Bob"]
    with pytest.raises(dari.DariError, match=r"^There is no file class/x\*\.jsonl\.$"):
        tape.answers("class/x*.jsonl")


def answer_first(tape: dari.Tape, text: str) -> None:
    """Answer the first of its two questions in a player."""
    player = tape.view()
    [first, _] = player._score.questions
    reply(player, first, text)
    player.close()


def test_a_corrected_question_keeps_the_answers_that_it_had(
    tape: dari.Tape, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer_first(tape, "mine")
    tape.file.write_text(_TAPE.replace("frist", "first"))
    frame = tape.answers(folder)
    assert frame["ask"].tolist() == ["What first?", "What second?"]
    assert frame["answer"].tolist() == ["answer 0", "answer 1"]
    assert frame["asked_as"].fillna("").tolist() == ["What frist?", ""]
    own = tape.answers()
    assert own["answer"].dropna().tolist() == ["mine"]
    assert own["asked_as"].fillna("").tolist() == ["What frist?", ""]


def given(tape: dari.Tape, file: Path) -> list[tuple[str, str]]:
    frame = tape.answers(file).dropna(subset=["answer"])
    return list(zip(frame["turn"], frame["answer"], strict=True))
