"""The journal: nothing is lost by restarts, crashes, or a second kernel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.models import parse_time
from dari_nb.scores import Score, ScoreBook

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from dari_nb.scores import Score, ScoreBook
book, who = ScoreBook(sys.argv[1]), sys.argv[2]
sys.stdin.readline()
for n in range(150):
    book.add([Score(run_id=who, task_index=n, name="s", value=n, note="x" * 3000)])
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "below" / "dari-scores.jsonl"


def rating(**fields: object) -> Score:
    given = {"run_id": "run_1", "llm_id": "small", "name": "good", "by": "person", **fields}
    return Score(**given)


def values(book: ScoreBook, run_id: str | None = "run_1") -> list[object]:
    return [score.value for score in book.scores(run_id)]


def test_a_book_without_a_file_is_empty_and_makes_none(path: Path) -> None:
    assert ScoreBook(path).scores() == []
    ScoreBook(path).add([])
    assert not path.exists()


def test_a_restart_loses_no_rating(path: Path) -> None:
    at = "2026-01-01T00:00:00.000001Z"
    kept = [
        rating(value=True, note="well said, “schön”\u2028", at=at),
        rating(repeat=1, value=3, session_id="sess_2", at=at),
        rating(repeat=2, value={"style": 1.5, "ok": False}, at=at),
        rating(name="length", by="function", error="ValueError: no text", at=at),
    ]
    ScoreBook(path).add(kept)
    assert ScoreBook(path).scores() == kept
    assert len(path.read_bytes().splitlines()) == 4
    assert json.loads(path.read_bytes().splitlines()[1])["value"] == 3


def test_a_score_without_a_time_has_that_of_its_writing(path: Path) -> None:
    score = rating(value=True)
    before = datetime.now(UTC)
    ScoreBook(path).add([score])
    [kept] = ScoreBook(path).scores()
    assert before <= parse_time(kept.at) <= datetime.now(UTC)
    assert ScoreBook(path).scores() == [kept]


def test_a_line_without_a_time_is_the_earliest_however_often_it_is_read(path: Path) -> None:
    line = {"run_id": "run_1", "llm_id": "small", "name": "good", "value": 1, "by": "person"}
    path.parent.mkdir()
    path.write_text(json.dumps(line) + "\n")
    assert ScoreBook(path).scores() == ScoreBook(path).scores()
    ScoreBook(path).add([rating(value=2, at="2001-01-01T00:00:00Z")])
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")
    assert values(ScoreBook(path)) == [2]


def test_the_latest_of_two_ratings_counts_wherever_it_stands(path: Path) -> None:
    book = ScoreBook(path)
    book.add([rating(value=2, at="2026-05-18T12:00:02Z")])
    book.add([rating(value=1, at="2026-05-18T12:00:01Z")])
    assert values(book) == [2]
    book.add([rating(value=3, at="2026-05-18T12:00:02Z")])
    assert values(book) == [3]


def test_two_versions_of_one_llm_have_scores_of_their_own(path: Path) -> None:
    book = ScoreBook(path)
    book.add([rating(value=1, version_id="ver_1"), rating(value=2, version_id="ver_2")])
    assert values(book) == [1, 2]


def test_a_person_and_a_function_do_not_replace_each_other(path: Path) -> None:
    book = ScoreBook(path)
    book.add([rating(value=True), rating(value=False, by="function")])
    assert values(book) == [True, False]


def test_a_rating_can_be_taken_back(path: Path) -> None:
    book = ScoreBook(path)
    book.add([rating(value=True)])
    book.add([rating(value=None)])
    assert book.scores() == []
    book.add([rating(value=None, note="unsure")])
    assert [score.note for score in book.scores()] == ["unsure"]


def test_only_the_scores_of_a_run_are_given_when_asked(path: Path) -> None:
    book = ScoreBook(path)
    book.add([rating(value=1), rating(value=2, run_id="run_2")])
    assert values(book) == [1]
    assert values(book, None) == [1, 2]


def test_a_book_sees_what_another_one_writes(path: Path) -> None:
    mine, theirs = ScoreBook(path), ScoreBook(path)
    mine.add([rating(value=1)])
    assert values(theirs) == [1]
    theirs.add([rating(value=2, repeat=1)])
    assert values(mine) == [1, 2]


def test_half_a_line_of_a_crash_is_kept_and_harms_nothing(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    book = ScoreBook(path)
    book.add([rating(value=1)])
    with path.open("ab") as file:
        file.write(b'{"name":"good","val')
    assert values(book) == [1]
    assert "line 2 cannot be used" in caplog.text
    assert book.damaged == 1
    ScoreBook(path).add([rating(value=2, repeat=1)])
    assert values(book) == [1, 2]
    assert book.damaged == 1
    assert b'{"name":"good","val\n' in path.read_bytes()


ADD_WHERE_LITTLE_FITS = """
import resource, sys
from dari_nb.errors import InvalidRequestError
from dari_nb.models import parse_time
from dari_nb.scores import Score, ScoreBook

