"""Which objects become rows, decided before anything is made of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from ..models import Event, parse_time
from ..models.times import Since, since_time

T = TypeVar("T")


def events_of(
    events: Iterable[Event],
    *,
    kinds: str | Collection[str] | None = None,
    tools: str | Collection[str] | None = None,
    since: Since = None,
) -> Iterator[Event]:
    """Pass on the events that are asked for.

    Args:
        events: Events, each session's in order.
        kinds: Types, such as ``user.message``; one that ends in ``.`` stands for all that begin
            with it, such as ``tool.``.
        tools: Names of tools: then only the events of their calls, those that name just the call
            included.
        since: Only what came at this time or later; see :func:`dari_nb.models.times.since_time`.

    Raises:
        InvalidRequestError: ``since`` is no time.

    >>> events = turn.wait().session.events()
    >>> [event.type for event in dari.frames.events_of(events, kinds="tool.")][:2]
    ['tool.call_requested', 'tool.call_completed']
    """
    return later(_of_tools(_of_kinds(events, _names(kinds)), _names(tools)), since)


def later(things: Iterable[T], since: Since) -> Iterator[T]:
    """Return, as it comes, what was created at a time or later.

    What has no readable time is left out.

    Args:
        things: Events, messages or sessions.
        since: A time, a day, or how long ago, such as ``"2d"``; ``None`` for all.

    Raises:
        InvalidRequestError: ``since`` is no time.

    >>> len(list(dari.frames.later(session.events(limit=1), "1 hour")))
    1
    """
    if since is None:
        return iter(things)
    start = since_time(since)
    return (thing for thing in things if _is_since(getattr(thing, "created_at", None), start))


def _of_kinds(events: Iterable[Event], kinds: Collection[str] | None) -> Iterable[Event]:
    if kinds is None:
        return events
    whole = {kind for kind in kinds if not kind.endswith(".")}
    starts = tuple(kind for kind in kinds if kind.endswith("."))
    return (event for event in events if event.type in whole or event.type.startswith(starts))


def _of_tools(events: Iterable[Event], tools: Collection[str] | None) -> Iterator[Event]:
    if tools is None:
        yield from events
        return
    calls: set[tuple[str, Any]] = set()
    for event in events:
        if not event.type.startswith("tool."):
            continue
        call = (event.session_id, str(event.data.get("tool_call_id") or event.data.get("id")))
        if (event.data.get("tool_name") or event.data.get("name")) in tools:
            calls.add(call)
        if call in calls:
            yield event


def _names(names: str | Collection[str] | None) -> Collection[str] | None:
    return (names,) if isinstance(names, str) else names


def _is_since(text: str | None, start: datetime) -> bool:
    time = parse_time(text)
    return time is not None and time >= start
