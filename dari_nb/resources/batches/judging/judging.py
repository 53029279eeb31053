"""Scores of a batch's cells by an agent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from ....errors import InvalidRequestError
from ....models import AssistantMessageItem, UserMessageItem, text_of
from ....score_kinds import JUDGE
from ....scores import Score
from ....scores.checks import check_whole
from ....scores.scoring import score_of
from ....scores.values import checked_name
from ..following.spending import amount_of
from ..keys import digest
from ..matrix import marks
from ..matrix.scored import ScoreTable
from .answers import Answers
from .asking import Judge, Question
from .prompts import score_prompt
from .verdicts import Verdict, read_score

if TYPE_CHECKING:
    from ...agents.agent import Agent
    from ..cells import Cell
    from ..plan import Plan

EXPECTED = ("expected", "expects", "target", "ideal", "reference")
"""Metadata of tasks that say what is expected."""
_WIDEST = 100


@dataclass(frozen=True)
class Wish:
    """How is judged; see :meth:`Batch.judge`."""

    name: str
    agent: str | Agent
    rubric: str
    llm: str | None
    expected: str | None
    seed: int
    again: bool
    max_cost: float | Decimal | str | None = None

    def __post_init__(self) -> None:
        checked_name(self.name)
        if self.max_cost is not None:
            amount_of(self.max_cost)
        check_whole("seed", self.seed, 0)
        if not isinstance(self.rubric, str) or not self.rubric.strip():
            raise InvalidRequestError(
                'Say what to judge by: rubric="Is it true, and does it answer the question?"',
                code="missing_rubric",
            )

    @property
    def score(self) -> str:
        """The score's name."""
        return JUDGE + self.name.removeprefix(JUDGE)


class Judged(ScoreTable):
    """The scores that a judge has given; shown, what they come to is first, and the cost last.

    Attributes:
        batch: The judge's own sessions, as a batch.

    >>> @server.agent("critic")
    ... def critic(prompt):
    ...     return '{"score": 4, "reason": "It is short."}'
    >>> judged = batch.judge("short", "critic", rubric="Is it short?")
    >>> judged[0].value, judged[0].note
    (4, 'It is short.')
    """

    def __init__(
        self, scores: Iterable[Score], batch: Any, answers: Answers, notes: Sequence[str] = ()
    ) -> None:
        super().__init__(scores, batch)
        self.batch = answers.batches[-1]
        columns = {name: take for name, take in self._columns.items() if name != "error"}
        self._columns = {**columns, "reason": lambda score: score.error or score.note or ""}
        wrong = [v for v in answers.verdicts.values() if v.value is None and not v.is_open]
        again = "again=True asks once more for it"
        lacking = [f"{len(wrong):,} of {len(self):,} have no score; {again}"] if wrong else []
        bare = answers.without_reason(len(self))
        self.notes = [*notes, *lacking, *bare, *answers.paid]


def judged(batch: Any, wish: Wish, scale: Sequence[int]) -> Judged:
    """Have an agent score all cells that have an answer; see :meth:`Batch.judge`."""
    judge, questions, read = _questions(batch, wish, scale)
    answers = Answers()
    try:
        judge.ask(questions.values(), read, wish, answers)
    finally:
        told = {
            cell: verdict
            for cell, question in questions.items()
            if (verdict := answers.verdicts.get(question.id)) is not None
        }
        stay = _keep(batch, wish.score, scale, told)
    scores = [
        score_of(cell, wish.score, batch.run_id, **_found(verdict, scale))
        for cell, verdict in told.items()
    ]
    return Judged(scores, batch, answers, _cut_short(wish.score, told, stay))


def planned(batch: Any, wish: Wish, scale: Sequence[int]) -> Plan:
    """Return what that would send, and what it costs."""
    judge, questions, read = _questions(batch, wish, scale)
    plan, _ = judge.plan([*questions.values()], read, wish)
    return plan


def _questions(
    batch: Any, wish: Wish, scale: Sequence[int]
) -> tuple[Judge, dict[Cell, Question], Callable[[str], Verdict]]:
    """Return who is asked, what about each cell that has an answer, and how that is read."""
    low, high = checked_scale(scale)
    marks.check_no_ratings(batch, wish.score)
    cells = answered(batch)
    check_expected(cells, wish.expected)
    about = (wish.score, wish.rubric, low, high)
    judge = Judge(batch, wish.agent, wish.llm, *about, noun="answers judged")
    questions = {
        cell: Question(
            cell.id,
            score_prompt(
                wish.rubric, (low, high), material_of(batch, cell, wish.expected, "answer")
            ),
            metadata_of(batch, wish, judged_cell=cell),
            (cell.task_index,),
        )
        for cell in cells
    }
    return judge, questions, partial(read_score, scale=(low, high))


