"""The live view of a matrix: changed cells go to the page in numbered batches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import traitlets

from ...errors import InvalidRequestError
from ...models import TimelineItem
from ...render import Head, head_html
from ...render.matrix.against import Against, scores_of, seen_against
from ...render.matrix.alike import same_rows, same_text
from ...render.matrix.compare import Compared, compare_html
from ...render.matrix.figures import repeats_of, status_of
from ...render.matrix.matrix import Matrix, MatrixCell
from ...render.matrix.sifting.sifting import Sifted, Wish, sift
from ...render.matrix.verdict import reasons_html
from ...render.matrix.wording import cell_text
from .._kernel import current_kernel_id
from ..object_traits import id_in, object_list_trait, object_trait
from ..pace import Pace
from ..serial_executor import SerialExecutor, in_thread
from ..stopping import Stopped, Stops
from ..view import STATIC, View
from .asked import (
    Rate,
    ReadRating,
    Said,
    Since,
    fragments_of,
    ids_in,
    is_busy,
    keep_rating,
    rating_in,
    said_in,
    with_rating,
)
from .blinding import Blinding
from .changes import Changes, drawn
from .found import found_in
from .keys import keys_html
from .tools import seen_html, tools_html, totals_html
from .wire import Cell, Found, News, Opened, StoredRating

#: Seconds between batches: with 5 a second the eye sees all that happens in a matrix.
INTERVAL = 0.2
#: Cells that can be compared at once; more do not fit beside each other.
MOST_COMPARED = 6
HINT = "Click a cell to open it, a number for its cells; Ctrl+click or ⌘ click to compare."

Read = Callable[[], Matrix]
ReadTranscript = Callable[[str], tuple[Sequence[TimelineItem], Head]]
ReadCell = Callable[[], tuple[Sequence[TimelineItem], Head]]
Watch = Callable[[Sequence[str]], object]
Compare = Callable[[Matrix, str, str], Against | None]

_rating_one = threading.Lock()
"""What stands is read and replaced by one view at a time."""


def _id_shown(cell: Any, view: Any) -> str:
    return view._id_shown(cell)  # type: ignore[no-any-return]  # noqa: SLF001


def _true_id(shown: str, view: Any) -> str:
    return view._true_id(shown)  # type: ignore[no-any-return]  # noqa: SLF001


class MatrixView(View):
    """Shows a matrix of tasks and LLMs while it fills, opens its cells, and compares them.

    Methods may be called from any thread; nothing is ever printed.

    >>> view = batch.wait().view()
    >>> "4 done" in view.head
    True

    Args:
        read: Returns the matrix as it stands. Called when a batch is due, at most
            ``1 / INTERVAL`` times a second.
        transcript: Takes the id of a cell, and returns its items and head. May take long: it is
            called in a thread of its own. What it raises is told to the reader. Without it cells
            do not open.
        rate: Keeps a rating: id of the cell, name of the score, value from 1 to 5 (``None``
            takes it back), note. Called like ``transcript``. Without it nothing can be rated.
        rate_blind: Keeps one of which the note was written without being told whose the answer is;
            ``rate`` when left out.
        said: Takes the id of a cell and the name of a score, and returns the rating as it stands;
            looked up in all of the matrix when left out, which takes as long as that is large.
        watch: Takes the ids of the cells that the reader sees and that have not ended, whenever
            they change; for streams of these alone. Called in the kernel's main thread.
        compare: Takes a matrix, a baseline and a score, and returns what came of the comparison;
            without it no interval is told.
        **traits: Any of the attributes.

    Attributes:
        head: HTML of the totals; taken from the matrix at each update.
        tools: HTML of the fields that sort and filter; taken from the matrix likewise.
        same: What the tasks have in common on which nothing differs; likewise.
        hint: What the reader may do, in a line of text, as long as nothing is open or chosen.
        shortcuts: HTML of what the keys do; read-only.
        busy: Whether there is something to stop.
        stop: What the button says that calls :meth:`on_stop`, or interrupts the kernel.
        blocking: Whether a cell waits for the matrix. No message from the page reaches the kernel
            then, so Stop asks the Jupyter server to interrupt it.
        kernel_id: Id of this kernel on its Jupyter server; empty elsewhere. It and all above are
            read-only.
        rating: Name of the score that people give; empty when nothing can be rated.
        blind: Whether the view shows nothing but tasks, answers, and the ratings that are given
            from then on, also in static output: columns are letters in an order drawn each time.
            Nothing is open, chosen or asked for when it begins; ``where``, ``order``, ``baseline``
            and ``score`` are of what is shown, and what they were before comes back after it.
            An answer that says which model it is from cannot be helped.
        where: Words that tasks must hold, such as ``refund``, and conditions that one of their
            cells must meet, such as ``right = no``, ``judge.helpful < 3``, ``topic = travel``,
            ``column = small`` or ``differs = answer``.
        order: What rows are sorted by: a name, with ``-`` before it for the largest first.
        baseline: Id of the column, or name of the run, that others are compared with; what got
            worse comes first.
        score: What they are compared by; the first score that judges when empty.
        by: The score that they are compared by.
        against: HTML of what came of the comparison; read-only, as ``by`` is.
        active: The cell that is open, or ``None``; it is the value, too.
        selection: The cells that the reader selected to compare.
        status: ``planned`` before anything is sent, ``running`` until all cells have ended, then
            ``failed`` if one has, ``cancelled`` if one was, ``unsent`` if one was left out,
            else ``completed``; read-only.

    Raises:
        TypeError: An argument is not one of these.
    """

    _esm = STATIC / "matrix.js"
    _css = STATIC / "matrix.css"
    _valued = "active"

    head = traitlets.Unicode("", read_only=True).tag(sync=True)
    tools = traitlets.Unicode("", read_only=True).tag(sync=True)
    same = traitlets.Unicode("", read_only=True).tag(sync=True)
    hint = traitlets.Unicode(HINT, read_only=True).tag(sync=True)
    shortcuts = traitlets.Unicode(keys_html(), read_only=True).tag(sync=True)
    busy = traitlets.Bool(False, read_only=True).tag(sync=True)
    stop = traitlets.Unicode("Stop", read_only=True).tag(sync=True)
    blocking = traitlets.Bool(False, read_only=True).tag(sync=True)
    kernel_id = traitlets.Unicode("", read_only=True).tag(sync=True)
    rating = traitlets.Unicode("").tag(sync=True)
    blind = traitlets.Bool(False).tag(sync=True)
    where = traitlets.Unicode("").tag(sync=True)
    order = traitlets.Unicode("").tag(sync=True)
    baseline = traitlets.Unicode("").tag(sync=True)
    score = traitlets.Unicode("").tag(sync=True)
    by = traitlets.Unicode("", read_only=True).tag(sync=True)
    against = traitlets.Unicode("").tag(sync=True)
    active = object_trait(_id_shown, _true_id)
    selection = object_list_trait(_id_shown, _true_id)
    status = traitlets.Unicode("", read_only=True).tag(sync=True)

    def __init__(
        self,
        read: Read,
        *,
        transcript: ReadTranscript | None = None,
        rate: Rate | None = None,
        rate_blind: Rate | None = None,
        said: ReadRating | None = None,
        watch: Watch | None = None,
        compare: Compare = seen_against,
        **traits: Any,
    ) -> None:
        self._read = read
        self._said = said or (lambda cell_id, name: said_in(read(), cell_id, name))
        self._since = Since()
        self._ratings = SerialExecutor()
        self._rated_since: dict[str, MatrixCell] = {}
        self._stored = 0
        self._is_rated = False
        self._watch = watch
        self._compare = compare
        self._lock = threading.RLock()
        self._true = self._matrix = matrix = read()
        self._blinding: Blinding | None = None
        self._blindings: list[Blinding] = []
        """The last two, the newest first."""
        self._before = Wish()
        self._number = 0
        self._changes = Changes()
        self._found: tuple[Found, bytes] | None = None
        self._pace = Pace(self._send_next, INTERVAL)
        self._is_closed = False
        self._stops = Stops()
        traits.setdefault("kernel_id", current_kernel_id())
        traits.setdefault("rating", "rating" if rate else "")
        super().__init__(**traits)
        self.answer("stop", self._stops.press)
        if transcript is not None:
            self._answer_from(transcript)
        if rate is not None:
            self.answer("rate", lambda body: self._rated(rate, rate_blind or rate, body))
        self._show(lambda: matrix)

    def changed(self) -> None:
        """Take notice of news: they are read and sent at once if it was quiet, else soon.

        Call it as often as anything changes; it never waits.
        """
        self._pace.soon()

    def flush(self) -> None:
        """Read the matrix and send what is new before it returns."""
        self._show(self._read_again)

    def _read_again(self) -> Matrix:
        kept = self._since.n
        matrix = self._read()
        self._since.read(kept)
        self._stored = kept
        return matrix

    def _show(self, read: Read) -> None:
        with self._lock:
            if self._is_closed:
                return
            self._true = read()
            self._matrix, self._rated_since = self._as_seen(self._true), {}
            self._show_totals(self._matrix)
            for since, n, body in self._changes.take(self._matrix):
                self._send_news(since, n, body)
            self._find()
            status = status_of(self._matrix)
        # Whoever observes it may take its time.
        self.set_trait("status", status)

    def _as_seen(self, matrix: Matrix) -> Matrix:
        """Return a matrix as the view shows it: a blind one where it is to be blind."""
        return self._blinding.of(matrix) if self._blinding else matrix

    def _id_shown(self, cell: Any) -> str:
        """Return the id by which a page knows a cell."""
        named = id_in(cell)
        return self._blinding.shown(named) if self._blinding else named

    def _true_id(self, shown: str) -> str:
        """Return the id of the cell that a page knows by this one."""
        return (self._blinding and self._blinding.true(shown)) or shown

    @traitlets.observe("blind")
    def _restart(self, _: object) -> None:
        """Show another matrix in place of the one before: nothing of that is left in any page."""
        wish, self._before = (Wish(), self._wish) if self.blind else (self._before, Wish())
        if self.blind:
            # What is open would tell in which column it is.
            self.active, self.selection = None, []
        with self._lock:
            self._number += 1
            hides = self.blind and not self._true.is_blind
            self._blinding = Blinding(self._number) if hides else None
            self._blindings = [*filter(None, [self._blinding]), *self._blindings][:2]
            self._matrix, self._rated_since = self._as_seen(self._true), {}
            self._changes, self._found = Changes(), None
        self.update_traits(**vars(wish))
        self._show(lambda: self._true)
        self.send_state(["active", "selection"])

    def on_stop(self, callback: Stopped) -> None:
        """Call ``callback`` when the reader presses Stop; it runs in the kernel's main thread.

        What a future that it returns raises is told to the reader.
        """
        self._stops.add(callback)
        self.update_traits(busy=is_busy(self._matrix))

    def close(self) -> None:
        """End the widget; views of it vanish, and later news are ignored.

        >>> view = batch.view()
        >>> view.close()
        """
        with self._lock:
            self._is_closed = True
        super().close()

    def _received(self, message: dict[str, Any], buffers: Sequence[memoryview]) -> None:
        """Take what is in sight, and send again what a page lacks."""
        kind = message.get("kind")
        if kind == "visible" and self._watch is not None:
            self._watch([self._true_id(cell) for cell in ids_in(message)])
        elif kind == "hello":
            self._send_again(message.get("n"))

    def _send_next(self) -> bool:
        self._since.rests()  # who rates one after another does not wait for what is drawn
        is_rated, self._is_rated = self._is_rated, False
        self._show(self._read_again)
        if is_rated:
            self._renewed()
        return False

    def _renewed(self, _: object = None) -> None:
        """Take notice of what is shown otherwise now by what a reader did."""

    def _show_totals(self, matrix: Matrix) -> None:
        rows = same_rows(matrix)
        self.update_traits(
            tools=tools_html(matrix, can_be_blind=not self._true.is_blind),
            same=same_text(matrix, rows) if rows else "",
            busy=is_busy(matrix) and (self.blocking or bool(self._stops)),
        )
        self._show_against()

    @traitlets.observe("baseline", "score")
    def _show_against(self, _: object = None) -> None:
        seen = self._against_now
        self.update_traits(
            by=seen.score if seen else next(iter(scores_of(self._matrix)), ""),
            head=totals_html(self._matrix, finding=seen is None),
            against=seen_html(self._matrix, seen) if seen else "",
        )

    @property
    def _against_now(self) -> Against | None:
        """What came of the tasks in comparison with the baseline; ``None`` without one."""
        return self._compare(self._matrix, self.baseline, self.score)

    @property
    def _wish(self) -> Wish:
        """What the reader wishes to see, and in which order."""
        return Wish(self.where, self.order, self.baseline, self.score)

    @traitlets.observe("where", "order", "baseline", "score")
    def _find(self, _: object = None) -> None:
        """Tell the pages which tasks and cells are left, if that is new."""
        with self._lock:
            if not self._changes.n:  # no page has anything yet that could be left
                return
            wish = self._wish
            found = found_in(self._matrix, wish, sift(self._matrix, wish), blind=self.blind)
            if found != self._found:
                self._found = found
                self._send_found()

    def _sifted(self) -> Sifted:
        """The tasks that are shown, and their cells that meet the conditions."""
        return sift(self._matrix, self._wish)

    def _send_news(self, since: int, n: int, body: bytes) -> None:
        news = News(kind="news", matrix=self._number, since=since, n=n, kept=self._stored)
        self.send(news, [body])

    def _send_found(self) -> None:
        if self._found is not None:
            found, body = self._found
            self.send(found, [body])

    def _send_again(self, n: Any) -> None:
        with self._lock:
            known = n if isinstance(n, int) and 0 <= n <= self._changes.n else 0
            for since, last, body in self._changes.since(known):
                self._send_news(since, last, body)
            self._send_found()

    def _answer_from(self, transcript: ReadTranscript) -> None:
        def opened(body: Any) -> Future[Opened]:
            [cell] = self._asked(body, 1, 1)
            return in_thread(self._opened, cell, self._reading(transcript, cell))

        def compared(body: Any) -> Future[str]:
            cells = self._asked(body, 2, MOST_COMPARED)
            reading = [self._reading(transcript, cell) for cell in cells]
            return in_thread(self._compared, cells, reading)

        self.answer("cell", opened)
        self.answer("compare", compared)

    def _reading(self, transcript: ReadTranscript, cell: MatrixCell) -> ReadCell:
        """Return what reads a cell's transcript, as the view shows it now."""
        blinding, true = self._blinding, self._true_id(cell.id)
        if blinding is None:
            return lambda: transcript(true)
        return lambda: blinding.opened(cell, transcript(true)[0])

    def _opened(self, cell: MatrixCell, read: ReadCell) -> Opened:
        items, head = read()
        if self.rating:
            self._look_at_rating(self._true_id(cell.id))
        task, column = self._name(cell).split(" · ", 1)
        told = Head(task.capitalize(), column, head.state, head.facts)
        beside = reasons_html(cell, self.rating)
        return Opened(head=head_html(told), items=fragments_of(items, head.title, beside))

    def _look_at_rating(self, cell_id: str) -> None:
        """Read the matrix anew where others, in other kernels too, have rated a cell meanwhile."""
        there = self._said(cell_id, self.rating)
        if there[:2] != said_in(self._true, cell_id, self.rating)[:2]:
            self.changed()

    def _compared(self, cells: Sequence[MatrixCell], reading: Sequence[ReadCell]) -> str:
        # One after another would keep the reader waiting.
        with ThreadPoolExecutor(max_workers=MOST_COMPARED) as pool:
            read = list(pool.map(lambda of: of(), reading))
        return compare_html(
            [
                Compared(self._name(cell), cell, items)
                for cell, (items, _) in zip(cells, read, strict=True)
            ]
        )

    def _rated(self, rate: Rate, rate_blind: Rate, body: Any) -> Future[StoredRating]:
        asked = rating_in(body)
        # A note may come from a page that showed the matrix before, blind or not, a moment ago.
        blinding = next((one for one in self._blindings if one.true(asked.cell)), None)
        true = (blinding and blinding.true(asked.cell)) or asked.cell
        name, rating = asked.name, asked._replace(cell=true)

        def keep() -> StoredRating:
            seen = self._since.said(true, name) or said_in(self._true, true, name)
            stands = self._said(true, name)  # others may have rated it just now
            if blinding is None:
                whole = stands.but(rating)
                if whole.value is None and stands.value != seen.value:
                    whole = whole._replace(value=stands.value)  # nobody takes back what they missed
            else:
                layers = blinding.over(stands, rating)
                whole = layers.top
            keep_rating(rate_blind if whole.is_blind else rate, rating, whole)
            now = shows = self._said(true, name)
            if blinding is not None:
                shows = blinding.given(layers, rating)
                blinding.store(layers, rating, stands, now)
            n = self._since.note(true, name, now)
            # Whoever keeps it need not tell anyone, and the next rating does not wait for pages.
            self._is_rated = True
            self.changed()
            return shows.stored(n, self._drawn_with(asked.cell, name, shows))

        def keep_alone() -> StoredRating:
            with _rating_one:
                return keep()

        # In the order in which they were given: the last one of a cell stays.
        return self._ratings.submit(keep_alone)

    def _drawn_with(self, cell_id: str, name: str, said: Said) -> list[Cell]:
        """Draw the place of a cell with the rating that it has since all was read."""
        matrix, rated = self._matrix, self._rated_since
        here = matrix.by_id.get(cell_id)
        if here is None:
            return []  # another matrix is shown meanwhile
        rated[cell_id] = with_rating(rated.get(cell_id, here), name, said)
        place = matrix.by_place[here.row, here.column]
        return drawn(matrix, [rated.get(cell.id, cell) for cell in place])

    def _asked(self, body: Any, least: int, most: int) -> list[MatrixCell]:
        ids = ids_in(body)
        known, rated = self._matrix.by_id, self._rated_since
        if not all(cell in known for cell in ids):
            raise InvalidRequestError(
                "There is no such cell in this matrix.", code="cell_not_found"
            )
        if not least <= len(ids) <= most:
            raise InvalidRequestError(
                f"Choose {least} to {most} cells, not {len(ids)}.", code="invalid_selection"
            )
        return [rated.get(cell) or known[cell] for cell in ids]

    def _name(self, cell: MatrixCell) -> str:
        """Tell a cell from others: task, LLM, repeat."""
        matrix = self._matrix
        labels = {column.id: column.label for column in matrix.columns}
        repeat = cell.repeat if repeats_of(matrix) > 1 else None
        return cell_text(matrix.numbers[cell.row], labels.get(cell.column, ""), repeat)