book = ScoreBook(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
book.add([Score(name="answer", value="first", by="person")])
for text in ("too long " * 500, "short"):
    try:
        book.add([Score(name="answer", value=text, by="person", repeat=1)])
    except InvalidRequestError as error:
        print(error)
"""


def test_of_what_finds_no_room_nothing_is_left_in_the_file(path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", ADD_WHERE_LITTLE_FITS, path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith(f"Scores cannot be kept in {path}")
    assert values(ScoreBook(path), run_id=None) == ["first", "short"]
    assert b"too long" not in path.read_bytes()


def test_a_line_that_is_being_written_is_read_when_it_is_whole(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    book = ScoreBook(path)
    book.add([rating(value=1), rating(value=2, repeat=1)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    late = ScoreBook(path)
    assert values(late) == [1]
    assert "line 2 cannot be used" in caplog.text
    with path.open("ab") as file:
        file.write(whole[-20:])
    assert values(late) == [1, 2]
    assert late.damaged == 0


@pytest.mark.parametrize(
    "line", [b"not json", b"[1]", b'{"value": 1}', b"\xff\xfe", b'{"name": 3}', b"[" * 100_000]
)
def test_lines_that_are_no_scores_are_counted_and_passed_over(
    path: Path, line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    book = ScoreBook(path)
    book.add([rating(value=1)])
    with path.open("ab") as file:
        file.write(line + b"\n\n")
    book.add([rating(value=2, repeat=1)])
    assert values(book) == [1, 2]
    assert "line 2 cannot be used" in caplog.text
    assert book.damaged == 1
    assert line in path.read_bytes()


@pytest.mark.parametrize("text", ['{"dari_tape":1}\n', '{\n "cells": []\n}\n', "a,b\n1,2\n"])
def test_what_was_put_in_the_place_of_a_book_stays_as_it_is(path: Path, text: str) -> None:
    book = ScoreBook(path)
    book.add([rating(value=1)])
    path.write_text(text)
    with pytest.raises(InvalidRequestError, match="it is a file of another kind"):
        book.add([rating(value=2)])
    assert path.read_text() == text


def test_a_file_that_an_editor_has_marked_or_left_without_a_line_break_is_read(path: Path) -> None:
    book = ScoreBook(path)
    book.add([rating(value=1), rating(value=2, repeat=1)])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().rstrip())
    late = ScoreBook(path)
    assert values(late) == [1, 2]
    assert late.damaged == 0
    late.add([rating(value=3, repeat=2)])
    assert values(late) == values(ScoreBook(path)) == [1, 2, 3]
    assert late.damaged == 0


def test_what_cannot_be_read_is_told_once_with_its_places_and_stays(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    book = ScoreBook(path)
    book.add([rating(value=1)])
    whole = path.read_bytes()
    utf16 = whole.decode().encode("utf-16")
    path.write_bytes(whole + b'{"name":"a","value":NaN}\n' * 12 + utf16)
    late = ScoreBook(path)
    said = "dari-scores.jsonl: lines 2, 3, 4, 5, 6, 7, 8, 9 and 6 more cannot be used"
    assert values(late) == values(late) == values(ScoreBook(path)) == [1]
    [told] = caplog.messages
    assert said in told
    before = path.read_bytes()
    late.add([rating(value=2, repeat=1)])
    assert values(late) == [1, 2]
    assert caplog.messages == [told]
    assert path.read_bytes().startswith(before)


def test_damage_is_told_again_when_there_is_more_of_it_or_it_comes_back(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    for text in ("no\n", "no\n", "no\nno\n", "", "no\n", "other\n"):
        path.write_text(text)
        assert not ScoreBook(path).scores()
    assert ["lines 1, 2" in said for said in caplog.messages] == [False, True, False, False]


def test_damage_is_told_in_a_process_once_and_without_a_line_of_the_library(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("no\n")
    code = "import sys, dari_nb as dari\nfor _ in '12': dari.scores.ScoreBook(sys.argv[1]).scores()"
    ran = subprocess.run(
        [sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    [told] = ran.stderr.splitlines()
    assert told.startswith(f"{path}: line 1 cannot be used, and what it holds counts for nothing.")


@pytest.mark.parametrize("value", [99, 0, True, {"a": 1}, "good"])
def test_a_rating_that_nobody_could_give_counts_for_nothing(
    path: Path, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    of = {"run_id": "run_1", "name": "rating", "by": "person", "value": value}
    path.parent.mkdir()
    path.write_text(f"{json.dumps({**of, 'value': 5})}\n{json.dumps(of)}\n")
    assert values(ScoreBook(path)) == [5]
    assert "line 2 cannot be used" in caplog.text
    with pytest.raises(InvalidRequestError, match="'rating'"):
        ScoreBook(path).add([Score(**of)])


def test_fields_of_a_later_version_do_no_harm(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b'{"name":"good","run_id":"run_1","value":1,"colour":"blue"}\n')
    assert values(ScoreBook(path)) == [1]


def test_a_file_that_was_replaced_is_read_anew(path: Path) -> None:
    book = ScoreBook(path)
    book.add([rating(value=1), rating(value=2, repeat=1)])
    assert values(book) == [1, 2]
    path.unlink()
    ScoreBook(path).add([rating(value=3)])
    assert values(book) == [3]


def test_two_processes_write_at_once_and_every_line_is_whole(path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), who], cwd=ROOT, stdin=subprocess.PIPE
        )
        for who in ("one", "two", "three")
    ]
    for writer in writers:
        writer.stdin.write(b"\n")
        writer.stdin.close()
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    book = ScoreBook(path)
    for who in ("one", "two", "three"):
        assert values(book, who) == list(range(150))
    assert book.damaged == 0


def test_a_place_that_cannot_be_written_is_told_shortly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "scores.jsonl"):
        with pytest.raises(InvalidRequestError, match="Scores cannot be kept in"):
            ScoreBook(path).add([rating(value=1)])
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        ScoreBook(tmp_path).scores()


@pytest.mark.parametrize("name", ["pipe", "/dev/full"])
def test_a_pipe_and_a_device_are_no_book_and_hold_nobody_up(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    book = ScoreBook(tmp_path / name)
    with pytest.raises(InvalidRequestError, match="it is a folder, a pipe or a device"):
        book.add([rating(value=1)])
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        book.scores()


def test_a_value_that_is_no_json_is_refused_and_nothing_is_written(path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="'good' cannot be kept"):
        ScoreBook(path).add([rating(value=1), rating(value=object())])
    assert not path.exists()


@pytest.mark.parametrize("value", ["1" + "0" * 400, "[1]", "{}", '{"a":{"b":1}}', '{"a":null}'])
def test_a_line_whose_value_is_no_score_is_passed_over(
    path: Path, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    book = ScoreBook(path)
    book.add([rating(value=1)])
    with path.open("a") as file:
        file.write(f'{{"run_id":"run_1","llm_id":"small","name":"n","value":{value}}}\n')
    book.add([rating(value=2, repeat=1)])
    assert values(book) == values(ScoreBook(path)) == [1, 2]
    assert "line 2 cannot be used" in caplog.text
    assert book.damaged == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"value": 10**400}, "is not a finite number"),
        ({"value": float("nan")}, "nan is no score: it is not a finite number"),
        ({"value": [1]}, "a list is no score"),
        ({"value": {}}, "an empty dict is no score"),
        ({"value": {"a": {"b": 1}}}, "a dict of dicts"),
        ({"value": {"a" * 201: 1}}, "200 characters at most"),
        ({"value": "\ud800"}, "not a valid text"),
        ({"name": "", "value": 1}, "needs a name"),
        ({"name": "red\x1b[31m", "value": 1}, "no control characters"),
        ({"value": {"": 1}}, "'': A score needs a name"),
        ({"name": 5, "value": 1}, "name is a text, not an int"),
        ({"name": "x" * 201, "value": 1}, "200 characters at most, not 201"),
        ({"note": 5, "value": 1}, "note"),
        ({"task_index": "1", "value": 1}, "task_index"),
    ],
)
def test_what_no_book_could_read_is_refused_and_nothing_is_written(
    path: Path, fields: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidRequestError, match=said):
        ScoreBook(path).add([rating(value=1), rating(**fields)])
    assert not path.exists()


def test_a_number_of_more_than_64_bits_is_kept_as_a_float(path: Path) -> None:
    ScoreBook(path).add([rating(value=10**30)])
    assert values(ScoreBook(path)) == [1e30]


def test_threads_that_read_one_book_at_once_each_see_all_of_it(path: Path) -> None:
    book, writer = ScoreBook(path), ScoreBook(path)
    seen: list[int] = []

    def look(barrier: Barrier) -> None:
        barrier.wait()
        seen.append(len(book.scores("run_1")))

    for task in range(60):
        writer.add(
            Score(run_id="run_1", name=f"score {n}", task_index=task, value=n, note="x" * 99)
            for n in range(20)
        )
        seen.clear()
        barrier = Barrier(4)
        threads = [Thread(target=look, args=[barrier]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [20 * (task + 1)] * 4
    assert book.damaged == 0


def changed_in_place(path: Path, change: Callable[[str], str]) -> None:
    """Change a file as editors, and git, may do it: it stays the same file."""
    text = change(path.read_text())
    with path.open("r+") as file:
        file.truncate()
        file.write(text)


CHANGES = {
    "as long": (lambda text: text.replace('"value":2', '"value":4'), [1, 4, 3]),
    "longer": (lambda text: text.replace("good", "very good"), [1, 2, 3]),
    "shorter": (lambda text: text.replace("good", "ok"), [1, 2, 3]),
    "a line less": (lambda text: "".join(text.splitlines(keepends=True)[::2]), [1, 3]),
    "a line more before": (
        lambda text: text.replace('"value":1', '"value":7', 1) + text,
        [1, 2, 3],
    ),
    "no last line break": (lambda text: text.replace('"value":3', '"value":8').rstrip(), [1, 2, 8]),
}


@pytest.mark.parametrize(("change", "there"), CHANGES.values(), ids=CHANGES)
def test_what_is_changed_in_the_file_itself_counts(
    path: Path, change: Callable[[str], str], there: list[int]
) -> None:
    book = ScoreBook(path)
    book.add(rating(repeat=n, value=n + 1, note="good", at=f"2026-01-0{n + 1}") for n in range(3))
    assert values(book) == [1, 2, 3]
    changed_in_place(path, change)
    assert values(book) == there
    assert book.scores() == ScoreBook(path).scores()
    ScoreBook(path).add([rating(repeat=9, value=5)])
    assert values(book) == [*there, 5]
    changed_in_place(path, lambda text: text.replace('"value":5', '"value":6'))
    assert values(book) == [*there, 6]
    assert book.damaged == 0


def test_a_last_line_without_a_break_that_is_changed_or_gone_counts_as_it_is(path: Path) -> None:
    book = ScoreBook(path)
    book.add(rating(repeat=n, value=n + 1) for n in range(2))
    changed_in_place(path, str.rstrip)
    assert values(book) == [1, 2]
    changed_in_place(path, lambda text: text.replace('"value":2', '"value":4'))
    assert values(book) == [1, 4]
    changed_in_place(path, lambda text: text.partition("\n")[0] + "\n")
    assert values(book) == [1]
