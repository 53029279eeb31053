"""``d.batches``: run tasks with LLMs, and find such runs again."""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from ... import ids
from ...errors import DariError, InvalidRequestError, NotFoundError, UnknownNameError
from ..agents.agent import Agent, agent_named
from ..agents.versions import version_id_of, versions_of
from ..connection import AtHand
from ..listing import Listing, Shelf
from ..sessions.arguments import several, unknown_argument
from ..tools.tool import as_tools
from .batch import Batch, check_llms, check_repeats
from .cells import Column
from .keys import run_id_of
from .plan import Plan, sent_elsewhere
from .sending.alone import sender_of
from .tasks import Tasks, read_tasks

if TYPE_CHECKING:
    from ..agents.versions import Version
    from ..bulk.sources import Source
    from ..connection import Link
    from ..tools.tool import Approve, Given
    from .gathering.gathered import Gathered
    from .recovery import Run

_LONGEST_RUN_ID = 100
_MEANT = {
    **dict.fromkeys(("budget", "limit", "max_price", "max_usd", "cost"), "max_cost"),
    **dict.fromkeys(("n", "times", "trials", "epochs"), "repeats"),
    **dict.fromkeys(("name", "title", "label", "run_name"), "run_id"),
}
"""Arguments by other words that people have for them."""


