"""What the pages have been sent, and what they still lack. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import cast

from ...models import AssistantMessageItem, TimelineItem
from ..edits import edits
from .wire import Fragment, Growth, encode

Render = Callable[[TimelineItem], str]
Since = Callable[[TimelineItem], float | None]
Change = Fragment | Growth

#: Characters of HTML in one buffer; JSON escapes keep it below a megabyte.
BATCH_CHARS = 500_000
#: Bytes of batches that are kept for a page that missed some; older gaps get a snapshot.
LOG_BYTES = 4_000_000


class Outbox:
    """Compares items by identity with what was sent, and makes numbered batches of the rest."""

    def __init__(self, render: Render, since: Since = lambda _: None) -> None:
        self.n = 0
        self._rev = 0
        self._render = render
        self._since = since
        self._items: dict[str, TimelineItem] = {}
        self._fragments: dict[str, Fragment] = {}
        self._order: list[str] = []
        self._log: deque[tuple[int, bytes]] = deque()
        self._log_bytes = 0

    def changes(self, items: Sequence[TimelineItem], place: int = 0) -> Iterator[Change]:
        """Yield what the pages lack to show exactly ``items``; what is taken counts as sent.

        Before them stand ``place`` others, which are known to be as they were sent.

        An item that stays in its relative place and is the same object is not yielded, so the
        iteration can be left at any point and begun anew with later items. Of an item that grew
        where it stands only what is new is sent; an answer takes the place of its draft likewise.
        """
        same = self._untouched(items, place)
        first = place + same
        rank = {item_id: first + n for n, item_id in enumerate(self._order[first:])}
        wanted = _by_id(
            items[same:], lambda item_id: item_id in self._items and item_id not in rank
        )
        furthest, after = first - 1, self._order[first - 1] if first else None
        for item_id, item in wanted.items():
            draft = self._draft_of(item_id, item, wanted, after)
            if draft not in rank:
                draft = None
            place = rank.get(draft or item_id, -1)
            if place <= furthest or self._items.get(item_id) is not item:
                yield self._put(item_id, item, after, draft, stays=place > furthest)
            furthest, after = max(place, furthest), item_id
        for gone in [item_id for item_id in self._order[first:] if item_id not in wanted]:
            yield self._remove(gone)

    def _untouched(self, items: Sequence[TimelineItem], place: int) -> int:
        """How many items from a place on the pages have as they are; most, as a rule."""
        order = self._order[place:] if place else self._order
        sent = map(self._items.__getitem__, order)
        return next(
            (n for n, (old, new) in enumerate(zip(sent, items)) if old is not new),  # noqa: B905
            min(len(order), len(items)),
        )

    def pack(self, changes: Sequence[Change]) -> tuple[int, bytes]:
        """Number a batch, and keep it for pages that miss it."""
        self.n += 1
        batch = (self.n, encode(changes))
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

    def _draft_of(
        self, item_id: str, item: TimelineItem, now: Mapping[str, TimelineItem], after: str | None
    ) -> str | None:
        """The draft that stood where an answer comes, and that is no longer what it was."""
        draft = f"{item.message_id}:pending"
        before = self._items.get(draft)
        if not isinstance(item, AssistantMessageItem) or item_id in self._items:
            return None
        if not (isinstance(before, AssistantMessageItem) and before.content):
            return None
        if now.get(draft) is before:
            return None
        index = _last_index(self._order, draft)
        return draft if (self._order[index - 1] if index else None) == after else None

    def _put(
        self, item_id: str, item: TimelineItem, after: str | None, draft: str | None, *, stays: bool
    ) -> Change:
        self._rev += 1
        turn, html, since = item.message_id or "", self._render(item), self._since(item)
        fragment = Fragment(
            id=item_id, turn=turn, after=after, html=html, since=since, rev=self._rev
        )
        before = self._fragments.get(draft or item_id) if stays else None
        if draft is not None:
            self._order[_last_index(self._order, draft)] = item_id
            del self._items[draft], self._fragments[draft]
        else:
            self._place(item_id, after)
        self._items[item_id] = item
        self._fragments[item_id] = fragment
        return fragment if before is None else _growth(before, fragment, draft) or fragment

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
        return Fragment(id=item_id, turn="", after=None, html=None, since=None, rev=0)


def changed_size(change: Change) -> int:
    """Characters of HTML in a change."""
    if "edits" in change:
        return sum([len(text) for _, _, text in cast("Growth", change)["edits"]])
    return len(change["html"] or "")


def _growth(before: Fragment, after: Fragment, draft: str | None) -> Growth | None:
    """Tell two versions apart; ``None`` where the new one is better sent as a whole."""
    if draft is None and (before["since"], after["since"]) != (None, None):
        return None
    growth = Growth(
        id=after["id"] if draft else None,
        base=before["rev"],
        rev=after["rev"],
        edits=edits(before["html"] or "", after["html"] or ""),
    )
    is_small = 2 * changed_size(growth) < len(after["html"] or "")
    return growth if is_small or draft is not None else None


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


def _by_id(
    items: Sequence[TimelineItem], is_taken: Callable[[str], bool]
) -> dict[str, TimelineItem]:
    """Key items by id; a server that gives the same id twice, or none, loses nothing."""
    keyed: dict[str, TimelineItem] = {}
    for item in items:
        item_id = item.id
        while item_id in keyed or is_taken(item_id):
            item_id += "'"
        keyed[item_id] = item
    return keyed


def _last_index(order: list[str], item_id: str) -> int:
    """Find from the end, where changes happen."""
    index = len(order) - 1
    while order[index] != item_id:
        index -= 1
    return index
