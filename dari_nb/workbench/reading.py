"""Transcripts in the view for reading: those that are done, and those that go on."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..models import Event, TimelineItem, ToolCallItem
from . import host
from .kept import Kept

if TYPE_CHECKING:
    from ..render import Head
    from ..widgets import TranscriptView
    from .session import Session
    from .transcript import Transcript

KEPT_ITEMS = 200
"""Items of the paper that a saved notebook keeps of a view; the last ones of a longer one."""

Read = Callable[[], tuple[Sequence[TimelineItem], "Head"]]


def transcript_view(transcript: Transcript, at: str | None, height: int | None) -> TranscriptView:
    """View a transcript as it stands; see :meth:`Transcript.view`."""
    from ..widgets import TranscriptView

    view = TranscriptView(at=at or "", height=height or 0)
    view.show(transcript.items, transcript.head())
    _keep(view, lambda: (transcript.items, transcript.head()))
    return view


def session_view(session: Session, at: str | None, height: int | None) -> TranscriptView:
    """View a session and what comes of it; see :meth:`Session.view`."""
    from ..widgets import TranscriptView

    def read() -> tuple[Sequence[TimelineItem], Head]:
        return session.feed.timeline(), session.head()

    session.feed.add(session.events())
    view = TranscriptView(
        events=lambda item: events_of(session, item),
        link=lambda item: link_to(session, item),
        at=at or "",
        height=height or 0,
    )
    view.show(*read())
    kept = _keep(view, read)

    def changed() -> None:
        view.update_from(read)
        if session.feed.is_at_rest:
            kept.refresh()

    follow_while_open(session, view, changed)
    return view


def _keep(view: TranscriptView, read: Read) -> Kept:
    return Kept(view, lambda: kept_paper(*read()), lambda: host.print_items(*read()))


def kept_paper(items: Sequence[TimelineItem], head: Head) -> dict[str, str]:
    """The paper that a saved notebook keeps of a view."""
    from ..render import paper

    return paper(items[-KEPT_ITEMS:], head)


def follow_while_open(
    session: Session, view: TranscriptView, changed: Callable[[], object]
) -> None:
    """Follow a session until the view is closed; ``changed`` is called on the background loop."""
    following = session.dari.run(_follow(session, changed))
    following.add_done_callback(_forget_failure)
    view.on_close(following.cancel)


async def _follow(session: Session, changed: Callable[[], object]) -> None:
    with session.feed.listening(changed):
        await session.feed.follow_on()


def _forget_failure(following: concurrent.futures.Future[None]) -> None:
    """A view whose stream broke shows what it has; the next call of anything tells why."""
    if not following.cancelled():
        following.exception()


def events_of(session: Session, item: TimelineItem) -> list[dict[str, Any]]:
    """The events behind an item, in the API's own shape."""
    return [event.to_dict() for event in session.feed.events if _belongs(event, item)]


def link_to(session: Session, item: TimelineItem) -> str:
    """Python that leads back to an item."""
    return f'dari_nb.current().sessions.get("{session.id}").view(at="{item.id}")'


def _belongs(event: Event, item: TimelineItem) -> bool:
    if isinstance(item, ToolCallItem):
        return event.data.get("tool_call_id") == item.tool_call_id
    return event.id == item.id or (
        item.id.startswith(f"{item.message_id}:") and event.turn_id == item.message_id
    )
