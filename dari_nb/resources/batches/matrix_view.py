"""The matrix of a batch as a view: cells to open, to select and to rate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

import traitlets

from ...errors import InvalidRequestError
from ...render.matrix.against import checked_score
from ...render.matrix.bases import checked_baseline
from ...render.matrix.sifting.asking import short
from ...render.matrix.sifting.facts import with_plain_signs
from ...render.matrix.sifting.sifting import Wish, sift
from ...render.plain.visible import visible_name
from ...widgets import MatrixView
from ...widgets.matrix.asked import Said
from ...widgets.object_traits import each_once
from ..connection import host
from ..display.staying import Staying
from ..display.subject import Changed, Subject
from ..display.words import Ending, closed
from .cells import Cell

if TYPE_CHECKING:
    from ... import models
    from ...models import TimelineItem
    from ...render import Head
    from ...render.matrix.matrix import Matrix
    from ...widgets.view import AnyLayout
    from .matrix.grid import Grid
    from .matrix.marks import Marks


class Shown(Protocol):
    """What a matrix asks of the batch that it shows."""

    agent: models.Agent
    run_id: str
    grid: Grid

    @property
    def cells(self) -> list[Cell]:
        """All cells."""

    def _keep_rating(self, cell: Cell, name: str, value: Any, note: str, **how: bool) -> None: ...

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as static output."""

    @property
    def _can_cancel(self) -> bool: ...

    def _marks(self, cells: Sequence[Cell]) -> Mapping[str, Marks]: ...

    def _end_turns(self) -> Future[None]: ...

    def _snapshot(self) -> Matrix: ...

    def _items(self, cell: Cell) -> list[TimelineItem]: ...

    def _looked_at_with(self, view: BatchMatrix) -> None: ...

    def _watch(self, cell_ids: Iterable[str]) -> None: ...

    def _cell_at(self, place: Any) -> Cell: ...

    def _listening(self, changed: Callable[[], object]) -> AbstractContextManager[None]: ...


class BatchMatrix(MatrixView):
    """The matrix of a batch, live.

    >>> matrix = batch.view()
    >>> matrix.selection = [(0, "small"), (0, "large")]  # or select them in the page
    >>> len(batch.compare(*matrix.selection).cells)
    2

    Args:
        batch: The batch.
        where: What tasks and cells are shown; see :meth:`Results.view`.
        baseline: The column, or the run, that others are compared with.
        score: What they are compared by.
        blocking: Whether a cell of the notebook waits for it.
        stays: Whether it is followed while a page shows it, and leaves static output, by itself.
        layout: Its place and size.

    Attributes:
        active: The :class:`Cell` that is open, or ``None``; it is the value, too. Set it, its
            id, or its place as in ``batch[place]``, to open it in the page.
        selection: The cells to compare. May be set, too.
        status: ``planned``, ``running``, then ``failed`` if a cell has, ``cancelled`` if one was,
            ``unsent`` if one was left out, else ``completed``; read-only.

    Raises:
        NoCellError: There is no cell at a place that was set.
        TraitError: What was set is neither a cell of the batch, nor an id, nor a place.
    """

    def __init__(
        self,
        batch: Shown,
        where: str = "",
        baseline: str | None = None,
        score: str = "",
        *,
        blocking: bool = False,
        stays: bool = False,
        layout: AnyLayout = None,
    ) -> None:
        from .matrix.means import compared_with

        self._batch = batch
        self._presentation: Staying | None = None
        super().__init__(
            batch._snapshot,
            compare=compared_with,
            transcript=lambda cell_id: opened(batch, self._cell(cell_id)),
            rate=self._rate,
            rate_blind=self._rate_blind,
            said=self._rating,
            watch=batch._watch,
            blocking=blocking,
            layout=layout,
        )
        self._ask_for(where, "" if baseline is None else baseline, score)
        self._presentation = Staying(MatrixSubject(batch, self), self) if stays else None
        batch._looked_at_with(self)
        if self._presentation is not None and batch._can_cancel:
            self.on_stop(self._presentation.stop)

    def __repr__(self) -> str:
        at = f"{self.active.id} active" if self.active else "none active"
        return f"<BatchMatrix of {self._batch.run_id}, {at}, {len(self.selection)} selected>"

    def _ask_for(self, where: str, baseline: str, score: str) -> None:
        for name, value in (("where", where), ("baseline", baseline), ("score", score)):
            if not isinstance(value, str):
                raise InvalidRequestError(
                    f"{name} is a text, not {short(repr(value))}.", code="invalid_text"
                )
        matrix, where = self._matrix, with_plain_signs(where)
        wanted = checked_baseline(matrix.columns, baseline) if baseline else ""
        by = checked_score(matrix, score) if score else ""
        # That no cell happens to meet a condition is an answer, and no mistake.
        found = sift(matrix, Wish(where, baseline=wanted, score=by))
        if found.is_misread:
            raise InvalidRequestError(
                f"Where {short(where)!r}: {visible_name(found.why)}.", code="invalid_where"
            )
        with self.hold_sync():
            self.where, self.score, self.baseline = where, by, wanted

    @property
    def shown(self) -> list[Cell]:
        """The selected cells, or, without any, those that meet the conditions.

        >>> [cell.id for cell in batch.view(where="column = small").shown]
        ['0/small/0', '1/small/0']
        """
        if self.selection or not self.where.strip():
            return list(self.selection)
        wanted = {self._true_id(cell.id) for cell in self._sifted().cells}
        return [cell for cell in self._batch.cells if cell.id in wanted]

    def flush(self) -> None:
        """Read the matrix, and send what is new, to static output, too, before it returns.

        >>> view = batch.view()
        >>> view.flush()
        """
        super().flush()
        if self._presentation is not None:
            self._presentation.refresh()

    @traitlets.observe("blind")
    def _restart(self, change: object) -> None:
        super()._restart(change)
        self._renewed()

    @traitlets.observe("where", "order", "baseline", "score")
    def _renewed(self, _: object = None) -> None:
        if self._presentation is not None:
            self._presentation.renew_static_output()

    @traitlets.observe("selection", "where")
    def _chosen_here(self, _: object) -> None:
        self._batch._looked_at_with(self)

    @traitlets.validate("active")
    def _valid_selected(self, proposal: Any) -> Cell | None:
        return None if proposal.value is None else self._cell(proposal.value)

    @traitlets.validate("selection")
    def _valid_chosen(self, proposal: Any) -> list[Cell]:
        return each_once(self._cell(each) for each in proposal.value)

    def _cell(self, named: Cell | str | Any) -> Cell:
        """Return a cell, given itself, its id or its place."""
        grid = self._batch.grid
        is_own = isinstance(named, Cell) and grid.with_id(named.id) is named
        if not isinstance(named, str | tuple) and not is_own:
            raise traitlets.TraitError(f"{named!r} is no cell of this batch, and no place of one.")
        if isinstance(named, str):
            named = grid.with_id(named) or named
        return self._batch._cell_at(named)

    def _rate(self, cell_id: str, name: str, value: float | None, note: str) -> None:
        self._batch._keep_rating(self._cell(cell_id), name, value, note, is_on_scale=True)

    def _rating(self, cell_id: str, name: str) -> Said:
        cell = self._cell(cell_id)
        marks = self._batch._marks([cell])[cell.id]
        at, note = marks.by_hand.get(name, ""), marks.notes.get(name, "")
        return Said(marks.scores.get(name), note, at, name in marks.blind)

    def _rate_blind(self, cell_id: str, name: str, value: float | None, note: str) -> None:
        how = {"is_blind": True, "is_on_scale": True}
        self._batch._keep_rating(self._cell(cell_id), name, value, note, **how)


