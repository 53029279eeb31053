"""Interrupts of what must not be left half done: kept meanwhile, and heard where one waits."""

from __future__ import annotations

import contextlib
import inspect
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

_SHELL = "IPython.core.interactiveshell"
_ENDING = {"dari_nb", "IPython", "contextlib"}
"""Packages whose code only passes an interrupt on."""


class Interrupted(KeyboardInterrupt):
    """An interrupt of which its words are all that is shown, without a traceback.

    Args:
        text: What it means.
        is_said: Whether an output says so already.
    """

    def __init__(self, text: str, *, is_said: bool = False) -> None:
        super().__init__(text)
        self.is_said = is_said


class _Keeper:
    """Takes the interrupts of this process in place of Python's own handler."""

    def __init__(self) -> None:
        self.depth = 0
        self.is_heard = False
        self._came = False
        self._before: Any = None
        self._ending: _EndingCell | None = None

    def begin(self) -> None:
        if self.depth == 0:
            self._came = False
            before = signal.signal(signal.SIGINT, self._take)
            if before != self._pass_over:
                self._before = before
            self._ending = None
        self.depth += 1

    def end(self, *, is_heard: bool) -> None:
        """End keeping; an interrupt that was heard, or is now, ends the cell as well."""
        self.depth -= 1
        if is_heard:
            self._end_cell()
            self._came = False  # whoever presses twice means it once
            return
        if self.depth == 0:
            self.listen()
        if self._came:
            self._end_cell()
        self.raise_stored()

    @property
    def is_ending(self) -> bool:
        """Whether a cell is taken to end, so that interrupts are passed over."""
        return self._ending is not None and signal.getsignal(signal.SIGINT) == self._pass_over

    def raise_stored(self) -> None:
        """Raise what was kept, once."""
        came, self._came = self._came, False
        if came:
            raise KeyboardInterrupt

    def _end_cell(self) -> None:
        """Pass over more interrupts until the cell has ended, or code of the user goes on."""
        if self.depth == 0:
            self._ending = _EndingCell(inspect.currentframe())
            if self._ending.is_one:
                signal.signal(signal.SIGINT, self._pass_over)
            else:
                self.listen()

    def _pass_over(self, number: int, frame: FrameType | None) -> None:
        if self._ending is None or not self._ending.is_ending_at(frame):
            self.listen()
            if callable(self._before):
                self._before(number, frame)

    def listen(self) -> None:
        """Leave interrupts to whom they were for before."""
        self._ending = None
        signal.signal(signal.SIGINT, self._before or signal.default_int_handler)

    def _take(self, *_: object) -> None:
        self._came = True
        if self.is_heard:
            # The next one is kept while this one is dealt with.
            self.is_heard = False
            self.raise_stored()


class _EndingCell:
    """A cell that an interrupt ends: the shell is to say so once, whatever comes meanwhile.

    Args:
        frame: Where it was interrupted.
    """

    def __init__(self, frame: FrameType | None) -> None:
        self._running: FrameType | None = None
        self._users: list[tuple[FrameType, int]] = []
        for each in _stack(frame):
            if _runs_cell(each):
                self._running = each
                break
            if _module(each).partition(".")[0] not in _ENDING:
                self._users.append((each, each.f_lasti))

    @property
    def is_one(self) -> bool:
        """Whether a shell runs it, and not a script."""
        return self._running is not None

    def is_ending_at(self, frame: FrameType | None) -> bool:
        """Whether it still ends there: no other cell runs, nor code that caught the interrupt."""
        stack = list(_stack(frame))
        running = next(filter(_runs_cell, stack), None)
        if running is None:
            return any(_module(each) == _SHELL for each in stack) or _is_kernel(stack)
        caught = any(user in stack and user.f_lasti != at for user, at in self._users)
        return running is self._running and not caught


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _runs_cell(frame: FrameType) -> bool:
    return frame.f_code.co_name == "run_code" and _module(frame) == _SHELL


def _is_kernel(stack: list[FrameType]) -> bool:
    return any(_module(each).startswith("ipykernel.") for each in stack)


_keeper = _Keeper()


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Keep an interrupt that comes meanwhile, outside of :func:`heard`, and raise it at the end.

    Other threads, and what runs where interrupts are ignored, get none anyway.
    """
    if not _is_interruptible():
        yield
        return
    _keeper.begin()
    is_heard = False
    try:
        yield
    except KeyboardInterrupt:
        is_heard = True
        raise
    finally:
        _keeper.end(is_heard=is_heard)


def next_cell() -> None:
    """Take notice that a shell is done with what was interrupted, and begins something new."""
    if _keeper.is_ending:
        _keeper.listen()


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """Raise an interrupt at once, also one that was kept: here it does no harm."""
    if not (_keeper.depth and _is_main_thread()):
        yield
        return
    before, _keeper.is_heard = _keeper.is_heard, True
    try:
        _keeper.raise_stored()
        yield
    except KeyboardInterrupt:
        before = False
        raise
    finally:
        _keeper.is_heard = before


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _is_interruptible() -> bool:
    return _is_main_thread() and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
