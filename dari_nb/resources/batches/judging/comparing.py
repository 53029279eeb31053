"""Two columns of a batch compared by an agent, task by task, in both orders."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ....errors import InvalidRequestError
from ....scores import Estimate, win_rate
from ....scores.signs import p_of_signs
from ...listing import Listing
from ..matrix.scored import short_label
from .answers import Answers
from .asking import Judge, Question
from .judging import Wish, answered, check_expected, material_of, metadata_of
from .prompts import better_prompt
from .verdicts import read_better

if TYPE_CHECKING:
    from ..cells import Cell
    from ..plan import Plan
    from .verdicts import Verdict

TIE = "tie"
_FLIPPED = (("A", "A"), ("B", "B"))
_LEAST_CHANCE = 0.05


@dataclass(frozen=True)
class Duel:
    """Two answers to a task, as a judge has compared them.

    Attributes:
        task_index: The task, from 0.
        repeat: Which repetition, from 0.
        winner: The column whose answer is better in both orders, or ``tie``; ``None`` without a
            verdict.
        verdicts: What was said, ``A``, ``B`` or ``tie``: where A is the one column, and where it is
            the other; ``None`` where nothing was.
        reasons: Why, in each order.
        error: Why there is no verdict.

    >>> from dari_nb.resources.batches.judging.comparing import Duel
    >>> Duel(0, 0, "tie", ("A", "A")).flipped, Duel(0, 0, "tie", ("A", "tie")).changed
    (True, True)
    """

    task_index: int
    repeat: int
    winner: str | None
    verdicts: tuple[str | None, str | None] = (None, None)
    reasons: tuple[str, ...] = ()
    error: str | None = None

    @property
    def flipped(self) -> bool:
        """Whether the same letter came in both orders, as where it follows the order: a tie."""
        return self.verdicts in _FLIPPED

    @property
    def changed(self) -> bool:
        """Whether only one verdict was a tie, which the order alone does not explain: a tie."""
        return self.winner is not None and self.verdicts.count(TIE) == 1

    @property
    def agreed(self) -> bool:
        """Whether both orders found the same answer better."""
        return self.winner not in (None, TIE)


class Duels(Listing[Duel]):
    """Two columns compared; shown, it is what came of it above a table.

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
            "verdict": lambda duel: duel.verdicts[0] or "",
            "swapped": lambda duel: duel.verdicts[1] or "",
            "reason": lambda duel: duel.error or next(iter(duel.reasons), ""),
        }
        absent = () if batch.repeats > 1 else ("repeat",)
        super().__init__(duels, {k: take for k, take in columns.items() if k not in absent})
        self.one, self.other, self.batch = one, other, answers.batches[-1]
        self.above = self._line
        self.notes = [*answers.without_reason(2 * len(self)), *answers.paid]

    @property
    def win_rate(self) -> Estimate:
        """How often the one is better than the other, ties as halves, over tasks.

        Each pair of answers is one value, of the verdicts in both orders. Where these follow the
        order it has no interval, and ``why`` says so.

        >>> @server.agent("referee")
        ... def referee(prompt):
        ...     return '{"better": "tie"}'
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
        found = found._replace(values=sum(map(len, values.values())))
        if not self.follows_order:
            return found
        bare = Estimate(found.value, math.nan, math.nan, found.tasks, found.values)
        bare.why = "the verdicts follow the order of the answers"
        return bare

    @property
    def follows_order(self) -> bool:
        """Whether the verdicts tell of the order of the answers, and not of the answers.

        A judge that only guesses, or that often changes its mind, names the same letter in both
        orders no more often than the same answer. So it is the order where the same letter came
        more often, and by more than chance would make it in 5 % of all cases: sign flips of the
        tasks, each with how many of its pairs have the same letter less those with the same answer.

        >>> @server.agent("referee")
        ... def referee(prompt):
        ...     return '{"better": "tie"}'
        >>> batch.judge_pairs("kind", "referee", rubric="Which one is kinder?").follows_order
        False
        """
        return sum(self._more_of_order) > 0 and self._p_of_order <= _LEAST_CHANCE

    @property
    def _more_of_order(self) -> list[int]:
        """How many more pairs of each task have the same letter than the same answer."""
        more: Counter[int] = Counter()
        for duel in self:
            more[duel.task_index] += duel.flipped - duel.agreed
        return list(more.values())

    @property
    def _p_of_order(self) -> float:
        import numpy as np

        return p_of_signs(np.array(self._more_of_order, dtype=np.float64), 1)

    @property
    def _line(self) -> str:
        said = [duel.winner for duel in self]
        flipped, changed = sum(duel.flipped for duel in self), sum(duel.changed for duel in self)
        both, missing = said.count(TIE) - flipped - changed, said.count(None)
        parts = [f"{name} better {said.count(name)} times" for name in (self.one, self.other)]
        parts.append(
            f"{said.count(TIE)} ties: {both} in both orders, {flipped} with the same letter in "
            f"both orders, {changed} changed when asked again"
        )
        parts += [f"{missing} without a verdict"] if missing else []
        if self.follows_order:
            letters = flipped + sum(duel.agreed for duel in self)
            parts.append(
                f"the verdicts follow the order of the answers: of {letters} pairs with a letter "
                f"in both orders {flipped} have the same one, and guesses half at most (sign flips "
                f"of tasks, p = {self._p_of_order:.2g}); so the win rate tells nothing: give "
                "another judge, LLM or rubric"
            )
            return "; ".join(parts)
        rate = self.win_rate
        if math.isfinite(rate.low):
            pairs = Counter(duel.task_index for duel in self if duel.winner is not None)
            how = ", where each task counts once" if len(set(pairs.values())) > 1 else ""
            parts.append(f"win rate {rate.value:.2f}, {rate.low:.2f} to {rate.high:.2f}{how}")
        return "; ".join(parts)


def compared(batch: Any, wish: Wish, one: str | None, other: str | None) -> Duels:
    """Have an agent compare two columns; see :meth:`Batch.judge_pairs`."""
    names = _columns(batch, one, other)
    pairs = _pairs(batch, names)
    judge, questions = _questions(batch, wish, pairs)
    answers = Answers()
    judge.ask(questions, read_better, wish, answers)
    duels = [_duel(names, a, b, answers.verdicts) for a, b in pairs]
    return Duels(duels, *names, batch, answers)


def planned(batch: Any, wish: Wish, one: str | None, other: str | None) -> Plan:
    """Return what that would send, and what it costs."""
    from ....render import count_text

    pairs = _pairs(batch, _columns(batch, one, other))
    judge, questions = _questions(batch, wish, pairs)
    plan, whole = judge.plan(questions, read_better, wish)
    part = f"about {whole} of " if whole < len(pairs) else ""
    plan.more = [("verdicts", f"{part}{count_text(len(pairs), 'pair')}, each asked in both orders")]
    return plan


def _questions(
    batch: Any, wish: Wish, pairs: Sequence[tuple[Cell, Cell]]
) -> tuple[Judge, list[Question]]:
    """Return who is asked, and what about each pair in both orders."""
    check_expected([cell for cell, _ in pairs], wish.expected)
    about = ("pairs", wish.score, wish.rubric)
    judge = Judge(batch, wish.agent, wish.llm, *about, noun="verdicts")
    orders = [order for a, b in pairs for order in ((a, b), (b, a))]
    return judge, [_question(batch, wish, *order) for order in orders]


def _columns(batch: Any, one: str | None, other: str | None) -> tuple[str, str]:
    known = list(batch.grid.names.values())
    wanted = [one, other] if one is not None or other is not None else known
    columns = [batch.grid.named_column(name) for name in wanted]
    names = [batch.grid.names.get(column) for column in columns]
    if len(known) < 2:
        raise InvalidRequestError(
            f"There is one column, {known[0]}: two are compared. Run the tasks with another LLM or "
            "version, too.",
            code="missing_column",
        )
    if None in names or len(names) != 2 or names[0] == names[1]:
        raise InvalidRequestError(
            f"Name two columns to compare, such as one={known[0]!r}, other={known[-1]!r}; "
            f"there is: {', '.join(known)}.",
            code="missing_column",
        )
    return names[0], names[1]


def _pairs(batch: Any, names: Sequence[str]) -> list[tuple[Cell, Cell]]:
    called = batch.grid.names
    cells = {(cell.task_index, called[cell.column], cell.repeat): cell for cell in answered(batch)}
    pairs = [
        (cell, cells[task, names[1], repeat])
        for (task, name, repeat), cell in cells.items()
        if name == names[0] and (task, names[1], repeat) in cells
    ]
    if not pairs:
        raise InvalidRequestError(
            f"{names[0]} and {names[1]} have no task answered in common.", code="no_common_tasks"
        )
    return pairs


def _question(batch: Any, wish: Wish, first: Cell, second: Cell) -> Question:
    material = material_of(batch, first, wish.expected, "answer A")
    material["answer B"] = second.answer or second.text or ""
    return Question(
        _id(first, second),
        better_prompt(wish.rubric, material),
        metadata_of(batch, wish, judged_cell=first, judged_other=second),
        (first.task_index, first.repeat),
    )


def _id(first: Cell, second: Cell) -> str:
    return f"{first.id}\0{second.id}"


def _duel(names: tuple[str, str], a: Cell, b: Cell, verdicts: dict[str, Verdict]) -> Duel:
    ahead, back = verdicts[_id(a, b)], verdicts[_id(b, a)]
    said = ahead.value, back.value
    reasons = tuple(verdict.reason for verdict in (ahead, back) if verdict.reason)
    if None in said:
        return Duel(a.task_index, a.repeat, None, said, reasons, ahead.error or back.error)
    first = {"A": names[0], "B": names[1]}.get(ahead.value, TIE)
    second = {"A": names[1], "B": names[0]}.get(back.value, TIE)
    winner = first if first == second else TIE
    return Duel(a.task_index, a.repeat, winner, said, reasons)
