"""The view for reading: any number of items, of which a page holds those near to what is seen."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import traitlets

from ...errors import DariError
from ...models import TimelineItem
from ...render import GrowingItems, Head, head_html, markdown, text
from ..object_traits import object_trait
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


class Branching(Protocol):
    """What a page can ask of the branches of a session, by its turns' ids."""

    def prompt(self, turn: str) -> str:
        """What was asked in a turn."""

    def step(self, turn: str, by: int) -> Future[str]:
        """Show the branch so many further on; gives the turn at the same place there."""

    def again(self, turn: str, text: str) -> Future[str]:
        """Ask a text in the place of a turn's; gives the new turn, which is shown."""

    def compare(self, turn: str) -> Future[str]:
        """Give the branches side by side, as HTML."""


Events = Callable[[TimelineItem], Sequence[dict[str, Any]]]
Link = Callable[[TimelineItem], str]


class TranscriptView(View):
    """A transcript to find one's way in: find, filter, jump, copy, and the JSON behind it.

    The page has an outline of all items and fetches what it shows; so 10,000 items cost it no
    more than 100. Items are compared by identity, as in :class:`LiveTranscript`.

    >>> view = turn.wait().session.transcript().view(height=400)
    >>> view.status, view.height
    ('completed', 400)

    Args:
        events: Gives the events behind an item in the API's shape, for its raw form.
        link: Gives a text that leads back to an item.
        watch: Called when the reader presses the button beside the note, who is told what a
            future that it returns raises.
        branching: What the page can ask of other branches, where there can be any.

    Attributes:
        session: What it is a transcript of, where it is one of a session; ``None`` otherwise.
        active: The item that the reader is at, a ``TimelineItem``, or ``None``. Set it, or its
            id, to go there.
        status: Status word of the last message as the API has it (``queued``, ``running``,
            ``waiting_for_tool``, ``completed``, ``failed``), ``disconnected`` when that is not
            known any more, or empty; read-only.
        head: HTML of the line above the items, taken from the head at each update; read-only.
        height: Most pixels that the list takes; 0 leaves it to the page.
        branches: Messages in whose place others were asked in other sessions; read-only.
        can_fork: Whether a message can be edited and asked again; read-only.
        note: What is said about the turn that runs, or is not watched; read-only.
        watch: What the button beside it says; empty when there is none; read-only.
    """

    _esm = STATIC / "reader.js"
    _css = STATIC / "reader.css"

    session = object_trait()
    active = object_trait(lambda item, view: view._outline.id_of(item))  # noqa: SLF001
    status = traitlets.Unicode("", read_only=True).tag(sync=True)
    head = traitlets.Unicode("", read_only=True).tag(sync=True)
    height = traitlets.Int(0).tag(sync=True)
    branches = traitlets.List(traitlets.Dict(), read_only=True).tag(sync=True)
    can_fork = traitlets.Bool(False, read_only=True).tag(sync=True)
    note = traitlets.Unicode("", read_only=True).tag(sync=True)
    watch = traitlets.Unicode("", read_only=True).tag(sync=True)

    def __init__(
        self,
        *,
        events: Events | None = None,
        link: Link | None = None,
        watch: Callable[[], Future[None] | None] | None = None,
        branching: Branching | None = None,
        **traits: Any,
    ) -> None:
        self._lock = threading.RLock()
        self._agent = "Agent"
        rendered = GrowingItems()
        self._outline = Outline(lambda item: rendered.html(item, agent=self._agent))
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
        if watch is not None:
            self.answer("watch", lambda _: watch())
        if branching is not None:
            self.answer("prompt", lambda body: branching.prompt(str(body["turn"])))
            self.answer("branch", lambda body: branching.step(str(body["turn"]), int(body["by"])))
            self.answer("again", lambda body: branching.again(str(body["turn"]), body["text"]))
            self.answer("compare", lambda body: branching.compare(str(body["turn"])))

    def show(self, items: Sequence[TimelineItem], head: Head) -> None:
        """Show these items before it returns."""
        self._read = lambda: (items, head)
        self._send_next()

    def update_from(self, read: Read) -> None:
        """Show soon what ``read`` gives then; call it as often as you like, it never waits."""
        self._read = read
        self._pace.soon()

    def watching(self, note: str, label: str) -> None:
        """Say what is to be said about the turn, and what a button would do."""
        self.update_traits(note=note, watch=label)

    def close(self) -> None:
        """End the widget; views of it vanish, and later updates are ignored.

        >>> view = session.view()
        >>> view.close()
        """
        with self._lock:
            self._read = None
        super().close()

    def _send_next(self) -> bool:
        with self._lock:
            if self._read is None:
                return False
            items, head = self._read()
            self._agent = head.title
            self.update_traits(head=head_html(head))
            active = self._outline.id_of(self.active)
            first = self._outline.update(items)
            if first is not None:
                self._send_rows(first)
                # The page may choose one meanwhile: only what was chosen is looked up anew.
                if active:
                    self.active = self._outline.item(active)
        # Whoever observes it may take its time.
        self.set_trait("status", head.state)
        return False

    @traitlets.validate("active")
    def _valid_selected(self, proposal: Any) -> TimelineItem | None:
        wanted = proposal.value
        if wanted is None:
            return None
        if not isinstance(wanted, str | TimelineItem):
            raise traitlets.TraitError(f"{wanted!r} is no item.")
        with self._lock:
            item_id = wanted if isinstance(wanted, str) else self._outline.id_of(wanted)
            item = self._outline.item(item_id)
        if item is None:
            raise traitlets.TraitError(f"There is no item {item_id!r} in this transcript.")
        return item

    def _send_rows(self, first: int) -> None:
        total = len(self._outline)
        for start in range(first, max(total, first + 1), ROWS):
            self._n += 1
            buffers = [packed(self._outline.rows(start)[:ROWS])]
            if start == first and (growths := self._outline.growths(first)):
                buffers.append(packed(growths))
            self.send(Rows(kind="rows", n=self._n, first=start, total=total), buffers)

    def _answer_rows(self, _body: Any) -> tuple[All, list[bytes]]:
        """All rows, and the items that are seen first, so that a page need not ask for them."""
        with self._lock:
            rows: list[Row] = self._outline.rows()
            parts = [packed(rows[start : start + ROWS]) for start in range(0, len(rows), ROWS)]
            at = self._outline.id_of(self.active)
            ids = self._outline.ids_from(at, FIRST)
            pieces = packed(list(self._outline.pieces(ids, ANSWER_CHARS)))
            return All(n=self._n, parts=len(parts)), [*parts, pieces]

    def _answer_fragments(self, body: Any) -> tuple[None, list[bytes]]:
        with self._lock:
            ids = [str(item_id) for item_id in body["ids"]]
            return None, [packed(list(self._outline.pieces(ids, ANSWER_CHARS)))]

    def _answer_find(self, body: Any) -> list[str]:
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
            raise DariError("This item is no longer there.", code="item_not_found")
        return item


def _laid_out(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
