"""The marks of a turn, up to the first question that nobody has answered. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from ...models import AssistantMessageItem, TimelineItem
from ...render.timeline.fragments import PENDING
from ...render.timeline.marks import MarkItem
from ...tapes import Mark, Turn
from .scenes import Marked, scenes

MOST = 2000
"""Characters of a mark, and of its question, that are shown."""


class Passed(NamedTuple):
    """A mark that a reader has come to.

    Attributes:
        id: What it is known by.
        steps: After how many steps of its turn it stands.
        mark: The mark.
        answer: What was expected at it; ``None`` where nobody has answered or nothing is asked.
    """

    id: str
    steps: int
    mark: Mark
    answer: str | None

    @property
    def is_open(self) -> bool:
        """Whether it asks what nobody has answered."""
        return self.answer is None and asks(self.mark)

    @property
    def text(self) -> str:
        """What it says, or asks."""
        text = (self.mark.ask if asks(self.mark) else self.mark.mark) or ""
        return text if len(text) <= MOST else f"{text[:MOST]}…"


def asks(mark: Mark) -> bool:
    """Whether a mark stops the playback."""
    return bool(mark.ask and mark.ask.strip())


def passed(marks: Mapping[str, Marked], answers: Mapping[str, str]) -> Iterator[Passed]:
    """Give the marks of a turn, the first open question last.

    Args:
        marks: All of them by their ids, in their order.
        answers: What was answered, by ids.
    """
    for mark_id, (steps, mark) in marks.items():
        one = Passed(mark_id, steps, mark, answers.get(mark_id) if asks(mark) else None)
        yield one
        if one.is_open:
            return


def marked_items(
    turn: Turn, turn_id: str, most: int, marks: Sequence[Passed]
) -> list[TimelineItem]:
    """Give the items of a turn after some of its steps, each mark behind those seen before it.

    Args:
        turn: The turn.
        turn_id: What it is called in the items.
        most: How many steps.
        marks: The marks that were passed there.
    """
    stops = {one.steps for one in marks}
    seen: Sequence[TimelineItem] = ()
    counts = {0: 0}
    for steps, seen in enumerate(islice(scenes(turn, turn_id), most), 1):
        if steps in stops:
            counts[steps] = _count(seen)
    # Where something is asked, the question tells that more is to come.
    items = list(seen[: _count(seen)] if marks and marks[-1].is_open else seen)
    for number, one in enumerate(marks):
        # Each mark before it has taken a place.
        items.insert(counts[one.steps] + number, _item(one, turn_id))
    return items


def _item(one: Passed, turn_id: str) -> MarkItem:
    return MarkItem(
        id=f"mark:{one.id}",
        message_id=turn_id,
        text=one.text,
        asks=asks(one.mark),
        expected=one.answer,
    )


def _count(items: Sequence[TimelineItem]) -> int:
    """How many items there are without a last one that says only that an answer is to come."""
    match items:
        case [*_, AssistantMessageItem(content=[], status=status)] if status in PENDING:
            return len(items) - 1
    return len(items)
