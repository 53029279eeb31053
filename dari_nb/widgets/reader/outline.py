"""A timeline as an outline, with what is needed to find one's way in it. No I/O."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence

from ...models import AssistantMessageItem, TimelineItem, ToolCallItem, UserMessageItem
from ...models.events import UNANSWERED
from ...render import state_text
from ..edits import edits
from .wire import Growth, Piece, Row

Render = Callable[[TimelineItem], str]

#: Characters of rendered items that are kept; what was longest out of use goes first.
KEPT_CHARS = 4_000_000

_KINDS = ((UserMessageItem, "user"), (AssistantMessageItem, "assistant"), (ToolCallItem, "tool"))
_PENDING = frozenset({"queued", "running", "waiting_for_tool", "requested"})


class Outline:
    """The items of a view, each with its row, its search text and, for a while, its HTML."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self._items: list[TimelineItem] = []
        self._rows: list[Row] = []
        self._place: dict[str, int] = {}
        self._rev: dict[str, int] = {}
        self._texts: dict[str, tuple[TimelineItem, str]] = {}
        self._html: OrderedDict[str, tuple[TimelineItem, str]] = OrderedDict()
        self._html_chars = 0
        self._written: dict[str, tuple[int, str]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def update(self, items: Sequence[TimelineItem]) -> int | None:
        """Take in the items as they are now; returns the first changed place, if any."""
        first = self._first_change(items)
        if first is None:
            return None
        taken = [row["id"] for row in self._rows[first:]]
        for item_id in taken:
            del self._place[item_id]
        before = {row["id"]: item for row, item in zip(self._rows, self._items, strict=True)}
        del self._rows[first:]
        for item in items[first:]:
            self._append(item, before)
        self._items = list(items)
        for item_id in taken:
            if item_id not in self._place:
                self._texts.pop(item_id, None)
        return first

    def rows(self, first: int = 0) -> list[Row]:
        """The rows from a place on."""
        return self._rows[first:]

    def ids_from(self, item_id: str, count: int) -> list[str]:
        """Ids from an item on; from the first one when there is none of this id."""
        place = self._place.get(item_id, 0)
        return [row["id"] for row in self._rows[place : place + count]]

    def id_of(self, item: TimelineItem | None) -> str:
        """The id that an item has here: its own, unless others before it have that, too."""
        if item is None or self.item(item.id) is item:
            return "" if item is None else item.id
        pairs = zip(self._rows, self._items, strict=True)
        return next((row["id"] for row, other in pairs if other is item), item.id)

    def item(self, item_id: str) -> TimelineItem | None:
        """The item of this id, or ``None``."""
        place = self._place.get(item_id)
        return None if place is None else self._items[place]

    def pieces(self, ids: Iterable[str], most_chars: int) -> Iterator[Piece]:
        """Render the items of these ids, at least one and no more than fit."""
        size = 0
        for item_id in ids:
            item = self.item(item_id)
            if item is None:
                continue
            html = self._rendered(item_id, item)
            size += len(html)
            yield Piece(id=item_id, rev=self._rev[item_id], html=html)
            if size > most_chars:
                return

    def growths(self, first: int) -> list[Growth]:
        """What is new of answers that are being written, and of those that take their places."""
        found = []
        for row, item in zip(self._rows[first:], self._items[first:], strict=True):
            if not isinstance(item, AssistantMessageItem) or not item.content:
                continue
            draft = f"{item.message_id}:pending"
            before = self._written.pop(draft, None)
            if before is None and row["id"] != draft:
                continue
            html = self._rendered(row["id"], item)
            base, known = before or (0, "")
            found.append(
                Growth(id=row["id"], of=draft, base=base, rev=row["rev"], edits=edits(known, html))
            )
            if row["id"] == draft:
                self._written[draft] = (row["rev"], html)
        for gone in self._written.keys() - self._place.keys():
            del self._written[gone]
        return found

    def find(self, query: str) -> list[str]:
        """The ids of the items that have the query, whatever the case."""
        query = query.casefold()
        if not query:
            return []
        return [row["id"] for place, row in enumerate(self._rows) if query in self._text(place)]

    def _first_change(self, items: Sequence[TimelineItem]) -> int | None:
        pairs = enumerate(zip(self._items, items, strict=False))
        differing = (place for place, (old, new) in pairs if old is not new)
        first = next(differing, min(len(self._items), len(items)))
        return None if first == len(self._items) == len(items) else first

    def _append(self, item: TimelineItem, before: dict[str, TimelineItem]) -> None:
        item_id = item.id
        while item_id in self._place:  # a server that gives an id twice, or none, loses nothing
            item_id += "'"
        if before.get(item_id) is not item:
            self._rev[item_id] = self._rev.get(item_id, 0) + 1
        self._place[item_id] = len(self._rows)
        self._rows.append(_row(item_id, item, self._rev[item_id]))

    def _rendered(self, item_id: str, item: TimelineItem) -> str:
        known = self._html.pop(item_id, None)
        html = known[1] if known and known[0] is item else self._render(item)
        self._html_chars += len(html) - (len(known[1]) if known else 0)
        self._html[item_id] = (item, html)
        while self._html_chars > KEPT_CHARS and len(self._html) > 1:
            _, (_, gone) = self._html.popitem(last=False)
            self._html_chars -= len(gone)
        return html

    def _text(self, place: int) -> str:
        item, item_id = self._items[place], self._rows[place]["id"]
        known = self._texts.get(item_id)
        if known is None or known[0] is not item:
            known = self._texts[item_id] = (item, _search_text(item).casefold())
        return known[1]


def _row(item_id: str, item: TimelineItem, rev: int) -> Row:
    kind = next((name for cls, name in _KINDS if isinstance(item, cls)), "other")
    tool = item.tool_name if isinstance(item, ToolCallItem) else ""
    flag = _flag(item)
    return Row(
        id=item_id,
        turn=item.message_id or "",
        kind=kind,
        tool=tool,
        flag=flag,
        label=_label(item, kind, tool),
        rev=rev,
        chars=_length(item),
    )


def _search_text(item: TimelineItem) -> str:
    """All that an item says, names and data included."""
    content = getattr(item, "content", None) or ()
    parts = [str(block.get("text") or block.get("reasoning") or "") for block in content]
    parts.append(getattr(item, "error_message", None) or "")
    if isinstance(item, ToolCallItem):
        parts += [item.tool_name, _data_text(item.arguments), _data_text(item.result)]
    return "\n".join(parts)


def _data_text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=str)


def _flag(item: TimelineItem) -> str:
    if getattr(item, "is_cancelled", False):
        return ""
    status = getattr(item, "status", "")
    failed = getattr(item, "is_error", None) or getattr(item, "error_message", None)
    if failed or status == "failed":
        return "error"
    return "pending" if status in _PENDING else ""


def _label(item: TimelineItem, kind: str, tool: str) -> str:
    """What a screen reader says of the row."""
    if kind == "tool":
        is_unanswered = getattr(item, "is_unanswered", False)
        state = UNANSWERED if is_unanswered else getattr(item, "status", "")
        return f"Tool call {tool}, {state_text(state)}"
    return {"user": "You", "assistant": "Answer"}.get(kind, item.type or "Item")


def _length(item: TimelineItem) -> int:
    content = getattr(item, "content", None) or ()
    return sum(len(str(block.get("text") or "")) for block in content)
