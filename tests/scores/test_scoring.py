"""Scoring by functions: side by side, errors kept as errors, nothing lost by an interrupt."""

from __future__ import annotations

import asyncio
import math
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.scores import ScoreBook, run_scores


@dataclass
class Cell:
    task_index: int
    llm: str | None = "small"
    version: str | None = None
    repeat: int = 0
    session_id: str | None = "sess_1"


CELLS = [Cell(n, repeat=n % 2) for n in range(6)]


def said(fn, cells=CELLS, **options):
    return [(score.value, score.error) for score in run_scores(cells, "s", fn, **options)]


def test_scores_come_in_the_order_of_the_cells_with_all_that_names_them() -> None:
    scores = run_scores(CELLS, "double", lambda cell: cell.task_index * 2, run_id="run_1")
    assert [score.value for score in scores] == [0, 2, 4, 6, 8, 10]
    last = scores[-1]
    assert (last.run_id, last.task_index, last.llm_id, last.repeat) == ("run_1", 5, "small", 1)
    assert (last.session_id, last.name, last.by) == ("sess_1", "double", "function")


def test_the_function_gets_the_turn_that_is_made_for_each_cell() -> None:
    assert said(str.upper, turn_of=lambda cell: f"turn {cell.task_index}")[2] == ("TURN 2", None)


@pytest.mark.parametrize("is_async", [False, True])
def test_no_more_run_at_once_than_workers(is_async: bool) -> None:
    running, most = [], []

    def begin(cell: Cell) -> None:
        running.append(cell)
        most.append(len(running))

    def plain(cell: Cell) -> int:
        begin(cell)
        running.remove(cell)
        return 1

    async def awaited(cell: Cell) -> int:
        begin(cell)
        await asyncio.sleep(0)
        running.remove(cell)
        return 1

    said(awaited if is_async else plain, [Cell(n) for n in range(40)], workers=2)
    assert max(most) <= 2


def test_errors_stay_errors_and_do_not_stop_the_others() -> None:
    def score(cell: Cell) -> float:
        return 1 / cell.task_index

    async def later(cell: Cell) -> float:
        return 1 / cell.task_index

    for fn in (score, later):
        outcomes = said(fn)
        assert outcomes[0] == (None, "ZeroDivisionError: division by zero")
        assert outcomes[1:] == [(1 / n, None) for n in range(1, 6)]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (True, True),
        ("good", "good"),
        (np.bool_(True), True),
        (np.array(3), 3),
        ({"style": np.int64(2), "ok": False}, {"style": 2, "ok": False}),
    ],
)
def test_values_are_kept_as_plain_python(value: object, kept: object) -> None:
    [(found, error)] = said(lambda _: value, CELLS[:1])
    assert (found, error) == (kept, None)
    assert type(found) is type(kept)


@pytest.mark.parametrize(
    "value", [None, math.nan, [1], object(), {"a": None}, {}, "\ud800", np.array([1, 2])]
)
def test_what_is_no_score_is_an_error_that_says_so(value: object) -> None:
    [(found, told)] = said(lambda _: value, CELLS[:1])
    assert found is None
    assert told


def test_progress_is_told_in_the_calling_thread() -> None:
    told, here = [], threading.get_ident()
    said(lambda _: 1, on_done=lambda done, of: told.append((done, of, threading.get_ident())))
    assert told == [(n, 6, here) for n in range(1, 7)]


@pytest.mark.parametrize("is_async", [False, True])
def test_an_interrupt_keeps_what_was_scored(tmp_path: Path, is_async: bool) -> None:
    book = ScoreBook(tmp_path / "scores.jsonl")
    release = threading.Event()

    def plain(cell: Cell) -> int:
        return cell.task_index if cell.task_index < 2 else release.wait(20)

    async def awaited(cell: Cell) -> int:
        if cell.task_index >= 2:
            await asyncio.Event().wait()
        return cell.task_index

    def interrupt(done: int, of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_scores(CELLS, "s", awaited if is_async else plain, book=book, on_done=interrupt)
    release.set()
    assert sorted(score.value for score in book.scores()) == [0, 1]


def stopped(book: ScoreBook, fn, at: int, cells=CELLS, error=KeyboardInterrupt) -> str:
    """Score, one after another, and stop when so many are done; returns what that says."""

    def stop(done: int, of: int) -> None:
        if done == at:
            raise error

    with pytest.raises(error) as told:
        run_scores(cells, "s", fn, book=book, on_done=stop, workers=1)
    return str(told.value)


def values_of(book: ScoreBook) -> list[object]:
    return sorted(score.value for score in ScoreBook(book.path).scores())


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_second_function_that_is_stopped_leaves_the_scores_of_the_first(tmp_path, error) -> None:
    book = ScoreBook(tmp_path / "scores.jsonl")
    run_scores(CELLS, "s", lambda _: 1, book=book)
    stopped(book, lambda _: 2, 4, error=error)
    assert values_of(book) == [1] * 6
    run_scores(CELLS, "s", lambda _: 2, book=book)
    assert values_of(book) == [2] * 6


def test_an_async_function_works_while_the_callers_loop_runs() -> None:
    async def cell_of_a_notebook() -> list[object]:
        async def score(cell: Cell) -> int:
            return cell.task_index

        return said(score)

    assert asyncio.run(cell_of_a_notebook())[1] == (1, None)


@pytest.mark.parametrize(
    ("name", "fn", "workers"), [("", len, 1), (" ", len, 1), ("s", "len", 1), ("s", len, 0)]
)
def test_what_cannot_be_called_is_refused(name: str, fn: object, workers: int) -> None:
    with pytest.raises(InvalidRequestError):
        run_scores(CELLS, name, fn, workers=workers)
