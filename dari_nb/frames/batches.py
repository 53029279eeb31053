"""One row a cell of a batch, and the pivots of it: tasks down, LLMs across."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ..errors import InvalidRequestError
from ..models import TOKENS
from ..score_kinds import measures_of
from .costs import DOLLARS, dollars
from .kinds import INTEGER, NAME, SECONDS, TEXT, TIME, Kind, category, typed
from .messages import STOP_REASON
from .tables import Table, by_row, with_metadata

CELL_STATUS = category(
    *("planned", "queued", "running", "waiting_for_tool"),
    *("completed", "failed", "cancelled", "unsent"),
)
"""A cell's statuses in the order in which it goes through them."""

"""What people call some columns."""


@dataclass(frozen=True, kw_only=True)
class BatchCell:
    """What is known of one cell of a batch: a task with an LLM, once.

    Attributes:
        run_id: What all sessions of the batch have in common.
        batch_id: The API's batch that the session came from.
        task_index: The task, from 0.
        task: The task's text.
        llm_id: The LLM.
        version_id: The agent's version, when one was asked for.
        repeat: Which repetition, from 0.
        session_id: The session of the last attempt.
        message_id: The message in it.
        status: ``planned`` while it is not sent, then a status of the API, or ``cancelled``; or
            ``unsent`` where ``max_cost`` or a cancel left it out.
        error: Why it failed.
        stop_reason: ``max_tokens`` when the answer was cut off.
        text: The answer.
        latency_s: Seconds that it was worked on, without waiting in a queue before.
        cost_usd: US dollars as decimal text; in a batch what all attempts have cost together.
        input_tokens: Tokens that were read; ``None`` where nobody told, as for the others.
        output_tokens: Tokens that were written.
        cached_input_tokens: How many of the input tokens came from a cache.
        reasoning_tokens: How many of the output tokens were thoughts.
        tool_calls: How many tools were called.
        attempts: How often it was sent.
        created_at: When it was sent, ISO 8601 in UTC.
        completed_at: When it ended.
        metadata: What is known about the task, and about the run of it.
        scores: Values by name; a dict of values has a column for each.
        notes: What people wrote beside their ratings, by the score's name.
        scales: The worst and the best that its judge could give, by the score's name.

    >>> dari.frames.BatchCell(task_index=0, task="Hi", llm_id="small").llm_id
    'small'
    """

    run_id: str | None = None
    batch_id: str | None = None
    task_index: int = 0
    task: str | None = None
    llm_id: str | None = None
    version_id: str | None = None
    repeat: int = 0
    session_id: str | None = None
    message_id: str | None = None
    status: str = "planned"
    error: str | None = None
    stop_reason: str | None = None
    text: str | None = None
    latency_s: float | None = None
    cost_usd: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    tool_calls: int | None = None
    attempts: int = 0
    created_at: str | None = None
    completed_at: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    scales: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def batch_frame(
    cells: Iterable[BatchCell],
    *,
    metadata: str | Iterable[str] | None = None,
    scores: str | Iterable[str] | None = None,
) -> pd.DataFrame:
    """Make a frame of the cells of a batch.

    Args:
        cells: The cells; each is one row, in the order given.
        metadata: Keys, or one, to spread over columns ``metadata.<key>``, as in
            :func:`sessions_frame`.
        scores: Names that have a column even when no cell has them; those that occur by default.

    Returns:
        The cell's fields, with ``cost_usd`` as a float for arithmetic and ``cost_exact`` as decimal
        text, which are what all attempts of the cell have cost together, and beside them
        ``input_tokens``, ``output_tokens``, ``cached_input_tokens`` (among the input)
        and ``reasoning_tokens`` (among the output), missing where nobody told;
        after the text a column ``score.<name>`` for each score and rating
        (``score.<name>.<key>`` for dicts) and ``note.<name>`` where people wrote notes; ids and
        then the metadata come last. For the dtypes of the fields see :data:`BATCH_CELLS`. Scores
        are ``boolean``, ``Int64``, ``float64`` or ``string``, whatever fits all their values.
        ``attrs["scales"]`` has the scales that judges and people were given, by score.

    >>> cell = dari.frames.BatchCell(task_index=3, llm_id="small", scores={"correct": True})
    >>> frame = dari.frames.batch_frame([cell])
    >>> frame[["task_index", "llm_id", "score.correct"]].to_dict("records")
    [{'task_index': 3, 'llm_id': 'small', 'score.correct': True}]
    """
    cells = list(cells)
    frame = with_metadata(BATCH_CELLS.frame(cells), [cell.metadata for cell in cells], metadata)
    flat = [_flat(cell.scores) for cell in cells]
    scores = [scores] if isinstance(scores, str) else scores
    names = dict.fromkeys([*(scores or ()), *(name for row in flat for name in row)])
    columns = {f"score.{name}": typed([row.get(name) for row in flat]) for name in names}
    noted = dict.fromkeys(name for cell in cells for name in cell.notes)
    columns |= {f"note.{name}": typed([cell.notes.get(name) for cell in cells]) for name in noted}
    marks = pd.DataFrame(columns, index=frame.index, copy=False)
    read = list(frame.columns).index("text") + 1
    made = pd.concat([frame.iloc[:, :read], marks, frame.iloc[:, read:]], axis=1)
    if scales := _scales(cells):
        made.attrs["scales"] = scales
    return made


