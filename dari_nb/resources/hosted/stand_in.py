"""The local Dari that stands in for one elsewhere while a tape is in."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import current_thread, main_thread
from weakref import WeakSet

from ... import models
from ...errors import ConnectionFailedError, TimedOutError
from ...local import LocalDari
from ...local.playback.player import UNKNOWN
from ...models import Content, Message
from ...tapes import Tape, read_tape
from ...tapes.tape import mode_of
from ..connection import Link, Proxy
from .forwarding import Forwarder
from .remote import Remote

_AT_ONCE = 8
_UNREACHED = "{error} What is on the tape plays; what is not cannot be asked now."
_AGAIN = (
    "{link} is asked the {turns} before this one first, which played from the tape: that costs "
    "{cost} again."
)
_log = logging.getLogger(__name__)
_inserted: WeakSet[StandIn] = WeakSet()


class StandIn:
    """A local Dari with the agents of another one, which it asks for what its tape has not.

    Args:
        link: The wire to the other one.
        tape: The tape.

    Attributes:
        given: The tape, whether it is in or not.
        link: The wire to the stand-in.
    """

    def __init__(self, link: Link, tape: Tape) -> None:
        self.given = tape
        self._far_link = link
        self._remote = Remote(link.base_url, link.another_client, tape.files)
        # Whether a session has the internet is a matter of the other one, where it runs.
        self._server = LocalDari(demo_agents=False, internet_access=True, cost_delay=0.0).start()
        self._proxy = Proxy(link, self._warn, self._take_in_agents)
        self.link = Link(
            *(self._server.url, self._server.api_key),
            proxy=self._proxy,
            deck=self._server,
        )

    @property
    def tape(self) -> Tape | None:
        """The tape, if it is in."""
        return self._server.tape

    def begin(self) -> None:
        """Put the tape in; where it is in already, begin another recording on it.

        Raises:
            InvalidRequestError: The file cannot be used.
            TapeError: It is no tape, or a line is broken.
            DariError: The agents of the other Dari cannot be listed.
        """
        if self._server.tape is not None:
            self._server.insert(self.given)
            return
        for other in list(_inserted):
            if other.given.file == self.given.file:
                other.end()
        self._proxy.is_alone = mode_of(self.given) == "play"
        if not self._proxy.is_alone:
            self._take_in_agents()
        self._server.insert(self.given)
        _inserted.add(self)

    def end(self) -> None:
        """Take the tape out; sessions that were made with it go on without.

        Raises:
            InvalidRequestError: The tape could not be written.
        """
        self._server.eject()
        _inserted.discard(self)

    def close(self) -> None:
        """End it.

        Raises:
            DariError: The tape could not be written.
        """
        _inserted.discard(self)
        self.link.close()
        self._server.stop()

    def _take_in_agents(self) -> None:
        """Offer the agents of the other Dari, as they are now.

        Where that cannot be reached, those that the tape knows are left, if there are any.
        """
        try:
            agents = self._far_link.client.agents.list()
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                versions = list(pool.map(self._version, agents))
        except (ConnectionFailedError, TimedOutError) as error:
            if mode_of(self.given) == "record" or not _has_turns(self.given):
                raise
            _say(_UNREACHED.format(error=error))
            return
        for agent, version in zip(agents, versions, strict=True):
            if version is not None and agent.name.strip():
                manifest = version.to_dict().get("manifest")
                sandbox = manifest.get("sandbox") if isinstance(manifest, dict) else None
                internet = isinstance(sandbox, dict) and bool(sandbox.get("internet_access"))
                remote, near = self._remote, self.link.another_client
                self._server.take_in(agent, version, Forwarder(remote, near, agent.id, internet))

    def _version(self, agent: models.Agent) -> models.AgentVersion | None:
        if agent.active_version_id is None:
            return None
        return self._far_link.client.agents.version(agent.id, agent.active_version_id)

    def _warn(self, session_id: str, content: Content) -> None:
        """Say what has to be asked again before something is asked in a session."""
        if not self._server.asks_live(session_id, content):
            return
        messages = self.link.client.sessions.messages(session_id)
        missing = self._remote.missing(self._remote.sessions.get(session_id), messages)
        if missing:
            turns = "turn" if len(missing) == 1 else f"{len(missing)} turns"
            cost = self._cost_of(missing)
            _say(_AGAIN.format(link=self._far_link, turns=turns, cost=cost))

    def _cost_of(self, messages: Iterable[Message]) -> str:
        costs = self._server.recorded_costs
        told = [costs.get(one.original_id or one.id) for one in messages]
        known = [Decimal(cost) for cost in told if cost and cost != UNKNOWN]
        if not known:
            return "an unknown amount"
        at_least = "" if len(known) == len(told) else "at least "
        return f"about {at_least}{sum(known):f} US dollars"


def _has_turns(tape: Tape) -> bool:
    return tape.file.is_file() and bool(read_tape(tape.file).turns)


def _say(text: str) -> None:
    """Print something, or, where a cell is not what asks, leave it to who reads logs."""
    if current_thread() is main_thread():
        print(text)  # noqa: T201
    else:
        _log.warning("%s", text)
