"""The journal: nothing is lost by restarts, crashes, or a second kernel."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

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


@pytest.mark.parametrize("line", [b"not json", b'{"value": 1}', b"\xff\xfe", b"[" * 100_000])
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


@pytest.mark.parametrize("text", ['{"dari_tape":1}\n', "a,b\n1,2\n"])
def test_what_was_put_in_the_place_of_a_book_stays_as_it_is(path: Path, text: str) -> None:
    book = ScoreBook(path)
    book.add([rating(value=1)])
    path.write_text(text)
    with pytest.raises(InvalidRequestError, match="it is a file of another kind"):
        book.add([rating(value=2)])
    assert path.read_text() == text


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


@pytest.mark.parametrize(
    "fields",
    [
        {"value": float("nan")},
        {"value": [1]},
        {"value": {"a": {"b": 1}}},
        {"value": "\ud800"},
        {"name": "", "value": 1},
        {"name": "red\x1b[31m", "value": 1},
        {"note": 5, "value": 1},
    ],
)
def test_what_no_book_could_read_is_refused_and_nothing_is_written(
    path: Path, fields: dict[str, object]
) -> None:
    with pytest.raises(InvalidRequestError):
        ScoreBook(path).add([rating(value=1), rating(**fields)])
    assert not path.exists()
