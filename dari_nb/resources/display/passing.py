"""What is shown and ends: live while it goes on, and static in the same output after that."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ...errors import DariError, TimedOutError
from ..connection import host
from ..connection.background import background, wait_for
from . import cells, outputs
from .calm import whole
from .presentation import Presentation
from .static_outputs import NOTHING, Bundle, StaticOutput, Write, publish, publish_until
from .subject import Subject
from .words import Ending, StoppedWatching, late, lost, not_cancelled


class _LateStop:
    """Stop, while it may still be heard: the kernel hears of it after the interrupt it asked for.

    Args:
        none: Called when none has come in a moment, and when none can come any more.

    Attributes:
        may_come: Whether it may: whoever pressed it did so before the next cell was to run.
    """

    def __init__(self, none: Callable[[], object]) -> None:
        self.may_come = True
        self._none = none
        cells.before_the_next(self._past)
        cells.a_moment_after(self._moment)

    def _past(self) -> None:
        self.may_come = False
        self._none()

    def _moment(self) -> None:
        if self.may_come:
            self._none()


class Passing(Presentation):
    """Shows what ends, with :meth:`follow`: it opens, changes, is waited for or goes aside.

    No interrupt leaves an output half made: one that comes meanwhile is told of right after.

    Args:
        subject: What is shown.
    """

    def __init__(self, subject: Subject) -> None:
        super().__init__(subject)
        self._settled: Write | None = None
        self._is_over = False
        self._is_held = False
        self._hears_more = False
        self._late_stop: _LateStop | None = None
        self._cancelling: Future[None] | None = None
        self._heeds_cells_no_more: Callable[[], None] | None = None

    def follow(self, timeout: float | None, *, wait: bool) -> None:
        """Show it until it ends, or as it is when it has ended.

        Args:
            timeout: Seconds to wait at most; ``None`` waits without limit.
            wait: ``False`` returns at once, and the output goes on by itself.

        Raises:
            TimedOutError: It has not ended in time.
            StoppedWatching: The user stopped it.
        """
        with whole(self.subject):
            if self.subject.has_ended and (host.in_kernel() or not wait):
                self._show_static_output()
            elif wait:
                self._wait(timeout)
            else:
                self._open(blocking=False)
                if host.in_kernel():
                    self._heeds_cells_no_more = cells.at_each_end(self._cell_ended)
                self.attend()

    @property
    def known_static_output(self) -> Bundle:
        """Its static output as it is by now."""
        return self.subject.static_output(self._said) if self._is_over else self.subject.so_far()

    @property
    def _said(self) -> Ending | None:
        """What is said of it besides what came: nothing once its end has come, too."""
        return None if self.subject.has_ended else self._ending

    def stop(self) -> Future[None] | None:
        """End it on the server, as the reader wished in the page, or else watch it no longer.

        Of a cell that waits the kernel may hear so only after the interrupt that the page asked
        for, too: what was left then is followed to its end after all.
        """
        self._cancelling = self.subject.cancel()
        if self._cancelling is None:
            self._ending = self.subject.stopped()
            self.leave()
            self._renew_soon()
        elif self._ending is not None:
            self._cancelling.add_done_callback(self._cancelled)
        return self._cancelling

    def _show_static_output(self) -> None:
        if not host.in_kernel():
            self.subject.print()
            return
        self._writing.places = [publish(self.subject.static_output())]
        self.subject.when_more_is_known(self._writing.soon)

    def _wait(self, timeout: float | None) -> None:
        following: Future[None] | None = None
        may_be_stop = False
        try:
            if host.in_kernel():
                self._open(blocking=True)
            following = background().run(self.subject.follow(self._changed))
            wait_for(following, timeout, self.subject.tick)
        except KeyboardInterrupt:
            self._ending = ending = self.subject.stopped()
            may_be_stop = self._view is not None and self.subject.can_cancel
            raise StoppedWatching(ending, is_said=host.in_kernel()) from None
        except TimedOutError:
            self._ending = lost() if following is None or following.done() else late(timeout)
            raise
        except BaseException:
            self._ending = lost()
            raise
        finally:
            if following is not None and may_be_stop:
                self._interrupted(following)
            else:
                if following is not None:
                    following.cancel()
                self._become_static()

    def _open(self, *, blocking: bool) -> None:
        holder = host.taking()
        output = NOTHING if holder is not None else self.subject.so_far()
        if host.is_watched():
            self._view = self.subject.view(blocking=blocking, stop=self.stop)
            self._view._on_unseen(self._unseen)
            self._view.on_close(self.leave)
        if holder is not None:
            self._open_in(holder)
        elif self._view is None:
            self._writing.places = [publish(output)]
        else:
            below, self._settled = publish_until(self._view, output)
            self._writing.places = [below]
            cells.shown(self._view)

    def _open_in(self, holder: Any) -> None:
        """An Output hears of nothing that is to come in place of a view, so there that stays."""
        self._is_held = True
        if self._view is not None:
            publish(self._view)
        outputs.take(holder, self)

    def _changed(self) -> None:
        if self._view is not None:
            self.subject.draw()
        self._writing.in_time(self._renew_soon)

    def _renew_soon(self) -> None:
        if self._writing.places and not self._is_over:
            self._writing.meanwhile()

    def _ended(self, following: Future[None]) -> None:
        error = None if following.cancelled() else following.exception()
        if self._ending is None and (error is not None or following.cancelled()):
            self._ending = lost(error if isinstance(error, DariError) else None)
        self._is_over = True
        self._writing.soon()

    def _cell_ended(self) -> None:
        """Become static when a cell ends that has seen its end: the next may be the kernel's last.

        Executors such as nbclient take nothing any more when no cell runs.
        """
        if self._is_over or self.subject.has_ended:
            self._is_over = True
            self._writing.now()

    def _become_static(self) -> None:
        if not host.in_kernel():
            self.subject.end()
            return
        self._is_over = True
        self._writing.now()

    def _static_output(self) -> StaticOutput:
        is_last = self._is_over
        if is_last and self._settled is not None:
            self._writing.places = [self._settled]
        if is_last or self._said is not None:
            return StaticOutput(self.subject.static_output(self._said), is_last)
        has_ended = self.subject.has_ended
        return StaticOutput(self.subject.static_output() if has_ended else self.subject.so_far())

    def _written(self, output: StaticOutput) -> None:
        if not output.is_last:
            return
        if self._heeds_cells_no_more is not None:
            self._heeds_cells_no_more()
            self._heeds_cells_no_more = None
        if self._view is not None and self._view._has_late_pages:
            self._view._leave_static_output(output.bundle["text/html"])
        if self._late_stop is None or not self._late_stop.may_come:
            self._close()

    def _interrupted(self, following: Future[None]) -> None:
        """Leave the view for a moment: a Stop that the interrupt came from is heard only now."""
        self._late_stop = _LateStop(self._was_no_stop)
        self._following = following
        following.add_done_callback(self._ended)
        self._writing.now()
        if self._cancelling is not None:
            self._cancelling.add_done_callback(self._cancelled)

    def _was_no_stop(self) -> None:
        if self._cancelling is not None:
            return
        if not self._is_over:
            self.leave()
        elif self._late_stop is not None and not self._late_stop.may_come:
            self._close()

    def _cancelled(self, cancelling: Future[None]) -> None:
        """Follow what an interrupted cell has left to the end that it was given."""
        error = None if cancelling.cancelled() else cancelling.exception()
        if self._late_stop is not None:
            self._late_stop.may_come = False
        if error is None and not cancelling.cancelled():
            self._ending = None
            self.attend()
        elif self._ending is not None:
            self._ending = not_cancelled(self._ending, error)
            self.leave()
            self._writing.soon()

    def _close(self) -> None:
        if self._view is not None and not self._is_held:
            self._view.close()
            self._view = None
        if not self._hears_more:
            self._hears_more = True
            self.subject.when_more_is_known(self._writing.soon)
