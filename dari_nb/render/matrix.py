"""What a matrix of tasks and LLMs shows, as plain data: the batch gives it, the views draw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ENDED = frozenset({"completed", "failed"})


@dataclass(frozen=True)
class MatrixCell:
    """One session of a matrix: a task with an LLM, once.

    Attributes:
        id: Stands for the cell in this matrix, whatever session runs it.
        row: Id of its row.
        column: Id of its column.
        repeat: Which repetition, from 0.
        state: ``planned`` (not sent yet) or a status word of the API.
        session_id: The session that runs it, of the last attempt.
        message_id: The message in it.
        text: The answer, or its beginning while it runs.
        error: Why it failed.
        seconds: From sending to the end.
        cost: US dollars as the API's decimal string; ``None`` while unknown.
        tool_calls: How many tools were called; ``None`` while unknown.
        tools: Names of the tools called, in order; ``None`` while unknown.
        attempts: How often it was sent.
        scores: Values by name, from functions and from people.
        notes: What people wrote beside their ratings, by the name of the score.
    """

    id: str
    row: str
    column: str
    repeat: int = 0
    state: str = "planned"
    session_id: str | None = None
    message_id: str | None = None
    text: str | None = None
    error: str | None = None
    seconds: float | None = None
    cost: str | None = None
    tool_calls: int | None = None
    tools: Sequence[str] | None = None
    attempts: int = 0
    scores: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MatrixRow:
    """A task: its id, its text, and what the user knows about it."""

    id: str
    label: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MatrixColumn:
    """What the tasks were given to: an LLM, a version, or both."""

    id: str
    label: str
    llm: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class Matrix:
    """A batch as it stands.

    Attributes:
        title: The agent's name.
        run_id: What all its sessions have in common.
        rows: Tasks, in order.
        columns: LLMs and versions, in order.
        cells: All cells, row by row, column by column, repeat by repeat.
        seconds: Since the first cell was sent; ``None`` when unknown.
        seconds_left: An estimate of the time to the end; ``None`` when there is none to make.
    """

    title: str
    run_id: str
    rows: Sequence[MatrixRow]
    columns: Sequence[MatrixColumn]
    cells: Sequence[MatrixCell]
    seconds: float | None = None
    seconds_left: float | None = None
