"""The live view of a matrix: changed cells go to the page in numbered batches."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import traitlets

from ...errors import DariError, InvalidRequestError
from ...models import TimelineItem
from ...render import Head, head_html, item_html
from ...render.compare import Compared, compare_html
from ...render.figures import repeats_of
from ...render.matrix import ENDED, Matrix, MatrixCell
from .._kernel import current_kernel_id
from ..live.wire import Fragment
from ..view import STATIC, View
from .changes import Changes, blind_name, blind_places
from .tools import tools_html, totals_html
from .wire import News, Opened

#: Seconds between batches: with 5 a second the eye sees all that happens in a matrix.
INTERVAL = 0.2
#: Cells that can be compared at once; more do not fit beside each other.
MOST_COMPARED = 6

Read = Callable[[], Matrix]
ReadTranscript = Callable[[str], tuple[Sequence[TimelineItem], Head]]
Rate = Callable[[str, str, float | None, str], object]
Watch = Callable[[Sequence[str]], object]


class MatrixView(View):
    """Shows a matrix of tasks and LLMs while it fills, opens its cells, and compares them.

    Methods may be called from any thread; nothing is ever printed.

    >>> from dari_nb.render.matrix import MatrixCell, MatrixColumn, MatrixRow
    >>> matrix = Matrix(
    ...     title="librarian",
    ...     run_id="run_1",
    ...     rows=[MatrixRow("0", "When is it open?")],
    ...     columns=[MatrixColumn("small", "small")],
    ...     cells=[MatrixCell("0-small", "0", "small", state="completed", text="At ten.")],
    ... )
    >>> view = MatrixView(lambda: matrix)
    >>> "1 done" in view.head
    True

    Args:
        read: Returns the matrix as it stands. Called when a batch is due, at most
            ``1 / INTERVAL`` times a second.
        transcript: Takes the id of a cell, and returns its items and head. May take long: it is
            called in a thread of its own. What it raises is told to the reader. Without it cells
            do not open.
        rate: Keeps a rating: id of the cell, name of the score, value from 1 to 5 (``None``
            takes it back), note. Called like ``transcript``. Without it nothing can be rated.
        watch: Takes the ids of the cells that the reader sees and that have not ended, whenever
            they change; for streams of these alone. Called in the kernel's main thread.
        **traits: Any of the attributes.

    Attributes:
        head: HTML of the totals; taken from the matrix at each update.
        tools: HTML of the fields that sort and filter; taken from the matrix likewise.
        busy: Whether there is something to stop.
        blocking: Whether a cell waits for the matrix. No message from the page reaches the kernel
            then, so Stop asks the Jupyter server to interrupt it.
        kernel_id: Id of this kernel on its Jupyter server; empty elsewhere.
        rating: Name of the score that people give; empty when nothing can be rated.
        blind: Whether names of LLMs and figures that betray them are hidden.
        filter: Words that rows must hold, such as ``refund`` or ``reward<1``.
        order: What rows are sorted by: a name, with ``-`` before it for the largest first.
        only: Which rows are shown: ``text``, ``tools``, ``state`` or the name of a score shows
            those in which it differs.
        chosen: Ids of the cells that the reader chose.

    Raises:
        TypeError: An argument is not one of these.
    """

    _esm = STATIC / "matrix.js"
    _css = STATIC / "matrix.css"

    head = traitlets.Unicode("").tag(sync=True)
    tools = traitlets.Unicode("").tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)
    blocking = traitlets.Bool(False).tag(sync=True)
    kernel_id = traitlets.Unicode("").tag(sync=True)
    rating = traitlets.Unicode("").tag(sync=True)
    blind = traitlets.Bool(False).tag(sync=True)
    filter = traitlets.Unicode("").tag(sync=True)
    order = traitlets.Unicode("").tag(sync=True)
    only = traitlets.Unicode("").tag(sync=True)
    chosen = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(
        self,
        read: Read,
        *,
        transcript: ReadTranscript | None = None,
        rate: Rate | None = None,
        watch: Watch | None = None,
        **traits: Any,
    ) -> None:
        self._read = read
        self._watch = watch
        self._lock = threading.RLock()
        self._matrix = read()
        self._changes = Changes()
        self._timer: asyncio.TimerHandle | None = None
        self._sent_at = float("-inf")
        self._is_closed = False
        self._stop_callbacks: list[Callable[[], object]] = []
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="dari_nb-matrix")
        traits.setdefault("kernel_id", current_kernel_id())
        traits.setdefault("rating", "rating" if rate else "")
        super().__init__(**traits)
        if transcript is not None:
            self._answer_from(transcript)
        if rate is not None:
            self.answer("rate", lambda body: self._pool.submit(self._rated, rate, body))
        self.flush()

    def changed(self) -> None:
        """Take notice of news: they are read and sent at once if it was quiet, else soon.

        Call it as often as anything changes. Where an asyncio loop runs it returns at once, and
        elsewhere when the news were sent.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        if self._timer is None:
            wait = self._sent_at + INTERVAL - time.monotonic()
            self._timer = loop.call_later(max(wait, 0.0), self._on_time)

    def flush(self) -> None:
        """Read the matrix and send what is new before it returns."""
        with self._lock:
            if self._is_closed:
                return
            self._matrix = self._read()
            self._sent_at = time.monotonic()
            self._show_totals(self._matrix)
            for since, n, body in self._changes.take(self._matrix):
                self._send_news(since, n, body)

    def on_stop(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` when the reader presses Stop; it runs in the kernel's main thread."""
        self._stop_callbacks.append(callback)
        self.busy = _is_busy(self._matrix)

    def close(self) -> None:
        """End the widget; views of it vanish, and later news are ignored."""
        with self._lock:
            self._is_closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        super().close()

    def received(self, message: dict[str, Any], buffers: Sequence[memoryview]) -> None:
        """Take the reader's Stop and what is in sight, and send again what a page lacks."""
        kind = message.get("kind")
        if kind == "stop":
            for callback in self._stop_callbacks:
                callback()
        elif kind == "visible" and self._watch is not None:
            self._watch(_ids(message))
        elif kind == "hello":
            self._send_again(message.get("n"))

    def _on_time(self) -> None:
        self._timer = None
        self.flush()

    def _show_totals(self, matrix: Matrix) -> None:
        with self.hold_sync():
            self.head = totals_html(matrix)
            self.tools = tools_html(matrix)
            self.busy = _is_busy(matrix) and (self.blocking or bool(self._stop_callbacks))

    def _send_news(self, since: int, n: int, body: bytes) -> None:
        self.send(News(kind="news", since=since, n=n), [body])

    def _send_again(self, n: Any) -> None:
        with self._lock:
            known = n if isinstance(n, int) and 0 <= n <= self._changes.n else 0
            for since, last, body in self._changes.since(known):
                self._send_news(since, last, body)

    def _answer_from(self, transcript: ReadTranscript) -> None:
        def opened(body: Any) -> Future[Opened]:
            [cell] = self._asked(body, 1, 1)
            return self._pool.submit(self._opened, transcript, cell, bool(body.get("blind")))

        def compared(body: Any) -> Future[str]:
            cells = self._asked(body, 2, MOST_COMPARED)
            return self._pool.submit(self._compared, transcript, cells, bool(body.get("blind")))

        self.answer("cell", opened)
        self.answer("compare", compared)

    def _opened(self, transcript: ReadTranscript, cell: MatrixCell, blind: bool) -> Opened:
        items, head = transcript(cell.id)
        if blind:
            head = Head(head.title, self._name(cell, blind=True), head.state)
        return Opened(head=head_html(head), items=_fragments(items, head.title))

    def _compared(
        self, transcript: ReadTranscript, cells: Sequence[MatrixCell], blind: bool
    ) -> str:
        # One after another would keep the reader waiting; the pool has a thread more than these.
        with ThreadPoolExecutor(max_workers=MOST_COMPARED) as pool:
            read = list(pool.map(lambda cell: transcript(cell.id), cells))
        compared = [
            Compared(self._name(cell, blind=blind), cell, items)
            for cell, (items, _) in zip(cells, read, strict=True)
        ]
        return compare_html(compared, blind=blind)

    def _rated(self, rate: Rate, body: Any) -> None:
        _rate(rate, body)
        # The score is in the matrix now, and whoever keeps it need not tell anyone.
        self.flush()

    def _asked(self, body: Any, least: int, most: int) -> list[MatrixCell]:
        ids = _ids(body)
        known = {cell.id: cell for cell in self._matrix.cells}
        if not all(cell in known for cell in ids):
            raise InvalidRequestError("There is no such cell in this matrix.")
        if not least <= len(ids) <= most:
            raise InvalidRequestError(f"Choose {least} to {most} cells, not {len(ids)}.")
        return [known[cell] for cell in ids]

    def _name(self, cell: MatrixCell, *, blind: bool) -> str:
        """Tell a cell from others: task, LLM, repeat."""
        matrix = self._matrix
        number = next((n for n, row in enumerate(matrix.rows, 1) if row.id == cell.row), 0)
        labels = {column.id: column.label for column in matrix.columns}
        column = (
            blind_name(blind_places(matrix)[cell.column]) if blind else labels.get(cell.column, "")
        )
        trial = f" · {cell.repeat + 1}" if repeats_of(matrix) > 1 else ""
        return f"{number} · {column}{trial}"


def _rate(rate: Rate, body: Any) -> None:
    body = body if isinstance(body, dict) else {}
    cell, name, value = body.get("cell"), body.get("name"), body.get("value")
    is_value = value is None or (isinstance(value, int | float) and 1 <= value <= 5)
    if not (isinstance(cell, str) and isinstance(name, str) and name and is_value):
        raise InvalidRequestError("A rating is a number from 1 to 5.")
    try:
        rate(cell, name, value, str(body.get("note") or ""))
    except OSError as error:
        raise DariError(f"Not saved: {error.strerror or error}.") from error


def _fragments(items: Iterable[TimelineItem], agent: str) -> list[Fragment]:
    fragments: list[Fragment] = []
    for index, item in enumerate(items):
        after = fragments[-1]["id"] if fragments else None
        html = item_html(item, agent=agent)
        fragments.append(
            Fragment(
                id=f"{index}-{item.id}",
                turn=item.message_id or "",
                after=after,
                html=html,
                since=None,
            )
        )
    return fragments


def _is_busy(matrix: Matrix) -> bool:
    return any(cell.state not in ENDED for cell in matrix.cells)


def _ids(body: Any) -> list[str]:
    """Read the ids of cells in what a page says; nonsense names none."""
    ids = body.get("cells") if isinstance(body, dict) else None
    return [cell for cell in ids if isinstance(cell, str)] if isinstance(ids, list) else []
