"""Some answers of a batch, to be rated by hand without being told who gave them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from ....errors import InvalidRequestError
from ....scores.checks import check_whole
from ...connection import host
from ..cells import Cell
from ..matrix import marks
from .blinded import Blinded
from .drawing import in_turn
from .judging import answered

if TYPE_CHECKING:
    import pandas as pd

    from ....widgets.view import AnyLayout
    from ..matrix_view import BatchMatrix

HINT = (
    "Click an answer to open it, or press Enter; 1 to 5 rates it, 5 is the best, and 0 takes that "
    "back; ↓ and Enter open the next one."
)


class BlindSample:
    """Answers to rate; shown in a notebook, it is a view to open and rate one after another.

    >>> sample = batch.sample(4)
    >>> len(sample)
    4

    Attributes:
        name: The score that the ratings are.
    """

    def __init__(self, blinded: Blinded) -> None:
        self.name = blinded.name
        self._blinded = blinded

    def __len__(self) -> int:
        return len(self._blinded.cells)

    def __getitem__(self, number: int) -> Cell:
        """Return an answer, from 0 in the order shown: a cell that does not tell whose it is.

        >>> batch.sample(4)[0].task.label
        'What is 3 * 7?'
        """
        return self._blinded.cells[number]

    @property
    def left(self) -> int:
        """How many are not rated yet.

        >>> batch.sample(4, name="clarity").left
        4
        """
        return len(self) - self._blinded.rated

    def rate(self, number: int, value: Any, note: str | None = None) -> None:
        """Keep a rating, as :meth:`Batch.rate` does; ``None`` without a note takes it back.

        An empty text is nothing, as ``None`` is.

        Args:
            number: Which answer, from 0, in the order shown.
            value: A number from 1, the worst, to 5, which is kept with this scale; or another one,
                yes or no, or a text.
            note: What there is to say of it. Left out, what was said before stays with a new
                value; ``""`` takes it back.

        Raises:
            InvalidRequestError: There is no such answer, or the value is none.

        >>> sample = batch.sample(4)
        >>> sample.rate(3, 2, "wrong at the end")
        """
        check_whole("number", number, 0)
        if number >= len(self):
            raise InvalidRequestError(
                f"There are {len(self)} answers, from 0 to {len(self) - 1}.", code="cell_not_found"
            )
        self._blinded.rate(self._blinded.cells[number], self.name, value, note)

    def to_frame(self) -> pd.DataFrame:
        """Return one row an answer: what was asked, what is expected, the answer, and its rating.

        The rating's column has the name of the sample; ``expected`` is missing where no task says
        what is.

        >>> list(batch.sample(1, name="by hand").to_frame())
        ['number', 'task', 'answer', 'by hand', 'note']
        """
        marks = self._blinded._marks()
        of = [marks[cell.id] for cell in self._blinded.cells]
        frame = self._blinded.to_frame()
        name = f"score.{self.name}" if self.name in (*frame, "note") else self.name
        frame[name] = [one.scores.get(self.name) for one in of]
        frame["note"] = [one.notes.get(self.name) for one in of]
        return frame

    def view(self, *, layout: AnyLayout = None) -> BatchMatrix:
        """Return the view: open an answer, press 1 to 5, go on to the next one.

        Args:
            layout: Its place and size, an ``ipywidgets.Layout`` or a dict of CSS.

        >>> view = batch.sample(2).view()
        >>> view.blind
        True
        """
        from ..matrix_view import BatchMatrix

        view = BatchMatrix(self._blinded, stays=True, layout=layout)
        view.blind, view.rating = True, self.name
        view.set_trait("hint", HINT)
        return view

    def to_mimebundle(self) -> dict[str, str]:
        """Return the answers as HTML, Markdown and plain text."""
        return self._blinded.to_mimebundle()

    def __str__(self) -> str:
        return self.to_mimebundle()["text/plain"]

    def __repr__(self) -> str:
        notes = "".join(f"; {note}" for note in self._blinded.notes)
        return f"<BlindSample of {len(self)} answers, {self.left} to rate as {self.name!r}{notes}>"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        if host.in_kernel():
            display(self.view())
        else:
            print(repr(self))  # noqa: T201


def drawn(batch: Any, size: int, seed: int, name: str) -> BlindSample:
    """Draw answers of each column; see :meth:`Batch.sample`."""
    check_whole("size", size, 1)
    check_whole("seed", seed, 0)
    marks.check_no_name_of_judges(name, "rating by hand")
    marks.check_no_function(batch, batch.book._of_run(batch.run_id), name)
    marks.check_is_free(name)
    there = answered(batch, "rate")
    chosen = list(islice(in_turn(there, seed), size))
    lacking = len(batch.columns) - len({cell.column for cell in there})
    verb = "has" if lacking == 1 else "have"
    notes = [f"{lacking} of {len(batch.columns)} columns {verb} no answer"] if lacking else []
    notes += [f"{size} were asked for, and there are no more"] if len(chosen) < size else []
    return BlindSample(Blinded(batch, chosen, name, notes))
