"""``d.batches``: run tasks with LLMs, and find such runs again."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from ...errors import InvalidRequestError
from .._background import wait_for
from ..agent import Agent
from ..listing import Listing
from .batch import Batch, check_llms, check_repeats
from .cells import Column
from .keys import run_id_of
from .past_costs import past_costs
from .plan import Plan
from .tasks import Tasks, read_tasks

if TYPE_CHECKING:
    from ..dari import Dari
    from ..sources import Source
    from ..tools.tool import Approve, Given
    from .gathered import Gathered
    from .recovery import Run

_LONGEST_RUN_ID = 100


class Batches:
    """Batches of the organization: tasks with LLMs."""

    def __init__(self, dari: Dari) -> None:
        self._dari = dari

    @overload
    def run(
        self,
        agent: str | Agent,
        tasks: Tasks,
        llms: Iterable[str] | None = None,
        repeats: int = 1,
        *,
        dry_run: Literal[False] = False,
        **options: Any,
    ) -> Batch: ...

    @overload
    def run(
        self,
        agent: str | Agent,
        tasks: Tasks,
        llms: Iterable[str] | None = None,
        repeats: int = 1,
        *,
        dry_run: bool,
        **options: Any,
    ) -> Batch | Plan: ...

    # The options have their types here, where editors and help look, and not in the overloads.
    def run(  # type: ignore[misc]
        self,
        agent: str | Agent,
        tasks: Tasks,
        llms: Iterable[str] | None = None,
        repeats: int = 1,
        *,
        dry_run: bool = False,
        version: str | None = None,
        versions: Iterable[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        files: Iterable[str | Path] = (),
        prompt: str = "prompt",
        run_id: str | None = None,
        fresh: bool = False,
        max_items: int | None = None,
        max_cost: float | Decimal | str | None = None,
        scores: str | Path | None = None,
        tools: Given = (),
        approve: Approve | None = None,
    ) -> Batch | Plan:
        """Give each task to each LLM, and return at once (contract, section 11).

        To run it again pays for nothing twice: what was sent before, by this process or another,
        is found by its content, and only what is missing is sent. A changed task, version or file
        makes a new run; further LLMs and repeats extend the one that is there.

        Args:
            agent: The agent, by id or name.
            tasks: Texts, lists of content blocks, or dicts with ``prompt`` or ``content`` and
                perhaps ``metadata`` and ``files``; or a DataFrame, or a path to a ``.csv`` or
                ``.jsonl`` file, whose further columns become metadata. Any number.
            llms: LLM options of the agent; its default when left out.
            repeats: How often each task goes to each LLM; 1,000 at most.
            dry_run: Only return the :class:`Plan`.
            version: A version of the agent; the active one when left out.
            versions: Several versions, to be compared.
            metadata: Kept on all sessions, texts by name.
            files: Paths, uploaded once and attached to every task.
            prompt: The column, or entry of a dict, that holds the text.
            run_id: A name for the run; by default one that follows from its content.
            fresh: Really run again, under a new name.
            max_items: Send no more than this.
            max_cost: Send nothing when past sessions say that it costs more, in US dollars, or
                do not say what it costs.
            scores: The file of scores and ratings; ``dari-scores.jsonl`` in the working folder
                when left out.
            tools: Functions of this process that answer the agent's external tool calls; they
                answer whenever the batch is followed, so give them again after a restart.
            approve: ``"always"``, or a function that decides whether a call is run; needed where
                the tools do not say it themselves, because a batch asks nobody.

        Raises:
            InvalidRequestError: Something is malformed, or a cap would be exceeded; nothing was
                sent.
            DariError: Nothing could be sent. Where only some API batches could not be sent, their
                cells tell why, and ``retry_failed()`` sends them.

        >>> batch = d.batches.run("calculator", ["2 + 2", "3 * 7"], ["small"])  # doctest: +SKIP
        >>> batch.wait().counts  # doctest: +SKIP
        {'completed': 2}
        """
        chosen = agent if isinstance(agent, Agent) else self._dari.agents.get(agent)
        read = read_tasks(tasks, prompt=prompt, metadata=metadata, files=files)
        columns = _columns(chosen, llms, version, versions)
        check_repeats(repeats)
        keys = [task.key for task in read]
        pinned = list(dict.fromkeys(column.version for column in columns))
        name = _checked(run_id) or run_id_of(chosen.id, pinned, keys)
        name = f"{name}-{secrets.token_hex(4)}" if fresh else name
        batch = Batch(self._dari, chosen.resource, name, read, columns, repeats, scores)
        batch.answer_tools(tools, approve=approve)
        batch.look()
        if dry_run or max_items is not None or max_cost is not None:
            plan = self._plan(batch, estimate=dry_run or max_cost is not None)
            if dry_run:
                return plan
            plan.check(max_items, max_cost)
        return batch.send()

    def get(self, batch_id: str, *, scores: str | Path | None = None) -> Batch:
        """Return the batch that an API batch belongs to, whole.

        Args:
            batch_id: Id of the API batch.
            scores: As for :meth:`run`.

        Raises:
            NotFoundError: There is no such API batch.
        """
        from .recovery import batch_of

        return batch_of(self._dari, batch_id, scores)

    def recover(self, run_id: str, *, scores: str | Path | None = None) -> Batch:
        """Return a batch by its ``run_id``, from its sessions, with all retries and additions.

        What never became a session is unknown to the server, and so missing: running the cell
        again sends it.

        Args:
            run_id: The run's name.
            scores: As for :meth:`run`.

        Raises:
            NotFoundError: No session has this ``managed_run_id``.
        """
        from .recovery import recovered

        return recovered(self._dari, run_id, scores)

    def of(
        self,
        sessions: Source,
        *,
        task: str,
        column: str | None = None,
        repeat: str | None = None,
        label: str | None = None,
        scores: Iterable[str] = (),
        title: str | None = None,
        run_id: str | None = None,
        book: str | Path | None = None,
    ) -> Gathered:
        """Make a matrix of sessions that are there, such as recorded runs; nothing is sent.

        Args:
            sessions: Sessions or their ids, transcripts such as those of
                :meth:`Transcript.from_file`, an agent, or metadata to look sessions up by.
            task: The metadata that tells which task a session is about: the rows.
            column: The metadata that tells what did it; the LLM when left out.
            repeat: The metadata that tells which repetition it is; the order they are given in
                when left out.
            label: The metadata that says what the task is; the value of ``task`` when left out.
            scores: Metadata that are scores, such as ``["reward"]``.
            title: What stands above it; the agent's name when left out.
            run_id: What ratings are kept under, for the sessions with these ids. When left out it
                follows from the content, so that the same runs, loaded again, find their ratings.
            book: The file of scores and ratings, as ``scores`` of :meth:`run`.

        Raises:
            InvalidRequestError: There is no session, one lacks the metadata, or two belong to the
                same place.
            DariError: A session cannot be read.

        >>> runs = dari.Transcript.from_file("airline.jsonl.gz")  # doctest: +SKIP
        >>> matrix = d.batches.of(runs, task="task_id", repeat="trial", scores=["reward"])
        ... # doctest: +SKIP
        >>> matrix.compare((0, "gpt-4o", 0), (0, "gpt-4o", 1))  # doctest: +SKIP
        """
        from .gathering import Keys, gathered

        names = (scores,) if isinstance(scores, str) else tuple(scores)
        return gathered(
            self._dari,
            sessions,
            Keys(task, column, repeat, label, names),
            title=title,
            run_id=_checked(run_id),
            book=book,
        )

    def list(self) -> Listing[Run]:
        """Return the runs there are, the latest first, from the metadata of all sessions."""
        from .recovery import runs

        return runs(self._dari)

    def _plan(self, batch: Batch, *, estimate: bool) -> Plan:
        if not estimate:
            return Plan(batch, {})
        client = self._dari.stream_client
        asked = past_costs(client, batch.agent.id, batch.columns)
        return Plan(batch, wait_for(self._dari.run(asked)))


def _columns(
    agent: Agent,
    llms: Iterable[str] | None,
    version: str | None,
    versions: Iterable[str] | None,
) -> list[Column]:
    if version is not None and versions is not None:
        raise InvalidRequestError("Give version or versions, not both.")
    pinned = _names(versions, "versions") or [version or agent.active_version_id]
    options = _names(llms, "llms") or [None]
    check_llms(agent, options, pinned)
    return [Column(llm, pin) for pin in pinned for llm in options]


def _names(names: Iterable[str] | None, what: str) -> Sequence[str | None]:
    listed = [names] if isinstance(names, str) else list(names or ())
    if not all(isinstance(name, str) and name for name in listed):
        raise InvalidRequestError(f"{what} is a list of names.")
    if len(set(listed)) < len(listed):
        raise InvalidRequestError(f"{what} has a name twice; repeats= runs a task several times.")
    return listed


def _checked(run_id: str | None) -> str | None:
    if run_id is None:
        return None
    if not (isinstance(run_id, str) and run_id.strip() and run_id.isprintable()):
        raise InvalidRequestError("A run's name is some printable text.")
    if len(run_id) > _LONGEST_RUN_ID:
        raise InvalidRequestError(f"A run's name has at most {_LONGEST_RUN_ID} characters.")
    return run_id
