"""The answers of a whole class: whatever is wrong with one file, the others are read."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable
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
        (_noise, "holds no answers: no line of it can be read"),
        (_cut, "holds no answers: no line of it can be read"),
        (_dangling, "There is no file .*x answers.jsonl with answers"),
        (_folder, "(is a folder, not a file with answers|no .* in the folder .*x answers)"),
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


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_what_editors_put_in_front_of_a_file_is_no_part_of_its_first_line(
    tape: dari.Tape, folder: Path, lines: str, encoding: str
) -> None:
    file = folder / "ann answers.jsonl"
    file.write_text(lines, encoding=encoding)
    assert tape.answers(file)["answer"].tolist() == ["answer 0", "answer 1"]


def test_a_pattern_finds_files(
    tape: dari.Tape, folder: Path, lines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "[bob].jsonl").write_text(lines.replace("Ann", "Bob"))
    monkeypatch.chdir(folder.parent)
    assert sorted(tape.answers("class/*.jsonl")["name"]) == ["Ann", "Ann", "Bob", "Bob"]
    assert tape.answers("class/[bob].jsonl")["name"].tolist() == ["Bob", "Bob"]
    with pytest.raises(dari.DariError, match=r"^There is no file class/x\*\.jsonl\.$"):
        tape.answers("class/x*.jsonl")


def test_a_second_download_counts_once(tape: dari.Tape, folder: Path, lines: str) -> None:
    file = folder / "ann answers.jsonl"
    (folder / "ann answers (1).jsonl").write_text(lines)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(tape.answers(folder)) == 2
        assert len(tape.answers([file, str(file)])) == 2


def test_answers_are_found_in_a_folder_whatever_their_file_is_called(
    tape: dari.Tape, folder: Path, lines: str
) -> None:
    names = ["x Answers.JSONL", "antworten.jsonl", "y answers.jsonl.txt", "bob/download.jsonl"]
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(lines.replace("Ann", name))
    for name in (".hidden.jsonl", ".ipynb_checkpoints/ann answers.jsonl", "answers.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(lines.replace("Ann", "nobody"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert {*tape.answers(folder)["name"]} == {"Ann", *names}
    (folder / "scores.jsonl").write_text(lines.replace('"answer"', '"rating"'))
    (folder / "runs.jsonl").write_text('{"messages":[]}\n')
    words = r"^runs\.jsonl holds no answers: no .*\.\nscores\.jsonl holds no answers\.$"
    with pytest.warns(UserWarning, match=words) as told:
        assert len(tape.answers(folder)) == 10
    assert len(told) == 1


def test_a_slip_in_the_name_of_a_folder_names_that(
    tape: dari.Tape, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(dari.DariError, match="file clas with answers; there is the folder class"):
        tape.answers("clas")
    with pytest.raises(dari.DariError, match=r"; there is the folder class\.$"):
        tape.answers(folder.with_name("klass"))
    # What is called as a file is none for a folder: nobody may have answered yet.
    with pytest.warns(match=r"^There is no file clas\.jsonl with answers\.$"):
        assert tape.answers("clas.jsonl")["answer"].isna().all()
    assert len(tape.answers("class")) == 2


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


def test_a_question_with_the_same_name_on_another_tape_has_its_own_answers(
    tape: dari.Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer_first(tape, "mine")
    other = tmp_path / "other.tape"
    other.write_text(_TAPE.replace("5d6c28aeec0496b0", "5d6c28aeec0496b1"))
    assert dari.Tape(other).answers()["answer"].isna().all()


def test_a_name_that_would_hide_something_is_shown_as_what_it_is(
    tape: dari.Tape, folder: Path, lines: str
) -> None:
    file = folder / "ann answers.jsonl"
    file.write_text(lines.replace("Ann", r"A\u202en\u0007n"))
    assert tape.answers(file)["name"].tolist() == ["A[U+202E]n␇n"] * 2


def test_a_question_in_front_of_a_turn_is_told_with_that_turn(
    tape: dari.Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tape.file.parent)
    lines = tape.file.read_text().splitlines()
    other = {"turn": "msg_1", "session": "sess_2", "key": "k2", "agent": "w", "asked": "other"}
    done = {"event": "message.status_changed", "data": {"status": "completed"}}
    before, behind = ({"mark": name, "ask": f"What {name}?"} for name in ("next", "at last"))
    lines[-1:] = [*map(json.dumps, (before, other, done, behind)), lines[-1]]
    tape.file.write_text("\n".join([*lines, ""]))
    player = tape.view()
    for mark_id in player._score.questions:
        reply(player, mark_id, "a guess")
    player.close()
    told = tape.answers()[["session", "turn", "ask"]].to_numpy().tolist()
    assert told == [
        ["sess_1", "msg_1", "What frist?"],
        ["sess_1", "msg_1", "What second?"],
        ["sess_2", "msg_1", "What next?"],
        ["sess_2", "msg_1", "What at last?"],
    ]
    [*_, kept, _] = (tape.file.parent / "dari-scores.jsonl").read_text().splitlines()
    assert "sess_2 msg_1: next: What next?" in kept


def alike(tape: dari.Tape, *asked: str) -> list[tuple[str, str]]:
    """Give the tape turns of one session that ask the same; returns the questions and their turns.

    Args:
        tape: The tape.
        asked: What its turns ask.
    """
    key, lines = None, [*_TAPE.splitlines()[:2]]
    for number, prompt in enumerate(asked, 1):
        about = {"turn": f"msg_{number}", "session": "sess_1", "agent": "w", "asked": prompt}
        about |= {"key": "", **({"parent": key} if key else {})}
        key = about["key"] = hashlib.sha256(f"{key} {prompt}".encode()).hexdigest()[:16]
        done = {"event": "message.status_changed", "data": {"status": "completed"}}
        lines += map(json.dumps, (about, {"mark": "guess", "ask": "What now?"}, done))
    tape.file.write_text("\n".join([*lines, '{"scrubbed":{}}', ""]))
    return [(id_, turn.line.turn) for id_, (turn, _) in tape._score().questions.items()]


def answered_on_page(file: Path, answers: Iterable[tuple[str, str, str]]) -> None:
    """Write answers as a page saves them: ids of questions, their places, and what was expected."""
    lines = []
    for number, (mark_id, place, value) in enumerate(answers):
        about = {"name": "answer", "run_id": f"mark:{mark_id}", "repeat": number, "by": "person"}
        about |= {"note": f"{place}: guess: What now?", "at": f"2026-01-01T00:00:0{number}Z"}
        lines.append(json.dumps({**about, "value": value, "reader": "Ann"}))
    file.write_text("\n".join([*lines, ""]))


def given(tape: dari.Tape, file: Path) -> list[tuple[str, str]]:
    frame = tape.answers(file).dropna(subset=["answer"])
    return list(zip(frame["turn"], frame["answer"], strict=True))


def test_of_several_questions_alike_each_keeps_its_answers_where_another_turn_was_asked_otherwise(
    tape: dari.Tape, tmp_path: Path
) -> None:
    file = tmp_path / "ann answers.jsonl"
    first, _, third = alike(tape, "one", "two", "three")
    answered_on_page(file, [(id_, f"sess_1 {turn}", turn) for id_, turn in (first, third)])
    alike(tape, "one", "other", "three")
    assert given(tape, file) == [("msg_1", "msg_1"), ("msg_3", "msg_3")]
    alike(tape, "one", "two")
    with pytest.warns(match="1 answer of ann answers.jsonl belongs to no question of this tape"):
        assert given(tape, file) == [("msg_1", "msg_1")]
    alike(tape, "one")
    with pytest.warns(match="1 answer of ann answers.jsonl belongs to no question of this tape"):
        assert given(tape, file) == [("msg_1", "msg_1")]


def test_an_answer_that_names_no_turn_is_given_to_no_question_that_its_reader_has_answered(
    tape: dari.Tape, tmp_path: Path
) -> None:
    file, more = tmp_path / "ann answers.jsonl", tmp_path / "ann answers (1).jsonl"
    first, second = alike(tape, "one", "two")
    answered_on_page(file, [(first[0], "sess_1", "first")])
    answered_on_page(more, [(first[0], "sess_1", "first"), (second[0], "sess_1", "second")])
    alike(tape, "one", "other")
    assert given(tape, tmp_path) == [("msg_1", "first"), ("msg_2", "second")]
    alike(tape, "one")
    with pytest.warns(match="1 answer of ann answers \\(1\\).jsonl belongs to no question"):
        assert given(tape, tmp_path) == [("msg_1", "first")]
    alike(tape, "other")
    with pytest.warns(match="2 answers of ann answers \\(1\\).jsonl belong to no question"):
        assert given(tape, more) == []