def matrix_cells(matrix: Any) -> list[BatchCell]:
    """Read the cells of a batch's matrix, as a view of it shows them.

    Args:
        matrix: Has ``run_id``, ``rows``, ``columns`` and ``cells`` (``dari_nb.render.Matrix``).

    >>> from dari_nb.render.matrix.matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow
    >>> rows, columns = [MatrixRow("0", "Hi")], [MatrixColumn("s", "small")]
    >>> matrix = Matrix("echo", "run_1", rows, columns, [MatrixCell("c", "0", "s", text="Hi")])
    >>> dari.frames.batch_frame(dari.frames.matrix_cells(matrix))["text"].to_list()
    ['Hi']
    """
    rows = {row.id: (matrix.numbers[row.id], row) for row in matrix.rows}
    columns = {column.id: column for column in matrix.columns}
    return [
        _cell(matrix.run_id, cell, *rows[cell.row], columns[cell.column]) for cell in matrix.cells
    ]


def pivot(frame: pd.DataFrame, values: str) -> pd.DataFrame:
    """Lay a column of a :func:`batch_frame` out as the matrix: tasks down, LLMs across.

    Args:
        frame: The cells.
        values: ``text``, ``cost_usd``, ``latency_s``, a score's name, or any
            other column, such as ``output_tokens``.

    Returns:
        Rows are ``task_index`` and ``task``. Columns are ``llm_id``, in the order in which they
        first appear, with ``version_id`` and ``repeat`` below where there is more than one.

    Raises:
        InvalidRequestError: There is no such column; the text names those there are.

    >>> dari.frames.pivot(batch.to_frame(), "text").shape
    (2, 2)
    """
    column = _column(frame, values)
    across = ["llm_id"]
    across += ["version_id"] if frame["version_id"].nunique(dropna=False) > 1 else []
    across += ["repeat"] if frame["repeat"].nunique() > 1 else []
    down = ["task_index", "task"]
    # Categories would give combinations that no cell has.
    keys = frame[down + across].astype({"llm_id": "string"})
    order = keys[across].drop_duplicates()
    labels = pd.Index(order["llm_id"]) if across == ["llm_id"] else pd.MultiIndex.from_frame(order)
    cells = frame[column].set_axis(pd.MultiIndex.from_frame(keys))
    laid = cells[~cells.index.duplicated(keep="last")].unstack(across)
    return laid.reindex(columns=labels).sort_index(axis=0)


def _column(frame: pd.DataFrame, what: str) -> str:
    for name in (what, f"score.{what}"):
        if name in frame:
            return name
    scores = [str(n).removeprefix("score.") for n in frame.columns if str(n).startswith("score.")]
    known = ", ".join(["text", "cost_usd", "latency_s", *scores])
    close = difflib.get_close_matches(str(what), [*map(str, frame.columns), *scores], 1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise InvalidRequestError(
        f"A batch has no {what!r}{hint}. There is {known}, and every column; "
        'batch.score() gives scores, and batch.rate((0, "small"), "rating", 4) or '
        "batch.view() ratings.",
        code="column_not_found",
    )


def _cell(run_id: str, cell: Any, task_index: int, row: Any, column: Any) -> BatchCell:
    return BatchCell(
        run_id=run_id,
        task_index=task_index,
        task=row.label,
        llm_id=column.llm,
        version_id=column.version,
        repeat=cell.repeat,
        session_id=cell.session_id,
        message_id=cell.message_id,
        status=cell.state,
        error=cell.error,
        stop_reason=cell.stop_reason,
        text=cell.text,
        latency_s=cell.latency_s,
        cost_usd=cell.cost_usd,
        input_tokens=cell.usage.get("input_tokens"),
        output_tokens=cell.usage.get("output_tokens"),
        cached_input_tokens=cell.usage.get("cached_input_tokens"),
        reasoning_tokens=cell.usage.get("reasoning_tokens"),
        tool_calls=cell.tool_calls,
        attempts=cell.attempts,
        metadata=row.metadata,
        scores=cell.scores,
        notes=cell.notes,
        scales=cell.scales,
    )


def _scales(cells: Iterable[BatchCell]) -> dict[str, list[float]]:
    """Return the scales of the scores that are on one that was told of any cell."""
    told = {
        name: of.scale
        for name, of in measures_of((cell.scores, cell.scales) for cell in cells).items()
    }
    return {name: list(scale) for name, scale in told.items() if scale}


def _flat(scores: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in scores.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{key}": part for key, part in value.items()}
        else:
            flat[name] = value
    return flat


_COLUMNS: dict[str, Kind] = {
    "task_index": INTEGER,
    "task": TEXT,
    "llm_id": NAME,
    "repeat": INTEGER,
    "text": TEXT,
    "status": CELL_STATUS,
    "error": TEXT,
    "stop_reason": STOP_REASON,
    "latency_s": SECONDS,
    "cost_usd": DOLLARS,
    "cost_exact": TEXT,
    **dict.fromkeys(TOKENS, INTEGER),
    "tool_calls": INTEGER,
    "attempts": INTEGER,
    "created_at": TIME,
    "completed_at": TIME,
    "version_id": TEXT,
    "session_id": TEXT,
    "message_id": TEXT,
    "run_id": TEXT,
    "batch_id": TEXT,
}


def _row(cell: BatchCell) -> tuple[Any, ...]:
    own = {"cost_usd": dollars(cell.cost_usd), "cost_exact": cell.cost_usd}
    return tuple(own[name] if name in own else getattr(cell, name) for name in _COLUMNS)


BATCH_CELLS = Table(_COLUMNS, by_row(_row))
"""The columns of :func:`batch_frame` that are always there."""
