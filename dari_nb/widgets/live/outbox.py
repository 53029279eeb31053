"""What the pages have been sent, and what they still lack. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from ...models import TimelineItem
from .wire import Fragment, encode

Render = Callable[[TimelineItem], str]
Since = Callable[[TimelineItem], float | None]

#: Characters of HTML in one buffer; JSON escapes keep it below a megabyte.
BATCH_CHARS = 500_000
#: Bytes of batches that are kept for a page that missed some; older gaps get a snapshot.
LOG_BYTES = 4_000_000


class Outbox:
    """Compares items by identity with what was sent, and makes numbered batches of the rest."""

    def __init__(self, render: Render, since: Since = lambda _: None) -> None:
        self.n = 0
        self._render = render
        self._since = since
        self._items: dict[str, TimelineItem] = {}
        self._fragments: dict[str, Fragment] = {}
        self._order: list[str] = []
        self._log: deque[tuple[int, bytes]] = deque()
        self._log_bytes = 0

    def changes(self, items: Sequence[TimelineItem]) -> Iterator[Fragment]:
        """Yield what the pages lack to show exactly ``items``; what is taken counts as sent.

        An item that stays in its relative place and is the same object is not yielded, so the
        iteration can be left at any point and begun anew with later items.
        """
        wanted = _by_id(items)
        for gone in [item_id for item_id in self._order if item_id not in wanted]:
            yield self._remove(gone)
        rank = {item_id: index for index, item_id in enumerate(self._order)}
        furthest, after = -1, None
        for item_id, item in wanted.items():
            place = rank.get(item_id, -1)
            if place <= furthest or self._items[item_id] is not item:
                yield self._put(item_id, item, after)
            furthest, after = max(place, furthest), item_id

    def pack(self, fragments: Sequence[Fragment]) -> tuple[int, bytes]:
        """Number a batch, and keep it for pages that miss it."""
        self.n += 1
        batch = (self.n, encode(fragments))
        self._log.append(batch)
        self._log_bytes += len(batch[1])
        while self._log_bytes > LOG_BYTES:
            self._log_bytes -= len(self._log.popleft()[1])
        return batch

    def since(self, first: int) -> list[tuple[int, bytes]] | None:
        """Return the batches from number ``first`` on; ``None`` when they are gone."""
        known = first > self.n or (self._log and self._log[0][0] <= first)
        return [batch for batch in self._log if batch[0] >= first] if known else None

    def snapshot(self) -> list[bytes]:
        """Return all that was sent, as it is now, in buffers of bounded size."""
        afters = [None, *self._order[:-1]]
        fragments = [
            Fragment(**{**self._fragments[item_id], "after": after})
            for item_id, after in zip(self._order, afters, strict=False)
        ]
        return [encode(part) for part in split(fragments)]

    def _put(self, item_id: str, item: TimelineItem, after: str | None) -> Fragment:
        turn, html = item.message_id or "", self._render(item)
        fragment = Fragment(id=item_id, turn=turn, after=after, html=html, since=self._since(item))
        self._place(item_id, after)
        self._items[item_id] = item
        self._fragments[item_id] = fragment
        return fragment

    def _place(self, item_id: str, after: str | None) -> None:
        if item_id in self._items:
            index = _last_index(self._order, item_id)
            if (self._order[index - 1] if index else None) == after:
                return
            del self._order[index]
        self._order.insert(0 if after is None else _last_index(self._order, after) + 1, item_id)

    def _remove(self, item_id: str) -> Fragment:
        del self._items[item_id], self._fragments[item_id]
        self._order.remove(item_id)
        return Fragment(id=item_id, turn="", after=None, html=None, since=None)


def split(fragments: Sequence[Fragment]) -> Iterator[Sequence[Fragment]]:
    """Cut fragments into parts of bounded size, each with at least one."""
    cuts, size = [0], 0
    for index, fragment in enumerate(fragments):
        size += len(fragment["html"] or "")
        if size > BATCH_CHARS and index > cuts[-1]:
            cuts.append(index)
            size = len(fragment["html"] or "")
    for start, end in pairwise([*cuts, len(fragments)]):
        yield fragments[start:end]


def _by_id(items: Sequence[TimelineItem]) -> dict[str, TimelineItem]:
    """Key items by id; a server that gives the same id twice, or none, loses nothing."""
    keyed: dict[str, TimelineItem] = {}
    for item in items:
        item_id = item.id
        while item_id in keyed:
            item_id += "'"
        keyed[item_id] = item
    return keyed


def _last_index(order: list[str], item_id: str) -> int:
    """Find from the end, where changes happen."""
    index = len(order) - 1
    while order[index] != item_id:
        index -= 1
    return index
