"""What people call to have the cells of a batch judged, by agents or by hand."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, overload

from ....errors import InvalidRequestError
from ....score_kinds import RATING

if TYPE_CHECKING:
    from decimal import Decimal

    from ...agents.agent import Agent
    from ..plan import Plan
    from .comparing import Duels
    from .judging import Judged
    from .sampling import BlindSample


class Judgeable:
    """A matrix of sessions whose answers can be judged; :class:`Results` is one."""

    _asks_instead = ""
    """What to do where no agent can be asked about the whole of it."""

    @overload
    def judge(
        self,
        name: str,
        agent: str | Agent = "judge",
        *,
        dry_run: Literal[False] = False,
        **options: Any,
    ) -> Judged: ...

    @overload
    def judge(
        self, name: str, agent: str | Agent = "judge", *, dry_run: bool, **options: Any
    ) -> Judged | Plan: ...

    # The options have their types here, where editors and help look, and not in the overloads.
    def judge(
        self,
        name: str,
        agent: str | Agent = "judge",
        *,
        rubric: str = "",
        scale: tuple[int, int] = (1, 5),
        llm: str | None = None,
        expected: str | None = None,
        seed: int = 0,
        again: bool = False,
        max_cost: float | Decimal | str | None = None,
        dry_run: bool = False,
        **unknown: Any,
    ) -> Judged | Plan:
        """Wait for all answers, have an agent score them, and keep the scores as ``judge.name``.

        The agent gets the task, what is expected if that is known, and the answer, and is not told
        who gave it; each in a session of its own, whose metadata have ``judged_run_id``,
        ``judged_cell`` (a digest, which tells no column) and ``judge``. What it is to judge is
        marked off, so that nothing in it is taken for an instruction, as far as its LLM can keep
        them apart. An answer that is not one JSON object and nothing else (a block of code may hold
        it), or whose score is not on the scale, is a missing score with its cause, and never a 0.
        One without the reason that it is asked for is a score, and it is said how many these are.
        A cell of the matrix tells how a reason begins; all of it, 4,000 characters at most, stands
        in what a click on the cell opens, and in ``to_frame()`` as ``note.judge.name``.

        Running it again asks nothing twice, in another kernel, too: only answers that are new are
        judged. Two processes that judge the same at the same moment, with another ``seed`` or
        ``max_cost``, may ask some questions twice, as with :meth:`Batches.run`: the notes tell how
        many, and what all have cost, and a ``max_cost`` holds for what both ask. Another rubric,
        scale, LLM or version of the judge judges all of them anew; the scores that there are under
        this name stay until all are, and while a turn of the judge fails or none gives a score.
        :func:`dari_nb.scores.agreement` tells whether people would say the same.

        Args:
            name: What is judged, such as ``"helpful"``.
            agent: Who judges, by id or name.
            rubric: What to judge by.
            scale: The worst and the best score, whole numbers; ``(0, 1)`` is no and yes.
            llm: An LLM option of the judge; its default when left out.
            expected: The task's metadata that says what is expected; when left out the first there
                is of ``expected``, ``expects``, ``target``, ``ideal`` and ``reference``.
            seed: Says in which order the tasks are judged, all answers to one together.
            again: Ask once more where there is no score.
            max_cost: What judging all of it may cost, in US dollars, with all that this has cost
                before; see :meth:`Batches.run`. What is left out has no score; as one task comes
                after the other, columns have theirs on the same tasks, but for the last. With
                another rubric, scale, LLM or version of the judge it is another judging: the limit
                is for that alone, and what was judged otherwise under this name is not counted.
            dry_run: Only return the :class:`Plan`: how often the judge would be asked, and what
                that costs by its past sessions, whatever these have judged.
            **unknown: Nothing.

        Raises:
            TypeError: Something else was given.
            NotFoundError: There is no such agent.
            InvalidRequestError: Nothing has an answer, or the rubric, scale or LLM is none.
            DariError: Nothing could be sent.
            KeyboardInterrupt: The user stopped waiting. It goes on; running it again finds it and
                sends what is not sent, and the error says what ends it.

        >>> @server.agent("judge")
        ... def judge(prompt):
        ...     return '{"reason": "It is right.", "score": 5}'
        >>> batch.judge("helpful", rubric="Does it answer the question?", dry_run=True).sends
        4
        >>> judged = batch.judge("helpful", rubric="Does it answer the question?")
        >>> batch[0, "small"].scores["judge.helpful"]
        5
        """
        from .judging import Wish, judged, planned

        self._check(self.judge, unknown)
        wish = Wish(name, agent, rubric, llm, expected, seed, again, max_cost)
        return planned(self, wish, scale) if dry_run else judged(self, wish, scale)

    @overload
    def judge_pairs(
        self,
        name: str,
        agent: str | Agent = "judge",
        *,
        dry_run: Literal[False] = False,
        **options: Any,
    ) -> Duels: ...

    @overload
    def judge_pairs(
        self, name: str, agent: str | Agent = "judge", *, dry_run: bool, **options: Any
    ) -> Duels | Plan: ...

    def judge_pairs(
        self,
        name: str,
        agent: str | Agent = "judge",
        *,
        rubric: str = "",
        one: str | None = None,
        other: str | None = None,
        llm: str | None = None,
        expected: str | None = None,
        seed: int = 0,
        again: bool = False,
        max_cost: float | Decimal | str | None = None,
        dry_run: bool = False,
        **unknown: Any,
    ) -> Duels | Plan:
        """Have an agent say which of two columns has the better answer, for each task they share.

        Each pair is asked in both orders. Where these say another thing it is a tie, and is told:
        the same letter twice, as where the judge follows the order, or one tie. All else is as in
        :meth:`judge`; the verdicts are found again by their sessions.

        Args:
            name: What is judged.
            agent: Who judges.
            rubric: What to judge by.
            one: The name of the one column; may be left out where there are two.
            other: The name of the other.
            llm: As in :meth:`judge`, as are all others.
            expected: The metadata that says what is expected.
            seed: Says the order.
            again: Ask once more where there is no verdict.
            max_cost: As in :meth:`judge`; the two orders of a pair follow each other.
            dry_run: As in :meth:`judge`; it tells of how many pairs there would be a verdict, too.
            **unknown: Nothing.

        Returns:
            The verdicts, with ``win_rate`` of the one over the other.

        Raises:
            TypeError: Something else was given.
            NotFoundError: There is no such agent.
            InvalidRequestError: There are no such columns, or they have no task in common.

        >>> @server.agent("second")
        ... def second(prompt):
        ...     return '{"reason": "I like what comes last.", "better": "B"}'
        >>> duels = batch.judge_pairs("clear", "second", rubric="Which one is clearer?")
        >>> duels[0].winner, duels[0].flipped
        ('tie', True)
        """
        from .comparing import compared, planned
        from .judging import Wish

        self._check(self.judge_pairs, unknown)
        wish = Wish(name, agent, rubric, llm, expected, seed, again, max_cost)
        return planned(self, wish, one, other) if dry_run else compared(self, wish, one, other)

    def sample(self, size: int, *, seed: int = 0, name: str = RATING) -> BlindSample:
        """Draw answers to be rated by hand, without being told who gave them.

        A task comes again only when all have come, and columns come in turn, each time in an order
        at random, so that there are as many of each, or one more. Where answers are missing,
        tasks come first: columns are then as even as that leaves them. Shown, it is a view to open
        and rate one after another. The ratings are those of :meth:`rate`. The same seed draws the
        same cells in the same order, and more of them begins with those.

        Args:
            size: How many.
            seed: Says which.
            name: The score that the ratings are.

        Raises:
            InvalidRequestError: ``size`` is less than 1, nothing has an answer, or the name is that
                of what a judge or a function has given.

        >>> sample = batch.sample(2, name="kindness")
        >>> sample.rate(0, 5, "right")
        >>> sample.left
        1
        """
        from .sampling import drawn

        return drawn(self, size, seed, name)

    def _check(self, call: Callable[..., object], unknown: Mapping[str, object]) -> None:
        """Raise where a call was given what it does not take, or no agent can be asked."""
        from ...sessions.arguments import unknown_argument

        if unknown:
            taken = inspect.signature(call).parameters
            raise TypeError(unknown_argument(f"batch.{call.__name__}()", min(unknown), taken))
        if self._asks_instead:
            raise InvalidRequestError(self._asks_instead, code="not_supported")
