"""What is shown and lives: it is followed, changes, and leaves static output in all its places."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from ..connection import host
from ..connection.background import background
from . import cells, containers, outputs, together
from .calm import keep_calm_no_more
from .static_outputs import StaticOutput, Write
from .subject import Subject
from .together import Shown
from .words import Ending
from .writing import Writing

if TYPE_CHECKING:
    from ...widgets.view import View


class Presentation(Shown):
    """Shows something that lives, in the place that fits: a page, plain output, a terminal.

    Static output of what goes on lies in the output below its view, out of sight: for whoever opens
    the saved notebook without a kernel. What ends is a :class:`~.passing.Passing`, what stays is a
    :class:`~.staying.Staying`.

    Args:
        subject: What is shown.
        view: Its view, where there is one already.

    Attributes:
        subject: What is shown.
    """

    def __init__(self, subject: Subject, view: View | None = None) -> None:
        self.subject = subject
        self._view = view
        self._writing = Writing(self._static_output, self._written)
        self._following: Future[None] | None = None
        self._ending: Ending | None = None
        if host.in_kernel():
            watch(host.shell())

    def place(self, write: Write, *, is_held: bool) -> None:
        """Take notice of a place for its static output."""
        self._writing.places.append(write)

    def attend(self) -> None:
        """Follow it, unless that is done already."""
        if self._following is None or self._following.done():
            self._following = background().run(self.subject.follow(self._changed))
            self._following.add_done_callback(self._ended)

    def leave(self) -> None:
        """Follow it no longer."""
        if self._following is not None:
            self._following.cancel()

    @abstractmethod
    def stop(self) -> Future[None] | None:
        """End it on the server, as the reader wished in the page, or else watch it no longer."""

    @abstractmethod
    def _changed(self) -> None:
        """Take notice of news; on the background loop, so render nothing."""

    @abstractmethod
    def _renew_soon(self) -> None:
        """Have its static output written, where there is any, as it is by then."""

    @abstractmethod
    def _ended(self, following: Future[None]) -> None:
        """Take notice that it is followed no more; on the background loop, so render nothing."""

    @abstractmethod
    def _static_output(self) -> StaticOutput:
        """Make its static output."""

    @abstractmethod
    def _written(self, output: StaticOutput) -> None:
        """Take notice of static output that was written."""

    def _unseen(self, is_cleared: bool) -> None:
        """No page shows it any more; let it go if its output is gone."""
        if self._view is not None and (is_cleared or cells.is_lost(self._view)):
            self._writing.places.clear()
            self._view._rest()
            self.leave()


def watch(shell: Any) -> None:
    """Take notice of what a shell shows that holds views, or may come to hold some."""
    containers.watch(shell, _show_held)


def _show_held(widget: Any, parts: Sequence[Shown], holders: Sequence[Any]) -> bool:
    """Show what holds views, or has Outputs in it; those that hold none yet may later."""
    if parts or not all(map(outputs.is_empty, holders)):
        together.show(widget, parts, holders)
        return True
    if holders:
        together.expect(holders)
    return False


def leave(shell: Any) -> None:
    """Leave a shell as it was before anything was presented in it."""
    keep_calm_no_more(shell)
    cells.forget(shell)
    containers.forget(shell)