class Batches(AtHand, Shelf["Run", Batch]):
    """Batches of the organization: tasks with LLMs; iterated over, it gives the runs.

    >>> batch.run_id in [run.run_id for run in d.batches]
    True
    """

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
    def run(
        self,
        agent: str | Agent,
        tasks: Tasks,
        llms: Iterable[str] | None = None,
        repeats: int = 1,
        *,
        dry_run: bool = False,
        version: str | int | Version | None = None,
        versions: Iterable[str | int | Version] | None = None,
        metadata: Mapping[str, Any] | None = None,
        files: Iterable[str | Path] = (),
        prompt: str = "prompt",
        run_id: str | None = None,
        new_run: bool = False,
        max_items: int | None = None,
        max_cost: float | Decimal | str | None = None,
        scores_path: str | Path | None = None,
        tools: Given = (),
        approve: Approve | None = None,
        **unknown: Any,
    ) -> Batch | Plan:
        """Give each task to each LLM, and return at once (contract, section 11).

        To run it again pays for nothing twice: what was sent before, by this process or another, is
        found by its content, and only what is missing is sent. A changed task, version or file,
        other code of a function of a local Dari, or other options of its LLM, make a new run;
        further LLMs and repeats extend the one that is there. While this process sends a run within
        a ``max_cost``, another call of it takes over: the first one sends no more. Two processes
        that send a run at the same moment pay once where they were told the same; with LLMs in
        another order, or other LLMs, repeats or ``max_cost``, they may send a cell each, which the
        matrix tells later.

        Args:
            agent: The agent, by id or name.
            tasks: Texts, lists of content blocks, dicts with ``prompt`` or ``content`` and perhaps
                ``metadata`` and ``files``, or tasks of a batch; or a DataFrame, or a path to a
                ``.csv`` or ``.jsonl`` file, whose further columns become metadata. Any number.
            llms: LLM options of the agent; its default when left out.
            repeats: How often each task goes to each LLM; 1,000 at most.
            dry_run: Only return the :class:`Plan`; what is refused is the same, but where
                ``max_cost`` cannot be held the plan says so.
            version: A version of the agent, by id or number; the active one when left out.
            versions: Several versions, to be compared.
            metadata: Kept on all sessions, texts by name.
            files: Paths, uploaded once and attached to every task.
            prompt: The column, or entry of a dict, that holds the text.
            run_id: A name for the run; by default one that follows from its content. Another
                version under a name that is there is sent anew, and a line says so before.
            new_run: Start another run of the same tasks, under another name.
            max_items: Send no more than this.
            max_cost: What the whole run may cost, in US dollars, with all that it has cost
                before, also other versions, tasks and LLMs. It is sent a turn at a time while what
                is spent leaves enough for one more, by what turns have cost. At most eight turns
                are under way, and one is until its cost is known (one that was cancelled, or failed
                before it asked an LLM, which may cost nothing, at most some seconds more): these
                eight may go over it, and the matrix says by how much. Several processes that send
                parts of a run, such as an LLM each, keep within it together: each looks before it
                goes on what the others have sent, and has eight turns of its own. The rest is left
                out, as :attr:`Batch.unsent`, for :meth:`Batch.resume`. Costs that come late are
                estimated meanwhile; one that stays unknown, or an interrupt, stops the sending,
                too.
            scores_path: The file of scores and ratings; ``dari-scores.jsonl`` in the working folder
                when left out.
            tools: Functions of this process that answer the agent's external tool calls; they
                answer whenever the batch is followed, so give them again after a restart.
            approve: ``"always"``, or a function that decides whether a call is run; needed where
                the tools do not say it themselves, because a batch asks nobody.
            **unknown: Nothing.

        Raises:
            TypeError: Something else was given.
            InvalidRequestError: Something is malformed, a cap does not allow anything, nobody
                knows what a turn costs that ``max_cost`` is to hold, or a version is a function of
                an earlier process whose code has changed since; nothing was sent.
            DariError: Nothing could be sent. Where only some API batches could not be sent, their
                cells tell why, and ``retry_failed()`` sends them.

        >>> batch = d.batches.run("calculator", ["2 + 2", "3 * 7"], ["small"])
        >>> batch.wait(timeout=60).counts
        {'completed': 2}
        >>> d.batches.run("calculator", "tasks.csv", ["small", "large"], dry_run=True).sends
        4
        """
        if unknown:
            raise TypeError(_no_option(min(unknown)))
        chosen = agent_named(self._link, agent)
        read = read_tasks(tasks, prompt=prompt, metadata=metadata, files=files)
        columns = _columns(chosen, llms, version, versions)
        check_repeats(repeats)
        keys = [task.key for task in read]
        pinned = list(dict.fromkeys(column.version for column in columns))
        name = _checked(run_id) or run_id_of(chosen.id, pinned, keys, _options(self._link, columns))
        name = f"{name}-{secrets.token_hex(4)}" if new_run else name
        batch = Batch(
            self._link, chosen.resource, name, read, columns, repeats, scores_path, max_cost
        )
        batch.use_tools(tools, approve=approve)
        chosen._check_offered(as_tools(tools), pinned)
        with nullcontext() if dry_run else sender_of(self._link, name).alone:
            batch._look()
            if max_items is not None:
                Plan(batch, {}).check(max_items)
            batch._report_other_versions()
            if dry_run:
                batch._check_planned()
                return batch.plan()
            if not new_run and run_id is None and not any(cell.history for cell in batch.cells):
                batch._sent_before = self._sent_elsewhere(batch)
            return batch._send_planned()

    def _sent_elsewhere(self, batch: Batch) -> tuple[str, int]:
        """Tell which other run has tasks of a new one, whom nobody has given its name."""
        with suppress(DariError):  # it is sent all the same
            sessions = self._link.client.sessions.list(agent_id=batch.agent.id)
            return sent_elsewhere(batch, sessions)
        return "", 0

    def get(self, batch_id: str, *, scores_path: str | Path | None = None) -> Batch:
        """Return the batch that an API batch belongs to, whole.

        Args:
            batch_id: Id of the API batch.
            scores_path: As for :meth:`run`.

        Raises:
            NotFoundError: There is no such API batch.

        >>> d.batches.get(batch[0, "small"].batch_id).run_id == batch.run_id
        True
        """
        from .recovery import batch_of

        try:
            return batch_of(self._link, batch_id, scores_path)
        except NotFoundError as error:
            if not isinstance(batch_id, str) or batch_id.startswith(ids.BATCH):
                raise
            text = (
                f"There is no API batch {batch_id!r}. By the name of its run a batch is found with "
                f"d.batches[{batch_id!r}] or d.batches.recover({batch_id!r})."
            )
            raise UnknownNameError(
                404, text, error.method, error.path, code="batch_not_found"
            ) from None

    def recover(self, run_id: str, *, scores_path: str | Path | None = None) -> Batch:
        """Return a batch by its ``run_id``, from its sessions, with all retries and additions.

        What never became a session is unknown to the server, and so missing: running the cell
        again sends it. Of several versions each has the tasks and repeats that it was asked, and
        lacks no others. Nor does it know a ``max_cost``: give that to :meth:`Batch.resume`,
        :meth:`Batch.add` or :meth:`Batch.retry_failed`.

        Args:
            run_id: The run's name.
            scores_path: As for :meth:`run`.

        Raises:
            NotFoundError: No session has this ``managed_run_id``.

        >>> d.batches.recover(batch.run_id).wait(timeout=60).counts
        {'completed': 4}
        """
        from .recovery import recovered

        return recovered(self._link, run_id, scores_path)

    def from_runs(
        self,
        sessions: Source | Path,
        *,
        task: str | None = None,
        group: str | None = None,
        repeat: str | None = None,
        label: str | None = None,
        score_columns: Iterable[str] = (),
        title: str | None = None,
        run_id: str | None = None,
        scores_path: str | Path | None = None,
    ) -> Gathered:
        """Make a matrix of sessions that are there, such as recorded runs; nothing is sent.

        Args:
            sessions: Sessions or their ids, transcripts such as those of
                :meth:`Transcript.from_file`, an agent, or metadata to look sessions up by; or the
                path of a file that this reads, several in a list, a folder, or a pattern. With
                ``group="file"`` several files are told apart.
            task: The metadata that names a session's task: the rows. When left out, it follows
                from the format of recorded runs, as do ``repeat`` and ``score_columns``; beside
                messages it is the first there is of ``task_id``, ``instance_id``, ``sample_id``,
                ``custom_id``, ``question_id``, ``id`` and ``task``.
            group: The metadata that names the column; the LLM when left out.
            repeat: The metadata that tells which repetition it is; the order they are given in
                when left out. With ``task`` left out, too, it is ``trial``, ``epoch`` or ``repeat``
                where recorded runs have it.
            label: The metadata that says what the task is; the value of ``task`` when left out.
            score_columns: Metadata that are scores, such as ``["reward"]``. When left out together
                with ``task``, those of an Inspect log, or what is a number, yes or no among
                ``reward``, ``score``, ``correct``, ``passed``, ``resolved``, ``success`` and
                ``accuracy``.
            title: What stands above it; the agent's name when left out.
            run_id: What ratings are kept under, for the sessions with these ids. When left out it
                follows from the content, so that the same runs, loaded again, find their ratings.
            scores_path: The file of scores and ratings, as for :meth:`run`.

        Raises:
            InvalidRequestError: There is no session, one lacks the metadata, or two belong to the
                same place.
            DariError: A session cannot be read.

        >>> runs = dari.Transcript.from_file("runs.jsonl")
        >>> d.batches.from_runs(runs, task="task_id", score_columns=["reward"], title="Shop")
        <Gathered Shop: 2 tasks x 1 column x 1; 2 sessions>
        >>> d.batches.from_runs("runs.jsonl")
        <Gathered runs: 2 tasks x 1 column x 1; 2 sessions>
        """
        from .gathering.files import recorded_in
        from .gathering.gathering import Wish, gathered

        names = (score_columns,) if isinstance(score_columns, str) else tuple(score_columns)
        return gathered(
            self._link,
            recorded_in(sessions),
            Wish(task, group, repeat, label, names),
            title=title,
            run_id=_checked(run_id),
            scores_path=scores_path,
        )

    def list(self) -> Listing[Run]:
        """Return the runs there are, the latest first, from the metadata of all sessions.

        Raises:
            ApiError: The server refused it.

        >>> "run_id" in d.batches.list().to_frame()
        True
        """
        from .recovery import runs

        return runs(self._link)

    def named(self, name: str) -> Batch:
        """Return the batch of this run, as ``d.batches[name]`` does.

        Args:
            name: A run's name, or an API batch's id.

        Raises:
            KeyError: There is none; the text tells which runs there are.

        >>> d.batches[batch.run_id].run_id == batch.run_id
        True
        """
        with suppress(NotFoundError):
            return self.get(name) if name.startswith(ids.BATCH) else self.recover(name)
        return self.recover(self.list()[name].run_id)


