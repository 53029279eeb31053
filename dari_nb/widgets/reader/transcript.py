"""The view for reading: any number of items, of which a page holds those near to what is seen."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

import traitlets

from ...errors import DariError
from ...models import TimelineItem
from ...render import Head, head_html, item_html, markdown, text
from ..pace import Pace
from ..packing import packed
from ..view import STATIC, View
from .outline import Outline
from .wire import All, Row, Rows

#: Rows in one message, about 700 kB.
ROWS = 5_000
#: Items that come with the rows.
FIRST = 24
#: Characters of HTML in one answer.
ANSWER_CHARS = 500_000

Read = Callable[[], tuple[Sequence[TimelineItem], Head]]
Events = Callable[[TimelineItem], Sequence[dict[str, Any]]]
Link = Callable[[TimelineItem], str]


class TranscriptView(View):
    """A transcript to find one's way in: find, filter, jump, copy, and the JSON behind it.

    The page has an outline of all items and fetches what it shows; so 10,000 items cost it no
    more than 100. Items are compared by identity, as in :class:`LiveTranscript`.

    >>> view = TranscriptView()
    >>> view.show([], Head("librarian", state="completed"))
    >>> view.state
    'completed'

    Args:
        events: Gives the events behind an item in the API's shape, for its raw form.
        link: Gives a text that leads back to an item.

    Attributes:
        state: Status word, taken from the head at each update.
        head: HTML of the line above the items, taken from the head at each update.
        at: Id of the item to begin with; the beginning by default.
        height: Most pixels that the list takes; 0 leaves it to the page.
    """

    _esm = STATIC / "reader.js"
    _css = STATIC / "reader.css"

    state = traitlets.Unicode("").tag(sync=True)
    head = traitlets.Unicode("").tag(sync=True)
    at = traitlets.Unicode("").tag(sync=True)
    height = traitlets.Int(0).tag(sync=True)

    def __init__(
        self, *, events: Events | None = None, link: Link | None = None, **traits: Any
    ) -> None:
        self._lock = threading.RLock()
        self._agent = "Agent"
        self._outline = Outline(lambda item: item_html(item, agent=self._agent))
        self._events = events
        self._link = link
        self._read: Read | None = None
        self._n = 0
        self._pace = Pace(self._send_next)
        super().__init__(**traits)
        self.answer("rows", self._answer_rows)
        self.answer("fragments", self._answer_fragments)
        self.answer("find", self._answer_find)
        self.answer("raw", self._answer_raw)
        self.answer("copy", self._answer_copy)

    def show(self, items: Sequence[TimelineItem], head: Head) -> None:
        """Show these items before it returns."""
        with self._lock:
            self._read = lambda: (items, head)
        self._send_next()

    def update_from(self, read: Read) -> None:
        """Show soon what ``read`` gives then; call it in a running loop, as often as you like."""
        with self._lock:
            self._read = read
        self._pace.soon()

    def close(self) -> None:
        """End the widget; views of it vanish, and later updates are ignored."""
        with self._lock:
            self._read = None
        super().close()

    def _send_next(self) -> bool:
        with self._lock:
            read, self._read = self._read, None
            if read is None:
                return False
            items, head = read()
            self._show_head(head)
            first = self._outline.update(items)
            if first is not None:
                self._send_rows(first)
        return False

    def _show_head(self, head: Head) -> None:
        self._agent = head.title
        with self.hold_sync():
            self.head = head_html(head)
            self.state = head.state or self.state

    def _send_rows(self, first: int) -> None:
        total = len(self._outline)
        for start in range(first, max(total, first + 1), ROWS):
            self._n += 1
            rows = self._outline.rows(start)[:ROWS]
            self.send(Rows(kind="rows", n=self._n, first=start, total=total), [packed(rows)])

    def _answer_rows(self, _body: Any) -> tuple[All, list[bytes]]:
        """All rows, and the items that are seen first, so that a page need not ask for them."""
        with self._lock:
            rows: list[Row] = self._outline.rows()
            parts = [packed(rows[start : start + ROWS]) for start in range(0, len(rows), ROWS)]
            ids = self._outline.ids_from(self.at, FIRST)
            pieces = packed(list(self._outline.pieces(ids, ANSWER_CHARS)))
            return All(n=self._n, parts=len(parts)), [*parts, pieces]

    def _answer_fragments(self, body: Any) -> tuple[None, list[bytes]]:
        with self._lock:
            ids = [str(item_id) for item_id in body["ids"]]
            return None, [packed(list(self._outline.pieces(ids, ANSWER_CHARS)))]

    def _answer_find(self, body: Any) -> list[tuple[str, int]]:
        with self._lock:
            return self._outline.find(str(body["query"]))

    def _answer_raw(self, body: Any) -> str:
        item = self._item(body)
        if self._events is None:
            return _laid_out(item.to_dict())
        return _laid_out({"item": item.to_dict(), "events": list(self._events(item))})

    def _answer_copy(self, body: Any) -> str:
        item, form = self._item(body), body.get("form")
        if form == "json":
            return _laid_out(item.to_dict())
        if form == "markdown":
            return markdown([item])
        if form == "link":
            return self._link(item) if self._link else item.id
        return text([item])

    def _item(self, body: Any) -> TimelineItem:
        with self._lock:
            item = self._outline.item(str(body.get("id")))
        if item is None:
            raise DariError("This item is no longer there.")
        return item


def _laid_out(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
