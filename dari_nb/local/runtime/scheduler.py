"""Running turns: one queue a session, each turn an agent whose steps go into the ledger."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, cast

from ...models import Event, text_of
from ...models import events as ev
from ..agents import (
    AgentFunction,
    AgentLoop,
    Attachment,
    Slots,
    Turn,
    TurnFailure,
    Unasked,
    Usage,
    error_text,
    run_agent,
    run_call,
)
from ..agents.tools import ToolSpec
from ..bundles.bundles import Bundles
from ..llm import LlmAgent
from ..store import EventLog, Store
from ..store.database import DISK_TROUBLE, when_the_disk_works
from ..store.records import Payload, SessionRecord, file_ids
from ..workspaces.workspaces import Workspaces
from .agent_resolver import AgentResolver
from .drafts import Drafts
from .folds import Folds
from .pending import PendingCalls
from .recorder import External, Recorder, message_status, session_status

MOST_THREADS = 64
"""Sync agents that run at a time; more wait, but for those that wait for the caller of the API."""
_LONG = 256 * 1024
"""Characters of a message that are read beside the server's loop, which they would hold up."""
_PAUSE = 0.1
"""Seconds between two tries to write what must be written, such as how a turn ended."""


class Scheduler:
    """Runs the queued messages of all sessions, those of one session one after another.

    Args:
        store: Where the ledgers are.
        log: Where they grow.
        resolver: Who answers when nothing plays.
        step_delay: Seconds to wait before each step, unless the session's metadata say otherwise.
        cost_delay: Seconds after which a reported cost can be seen.
        folds: Looks back at what was said before.
        pending: The calls that wait for the caller of the API.
        drafts: Where answers are shown while they are written.
        workspaces: The folders that agents work in.
        bundles: What published versions hold.
        unasked: Is told of messages that nobody could be asked.
        save_files: Is called, before a turn's end is written, with the snapshot of its workspace.
    """

    def __init__(
        self,
        store: Store,
        log: EventLog,
        resolver: AgentResolver,
        step_delay: float,
        cost_delay: float = 0.0,
        *,
        folds: Folds,
        pending: PendingCalls,
        drafts: Drafts,
        workspaces: Workspaces,
        bundles: Bundles,
        unasked: Callable[[str], None],
        save_files: Callable[[str, str, str | None], Awaitable[None]],
    ) -> None:
        self._store = store
        self._log = log
        self._resolver = resolver
        self._step_delay = step_delay
        self._cost_delay = cost_delay
        self._folds = folds
        self._pending = pending
        self._drafts = drafts
        self._workspaces = workspaces
        self._bundles = bundles
        self._unasked = unasked
        self._save_files = save_files
        self._queues: dict[str, deque[tuple[str, AgentFunction | None]]] = {}
        self._playing: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = Slots(MOST_THREADS)
        self._agent_loop = AgentLoop()

    def enqueue(self, session_id: str, message_id: str, agent: AgentFunction | None = None) -> None:
        """Queue a message that is in the ledger, and start its session's queue if it rests.

        Args:
            session_id: The session.
            message_id: The message.
            agent: Plays this turn instead of the session's own agent, without the step delay.
        """
        if session_id in self._queues:
            self._queues[session_id].append((message_id, agent))
            return
        self._queues[session_id] = deque([(message_id, agent)])
        self._keep(self._work_off(session_id))

    def cancel(self, session_id: str, message_id: str) -> None:
        """End a message's turn as failed: one that waits at once, one that runs where it is."""
        queue = self._queues.get(session_id, deque())
        waiting = next((entry for entry in queue if entry[0] == message_id), None)
        if waiting is not None:
            queue.remove(waiting)
            end = message_status(message_id, "queued", "failed", ev.CANCELLED)
            self._keep(self._write(session_id, end))
        elif (playing := self._playing.get(message_id)) is not None:
            playing.cancel()

    def is_busy(self, session_id: str) -> bool:
        """Whether a turn of this session runs or waits."""
        return session_id in self._queues

    async def stop(self) -> None:
        """Cancel all running turns; their ledgers stay as they are."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._agent_loop.stop()
        self._slots.close()

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work_off(self, session_id: str) -> None:
        queue = self._queues[session_id]
        try:
            while queue or not self._rests(session_id):
                if queue:
                    await self._run(session_id, *queue.popleft())
                else:
                    await asyncio.sleep(_PAUSE)
        finally:
            # Nothing is awaited between the last look at the queue and here: no message is missed.
            del self._queues[session_id]

    def _rests(self, session_id: str) -> bool:
        """Note that the session has nothing more to do; false when that cannot be written now."""
        try:
            self._log.append(session_id, session_status("running", "idle"))
        except DISK_TROUBLE:
            return False
        return True

    async def _run(self, session_id: str, message_id: str, agent: AgentFunction | None) -> None:
        recorder: Recorder | None = None
        has_begun = False

        async def begin() -> None:
            nonlocal has_begun
            if not has_begun:
                has_begun = True
                await self._write(session_id, message_status(message_id, "queued", "running"))

        async def begun() -> None:
            """Play the turn; one that has failed has begun as well."""
            try:
                await play()
            except Exception:
                await begin()
                raise

        async def play() -> None:
            nonlocal recorder
            turn, function, external = await self._prepared(session_id, message_id, agent)
            turn = replace(turn, begin=begin)
            if agent is not None:
                await begin()
            charge = partial(self._charge, session_id, is_recorded=agent is not None)
            append = partial(self._log.append, session_id)
            slot = self._slots.slot()
            # A recording and a model are the server's own code, which blocks nothing.
            loop = None if agent or isinstance(function, LlmAgent) else self._agent_loop
            inside = partial(run_call, loop=loop)
            recorder = Recorder(
                *(turn, append, self._pending.ask, charge, external, slot, inside),
                drafts=self._drafts.writing(session_id, message_id),
            )
            await run_agent(function, turn, recorder.record, slot=slot, loop=loop)

        async def end() -> None:
            self._end(session_id, message_id, recorder, error, kept)

        error = await self._played(message_id, begun())
        kept = await self._snapshot_workspace(session_id)
        await self._save_files(session_id, message_id, kept)
        await when_the_disk_works(end)
        self._drafts.end(session_id)

    async def _snapshot_workspace(self, session_id: str) -> str | None:
        """Keep what the workspace holds when a turn is over, for forks of the session."""
        if self._workspaces.is_empty(session_id):
            return self._workspaces.keep(session_id)
        # In a thread: files would hold up the streams of everybody.
        return await asyncio.to_thread(self._workspaces.keep, session_id)

    def _end(
        self,
        session_id: str,
        message_id: str,
        recorder: Recorder | None,
        error: str | None,
        snapshot: str | None,
    ) -> None:
        """Write how a turn ended: as cancelled, if anybody has asked for that before this."""
        with self._store.transaction():
            if self._store.event_of_message(message_id, ev.MESSAGE_CANCEL_REQUESTED):
                error = ev.CANCELLED
            left, used = recorder.end(error) if recorder else ([], None)
            ended = "completed" if error is None else "failed"
            before = self._store.message_status(message_id)
            end = message_status(message_id, before, ended, error, used)
            if snapshot is not None:
                self._store.note_workspace(message_id, snapshot)
            self._log.append(session_id, *left, end)

    async def _played(self, message_id: str, play: Coroutine[Any, Any, None]) -> str | None:
        """Wait for a turn to end; returns what it failed of, if it did."""
        playing = self._playing[message_id] = asyncio.ensure_future(play)
        try:
            await playing
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # the server stops
            return ev.CANCELLED
        except Exception as error:  # noqa: BLE001
            if isinstance(error, Unasked):
                self._unasked(message_id)
            return _cause(error)
        finally:
            del self._playing[message_id]
        return None

    async def _write(self, session_id: str, *payloads: Payload) -> None:
        """Append what a turn's ledger cannot do without, as soon as the disk takes it."""

        async def append() -> None:
            self._log.append(session_id, *payloads)

        await when_the_disk_works(append)

    async def _prepared(
        self, session_id: str, message_id: str, agent: AgentFunction | None
    ) -> tuple[Turn, AgentFunction, External]:
        """The turn, who plays it, and how its external tools are found."""
        session = self._store.session(session_id)
        assert session is not None
        turn = await self._turn(session, message_id)
        if agent is not None:
            # A recording has a pace of its own, and what it calls is answered in it.
            return replace(turn, step_delay=0.0), agent, _no_tool
        function = self._resolver.function(session)
        if isinstance(function, LlmAgent):
            turn = replace(turn, step_delay=0.0)  # a model takes its time anyway
        return turn, function, partial(self._external_tool, session)

    async def _external_tool(self, session: SessionRecord, name: str) -> ToolSpec | None:
        version = self._store.version(session.agent_id, session.version_id)
        return await self._bundles.external_tool(version, name) if version else None

    async def _turn(self, session: SessionRecord, message_id: str) -> Turn:
        asked = await self._asked(message_id)
        content = asked.data["content"]
        metadata = {**session.metadata, **(asked.data.get("metadata") or {})}
        return Turn(
            prompt=text_of(content),
            content=content,
            session_id=session.id,
            message_id=message_id,
            llm_id=session.llm_id,
            metadata=metadata,
            step_delay=_seconds(metadata.get("step_delay"), self._step_delay),
            workspace=await self._workspace(session.id, file_ids(content)),
            load_history=partial(
                self._folds.look, session.id, lambda fold: fold.items_before(message_id)
            ),
            load_files=lambda: self._files(
                self._store.attached(session.id, message_id), self._workspaces.places(session.id)
            ),
        )

    async def _asked(self, message_id: str) -> Event:
        records = self._store.events_of_message(message_id)
        asked = next(record for record in records if record.type == ev.USER_MESSAGE)
        if len(asked.data) < _LONG:
            return asked.to_event()
        return await asyncio.to_thread(asked.to_event)

    async def _workspace(self, session_id: str, attached: list[str]) -> Path:
        if not attached:
            return self._workspaces.prepare(session_id, [])
        # In a thread: a large file would hold up the streams of everybody.
        new = self._files(attached, {})
        return await asyncio.to_thread(self._workspaces.prepare, session_id, new)

    def _files(self, attached: list[str], places: dict[str, str]) -> list[Attachment]:
        files = [self._store.file(file_id) for file_id in attached]
        return [
            Attachment(
                *(file.id, file.filename, partial(self._store.file_content, file.id)),
                places.get(file.id),
            )
            for file in files
            if file
        ]

    def _charge(self, session_id: str, usage: Usage, *, is_recorded: bool) -> None:
        cost = cast("Decimal | None", usage.cost_usd)  # whatever it was given as
        if is_recorded:
            self._store.add_recorded_cost(session_id, cost)
            return
        self._store.add_cost(session_id, cost, self._cost_delay)


async def _no_tool(_name: str) -> None:
    return None


def _cause(error: Exception) -> str:
    return str(error) if isinstance(error, TurnFailure) else error_text(error)


def _seconds(text: Any, default: float) -> float:
    """Read a step delay from metadata; an unusable value counts as missing."""
    try:
        seconds = float(text)
    except (TypeError, ValueError):
        return default
    return seconds if 0 <= seconds <= 60 else default
