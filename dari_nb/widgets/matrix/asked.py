"""What the pages of a matrix ask for, read and answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ...errors import DariError, InvalidRequestError
from ...models import TimelineItem
from ...render import item_html
from ...render.matrix.matrix import ENDED, Matrix
from ..live.wire import Fragment
from .wire import Rating

Rate = Callable[[str, str, float | None, str], object]


def rating_in(body: Any) -> Rating:
    """Read a rating that a page asks to keep."""
    body = body if isinstance(body, dict) else {}
    cell, name, value = body.get("cell"), body.get("name"), body.get("value")
    is_value = value is None or (isinstance(value, int | float) and 1 <= value <= 5)
    if not (isinstance(cell, str) and isinstance(name, str) and name and is_value):
        raise InvalidRequestError("A rating is a number from 1 to 5.")
    return Rating(cell=cell, name=name, value=value, note=str(body.get("note") or ""))


def rating_of(matrix: Matrix, cell_id: str, name: str) -> Rating:
    """Return the rating that a cell has."""
    cell = next((cell for cell in matrix.cells if cell.id == cell_id), None)
    scores, notes = (cell.scores, cell.notes) if cell else ({}, {})
    return Rating(cell=cell_id, name=name, value=scores.get(name), note=str(notes.get(name, "")))


def keep_rating(rate: Rate, rating: Rating) -> None:
    """Keep a rating of a cell."""
    try:
        rate(rating["cell"], rating["name"], rating["value"], rating["note"])
    except OSError as error:
        raise DariError(f"Not saved: {error.strerror or error}.") from error


def fragments_of(items: Iterable[TimelineItem], agent: str) -> list[Fragment]:
    """Render the items of a transcript as the live view has them."""
    fragments: list[Fragment] = []
    for index, item in enumerate(items):
        after = fragments[-1]["id"] if fragments else None
        html = item_html(item, agent=agent)
        fragments.append(
            Fragment(
                id=f"{index}-{item.id}",
                turn=item.message_id or "",
                after=after,
                html=html,
                since=None,
                rev=0,
            )
        )
    return fragments


def is_busy(matrix: Matrix) -> bool:
    """Whether anything still runs or is to come."""
    return any(cell.state not in ENDED for cell in matrix.cells)


def ids_in(body: Any) -> list[str]:
    """Read the ids of cells in what a page says; nonsense names none."""
    ids = body.get("cells") if isinstance(body, dict) else None
    return [cell for cell in ids if isinstance(cell, str)] if isinstance(ids, list) else []
