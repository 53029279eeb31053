"""What kernel and page tell each other; ``js/src/matrix/wire.ts`` has the same shapes."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from ..live import wire as live


class Column(TypedDict):
    """What tasks were given to."""

    id: str
    html: str


class Row(TypedDict):
    """A task; ``same`` is whether nothing differs on it."""

    id: str
    index: int
    label: str
    html: str
    same: bool


class Cell(TypedDict):
    """One session; ``within`` is the cell that shows it.

    That is itself, or the first of the repeats that came out alike.
    """

    id: str
    row: str
    column: str
    repeat: int
    state: str
    within: str
    html: str
    tint: str
    scores: dict[str, Any]
    notes: dict[str, str]


class Change(TypedDict):
    """The buffer of a message, as JSON: all columns, and the rows and cells that are new."""

    columns: list[Column]
    rows: list[Row]
    cells: list[Cell]


class News(TypedDict):
    """Brings a page that is at ``since`` to ``n``.

    ``matrix`` is the number of the matrix that it is of: what a page has of another one goes.
    ``kept`` is how many ratings had been kept when that was read.
    """

    kind: Literal["news"]
    matrix: int
    since: int
    n: int
    kept: int


class Left(TypedDict):
    """A task that is left; ``fit`` are its cells that meet the conditions.

    A cell is told as its column's place and, for each repeat before it, as many as there are
    columns. ``marks`` are what became of the task against the baseline, by places of columns.
    """

    id: str
    fit: list[int]
    marks: dict[str, str]


class Found(TypedDict):
    """What is left of the matrix by what is asked for; the buffer is a list of ``Left``, in order.

    ``why`` is why nothing is.
    """

    kind: Literal["found"]
    where: str
    order: str
    baseline: str
    score: str
    blind: bool
    why: str


class Hello(TypedDict):
    """A page is at ``n`` and wants what came since; a new one is at 0."""

    kind: Literal["hello"]
    n: int


class Visible(TypedDict):
    """The cells that the reader sees and that have not ended."""

    kind: Literal["visible"]
    cells: list[str]


class Question(TypedDict):
    """``cell`` and ``compare`` ask for these cells."""

    cells: list[str]


class Opened(TypedDict):
    """A transcript: its head, and its items as the live view has them."""

    head: str
    items: list[live.Fragment]


class Rating(TypedDict):
    """``rate`` asks to keep a value; the note stays as it is."""

    cell: str
    name: str
    value: float | None


class Note(TypedDict):
    """``rate`` asks to keep a note; the value stays as it is."""

    cell: str
    name: str
    note: str


class StoredRating(TypedDict):
    """What the view shows of a cell then; a value is ``None`` where it is no number.

    ``kept`` is the how many-th rating this is: news of a matrix that was read before may be late.
    ``cells`` are all of its place, as they are shown then.
    """

    value: float | None
    note: str
    kept: int
    cells: list[Cell]


class State(TypedDict):
    """The synced traits; ``stop`` is what the button does, ``by`` what is compared by."""

    head: str
    tools: str
    same: str
    hint: str
    shortcuts: str
    busy: bool
    stop: str
    blocking: bool
    kernel_id: str
    rating: str
    blind: bool
    where: str
    order: str
    baseline: str
    score: str
    by: str
    against: str
    active: str
    selection: list[str]
    status: str
