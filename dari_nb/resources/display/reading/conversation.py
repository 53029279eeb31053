"""What views need of the session that they show, and of those that share its beginning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from .... import models
from ....models import TimelineItem
from ....widgets.reader.wire import Branch

if TYPE_CHECKING:
    from ....render import Head
    from ...connection import Link
    from ...connection.feed import Feed
    from ...tools.toolbox import Toolbox


class ForkTree(Protocol):
    """What a view needs of the sessions that a session shares its beginning with."""

    @property
    def can_fork(self) -> bool:
        """Whether the server can."""

    @property
    def branches(self) -> list[Branch]:
        """Where it parts from others."""

    @property
    def again(self) -> Callable[[str, str], tuple[Conversation, str]]:
        """Asks a text in the place of a message's."""

    def learn(self) -> None:
        """Ask where they part."""

    def where(self) -> list[str]:
        """Which branch it is, in words."""

    def step(self, message_id: str, by: int) -> tuple[Conversation, str]:
        """The session in which another was asked at a message's place, and what that is."""

    def compared(self, message_id: str) -> Sequence[tuple[Conversation, str]]:
        """All that was asked at a message's place, each with its session."""


class Conversation(Protocol):
    """What a view needs of the session that it shows."""

    resource: models.Session
    agent_name: str
    _link: Link

    @property
    def _feed(self) -> Feed: ...

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def llm_id(self) -> str | None:
        """Its LLM."""

    @property
    def _tools(self) -> Toolbox: ...

    def events(self) -> list[models.Event]:
        """Ask for its ledger's events."""

    def head(self) -> Head:
        """What is said above it."""

    def _turn_of(self, sent: models.SendResult) -> object: ...

    @property
    def _fork_tree(self) -> ForkTree: ...

    def _way_to(self, item: TimelineItem) -> str:
        """Python that leads back to an item."""
