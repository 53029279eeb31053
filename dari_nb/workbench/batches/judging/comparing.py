"""Two columns of a batch compared by an agent, task by task, in both orders."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ....errors import InvalidRequestError
from ....scores import Estimate, win_rate
from ...listing import Listing
from ..matrix.scored import short_label
from .asking import Answers, Judge, Question
from .judging import Wish, answered, check_expected, material_of, metadata_of
from .prompts import better_prompt
from .verdicts import read_better

if TYPE_CHECKING:
    from ..cells import Cell
    from .verdicts import Verdict

TIE = "tie"


@dataclass(frozen=True)
class Duel:
    """Two answers to a task, as a judge has compared them.

    Attributes:
        task_index: The task, from 0.
        repeat: Which repetition, from 0.
        winner: The column whose answer is better in both orders, or ``tie``; ``None`` without a
            verdict.
        flipped: Whether the verdict was another one in the other order, which makes it a tie.
        reasons: Why, in each order.
        error: Why there is no verdict.

    >>> from dari_nb.workbench.batches.judging.comparing import Duel
    >>> Duel(0, 0, "small").flipped
    False
    """

    task_index: int
    repeat: int
    winner: str | None
    flipped: bool = False
    reasons: tuple[str, ...] = ()
    error: str | None = None


class Duels(Listing[Duel]):
    """Two columns compared; shown, it is a table with the win rate below.

    Attributes:
        one: The one column.
        other: The other.
        batch: The judge's own sessions, as a batch.

    >>> @server.agent("referee")
    ... def referee(prompt):
    ...     return '{"better": "tie"}'
    >>> batch.judge_pairs("kind", "referee", rubric="Which one is kinder?")[0].winner
    'tie'
    """

    def __init__(
        self, duels: Iterable[Duel], one: str, other: str, batch: Any, answers: Answers
    ) -> None:
        labels = {task.index: task.label for task in batch.tasks}
        columns = {
            "task": lambda duel: f"{duel.task_index} {short_label(labels[duel.task_index])}",
            "repeat": lambda duel: str(duel.repeat),
            "better": lambda duel: duel.winner or "",
            "flipped": lambda duel: "with the order" if duel.flipped else "",
            "reason": lambda duel: duel.error or next(iter(duel.reasons), ""),
        }
        absent = () if batch.repeats > 1 else ("repeat",)
        super().__init__(duels, {k: take for k, take in columns.items() if k not in absent})
        self.one, self.other, self.batch = one, other, answers.batches[-1]
        self.notes = [self._line, answers.cost_line]

    @property
    def win_rate(self) -> Estimate:
        """How often the one is better than the other, ties as halves, over tasks.

        Where most verdicts follow the order it has no interval, and ``why`` says so.

        >>> duels = batch.judge_pairs("kind", "referee", rubric="Which one is kinder?")
        >>> duels.win_rate.value
        0.5
        """
        worth = {self.one: 1.0, TIE: 0.5, self.other: 0.0}
        values: dict[Hashable, list[float]] = {}
        for duel in self:
            if duel.winner is not None:
                values.setdefault(duel.task_index, []).append(worth[duel.winner])
        found = win_rate(values, {task: [0.5] for task in values})
        if not self.follows_order:
            return found
        bare = Estimate(found.value, math.nan, math.nan, found.tasks, found.values)
        bare.why = "most verdicts follow the order of the answers"
        return bare

    @property
    def follows_order(self) -> bool:
        """Whether more than half of the verdicts flip with the order, and so tell nothing.

        >>> batch.judge_pairs("kind", "referee", rubric="Which one is kinder?").follows_order
        False
        """
        said = sum(duel.winner is not None for duel in self)
        return 2 * sum(duel.flipped for duel in self) > said

    @property
    def _line(self) -> str:
        said = [duel.winner for duel in self]
        flipped, missing = sum(duel.flipped for duel in self), said.count(None)
        parts = [f"{name} better {said.count(name)} times" for name in (self.one, self.other)]
        ties = f"{said.count(TIE)} ties"
        parts.append(f"{ties}, {flipped} of them because the verdict flips with the order")
        parts += [f"{missing} without a verdict"] if missing else []
        if self.follows_order:
            parts.append(
                "most verdicts follow the order of the answers and not the answers, so there is no "
                "win rate: give another judge, LLM or rubric"
            )
            return "; ".join(parts)
        rate = self.win_rate
        if math.isfinite(rate.low):
            parts.append(f"win rate {rate.value:.2f}, {rate.low:.2f} to {rate.high:.2f}")
        return "; ".join(parts)


def compared(batch: Any, wish: Wish, one: str | None, other: str | None) -> Duels:
    """Have an agent compare two columns; see :meth:`Batch.judge_pairs`."""
    names = _columns(batch, one, other)
    pairs = _pairs(batch, names)
    check_expected([cell for cell, _ in pairs], wish.expected)
    about = ("pairs", wish.score, wish.rubric)
    judge = Judge(batch, wish.agent, wish.llm, *about, noun="verdicts")
    questions = [_question(batch, wish, *pair) for (a, b) in pairs for pair in ((a, b), (b, a))]
    answers = Answers()
    judge.ask(questions, read_better, wish, answers)
    duels = [_duel(names, a, b, answers.verdicts) for a, b in pairs]
    return Duels(duels, *names, batch, answers)


def _columns(batch: Any, one: str | None, other: str | None) -> tuple[str, str]:
    known = [batch.grid.column_id(column) for column in batch.columns]
    names = [one, other] if one is not None or other is not None else known
    unknown = [name for name in names if name not in known]
    if len(known) < 2:
        raise InvalidRequestError(
            f"There is one column, {known[0]}: two are compared. Run the tasks with another LLM or "
            "version, too."
        )
    if unknown or len(names) != 2 or names[0] == names[1]:
        raise InvalidRequestError(
            f"Name two columns to compare, such as one={known[0]!r}, other={known[-1]!r}; "
            f"there is: {', '.join(known)}."
        )
    return names[0], names[1]  # type: ignore[return-value]


def _pairs(batch: Any, names: Sequence[str]) -> list[tuple[Cell, Cell]]:
    cells = {
        (cell.task_index, batch.grid.column_id(cell.column), cell.repeat): cell
        for cell in answered(batch)
    }
    pairs = [
        (cell, cells[task, names[1], repeat])
        for (task, name, repeat), cell in cells.items()
        if name == names[0] and (task, names[1], repeat) in cells
    ]
    if not pairs:
        raise InvalidRequestError(f"{names[0]} and {names[1]} have no task answered in common.")
    return pairs


def _question(batch: Any, wish: Wish, first: Cell, second: Cell) -> Question:
    material = material_of(batch, first, wish.expected, "answer A")
    material["answer B"] = second.answer or second.text or ""
    return Question(
        _id(first, second),
        better_prompt(wish.rubric, material),
        metadata_of(batch, wish, judged_cell=first.id, judged_other=second.id),
    )


def _id(first: Cell, second: Cell) -> str:
    return f"{first.id}\0{second.id}"


def _duel(names: tuple[str, str], a: Cell, b: Cell, verdicts: dict[str, Verdict]) -> Duel:
    ahead, back = verdicts[_id(a, b)], verdicts[_id(b, a)]
    reasons = tuple(verdict.reason for verdict in (ahead, back) if verdict.reason)
    if ahead.value is None or back.value is None:
        error = ahead.error or back.error
        return Duel(a.task_index, a.repeat, None, reasons=reasons, error=error)
    first = {"A": names[0], "B": names[1]}.get(ahead.value, TIE)
    second = {"A": names[1], "B": names[0]}.get(back.value, TIE)
    winner = first if first == second else TIE
    return Duel(a.task_index, a.repeat, winner, first != second, reasons)
