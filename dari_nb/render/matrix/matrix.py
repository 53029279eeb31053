"""What a matrix of tasks and LLMs shows, as plain data: the batch gives it, the views draw it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import Any

from ...score_kinds import (
    JUDGE,
    JUDGING,
    Kind,
    Measure,
    ScoresAndScales,
    is_missing,
    is_number,
    kinds_of,
    measures_of,
    scale_of,
)

ENDED = frozenset({"completed", "failed", "cancelled", "unsent"})
LOST = ("failed", "could not be scored")
"""Why cells have no score that were to have one."""


@dataclass(frozen=True)
class MatrixCell:
    """One session of a matrix: a task with an LLM, once.

    Attributes:
        id: Stands for the cell in this matrix, whatever session runs it.
        row: Id of its row.
        column: Id of its column.
        repeat: Which repetition, from 0.
        state: ``planned`` (not sent yet), a status word of the API, ``cancelled``, or ``unsent``
            (left out, since it would have cost too much).
        session_id: The session that runs it, of the last attempt.
        message_id: The message in it.
        text: The answer, or its beginning while it runs.
        answer: What it said last, after all its tool calls; ``text`` when that is not known.
        error: Why it failed.
        stop_reason: ``max_tokens`` when the answer was cut off.
        latency_s: Seconds from sending to the end.
        cost_usd: US dollars of all attempts as a decimal string; ``None`` while unknown.
        known_cost: Those of the attempts that tell them, also where others do not.
        usage: The tokens that it took, by the names that a turn's ``usage`` has.
        has_asked: Whether it has asked an LLM, as far as anything shows, and so has a cost.
        tool_calls: How many tools were called; ``None`` while unknown.
        tools: Names of the tools called, in order; ``None`` while unknown.
        attempts: How often it was sent.
        scores: Values by name, from functions and from people.
        score_errors: Why a function gave no value, by the name of the score.
        notes: What people wrote beside their ratings, by the name of the score.
        rated: When people rated it last, ISO 8601, by the name of the score.
        blind: Names of the scores of which the note was written without being told whose it is.
        scales: The worst and the best that scores could be, by name, where that is known.
    """

    id: str
    row: str
    column: str
    repeat: int = 0
    state: str = "planned"
    session_id: str | None = None
    message_id: str | None = None
    text: str | None = None
    answer: str | None = None
    error: str | None = None
    stop_reason: str | None = None
    latency_s: float | None = None
    cost_usd: str | None = None
    known_cost: str | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    has_asked: bool = False
    tool_calls: int | None = None
    tools: Sequence[str] | None = None
    attempts: int = 0
    scores: Mapping[str, Any] = field(default_factory=dict)
    score_errors: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    rated: Mapping[str, str] = field(default_factory=dict)
    blind: frozenset[str] = frozenset()
    scales: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def scores_and_scales(self) -> ScoresAndScales:
        """Its scores, and their scales."""
        return self.scores, self.scales


def lost_by(cell: MatrixCell, score: str) -> str:
    """Say why a cell has no such score that was to have one; empty where it is one of the others.

    It is one of ``LOST``.
    """
    if is_number(cell.scores.get(score)):
        return ""
    failed, unscored = LOST
    return failed if cell.state == "failed" else unscored if was_scored(cell, score) else ""


def was_scored(cell: MatrixCell, score: str) -> bool:
    """Whether a score was given or was to be given; what a person only noted was not."""
    is_noted = score in cell.rated and is_missing(cell.scores.get(score))
    return score in cell.score_errors or (score in cell.scores and not is_noted)


@dataclass(frozen=True)
class MatrixRow:
    """A task: its id, its text, and what the user knows about it."""

    id: str
    label: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mean:
    """The mean of a score over tasks, with its interval; ends are NaN where there is none.

    Attributes:
        score: The score's name.
        value: The mean, in which each task counts once.
        low: Lower end of the 95 % interval.
        high: Upper end.
        values: How many values it comes from.
        tasks: How many tasks those belong to.
        method: How the interval was made.
        is_count: Whether the score is yes or no, so that the mean counts something.
        scale: The worst and the best that the score can be, where that is known.
        is_by_task: Whether tasks have unlike numbers of values, so that it is no mean of these.
    """

    score: str
    value: float
    low: float = math.nan
    high: float = math.nan
    values: int = 0
    tasks: int = 0
    method: str = "none"
    is_count: bool = False
    scale: tuple[float, float] | None = None
    is_by_task: bool = False


@dataclass(frozen=True)
class MatrixColumn:
    """What the tasks were given to: an LLM, a version, or both.

    Attributes:
        id: Stands for the column in this matrix.
        label: What people call it.
        llm: The LLM option; ``None`` is the agent's default.
        version: The version's id.
        about: What is different about it, in a few words.
        means: Its means, one for each score that is a number.
        of: The run that it belongs to, where several are beside each other.
        version_name: What people call its version, where its label tells it.
    """

    id: str
    label: str
    llm: str | None = None
    version: str | None = None
    about: str = ""
    means: Sequence[Mean] = ()
    of: str = ""
    version_name: str = ""


@dataclass(frozen=True)
class Gap:
    """By how much one column is above another one on the same tasks.

    Attributes:
        other: Id of the other column.
        value: The mean difference; above 0 the first is better.
        low: Lower end of its interval; NaN where there is none.
        high: Upper end.
        method: How the interval was made.
        turns: Why cells of the better one have no value, of ``LOST``, where it would not leave
            out 0 if they counted as 0; empty where it would, and of numbers, whose worst nobody
            can say.
        tasks: How many tasks both have a value on, from which it was made.
    """

    other: str
    value: float
    low: float
    high: float
    method: str = "none"
    turns: Collection[str] = ()
    tasks: int = 0

    @property
    def has_interval(self) -> bool:
        """Whether there is one: a single task tells of none."""
        return not math.isnan(self.low)

    @property
    def is_settled(self) -> bool:
        """Whether the interval lies above 0, so that the tasks do settle it."""
        return self.low > 0 and not self.turns

    def seen_from(self, one: str) -> Gap:
        """Return by how much the other column is above ``one``, whose difference this is."""
        return replace(self, other=one, value=-self.value, low=-self.high, high=-self.low)


@dataclass(frozen=True)
class Finding:
    """What a score says of the columns: of each on the tasks that all have, of two on all of both.

    Attributes:
        score: The score's name.
        means: The mean of each column on the tasks on which all of them have it, by its id, the
            highest first.
        gaps: How far the first is above each of the others, in this order.
        also: How far others that may as well be the best are above those that have less, by id:
            all that have as much as the first, the next that it is not clearly above, and those
            that are clearly above one that comes before them.
        apart: On how many of the tasks those differ that have the most.
        level: Coverage of each of these intervals; with many columns, or several scores, each is
            wider, so that all comparisons that could have been made hold together at 95 %.
        comparisons: How many could have been made, by all scores together.
        differ: On how many of the tasks the columns differ.
        tasks: How many tasks there are on which two of them or more are compared.
    """

    score: str
    means: Mapping[str, Mean]
    gaps: Sequence[Gap]
    level: float
    comparisons: int
    differ: int
    tasks: int
    also: Mapping[str, Sequence[Gap]] = field(default_factory=dict)
    apart: int = 0

    @property
    def tied(self) -> list[str]:
        """Those that have the most, the first among them."""
        return [next(iter(self.means)), *(gap.other for gap in self.gaps if not gap.value)]

    @property
    def counted(self) -> int:
        """On how many tasks all have the score, which the means are of."""
        return next(iter(self.means.values())).tasks

    @property
    def is_by_pair(self) -> bool:
        """Whether some are compared on more tasks than all have."""
        return self.counted < self.tasks

    @property
    def settled_gaps(self) -> Mapping[str, Sequence[Gap]]:
        """All differences that say anything, by the id of who is above."""
        behind = {
            one: [gap for gap in gaps if one in self.tied or gap.is_settled]
            for one, gaps in self.also.items()
        }
        first = next(iter(self.means))
        return {first: self.gaps, **{one: gaps for one, gaps in behind.items() if gaps}}

    @property
    def settles(self) -> bool:
        """Whether it tells any that have the most from any other."""
        return any(self.beaten_by(one) for one in self.tied)

    def beaten_by(self, one: str) -> tuple[str, ...]:
        """Return those that one did better than, as far as the tasks settle it."""
        return tuple(gap.other for gap in self.settled_gaps.get(one, ()) if gap.is_settled)


@dataclass(frozen=True)
class Matrix:
    """A batch as it stands.

    Attributes:
        title: The agent's name.
        run_id: What all its sessions have in common.
        rows: Tasks, in order; their ids are their numbers, from 0 as in ``batch[0, "small"]``.
        columns: LLMs and versions, in order.
        cells: All cells, row by row, column by column, repeat by repeat.
        seconds: Since the first cell was sent; ``None`` when unknown.
        findings: What scores say of the columns, one each; none while anything runs.
        state: What its head says in place of what the cells come to, which may be nothing.
        notes: What its head says besides.
        size: What its head says in place of how many tasks and LLMs there are.
        is_blind: Whether nothing in it tells whose the answers are; tasks are in their order then,
            whatever differs.
    """

    title: str
    run_id: str
    rows: Sequence[MatrixRow]
    columns: Sequence[MatrixColumn]
    cells: Sequence[MatrixCell]
    seconds: float | None = None
    findings: Sequence[Finding] = ()
    state: str | None = None
    notes: Sequence[str] = ()
    size: str = ""
    is_blind: bool = False

    @cached_property
    def by_id(self) -> Mapping[str, MatrixCell]:
        """The cells by their ids."""
        return {cell.id: cell for cell in self.cells}

    @cached_property
    def by_place(self) -> Mapping[tuple[str, str], Sequence[MatrixCell]]:
        """The cells by the ids of their row and column, in order of their repeats."""
        found: dict[tuple[str, str], list[MatrixCell]] = {}
        for cell in sorted(self.cells, key=lambda cell: cell.repeat):
            found.setdefault((cell.row, cell.column), []).append(cell)
        return found

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        """What kind of values each score has, told from all cells.

        What is on unlike scales in several runs has no mean that tells anything.
        """
        kinds = kinds_of(cell.scores_and_scales for cell in self.cells)
        return {name: "label" if name in self.unlike else kind for name, kind in kinds.items()}

    @cached_property
    def scales(self) -> Mapping[str, tuple[float, float]]:
        """The ends of the scales that scores are on, where they are known: no value is beyond."""
        known = {
            name: scale_of(name, measure.values, measure.scale)
            for name, measure in measures_of(cell.scores_and_scales for cell in self.cells).items()
        }
        return {name: scale for name, scale in known.items() if scale is not None}

    def knows_better(self, score: str) -> bool:
        """Whether everyone can say which of two values of a score is better: not of any numbers.

        They can of yes and no, of shares, of ratings and what agents judge, and on known scales.
        """
        is_known = self.kinds.get(score) in JUDGING or score in self.scales
        is_judged = score.startswith(JUDGE) or any(score in cell.rated for cell in self.cells)
        return is_known or is_judged

    @cached_property
    def measures(self) -> Mapping[str, Mapping[str, Measure]]:
        """What each score is in each run, by name and run, where several are beside each other."""
        runs = {column.id: column.of for column in self.columns}
        if len({*runs.values()}) < 2:
            return {}
        of_runs: dict[str, list[MatrixCell]] = {}
        for cell in self.cells:
            of_runs.setdefault(runs[cell.column], []).append(cell)
        found: dict[str, dict[str, Measure]] = {}
        for run, cells in of_runs.items():
            for name, measure in measures_of(cell.scores_and_scales for cell in cells).items():
                found.setdefault(name, {})[run] = measure
        return found

    @cached_property
    def unlike(self) -> Mapping[str, Mapping[str, Measure]]:
        """Of :attr:`measures` those that are not alike in all runs, and thus not compared."""
        return {
            name: by_run
            for name, by_run in self.measures.items()
            if not any(one.is_mixed for one in by_run.values())
            and not all(one.is_like(other) for one, other in combinations(by_run.values(), 2))
        }

    @cached_property
    def has_calls(self) -> bool:
        """Whether any tool was called in any cell."""
        return any(cell.tool_calls for cell in self.cells)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The numbers of the tasks by the ids of their rows; one that is no number counts rows."""
        return {
            row.id: int(row.id) if row.id.isdecimal() else place
            for place, row in enumerate(self.rows)
        }

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens in any cell by itself."""
        return all(cell.state in ENDED for cell in self.cells)