def _columns(
    agent: Agent,
    llms: Iterable[str] | None,
    version: str | int | Version | None,
    versions: Iterable[str | int | Version] | None,
) -> list[Column]:
    if version is not None and versions is not None:
        raise InvalidRequestError(
            "Give version or versions, not both.", code="conflicting_arguments"
        )
    listed = several(versions)
    read = partial(version_id_of, agent._link, agent.resource)
    pinned = _names(map(read, listed), "versions", code="invalid_version")
    if versions is not None and not pinned:
        raise InvalidRequestError(
            _none_named("versions", "the active one", "[1, 2]"), code="invalid_version"
        )
    pinned = pinned or [read(version) or agent.active_version_id]
    _check_versions(agent, pinned)
    options = _names(llms, "llms", code="invalid_llms")
    if llms is not None and not options:
        known = list(agent.llms) or "a list of names"
        raise InvalidRequestError(
            _none_named("llms", "the agent's default", known), code="invalid_llms"
        )
    options = options or [None]
    check_llms(agent, options, pinned)
    return [Column(llm, pin) for pin in pinned for llm in options]


def _check_versions(agent: Agent, pinned: Iterable[str | None]) -> None:
    others = [version for version in pinned if version != agent.active_version_id]
    known: Sequence[Version] = []
    with suppress(DariError):  # what the server does not tell may be there all the same
        known = versions_of(agent._link, agent.resource) if others else []
    missing = set(others) - {version.id for version in known}
    if missing and known:
        numbers = ", ".join(f"v{version.number}" for version in known)
        raise InvalidRequestError(
            f"{agent.name} has no version {min(map(str, missing))!r}; it has: {numbers}. "
            "Nothing was sent.",
            code="version_not_found",
        )


