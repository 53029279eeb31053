"""The server's state, and what runs beside the requests."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine, Sequence
from typing import Any

from ...errors import InvalidRequestError
from ..bundles.allowances import Allowances
from ..bundles.bundles import Bundles
from ..llm import Llms, PublishedAgents, SessionSecrets
from ..playback.deck import Deck
from ..runtime.agent_resolver import AgentResolver
from ..runtime.drafts import Drafts
from ..runtime.folds import Folds
from ..runtime.pending import PendingCalls
from ..runtime.registry import Registry
from ..runtime.scheduler import Scheduler
from ..store import EventLog, Store
from ..store.notifier import Notifier
from ..store.records import VersionRecord
from ..webhooks.dispatcher import BACKOFF, Dispatcher
from ..workspaces.workspaces import Workspaces


class Service:
    """A running Dari; used on the server's loop.

    Args:
        store: The truth.
        registry: The functions of its agents.
        step_delay: Seconds between the steps of a turn.
        cost_delay: Seconds after which a reported cost can be seen.
        workspaces: The folders of sessions; temporary ones by default.
        webhook_backoff: Seconds before each further try of a webhook.
        webhook_tls: What HTTPS receivers of webhooks must prove.
        llms: The LLMs of the server; none of its own by default.
        allowances: What organizations may do; the least by default.

    Attributes:
        log: Where ledgers grow.
        notifier: Wakes the readers of a ledger.
        folds: Looks at folded ledgers.
        replays: Held by the one reader of a long ledger whose turn it is.
        pending: The external tool calls that wait for their answers.
        drafts: What running turns are writing.
        deck: Plays a tape, and records on it.
        tape_trouble: What kept the tape from being written to its end.
        credentials: Values by name, by organization; in memory only.
        secrets: What sessions were given that nobody gets to see again; in memory only.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        step_delay: float = 0.0,
        cost_delay: float = 0.0,
        workspaces: Workspaces | None = None,
        webhook_backoff: Sequence[float] = BACKOFF,
        webhook_tls: ssl.SSLContext | None = None,
        llms: Llms | None = None,
        allowances: Allowances | None = None,
    ) -> None:
        self.store = store
        self.allowances = allowances or Allowances(store)
        self.log = EventLog(store)
        self.notifier = Notifier()
        self.folds = Folds(store)
        self.pending = PendingCalls()
        self.drafts = Drafts(self.notifier.ring)
        self.replays = asyncio.Lock()
        self.workspaces = workspaces or Workspaces()
        self.bundles = Bundles(store)
        self.llms = llms or Llms()
        self.credentials: dict[str, dict[str, str]] = {}
        self.secrets: dict[str, SessionSecrets] = {}
        self.registry = registry
        self.published = self._published_agents()
        resolver = AgentResolver(store, registry, self.published)
        self.deck = Deck(store, self.workspaces, registry, resolver)
        self.scheduler = Scheduler(
            *(store, self.log, resolver, step_delay, cost_delay),
            folds=self.folds,
            pending=self.pending,
            drafts=self.drafts,
            workspaces=self.workspaces,
            bundles=self.bundles,
            unasked=self.deck.drop,
            save_files=self.deck.save_files,
        )
        self.dispatcher = Dispatcher(
            store, self.log, self.pending.has, webhook_backoff, webhook_tls
        )
        self.log.follow(self.notifier.on_events)
        self.log.follow(self.dispatcher.on_events)
        self.tape_trouble: InvalidRequestError | None = None
        self.log.follow(self.deck.on_events)
        self.drafts.follow(self.deck.drafted)
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """End all streams, replays and turns."""
        self.notifier.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.scheduler.stop()
        try:
            self.deck.close()
        except InvalidRequestError as error:
            self.tape_trouble = error
        await self.dispatcher.stop()
        await self.llms.sender.close()

    def keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the requests until it ends or the server stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def rest(self, session_id: str) -> None:
        """Wait until no turn of this session runs or is queued."""
        bell = self.notifier.listen(session_id)
        try:
            while self.scheduler.is_busy(session_id):
                bell.clear()
                await bell.wait()
        finally:
            self.notifier.leave(session_id, bell)

    def llms_of(self, version: VersionRecord) -> list[str]:
        """What a session of this version can choose from: its options, and the server's LLMs."""
        is_code = version.manifest.get("harness") == "local"
        return list(dict.fromkeys([*version.llms, *(() if is_code else self.llms.named)]))

    def _published_agents(self) -> PublishedAgents:
        return PublishedAgents(
            self.bundles,
            self.llms,
            self.allowances.of,
            lambda org_id: self.credentials.get(org_id, {}),
            lambda session_id: self.secrets.get(session_id, SessionSecrets()),
        )
