"""What cells are worth: values from functions and ratings by people, kept in a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...scores import Score, ScoreBook
    from .cells import Cell
    from .results import Results

FILE = "dari-scores.jsonl"
"""Where scores are kept, beside the notebook, unless another file is named."""


@dataclass(frozen=True)
class Marks:
    """What one cell is worth, by name, and what people wrote beside it."""

    scores: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


def book_at(path: str | Path | None) -> ScoreBook:
    """Return the book in this file, or in the usual one of the working folder."""
    from ...scores import ScoreBook

    return ScoreBook(Path(path or FILE).expanduser().absolute())


def marks_of(batch: Results, *, of_any_session: bool = False) -> dict[str, Marks]:
    """Return what is known of each cell, by its id.

    Args:
        batch: Whose cells.
        of_any_session: Whether it counts, too, what was said of another session at the same
            place, which otherwise is an earlier attempt.
    """
    by_place = defaultdict(list)
    for score in batch.book.scores(batch.run_id):
        place = (score.task_index, score.llm_id, score.version_id, score.repeat)
        by_place[place].append(score)
    return {
        cell.id: _marks(
            cell,
            (s for s in by_place.get(_place(cell), ()) if of_any_session or _is_of(s, cell)),
        )
        for cell in batch.cells
    }


def _place(cell: Cell) -> tuple[int, str | None, str | None, int]:
    return cell.task_index, cell.llm, cell.version, cell.repeat


def _is_of(score: Score, cell: Cell) -> bool:
    return score.session_id in (None, cell.session_id)


def _marks(cell: Cell, scores: Iterable[Score]) -> Marks:
    values = dict(cell.given)
    notes: dict[str, str] = {}
    # A person's word stands where a function has said something under the same name.
    for score in sorted(scores, key=lambda score: score.by == "person"):
        if isinstance(score.value, dict):
            values |= {f"{score.name}.{part}": value for part, value in score.value.items()}
        else:
            values[score.name] = score.value
        if score.note:
            notes[score.name] = score.note
    return Marks(values, notes)


def rate(batch: Results, cell: Cell, name: str, value: Any, note: str) -> None:
    """Keep a rating by a person; ``None`` without a note takes it back."""
    from ...scores import Score

    batch.book.add(
        [
            Score(
                name=name,
                run_id=batch.run_id,
                task_index=cell.task_index,
                llm_id=cell.llm,
                version_id=cell.version,
                repeat=cell.repeat,
                session_id=cell.session_id,
                value=value,
                note=note or None,
                by="person",
            )
        ]
    )


def score(
    batch: Results,
    name: str,
    function: Callable[[Any], Any],
    on_done: Callable[[int, int], object] | None = None,
) -> list[Score]:
    """Score all cells that have an answer; see :meth:`Batch.score`."""
    from ...scores import run_scores

    answered = [cell for cell in batch.cells if cell.state == "completed"]
    return run_scores(
        answered,
        name,
        function,
        turn_of=lambda cell: cell.turn,
        run_id=batch.run_id,
        book=batch.book,
        on_done=on_done,
    )
