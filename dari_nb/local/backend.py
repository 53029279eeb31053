"""What the API does, without HTTP: the rules of sending on top of the store and the turns."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, NamedTuple

from .. import ids
from ..models import Content, Event
from ..models import events as ev
from .agents import AgentFunction, ToolResult
from .bells import Bells
from .bundles import Bundles
from .deliveries import BACKOFF, Deliveries
from .llm import Llms, PublishedAgents, SessionSecrets
from .records import (
    USER,
    EventRecord,
    JsonObject,
    Payload,
    SessionRecord,
    VersionRecord,
    file_ids,
)
from .resources import Refusal, Resources
from .steps import session_status
from .store import Store
from .turns import Turns
from .workspaces import Workspaces


class Sent(NamedTuple):
    """A recorded event and what it left behind."""

    event: EventRecord
    session: SessionRecord
    message_status: str | None

    def to_wire(self) -> JsonObject:
        """Return the answer to a sent event (contract, section 6)."""
        message_id = self.event.message_id
        return {
            "event": self.event.to_wire(),
            "message": {"id": message_id, "status": self.message_status},
            "session": self.session.to_wire(),
        }


class Backend(Resources):
    """The server's state and verbs; used on the server's loop.

    Args:
        store: The truth.
        agent_named: Finds an agent's function, or ``None``.
        pace: Seconds between the steps of a turn.
        cost_delay: Seconds after which a reported cost can be seen.
        workspaces: The folders of sessions; temporary ones by default.
        webhook_backoff: Seconds before each further try of a webhook.
        webhook_tls: What HTTPS receivers of webhooks must prove.
        llms: The LLMs of the server; none of its own by default.
    """

    def __init__(
        self,
        store: Store,
        agent_named: Callable[[str], AgentFunction | None],
        pace: float = 0.0,
        cost_delay: float = 0.0,
        workspaces: Workspaces | None = None,
        webhook_backoff: Sequence[float] = BACKOFF,
        webhook_tls: ssl.SSLContext | None = None,
        llms: Llms | None = None,
    ) -> None:
        super().__init__(store)
        self.bells = Bells()
        self.workspaces = workspaces or Workspaces()
        self.bundles = Bundles(store)
        self.llms = llms or Llms()
        self.credentials: dict[str, dict[str, str]] = {}
        self._secrets: dict[str, SessionSecrets] = {}
        self.turns = Turns(
            *(store, self.bells, agent_named, pace, cost_delay),
            workspaces=self.workspaces,
            bundles=self.bundles,
            published=self._published_agents().agent,
        )
        self.deliveries = Deliveries(
            store, self.bells, self.turns.waiting.has, webhook_backoff, webhook_tls
        )
        self.turns.announce = self.deliveries.announce
        self._kept: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """End all streams, replays and turns."""
        self.bells.close()
        for task in list(self._kept):
            task.cancel()
        await asyncio.gather(*self._kept, return_exceptions=True)
        await self.turns.stop()
        await self.deliveries.stop()
        await self.llms.sender.close()

    def keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the requests until it ends or the server stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)

    async def rest(self, session_id: str) -> None:
        """Wait until no turn of this session runs or is queued."""
        bell = self.bells.listen(session_id)
        try:
            while self.turns.is_busy(session_id):
                bell.clear()
                await bell.wait()
        finally:
            self.bells.leave(session_id, bell)

    def llms_of(self, version: VersionRecord) -> list[str]:
        """What a session of this version can choose from: its options, and the server's LLMs."""
        is_code = version.manifest.get("harness") == "local"
        return list(dict.fromkeys([*version.llms, *(() if is_code else self.llms.named)]))

    def _published_agents(self) -> PublishedAgents:
        return PublishedAgents(
            self.bundles,
            self.llms,
            lambda org_id: self.credentials.get(org_id, {}),
            lambda session_id: self._secrets.get(session_id, SessionSecrets()),
        )

    def create_session(
        self,
        agent_id: str,
        *,
        version_id: str | None = None,
        llm_id: str | None = None,
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
        internet_access: bool | None = None,
        storage_binding_id: str | None = None,
        own: SessionSecrets | None = None,
    ) -> SessionRecord:
        """Make a session with one version of an agent, the active one by default."""
        agent = self.live_agent(agent_id)
        version = self.version(agent_id, version_id or agent.active_version_id)
        llms = self.llms_of(version)
        if llm_id is not None and llm_id not in llms:
            raise Refusal(400, _unknown_llm(llm_id, llms))
        session = self.store.add_session(
            version,
            llm_id=llm_id or version.default_llm,
            name=name,
            metadata=metadata,
            internet_access=version.internet_access if internet_access is None else internet_access,
            storage_binding_id=self._binding(agent.org_id, version, storage_binding_id),
        )
        if own is not None:
            self._secrets[session.id] = own
        return session

    def _binding(self, org_id: str, version: VersionRecord, given: str | None) -> str | None:
        """The storage binding of a new session: the given one, or the one its version names."""
        if given is None:
            name = version.storage_binding
            return self.store.storage_binding_named(org_id, name) if name else None
        if not self.store.has_storage_binding(org_id, given):
            raise Refusal(400, f"Unknown storage_binding_id {given!r}")
        return given

    def send(
        self,
        session_id: str,
        content: Content,
        metadata: JsonObject | None = None,
        *,
        agent: AgentFunction | None = None,
    ) -> Sent:
        """Append a user message and queue its turn.

        With ``agent`` that one plays the turn, and the content is a recording, taken as it is.
        """
        if agent is None:
            content = [self._named(block) for block in content]
        message_id = ids.new_id(ids.MESSAGE)
        data = {"content": content, "metadata": metadata, "message_id": message_id}
        payloads = [Payload(ev.USER_MESSAGE, data, message_id, "user", self._user)]
        if not self.turns.is_busy(session_id):
            payloads.append(session_status("idle", "running"))
        event = self.store.append(session_id, payloads)[0]
        self.bells.ring(session_id)
        self.turns.enqueue(session_id, message_id, agent)
        return Sent(event, self.session(session_id), "queued")

    def submit(self, session_id: str, message_id: str, call_id: str, result: ToolResult) -> Sent:
        """Append the caller's answer to an external tool call, and let the turn go on."""
        self._check_open(session_id, message_id, call_id)
        if flaw := self.turns.waiting.flaw_of(message_id, call_id, result):
            raise Refusal(400, f"The result does not fit the tool's output_schema: {flaw}")
        data: JsonObject = {"message_id": message_id, "tool_call_id": call_id}
        data |= {"result": result.result, "is_error": result.is_error}
        payload = Payload(ev.TOOL_RESULT_SUBMITTED, data, message_id, "user", self._user)
        event = self.store.append(session_id, [payload])[0]
        self.bells.ring(session_id)
        self.turns.waiting.answer(message_id, call_id, result)
        return Sent(event, self.session(session_id), "waiting_for_tool")

    def recall(self, scope: str, key: str | None) -> Sent | None:
        """What this idempotency key sent before, with the state as it is now."""
        event = self.store.recall(scope, key) if key else None
        if event is None:
            return None
        turn = self.ledger(event.session_id).turns[str(event.message_id)]
        return Sent(event, self.session(event.session_id), turn.status)

    @property
    def _user(self) -> JsonObject:
        return USER if self.org_id is None else {"type": "user", "id": self.org_id}

    def _named(self, block: JsonObject) -> JsonObject:
        """Add the name of the file that a block refers to: nobody can ask for it later (U6)."""
        for file_id in file_ids([block]):
            file = self.store.file(file_id)
            if file is None or self.org_id not in (None, file.org_id):
                raise Refusal(400, f"Unknown file_id {file_id!r}")
            block = {**block, "filename": file.filename}
        return block

    def _check_open(self, session_id: str, message_id: str, call_id: str) -> None:
        if self.store.session_of_message(message_id) != session_id:
            raise Refusal(404, f"No message {message_id!r} in this session")
        if self.turns.waiting.has(message_id, call_id):
            return
        events: list[Event] = [record.to_event() for record in self.store.events(session_id)]
        if not any(
            event.turn_id == message_id and event.data.get("tool_call_id") == call_id
            for event in events
        ):
            raise Refusal(404, f"No tool call {call_id!r} in this message")
        raise Refusal(409, f"Tool call {call_id!r} does not wait for a result")


def _unknown_llm(llm_id: str, llms: list[str]) -> str:
    known = f"this version has {', '.join(llms)}" if llms else "this version has none to choose"
    return f"Unknown llm_id {llm_id!r}: {known}"