def _options(link: Link, columns: Iterable[Column]) -> dict[str, Any]:
    """The options that people gave the LLMs of a local Dari, as far as these are asked."""
    known = link.server.llms if link.server else {}
    asked = {column.llm for column in columns if column.llm in known}
    return {name: own for name in sorted(filter(None, asked)) if (own := known[name].own_options)}


def _none_named(what: str, default: str, such: object) -> str:
    return f"{what}= names none: leave it out for {default}, or write {what}={such}."


def _names(names: Iterable[str | None] | None, what: str, *, code: str) -> Sequence[str | None]:
    listed = several(names)
    if not all(isinstance(name, str) and name for name in listed):
        raise InvalidRequestError(f"{what} is a list of names.", code=code)
    if len(set(listed)) < len(listed):
        raise InvalidRequestError(
            f"{what} has a name twice; repeats= runs a task several times.", code=code
        )
    return listed


def _no_option(name: str) -> str:
    if name == "llm":
        return "d.batches.run() takes no 'llm': it takes llms, one or several: llms=[\"small\"]."
    if name in _MEANT:
        return f"d.batches.run() takes no {name!r}: did you mean {_MEANT[name]!r}?"
    return unknown_argument("d.batches.run()", name, inspect.signature(Batches.run).parameters)


def _checked(run_id: str | None) -> str | None:
    if run_id is None:
        return None
    if not (isinstance(run_id, str) and run_id.strip() and run_id.isprintable()):
        raise InvalidRequestError("A run's name is some printable text.", code="invalid_name")
    if len(run_id) > _LONGEST_RUN_ID:
        raise InvalidRequestError(
            f"A run's name has at most {_LONGEST_RUN_ID} characters.", code="invalid_name"
        )
    return run_id
