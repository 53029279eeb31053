"""A run from elsewhere, held as sessions are."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ... import models
from ...errors import ConflictError, InvalidRequestError
from ..connection.feed import Feed
from .session import Session
from .transcript import Transcript

if TYPE_CHECKING:
    from ...models import TimelineItem
    from ...render import Head
    from ..connection import Link
    from ..display.reading.chat import Chat
    from .event_stream import EventStream
    from .turn import Turn
    from .workspace import Workspace


class _Whole(Feed):
    """A ledger of which nothing more comes."""

    async def follow(self, message_id: str | None = None) -> None:
        """Return at once."""


class RecordedSession(Session):
    """A transcript that is on no server, with all that can be read of a session.

    Args:
        link: The connection it is looked at through; asked for nothing.
        recording: The transcript, with its events.
    """

    def __init__(self, link: Link, recording: Transcript) -> None:
        super().__init__(link, recording.resource.session, recording.resource.agent.name or "Agent")
        self.recording = recording

    @cached_property
    def _feed(self) -> Feed:
        feed = _Whole(self._link, self.id)
        feed.add(self.recording.events)
        return feed

    @property
    def cost_usd(self) -> Decimal | None:
        """What the recording says it has cost, in US dollars."""
        return self.recording.cost_usd

    def refresh(self) -> models.Session:
        """Return what is known; nothing changes any more."""
        return self.resource

    def events(self, limit: int | None = None) -> list[models.Event]:
        """Return the events, oldest first."""
        return self.recording.events[:limit]

    def messages(self) -> list[models.Message]:
        """Return the messages in order."""
        return self.recording.records(models.Message)

    def transcript(self) -> Transcript:
        """Return the recording."""
        return self.recording

    def head(self) -> Head:
        """The head line of the recording."""
        return self.recording.head()

    def send(self, *_: Any, **__: Any) -> Turn:
        """Refuse: nobody is there to answer."""
        raise self._refusal()

    def chat(self, *_: Any, **__: Any) -> Chat:
        """Refuse: nobody is there to answer."""
        raise self._refusal()

    def stream(self, *, last_event_id: str | None = None) -> EventStream:
        """Refuse: nothing comes any more; :meth:`events` has all."""
        raise self._refusal()

    def workspace(self, *, paths: Sequence[str] = (), wait: float | None = None) -> Workspace:
        """Refuse, as for any session that has none."""
        raise ConflictError(
            409,
            "A recording has no workspace.",
            "GET",
            f"/sessions/{self.id}",
            code="not_supported",
        )

    def _way_to(self, item: TimelineItem) -> str:
        """The item's id: there is no other way to it."""
        return item.id

    def _refusal(self) -> InvalidRequestError:
        return InvalidRequestError(
            f"{self.id} is a recording: it can be read, and not gone on.", code="not_supported"
        )