def answered(batch: Any, verb: str = "judge") -> list[Cell]:
    """Return the cells that have an answer, once all that runs has ended; ``verb`` is why.

    Raises:
        InvalidRequestError: There is none.
    """
    batch._settle()
    cells = [c for c in batch.cells if c.state == "completed" and (c.answer or c.text)]
    if not cells:
        raise InvalidRequestError(
            f"Nothing of {batch.run_id} has an answer: there is nothing to {verb}.",
            code="missing_answer",
        )
    return cells


def check_expected(cells: Sequence[Cell], expected: str | None) -> None:
    """Raise ``InvalidRequestError`` if no task says what is expected where it is told to be."""
    if expected is None or any(cell.metadata.get(expected) for cell in cells):
        return
    known = ", ".join(dict.fromkeys(name for cell in cells for name in cell.metadata)) or "none"
    raise InvalidRequestError(
        f"No task has metadata {expected!r} that say what is expected; there is {known}.",
        code="metadata_not_found",
    )


def material_of(batch: Any, cell: Cell, expected: str | None, answer: str) -> dict[str, str]:
    """Return what a judge sees of a cell: nothing that tells who has answered."""
    names = EXPECTED if expected is None else (expected,)
    known = next((cell.metadata[name] for name in names if cell.metadata.get(name)), None)
    wanted = {} if known is None else {"what is expected": known}
    return {"task": _asked(batch, cell), **wanted, answer: cell.answer or cell.text or ""}


def _asked(batch: Any, cell: Cell) -> str:
    """Return what the answer is to: the task, or of recorded runs all that was said before."""
    if cell.task.text:
        return cell.task.text
    said = [
        item for item in batch._items(cell) if isinstance(item, _SAID) and text_of(item.content)
    ]
    last = max((n for n, item in enumerate(said) if isinstance(item, UserMessageItem)), default=-1)
    if last < 1:
        return text_of(said[0].content) if last == 0 else cell.task.label
    who = {True: "The user", False: "The agent"}
    return "\n\n".join(
        f"{who[isinstance(item, UserMessageItem)]}: {text_of(item.content)}"
        for item in said[: last + 1]
    )


_SAID = (UserMessageItem, AssistantMessageItem)


def metadata_of(batch: Any, wish: Wish, **cells: Cell) -> Mapping[str, str]:
    """Return what links a judge's session to what it has judged, and tells it no column."""
    judged = {name: digest("judged", batch.run_id, cell.id)[:20] for name, cell in cells.items()}
    return {"judged_run_id": batch.run_id, "judge": wish.score, **judged}


def checked_scale(scale: Any) -> tuple[int, int]:
    """Take the worst and the best score.

    Raises:
        InvalidRequestError: They are no two whole numbers, or are too far apart.
    """
    pair = tuple(scale) if isinstance(scale, list | tuple) else ()
    if len(pair) != 2 or not all(
        isinstance(end, int) and not isinstance(end, bool) for end in pair
    ):
        raise InvalidRequestError(
            f"scale is the worst and the best, such as (1, 5), not {scale!r}.", code="invalid_scale"
        )
    low, high = pair
    if not 0 < high - low <= _WIDEST:
        raise InvalidRequestError(
            f"scale goes from the worst to the best, {_WIDEST} steps at most, not {scale!r}.",
            code="invalid_scale",
        )
    return low, high


def _found(verdict: Verdict, scale: Sequence[int]) -> dict[str, Any]:
    """Return what of a score a verdict tells."""
    found = {"value": verdict.value, "note": verdict.reason or None, "error": verdict.error}
    return found if verdict.value is None else {**found, "scale": tuple(scale)}


def _keep(batch: Any, name: str, scale: Sequence[int], verdicts: Mapping[Cell, Verdict]) -> int:
    """Write down what is new; returns how many scores of another judging stay instead."""
    said = {cell: {} if one.is_open else _found(one, scale) for cell, one in verdicts.items()}
    has_any = any(one.value is not None for one in verdicts.values())
    # A judge that gives no score at all has judged as little as one that is down.
    failed = {cell for cell, one in verdicts.items() if one.has_failed or not has_any}
    return marks.keep_whole(batch, name, said, failed)


def _cut_short(name: str, verdicts: Mapping[Cell, Verdict], stay: int) -> list[str]:
    """Say what is not judged, and which scores stay until it is."""
    from ....render import count_text

    open_ = [verdict.error or "" for verdict in verdicts.values() if verdict.is_open]
    said, what = [], "again=True asks once more"
    if open_:
        why = open_[0].removeprefix("not asked: ")
        how = " with a larger one" if why.startswith("max_cost") else ""
        left = f"{len(open_):,} of {len(verdicts):,} are not judged"
        said.append(f"{left}: {why}; judging again{how} sends them")
        what = "give it a larger max_cost"
    if stay:
        said.append(
            f"{name} keeps the {count_text(stay, 'score')} it had until this judging is complete: "
            f"{what}, or give it a name of its own"
        )
    return said