class MatrixSubject(Subject):
    """The interactive matrix of a batch, which stays.

    Args:
        batch: The batch.
        view: What shows it.
    """

    def __init__(self, batch: Shown, view: BatchMatrix) -> None:
        self._batch = batch
        self._matrix = view

    @property
    def is_at_rest(self) -> bool:  # type: ignore[override]
        """Whether no cell runs."""
        return all(cell.has_ended for cell in self._batch.cells)

    def static_output(self, ending: Ending | None = None) -> dict[str, str]:
        """The matrix as it stands."""
        from ...render import noted

        return noted(self._bundle(), ending and ending.line)

    def _bundle(self) -> dict[str, str]:
        from ...render.matrix.static import static_matrix
        from .matrix.means import compared_with

        matrix, wish = self._matrix._as_seen(self._batch._snapshot()), self._matrix._wish
        return static_matrix(matrix, wish, compared_with(matrix, wish.baseline, wish.score))

    def closed(self) -> Ending:
        """Say what shows it again."""
        return closed(how=f"{host.name_of(self._batch) or 'batch'}.view()")

    def print(self) -> None:
        """Print the matrix."""
        print(self._bundle()["text/plain"])  # noqa: T201

    def draw(self) -> None:
        """Have the page read it with its next news."""
        self._matrix.changed()

    def cancel(self) -> Future[None] | None:
        """Have all turns ended, and send no more."""
        return self._batch._end_turns() if self._batch._can_cancel else None

    async def follow(self, changed: Changed) -> None:
        """Listen to what others follow."""
        with self._batch._listening(changed):
            changed()
            await asyncio.Event().wait()


def opened(batch: Shown, cell: Cell) -> tuple[Sequence[TimelineItem], Head]:
    """Return what a cell shows when it is opened: its items, and the line above them."""
    from ...render import head_of

    items, name = batch._items(cell), batch.grid.names[cell.column]
    head = head_of(
        items,
        batch.agent.name,
        name,
        cell.state,
        cost=cell.cost_usd,
        tokens=cell.usage,
        seconds=cell.latency_s,
    )
    return items, head
