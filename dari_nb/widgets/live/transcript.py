"""The live view of a transcript: rendered items go to the page in numbered batches."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets

from ...models import TimelineItem, ToolCallItem, parse_time
from ...render import GrowingItems, Head, head_html, with_silence
from .._kernel import current_kernel_id
from ..pace import Pace
from ..questions import NOTHING, VERDICTS, Decide, Questions
from ..stopping import Stopped, Stops
from ..view import STATIC, View
from ..wire import Decision
from .outbox import BATCH_CHARS, Change, Outbox, changed_size
from .wire import Items, Snapshot

#: Seconds of rendering before a batch goes out, so that the first of many items show early.
BUDGET = 0.04
#: States after which nothing more comes.
ENDED = frozenset({"completed", "failed", "cancelled", "stopped"})
#: States of a tool call that has no result yet.
OPEN = frozenset({"requested", "running"})

Read = Callable[[], tuple[Sequence[TimelineItem], Head]]


class LiveTranscript(View):
    """Shows timeline items while they come, in any front end that shows widgets.

    Items are compared by identity, so pass the same objects again for what did not change (the
    fold does). Methods may be called from any thread; nothing is ever printed.

    >>> live = LiveTranscript(blocking=True)
    >>> live.show([], Head("librarian", state="running"))
    >>> live.state
    'running'

    Attributes:
        state: Status word that the bar shows; taken from the head at each update.
        head: HTML of the line above the items; taken from the head at each update.
        started: When the turn began, in seconds since the epoch; now by default.
        seconds: How long it took, once it has ended.
        blocking: Whether the cell waits for the turn. No message from the page reaches the kernel
            then, so Stop asks the Jupyter server to interrupt it.
        kernel_id: Id of this kernel on its Jupyter server; empty elsewhere.
        questions: Tool calls that wait for the reader's decision; see :meth:`ask`.
        note: What the turn waits for that nobody here answers.
        stop: What the button says that calls :meth:`on_stop`, or interrupts the kernel.

    Raises:
        TypeError: An argument is not one of these attributes.
    """

    _esm = STATIC / "live.js"
    _css = STATIC / "live.css"

    state = traitlets.Unicode("queued").tag(sync=True)
    head = traitlets.Unicode("").tag(sync=True)
    started = traitlets.Float(None, allow_none=True).tag(sync=True)
    seconds = traitlets.Float(None, allow_none=True).tag(sync=True)
    blocking = traitlets.Bool(False).tag(sync=True)
    kernel_id = traitlets.Unicode("").tag(sync=True)
    questions = traitlets.List(traitlets.Dict()).tag(sync=True)
    note = traitlets.Unicode("").tag(sync=True)
    stop = traitlets.Unicode("Stop").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._lock = threading.RLock()
        self._agent = "Agent"
        rendered = GrowingItems()
        self._outbox = Outbox(lambda item: rendered.html(item, agent=self._agent), self._since)
        self._questions = Questions()
        self._decide: Decide | None = None
        self._read: Read | None = None
        self._pace = Pace(self._send_next)
        self._stops = Stops()
        traits.setdefault("started", time.time())
        traits.setdefault("kernel_id", current_kernel_id())
        super().__init__(**traits)
        self.answer("decide", self._answer_decide)
        self.answer("stop", self._stops.press)

    def update(self, items: Sequence[TimelineItem], head: Head) -> None:
        """Show these items soon: at once if it was quiet, else with the next batch.

        Call it as often as anything changes; it never waits.

        Args:
            items: All items in display order, not only the new ones.
            head: Title, state and facts.
        """
        self.update_from(lambda: (items, head))

    def update_from(self, read: Read) -> None:
        """Like :meth:`update`, with items and head that are only read when a batch is due.

        This is for bursts: 10,000 calls cost 10,000 assignments and a few dozen reads, and those
        are made in the thread that renders.
        """
        self._read = read
        self._pace.soon()

    def show(self, items: Sequence[TimelineItem], head: Head) -> None:
        """Show these items before it returns."""
        self._read = lambda: (items, head)
        self.flush()

    def flush(self) -> None:
        """Send all that is waiting before it returns."""
        while self._send_next():
            pass

    async def finish(self) -> None:
        """Wait until all that is waiting has been sent, leaving the loop to others meanwhile."""
        while self._send_next():
            await asyncio.sleep(0)

    def on_stop(self, callback: Stopped) -> None:
        """Call ``callback`` when the reader presses Stop; it runs in the kernel's main thread.

        What a future that it returns raises is told to the reader.
        """
        self._stops.add(callback)

    def on_decide(self, decide: Decide) -> None:
        """Have ``decide`` take the reader's decisions; it runs in the kernel's main thread."""
        self._decide = decide

    def ask(self, calls: Sequence[ToolCallItem], about: Mapping[str, str] = NOTHING) -> None:
        """Ask the reader whether these calls are to be run, and no others.

        Args:
            calls: What waits for a decision.
            about: What each tool does, by its name.
        """
        wanted: list[Any] = list(self._questions.of(calls, about))
        if wanted != self.questions:
            self.questions = wanted

    def open(self) -> None:
        """Begin to speak with pages; who hears its first words has been there from the start."""
        super().open()
        if self.comm is not None:
            with self._lock:
                self._send_snapshot()

    def close(self) -> None:
        """End the widget; views of it vanish, and later updates are ignored."""
        with self._lock:
            self._read = None
        super().close()

    def _send_next(self) -> bool:
        """Send one batch; returns whether there is more."""
        with self._lock:
            if self._read is None:
                return False
            items, head = self._read()
            self._show_head(head)
            changes, more = self._next_batch(with_silence(items, head))
            if changes:
                self._send_items(*self._outbox.pack(changes))
            return more

    def _next_batch(self, items: Sequence[TimelineItem]) -> tuple[list[Change], bool]:
        changes: list[Change] = []
        size, end = 0, time.monotonic() + BUDGET
        for change in self._outbox.changes(items):
            changes.append(change)
            size += changed_size(change)
            if size > BATCH_CHARS or time.monotonic() > end:
                return changes, True
        return changes, False

    def _show_head(self, head: Head) -> None:
        self._agent = head.title
        with self.hold_sync():
            # The bar tells the state, so the head need not.
            self.head = head_html(dataclasses.replace(head, state=""))
            self.state = head.state or self.state
            if self.state not in ENDED:
                self.seconds = None
            elif self.seconds is None:
                self.seconds = self._elapsed()

    def _elapsed(self) -> float:
        return round(time.time() - self.started, 3) if self.started is not None else 0.0

    def _since(self, item: TimelineItem) -> float | None:
        """When an open call began, in seconds after the turn."""
        if not isinstance(item, ToolCallItem) or item.status not in OPEN:
            return None
        begun = parse_time(item.created_at)
        if begun is None or self.started is None:
            return None
        return max(0.0, round(begun.timestamp() - self.started, 3))

    def _answer_decide(self, body: Decision) -> None:
        if self._decide is not None and body["verdict"] in VERDICTS:
            self._decide(body["id"], body["verdict"], body["reason"])

    def _send_items(self, n: int, body: bytes) -> None:
        self.send(Items(kind="items", n=n, elapsed=self._elapsed()), [body])

    def _send_snapshot(self) -> None:
        parts = self._outbox.snapshot()
        for part, body in enumerate(parts):
            head = Snapshot(
                kind="snapshot",
                n=self._outbox.n,
                part=part,
                parts=len(parts),
                elapsed=self._elapsed(),
            )
            self.send(head, [body])

    def _received(self, message: dict[str, Any], buffers: Sequence[memoryview]) -> None:
        """Send again what a page lacks."""
        kind = message.get("kind")
        if kind in ("hello", "resend"):
            self._send_again(message.get("first"))

    def _send_again(self, first: Any) -> None:
        with self._lock:
            batches = self._outbox.since(first) if isinstance(first, int) else None
            if batches is None:
                self._send_snapshot()
            for n, body in batches or ():
                self._send_items(n, body)
