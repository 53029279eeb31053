"""Turns in which the agent said nothing: a place of their own tells so, wherever they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

from ...models import AssistantMessageItem, TimelineItem, UserMessageItem
from .head import Head

_MOST_KEPT = 10_000


def with_silence(items: Sequence[TimelineItem], head: Head | None) -> Sequence[TimelineItem]:
    """Return the items, and behind each turn that ended without a text a place that says so.

    Args:
        items: Items in display order. A turn that goes on, or failed, has a place already.
        head: What is told of them: whether the last turn is done. Without it nothing is added.
    """
    if head is None:
        return items
    shown = list(items)
    turns = [list(turn) for _, turn in groupby(items, key=lambda item: item.message_id)]
    place = 0
    for turn in turns if head.state == "completed" else turns[:-1]:
        place += len(turn)
        if _is_silent(turn):
            shown.insert(place, _silence(turn[0].message_id))
            place += 1
    return shown


def _is_silent(turn: Sequence[TimelineItem]) -> bool:
    kinds = set(map(type, turn))
    return UserMessageItem in kinds and AssistantMessageItem not in kinds


@lru_cache(_MOST_KEPT)
def _silence(message_id: str | None) -> AssistantMessageItem:
    """The same object again: views compare items by identity."""
    return AssistantMessageItem(
        id=f"{message_id}:silence", message_id=message_id, status="completed"
    )
