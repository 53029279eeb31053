"""Runs side by side in a cell: what is shown of them, and what stays in static output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ...widgets import TrajectoriesView
from ..display.staying import Staying
from ..display.subject import Subject
from ..display.words import Ending, closed

if TYPE_CHECKING:
    from ...widgets.trajectories.view import OpenOne
    from ...widgets.view import AnyLayout


class Shown(Protocol):
    """What is asked of the runs that are shown."""

    @property
    def runs(self) -> list[Any]:
        """The runs."""

    @property
    def _name(self) -> str: ...

    def to_mimebundle(self) -> dict[str, str]:
        """Return them as static output."""


class TrajectoriesReader(TrajectoriesView):
    """Runs side by side, of which each opens; see :meth:`Trajectories.view`.

    >>> view = batch.trajectories(1).view()
    >>> view.active = "2:0"  # or open the call in the page
    >>> view
    <TrajectoriesReader of 2 runs, 2:0 active>
    >>> view.close()

    Args:
        trajectories: The runs.
        html: Their table.
        open_one: Gives the transcript of a run, by its number, as sanitised HTML.
        layout: Its place and size.

    Attributes:
        active: What is open: the number of a run, and behind a colon the place of one of its
            calls from 0, such as ``"2:0"``; empty for nothing. It is the value, too.
    """

    def __init__(
        self, trajectories: Shown, *, html: str, open_one: OpenOne, layout: AnyLayout = None
    ) -> None:
        self._runs = len(trajectories.runs)
        super().__init__(html=html, open_one=open_one, layout=layout)
        self._presentation = Staying(TrajectoriesSubject(trajectories), self)

    def __repr__(self) -> str:
        return f"<TrajectoriesReader of {self._runs} runs, {self.active or 'none'} active>"


class TrajectoriesSubject(Subject):
    """Runs side by side as they are presented."""

    def __init__(self, trajectories: Shown) -> None:
        self._trajectories = trajectories

    def static_output(self, ending: Ending | None = None) -> dict[str, str]:
        """The table with the sessions' names."""
        from ...render import noted

        return noted(self._trajectories.to_mimebundle(), ending and ending.line)

    def closed(self) -> Ending:
        """Say what shows it again."""
        return closed(how=f"{self._trajectories._name}.view()")

    def print(self) -> None:
        """Print the table."""
        print(self._trajectories)  # noqa: T201
