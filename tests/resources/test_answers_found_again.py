"""Answers of a tape that was changed: each stays with its question, or is told to have none."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import dari_nb as dari
from dari_nb.cli.cli import main
from dari_nb.local import LocalDari
from dari_nb.scores import Score, ScoreBook

from ..pages import reply

_BOOK = "dari-scores.jsonl"
_GUESS = {"mark": "guess", "ask": "What now?"}


@pytest.fixture
def tape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dari.Tape:
    """A tape of three sums, in each of which the same is asked."""
    monkeypatch.chdir(tmp_path)
    return sums("sums.tape", "1+1", "2+2", "3+3")


@pytest.fixture
def alike(tape: dari.Tape) -> dari.Tape:
    """A tape that asks the same, and was answered otherwise but in the middle."""
    return corrected(tape, "alike.tape", {"= 2": "= 1", "= 6": "= 7"})


def corrected(tape: dari.Tape, name: str, answers: dict[str, str]) -> dari.Tape:
    """A copy of a tape whose answers were changed by hand."""
    other, text = dari.Tape(name), tape.file.read_text()
    for old, new in answers.items():
        text = text.replace(old, new)
    other.file.write_text(text)
    assert main(["tape", "keys", "--answers", name]) == 0
    return other


def sums(name: str, *prompts: str) -> dari.Tape:
    tape = dari.Tape(name)
    ask(tape, *prompts)
    lines = tape.file.read_text().splitlines()
    said = '"assistant.message_completed"'
    marked = [f"{json.dumps(_GUESS)}\n{line}" if said in line else line for line in lines]
    tape.file.write_text("\n".join([*marked, ""]))
    return tape


def ask(tape: dari.Tape, *prompts: str) -> None:
    """Ask in one session what a tape has, or is given."""
    with LocalDari(step_delay=0) as server:
        d = dari.connect(base_url=server.url, api_key=server.api_key)
        server.insert(dari.Tape(tape.path, speed="instant"))
        session = d.agents.get("calculator").send(prompts[0]).wait().session
        for prompt in prompts[1:]:
            session.send(prompt).wait()


def put(tape: dari.Tape, *prompts: str) -> None:
    """Give a tape other turns instead of those that it has."""
    ask(tape, *prompts)
    tape.review().replace(rest=True)


def answer(tape: dari.Tape, *texts: str, book: str | None = None) -> None:
    """Answer the first questions in a player."""
    player = tape.view(answers=book)
    for mark_id, text in zip(player._score.questions, texts, strict=False):
        reply(player, mark_id, text)
    player.close()


def given(tape: dari.Tape, *path: str) -> list[list[str]]:
    told = tape.answers(*path).dropna(subset=["answer"])
    return [*map(list, told[["turn", "answer"]].to_numpy())]


def without_new_fields(book: str) -> None:
    """Write a file as it was before answers told what their turns asked."""
    path = Path(book)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line.pop("asked", None)
        line.pop("answered", None)
        line.pop("tape", None)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_the_usual_file_has_the_answers_that_it_has_where_it_is_named(tape: dari.Tape) -> None:
    player = tape.view()
    put(tape, "1+1", "5+5", "3+3")
    for mark_id, text in zip(player._score.questions, ("two", "four", "six"), strict=True):
        reply(player, mark_id, text)
    player.close()
    words = r"1 answer of dari-scores\.jsonl belongs to no question of this tape: “sess_1 msg_2: gu"
    for path in ((), (_BOOK,)):
        with pytest.warns(match=words):
            assert given(tape, *path) == [["msg_1", "two"], ["msg_3", "six"]]
    player = tape.view()
    answered = [answers for answers in player._passed().values() if answers]
    player.close()
    assert answered == ["two", "six"]


def test_of_the_usual_file_nothing_is_told_that_is_of_no_concern_to_the_tape(
    tape: dari.Tape,
) -> None:
    other = sums("other.tape", "4+4", "2+2", "3+3")
    answer(other, "another two", "another four", "another six")
    ScoreBook(_BOOK).add([Score(run_id="run_1", name="right", value=True)])
    put(other, "4+4", "7+7", "3+3")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert given(tape) == []
    with pytest.warns(match=r"1 answer of dari-scores\.jsonl belongs to no question .*msg_2"):
        assert given(other) == [["msg_1", "another two"], ["msg_3", "another six"]]


def test_what_names_no_tape_in_the_usual_file_is_told_where_it_may_belong(tape: dari.Tape) -> None:
    answer(tape, "two", "four", "six")
    without_new_fields(_BOOK)
    put(tape, "1+1", "5+5", "3+3")
    words = (
        r"^2 answers of dari-scores\.jsonl name no tape, and may belong to this one: “.*msg_2.*3"
    )
    with pytest.warns(match=words):
        assert given(tape) == [["msg_1", "two"]]
    assert given(tape, _BOOK) == [["msg_1", "two"], ["msg_2", "four"], ["msg_3", "six"]]
    other = dari.Tape("other.tape")
    text = tape.file.read_text().replace("What now?", "What else?")
    other.file.write_text(text.replace('"guess"', '"else"'))
    assert given(other) == []


@pytest.mark.parametrize("is_older", [False, True])
def test_no_answer_goes_to_another_question_where_a_turn_is_gone(
    tape: dari.Tape, is_older: bool
) -> None:
    answer(tape, "two", "four", "six", book="ann.jsonl")
    if is_older:
        without_new_fields("ann.jsonl")
    put(tape, "1+1", "3+3")
    lost = "2 answers .*msg_2.*msg_3" if is_older else "1 answer .*msg_2"
    with pytest.warns(match=lost):
        found = given(tape, "ann.jsonl")
    assert found == [["msg_1", "two"], *([] if is_older else [["msg_2", "six"]])]


def test_of_turns_that_ask_the_same_each_keeps_its_answers_while_there_are_as_many(
    tape: dari.Tape,
) -> None:
    tape = sums("same.tape", "1+1", "4+4", "2+2", "2+2", "2+2")
    answer(tape, "two", "eight", "first", "second", "third", book="ann.jsonl")
    put(tape, "1+1", "5+5", "2+2", "2+2", "2+2")
    with pytest.warns(match="1 answer of ann.jsonl belongs to no question"):
        assert given(tape, "ann.jsonl") == [
            ["msg_1", "two"],
            ["msg_3", "first"],
            ["msg_4", "second"],
            ["msg_5", "third"],
        ]
    put(tape, "1+1", "6+6", "2+2", "2+2")
    with pytest.warns(match="4 answers of ann.jsonl belong to no question"):
        assert given(tape, "ann.jsonl") == [["msg_1", "two"]]


def test_a_question_on_several_lines_keeps_answers_that_tell_it_on_one(tape: dari.Tape) -> None:
    text = tape.file.read_text()
    tape.file.write_text(text.replace("What now?", r"What now?\n- a\n- b"))
    answer(tape, "two", "four", "six", book="ann.jsonl")
    book = Path("ann.jsonl")
    without_new_fields("ann.jsonl")
    book.write_text(book.read_text().replace(r"now?\n- a\n- b", "now? - a - b"))
    tape.file.write_text(tape.file.read_text().replace('"guess"', '"another name"'))
    told = tape.answers("ann.jsonl")
    assert told["answer"].tolist() == ["two", "four", "six"]
    assert told["asked_as"].isna().all()


def test_what_was_expected_of_one_tape_is_not_told_of_another_one_beside_it(
    tape: dari.Tape,
) -> None:
    other = sums("other.tape", "1+1", "70000+5")
    answer(tape, "two", "four", "six")
    for path in ((), (_BOOK,)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if path else "error")
            assert given(other, *path) == []
    player = other.view()
    assert [*player._passed().values()] == []
    assert "70005" not in json.dumps(player.get_state(), default=repr)
    player.close()
    answer(other, "2")
    assert given(other) == [["msg_1", "2"]]
    assert given(tape) == [["msg_1", "two"], ["msg_2", "four"], ["msg_3", "six"]]


@pytest.mark.parametrize("folder", [".", "lessons"])
def test_a_tape_that_gets_another_name_or_place_keeps_its_answers(
    tape: dari.Tape, folder: str
) -> None:
    answer(tape, "two", "four", "six")
    there = Path(folder) / "renamed.tape"
    there.parent.mkdir(exist_ok=True)
    tape.file.rename(there)
    renamed = dari.Tape(there)
    put(renamed, "1+1", "5+5", "3+3")
    with pytest.warns(match=r"1 answer of dari-scores\.jsonl belongs to no question .*msg_2"):
        assert given(renamed) == [["msg_1", "two"], ["msg_3", "six"]]


def test_tapes_of_one_name_in_two_folders_have_answers_of_their_own(tape: dari.Tape) -> None:
    for week, text in (("one", "two"), ("two", "2")):
        Path(week).mkdir()
        own = dari.Tape(Path(week) / tape.file.name)
        own.file.write_bytes(tape.file.read_bytes())
        answer(own, text)
    tape.file.unlink()
    for week, text in (("one", "two"), ("two", "2")):
        assert given(dari.Tape(Path(week) / tape.file.name)) == [["msg_1", text]]


def test_where_a_tape_is_gone_its_answers_are_to_one_that_was_answered_alike(
    tape: dari.Tape, alike: dari.Tape
) -> None:
    answer(tape, "two", "four", "six")
    tape.file.rename("renamed.tape")
    with pytest.warns(match=r"2 answers of dari-scores\.jsonl belong to no question"):
        assert given(alike) == [["msg_2", "four"]]
    assert given(dari.Tape("renamed.tape")) == [
        ["msg_1", "two"],
        ["msg_2", "four"],
        ["msg_3", "six"],
    ]


def test_lessons_that_get_other_numbers_keep_their_answers(tape: dari.Tape) -> None:
    alike = corrected(tape, "alike.tape", {"= 2": "= 1", "= 4": "= 5", "= 6": "= 7"})
    answer(alike, "one", "four", "seven")
    alike.file.rename("third.tape")
    tape.file.rename("alike.tape")
    assert given(dari.Tape("third.tape")) == [
        ["msg_1", "one"],
        ["msg_2", "four"],
        ["msg_3", "seven"],
    ]
    with pytest.warns(match=r"3 answers of .* were given when their turns were answered otherwise"):
        assert len(given(alike)) == 3


def test_what_is_answered_otherwise_by_now_is_asked_again(
    tape: dari.Tape, alike: dari.Tape
) -> None:
    answer(tape, "two")
    tape.file.write_bytes(alike.file.read_bytes())
    player = tape.view()
    assert player._passed() == {}
    assert "= 1" not in json.dumps(player.get_state(), default=repr)
    player.close()
    with pytest.warns(
        match=r"1 answer of .* was given when its turn was answered otherwise: “.*_1"
    ):
        assert given(tape) == [["msg_1", "two"]]


def without_a_question(lines: list[str]) -> list[str]:
    return [line for line in lines if "Which is 1?" not in line]


def with_another_question(lines: list[str]) -> list[str]:
    return [line.replace('"guess 1", "ask": "Which', '"g", "ask": "What') for line in lines]


def without_a_turn(lines: list[str]) -> list[str]:
    second = next(number for number, line in enumerate(lines) if '"2+2"' in line)
    return [*lines[:2], *lines[second:]]


@pytest.mark.parametrize("change", [without_a_question, with_another_question, without_a_turn])
def test_what_is_to_no_question_any_more_is_told_where_the_tape_has_another_name_too(
    tape: dari.Tape, change: Callable[[list[str]], list[str]]
) -> None:
    asked = (json.dumps({"mark": f"guess {n}", "ask": f"Which is {n}?"}) for n in (1, 2, 3))
    text = tape.file.read_text()
    lines = [next(asked) if "What now?" in line else line for line in text.splitlines()]
    tape.file.write_text("\n".join([*lines, ""]))
    answer(tape, "two", "four", "six")
    renamed = dari.Tape(tape.file.rename("renamed.tape"))
    assert given(renamed) == [["msg_1", "two"], ["msg_2", "four"], ["msg_3", "six"]]
    renamed.file.write_text("\n".join([*change(lines), ""]))
    with pytest.warns(match=r"answers? of dari-scores\.jsonl belongs? to no question of this tape"):
        assert ["msg_1", "two"] not in given(renamed)
