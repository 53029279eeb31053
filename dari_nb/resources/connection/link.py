"""What asks a Dari, what streams from it, and what is known of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable
from weakref import WeakSet, finalize

from ... import models
from ...client import AsyncClient, Client
from ...errors import ConflictError, DariError, InvalidRequestError, NotFoundError
from ...models import Content, parse_time
from .background import background

if TYPE_CHECKING:
    from ...local import LocalDari

T = TypeVar("T")
_BEFORE = (
    "This session began before the tape was put in, and is not on it: begin a new session, or take "
    "the tape out first."
)
_ALONE = "A tape plays, and nobody is asked: take it out to publish, or use the mode auto."


@runtime_checkable
class Linked(Protocol):
    """What is reached through a link, and keeps it."""

    @property
    def _link(self) -> Link: ...


class AtHand:
    """What begins anew each time that it is used: where the connection leads at that moment.

    Args:
        link: The connection's own, or that of what stands in.
    """

    def __init__(self, link: Link) -> None:
        self._given = link.proxy.link if link.proxy is not None else link

    @property
    def _link(self) -> Link:
        return self._given.at_hand


@dataclass
class Proxy:
    """For whom somebody stands in while a tape is in.

    Attributes:
        link: The wire to who is meant.
        warn: Says what somebody should know before they send something into a session.
        renew: Takes in the agents as they are now.
        is_alone: Whether the tape only plays, so that nobody is asked.
    """

    link: Link
    warn: Callable[[str, Content], None]
    renew: Callable[[], None]
    is_alone: bool = False


class Link:
    """The wire to one Dari, which all objects of a connection share.

    Attributes:
        base_url: Where it is.
        server: The embedded local Dari, or ``None`` when the server is elsewhere.
        deck: The local Dari that a tape may be in: the embedded one, or what this is the wire to.
        stand_in: The wire to what stands in for it while a tape is in, if one is.
        proxy: For whom it stands in itself, if it does.
        is_closed: Whether :meth:`close` was called.
        ended_here: The sessions of which a turn was to be ended from here.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        server: LocalDari | None = None,
        *,
        proxy: Proxy | None = None,
        deck: LocalDari | None = None,
    ) -> None:
        self.base_url = base_url
        self.server = server
        self.deck = server or deck
        self.stand_in: Link | None = None
        self.proxy = proxy
        self.is_closed = False
        self.ended_here: set[str] = set()
        self._forgotten: finalize[..., Link] | None = None
        self._api_key = api_key
        self._agent_names: dict[str, str] = {}
        self._version_numbers: dict[str, int] = {}
        self._asked_versions: set[str] = set()
        self._on_sent: list[Callable[[], object]] = []
        self.begin()
        _links.add(self)

    def begin(self) -> None:
        """Open what a process must not share with those that it was forked from."""
        self._client = Client(self.base_url, self._api_key)
        self._streams: list[AsyncClient] = []
        if self._forgotten:
            self._forgotten.detach()
        # Whoever forgets a connection has not closed it.
        self._forgotten = finalize(self, _let_go, self._client, self._streams)
        self._forgotten.atexit = False
        self._tasks: set[asyncio.Task[Any] | None] = set()
        self._running: WeakSet[Future[Any]] = WeakSet()
        vars(self).pop("stream_client", None)

    @property
    def client(self) -> Client:
        """The endpoint level, for any thread but the background loop's.

        Raises:
            InvalidRequestError: The connection was closed.
        """
        self.check_open()
        return self._client

    @cached_property
    def stream_client(self) -> AsyncClient:
        """The client that the background loop uses; nothing else may."""
        known = self._client.extensions or None
        self._streams.append(AsyncClient(self.base_url, self._api_key, extensions=known))
        return self._streams[0]

    @property
    def account(self) -> int:
        """Stands for whom the server knows this connection as, in this process."""
        return hash((self.base_url, self._api_key))

    @property
    def at_hand(self) -> Link:
        """The link to what new things are made with."""
        return self.stand_in or self

    def before_sending(self, session_id: str, content: Content) -> None:
        """Say what somebody should know before they send something into a session.

        Raises:
            InvalidRequestError: The session began before the tape that is in was put in.
        """
        if self.stand_in is not None:
            raise InvalidRequestError(_BEFORE, code="tape_playing")
        if self.proxy is not None:
            self.proxy.warn(session_id, content)

    @property
    def asked(self) -> Link:
        """The link to what is asked where a tape is no matter: of agents and their versions."""
        now = self.stand_in
        is_alone = now is not None and now.proxy is not None and now.proxy.is_alone
        return now if now is not None and is_alone else self

    @contextlib.contextmanager
    def publishing(self) -> Iterator[Link]:
        """Where agents are published; what stands in for it has them then, too.

        Raises:
            InvalidRequestError: A tape plays, so that nobody is asked.
        """
        if self.asked is not self:
            raise InvalidRequestError(_ALONE, code="tape_playing")
        yield self
        if self.stand_in is not None and self.stand_in.proxy is not None:
            self.stand_in.proxy.renew()

    def another_client(self) -> AsyncClient:
        """A client of its own, for another loop than the background one."""
        return AsyncClient(self.base_url, self._api_key, extensions=self._client.extensions or None)

    def check_open(self) -> None:
        """Make sure that it was not closed.

        Raises:
            InvalidRequestError: It was.
        """
        if self.is_closed:
            raise InvalidRequestError(
                f"The connection to {self} is closed: connect again.", code="connection_closed"
            )

    def offers(self, extension: str) -> bool:
        """Whether the server has said that it offers something beyond the contract."""
        return extension in self._client.extensions

    @contextlib.contextmanager
    def hearing_of_messages(self, listener: Callable[[], object]) -> Iterator[None]:
        """Call a listener for each message that is sent from here, in whichever session."""
        self._on_sent.append(listener)
        try:
            yield
        finally:
            self._on_sent.remove(listener)

    def notify_sent(self) -> None:
        """Tell who listens that a message was sent; from any thread."""
        for listener in list(self._on_sent):
            listener()

    def cancel(self, session_id: str, message_id: str) -> Future[None]:
        """Have the server end a turn, from any thread; as :meth:`end_turn`."""
        return self.run(self.end_turn(session_id, message_id))

    async def end_turn(self, session_id: str, message_id: str) -> None:
        """Have the server end a turn (contract, section 18.3); one that has ended stays so."""
        self.ended_here.add(session_id)
        with contextlib.suppress(ConflictError):
            await self.stream_client.sessions.cancel(session_id, message_id)

    @property
    def is_local(self) -> bool:
        """Whether this is the embedded local Dari."""
        return self.server is not None

    @property
    def ends_with_kernel(self) -> bool:
        """Whether nothing is left of it when this process ends: an embedded Dari in memory."""
        return self.server is not None and self.server.path is None

    def know(self, agents: Iterable[models.Agent]) -> None:
        """Remember the names of agents that the server told of."""
        self._agent_names |= {agent.id: agent.name for agent in agents}

    def agent_name(self, agent_id: str | None) -> str:
        """Return an agent's name, asked for once; what stands for it when nothing tells it."""
        if agent_id is None:
            return "Agent"
        if agent_id not in self._agent_names:
            try:
                self.know([self.client.agents.get(agent_id)])
            except NotFoundError:  # it was deleted; its sessions can still be read
                self._agent_names[agent_id] = agent_id
            except DariError:
                return agent_id
        return self._agent_names[agent_id]

    def agent_names(self, agent_ids: Iterable[str | None]) -> list[str]:
        """Return the names of many, in order; of several new ones all agents are asked for."""
        wanted = list(agent_ids)
        new = {one for one in wanted if one} - self._agent_names.keys()
        if len(new) > 1:
            with contextlib.suppress(DariError):
                # What is not among them was deleted; its sessions can still be read.
                told = {agent.id: agent.name for agent in self.client.agents.list()}
                self._agent_names |= dict(zip(new, new, strict=True)) | told
        return [self.agent_name(agent_id) for agent_id in wanted]

    def know_versions(self, versions: Iterable[models.AgentVersion]) -> None:
        """Number all versions of an agent, from 1 in the order in which they were made."""
        made = [(parse_time(version.created_at), version.id) for version in versions]
        known = [(time, version_id) for time, version_id in made if time is not None]
        # Those of one moment are taken to be listed with the latest first (contract, U5).
        if known and known[0][0] >= known[-1][0]:
            known.reverse()
        if len(known) == len(made):
            known.sort(key=lambda pair: pair[0])
            self._version_numbers |= {id_: place for place, (_, id_) in enumerate(known, 1)}

    def learn_versions(self, agent_id: str | None, *version_ids: str | None) -> None:
        """Ask for the numbers of an agent's versions, unless these are known or were asked for."""
        new = {one for one in version_ids if one} - self._version_numbers.keys()
        if agent_id and new - self._asked_versions:
            self._asked_versions |= new
            with contextlib.suppress(DariError):
                self.know_versions(self.client.agents.versions(agent_id))

    def version_number(self, version_id: str | None) -> int | None:
        """Return a version's number, if it is known; never asks."""
        return self._version_numbers.get(version_id or "")

    def run(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the background loop until it ends or the link is closed.

        Raises:
            InvalidRequestError: It is closed.
        """
        if self.is_closed:
            work.close()
        self.check_open()
        future = background().run(self._tracked(work))
        self._running.add(future)
        return future

    def goes_on(self, work: Future[Any] | None) -> bool:
        """Whether this process runs it still."""
        return work is not None and not work.done() and work in self._running

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do the same from the background loop itself."""
        return asyncio.create_task(self._tracked(work))

    def close(self) -> None:
        """Close the connections, and end what runs on the background loop."""
        self.is_closed = True
        if self._forgotten:
            self._forgotten.detach()
        self._client.close()
        if "stream_client" in vars(self):
            background().run(self._close_streams()).result()

    def __str__(self) -> str:
        if self.proxy is not None:
            return str(self.proxy.link)
        return "the local Dari" if self.is_local else self.base_url

    async def _tracked(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            return await work
        finally:
            self._tasks.discard(task)

    async def _close_streams(self) -> None:
        running = [task for task in self._tasks if task is not None]
        for task in running:
            if not task.cancelling():
                task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self.stream_client.close()


def _let_go(client: Client, streams: Iterable[AsyncClient]) -> None:
    client.close()
    for stream in streams:
        background().run(stream.close())


_links: WeakSet[Link] = WeakSet()


def _restart() -> None:
    """Give a forked child connections of its own: those of its parent would be shared."""
    for link in _links:
        if not link.is_closed:
            link.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart)
