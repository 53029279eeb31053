"""What is shown and stays: a view to read in, to write in, to choose in."""

from __future__ import annotations

import contextlib
from concurrent.futures import Future
from typing import TYPE_CHECKING

from ...errors import DariError
from ..connection import host
from . import cells, together
from .presentation import Presentation
from .static_outputs import NOTHING, Bundle, StaticOutput, Write
from .words import lost

if TYPE_CHECKING:
    from ...widgets.view import View
    from .subject import Subject


class Staying(Presentation):
    """Shows what stays, with :meth:`show`, as often as one likes.

    The static output of all views in a box or a tab lies below that one. It is followed as long as
    a page shows it, wherever in the page that is, taken up again when one does so again, and let go
    when its output is gone.

    Args:
        subject: What is shown.
        view: Its view.
    """

    _view: View

    def __init__(self, subject: Subject, view: View) -> None:
        super().__init__(subject, view)
        self._has_static_output = False
        self._is_left = False
        self._is_closed = False
        view.presenter = self
        view._on_seen(self._seen)
        view._on_unseen(self._unseen)
        view.on_close(self._closed)

    def show(self) -> None:
        """Show it, one more time."""
        together.show(self._view, [self])

    @property
    def known_static_output(self) -> Bundle | None:
        """Its static output, if anybody has needed it so far."""
        is_needed = self._has_static_output or not host.is_watched()
        return self.subject.static_output(self._ending) if is_needed else None

    def place(self, write: Write, *, is_held: bool) -> None:
        """Take notice of a place for its static output, in which a page is about to show it."""
        super().place(write, is_held=is_held)
        if not is_held:
            cells.shown(self._view)
        self._view._expect()
        self.attend()
        # Before any page tells of it: one that is far off may never.
        if host.hides_static_output() and not self._has_static_output:
            self._has_static_output = True
            self._writing.soon()

    def renew(self) -> None:
        """Follow what its subject is now, another thing than before, where that was followed."""
        if self._following is not None and not self._following.cancelled():
            self.leave()
            self.watch()
        self._renew_soon()

    def renew_static_output(self) -> None:
        """Write its static output anew, if it has any, in a moment."""
        self._renew_soon()

    def refresh(self) -> None:
        """Bring its static output up to date before this returns, if it has any; on any thread."""
        if self._has_static_output:
            self._writing.now()

    @property
    def is_stopped(self) -> bool:
        """Whether the reader watches no longer."""
        return self._ending is not None

    def stop(self) -> Future[None] | None:
        """End what goes on in it on the server, as the reader wished, or else watch no longer."""
        cancelling = self.subject.cancel()
        if cancelling is None:
            self._is_left, self._ending = True, self.subject.stopped()
            self.leave()
            self._renew_soon()
        return cancelling

    def stop_or_watch(self) -> Future[None] | None:
        """Stop, or watch again what is not watched."""
        if not self.is_stopped:
            return self.stop()
        self.watch()
        return None

    def watch(self) -> None:
        """Watch it again."""
        self._is_left, self._ending = False, None
        self.attend()

    def _changed(self) -> None:
        self.subject.draw()
        if self.subject.is_at_rest:
            self._renew_soon()
        else:
            self._writing.in_time(self._renew_soon)

    def _renew_soon(self) -> None:
        if self._has_static_output:
            self._writing.soon()

    def _ended(self, following: Future[None]) -> None:
        error = None if following.cancelled() else following.exception()
        if error is not None:
            self._ending = lost(error if isinstance(error, DariError) else None)
            self.subject.lost(self._ending)
            self._renew_soon()

    def _static_output(self) -> StaticOutput:
        is_wanted = self._has_static_output or self._is_closed
        bundle = self.subject.static_output(self._ending) if is_wanted else NOTHING
        return StaticOutput(bundle, is_last=self._is_closed)

    def _written(self, output: StaticOutput) -> None:
        if output.is_last:
            self._view._leave_static_output(output.bundle["text/html"])

    def _closed(self) -> None:
        """Leave what the view showed last, and how to go on."""
        self.leave()
        if self._writing.places:
            self._ending, self._is_closed = self.subject.closed(), True
            with contextlib.suppress(DariError):
                self._writing.now()
            self._is_closed = False

    def _seen(self, is_jupyter: bool) -> None:
        if not self._is_left:
            self.watch()
        if not is_jupyter and self._has_static_output:
            # Other hosts cannot hide the static output while the view lives.
            self._has_static_output = False
            self._writing.soon()

    def _unseen(self, is_cleared: bool) -> None:
        super()._unseen(is_cleared)
        self.leave()
