"""Running turns: one queue a session, each turn an agent whose steps go into the ledger."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from ..models import Event, text_of
from ..models import events as ev
from ..transcript import Ledger
from .agents import AgentFunction, Attachment, Turn, TurnFailure, Usage, run_agent
from .bells import Bells
from .bundles import Bundles
from .llm import LlmAgent
from .records import EventRecord, Payload, SessionRecord, VersionRecord, file_ids
from .steps import Steps, clean, message_status, session_status
from .store import Store
from .tooling import ToolSpec
from .waiting import Waiting
from .workspaces import Workspaces

_NO_CODE = (
    'This server has no code for the agent "{name}". A recorded agent can be replayed but not '
    'asked; any other has to be registered first, with @server.agent("{name}").'
)
Published = Callable[[SessionRecord, VersionRecord, str], AgentFunction | None]
"""Makes the function of a session's version in an organization, where a manifest says enough."""


class Turns:
    """Runs the queued messages of all sessions, those of one session one after another.

    Args:
        store: Where the ledgers are.
        bells: Whom to wake when one grows.
        agent_named: Finds an agent's function, or ``None``.
        pace: Seconds to wait before each step, unless the session's metadata say otherwise.
        cost_delay: Seconds after which a reported cost can be seen.
        workspaces: The folders that agents work in.
        bundles: What published versions hold.
        published: Makes a function for agents that have none.
    """

    def __init__(
        self,
        store: Store,
        bells: Bells,
        agent_named: Callable[[str], AgentFunction | None],
        pace: float,
        cost_delay: float = 0.0,
        *,
        workspaces: Workspaces,
        bundles: Bundles,
        published: Published,
    ) -> None:
        self._store = store
        self._bells = bells
        self._agent_named = agent_named
        self._pace = pace
        self._cost_delay = cost_delay
        self._workspaces = workspaces
        self._bundles = bundles
        self._published = published
        self._queues: dict[str, deque[tuple[str, AgentFunction | None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.waiting = Waiting()
        self.announce: Callable[[str, list[EventRecord]], None] = lambda _session, _events: None

    def enqueue(self, session_id: str, message_id: str, agent: AgentFunction | None = None) -> None:
        """Queue a message that is in the ledger, and start its session's queue if it rests.

        Args:
            session_id: The session.
            message_id: The message.
            agent: Plays this turn instead of the session's own agent, without its pace.
        """
        if session_id in self._queues:
            self._queues[session_id].append((message_id, agent))
            return
        self._queues[session_id] = deque([(message_id, agent)])
        task = asyncio.get_running_loop().create_task(self._work_off(session_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def is_busy(self, session_id: str) -> bool:
        """Whether a turn of this session runs or waits."""
        return session_id in self._queues

    async def stop(self) -> None:
        """Cancel all running turns; their ledgers stay as they are."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work_off(self, session_id: str) -> None:
        queue = self._queues[session_id]
        while queue:
            await self._run(session_id, *queue.popleft())
        # Nothing is awaited between the last look at the queue and here, so no message is missed.
        del self._queues[session_id]
        self._append(session_id, session_status("running", "idle"))

    async def _run(self, session_id: str, message_id: str, agent: AgentFunction | None) -> None:
        status = message_status(message_id, "queued", "running")
        self._append(session_id, status)
        error: str | None = None
        steps = None
        try:
            session = self._store.session(session_id)
            assert session is not None
            turn = self._turn(session, message_id)
            function = agent or self._function(session)
            if agent is not None or isinstance(function, LlmAgent):
                # A recording has a pace of its own, and a model takes its time anyway.
                turn = replace(turn, pace=0.0)
            charge = partial(self._charge, session_id)
            append = partial(self._append, session_id)
            # What a recording calls is answered in it, whoever had to answer at the time.
            external = partial(self._external_tool, session) if agent is None else _no_tool
            steps = Steps(turn, append, self.waiting.ask, charge, external)
            await run_agent(function, turn, steps.record)
        except Exception as raised:  # noqa: BLE001
            error = _cause(raised)
        ended = "failed" if error else "completed"
        lost = steps.lost_calls() if steps and not error else []
        used = steps.used if steps else {}
        status = message_status(message_id, "running", ended, error, used)
        self._append(session_id, *lost, status)

    def _function(self, session: SessionRecord) -> AgentFunction:
        agent = self._store.agent(session.agent_id)
        version = self._store.version(session.agent_id, session.version_id)
        assert agent is not None
        assert version is not None
        function = self._agent_named(agent.name)
        function = function or self._published(session, version, agent.org_id)
        if function is None:
            raise TurnFailure(_NO_CODE.format(name=agent.name))
        return function

    async def _external_tool(self, session: SessionRecord, name: str) -> ToolSpec | None:
        version = self._store.version(session.agent_id, session.version_id)
        return await self._bundles.external_tool(version, name) if version else None

    def _turn(self, session: SessionRecord, message_id: str) -> Turn:
        events = [record.to_event() for record in self._store.events(session.id)]
        ledger = Ledger(events)
        turns = list(ledger.turns)
        position = turns.index(message_id)
        earlier = [item for key in turns[:position] for item in ledger.turns[key].items]
        asked = ledger.turns[message_id]
        content = asked.user.content if asked.user else []
        metadata = {**session.metadata, **(asked.metadata or {})}
        new = self._files(events, {message_id})
        return Turn(
            prompt=text_of(content),
            content=content,
            session_id=session.id,
            message_id=message_id,
            llm_id=session.llm_id,
            history=earlier,
            files=self._files(events, set(turns[: position + 1])),
            metadata=metadata,
            pace=_seconds(metadata.get("pace"), self._pace),
            workspace=self._workspaces.prepare(session.id, new),
        )

    def _files(self, events: list[Event], messages: set[str]) -> list[Attachment]:
        content = [
            block
            for event in events
            if event.type == ev.USER_MESSAGE and event.turn_id in messages
            for block in event.data["content"]
        ]
        files = [self._store.file(file_id) for file_id in file_ids(content)]
        return [self._attachment(file.id, file.filename) for file in files if file]

    def _attachment(self, file_id: str, name: str) -> Attachment:
        return Attachment(file_id, name, lambda: self._store.file_content(file_id))

    def _charge(self, session_id: str, usage: Usage) -> None:
        self._store.add_cost(session_id, usage.cost_usd, self._cost_delay)

    def _append(self, session_id: str, *payloads: Payload) -> None:
        with self._store.transaction():
            self.announce(session_id, self._store.append(session_id, payloads))
        self._bells.ring(session_id)


async def _no_tool(_name: str) -> None:
    return None


def _cause(error: Exception) -> str:
    if isinstance(error, TurnFailure):
        return str(error)
    return clean(f"{type(error).__name__}: {error}".removesuffix(": "))


def _seconds(text: Any, default: float) -> float:
    """Read a pace from metadata; what is no sensible number of seconds counts as not given."""
    try:
        seconds = float(text)
    except (TypeError, ValueError):
        return default
    return seconds if 0 <= seconds <= 60 else default
