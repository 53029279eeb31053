"""A prompt for input that is left when nobody needs the answer any more."""

from __future__ import annotations

import _thread
import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

_AGAIN = 0.1
"""Seconds until who reads is woken once more: a signal just before a read is not noticed by it."""


class Left(BaseException):
    """The prompt is left. No ``Exception``: kernels pass those over while they read."""


class Prompt:
    """A place to read input in the main thread, until another thread says :meth:`leave`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._is_reading = False
        self._is_left = False
        self._before: Any = None

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Let what is done inside be left; in the main thread.

        Raises:
            Left: Somebody said so, before or meanwhile.
        """
        self._over.clear()
        self._before = signal.signal(signal.SIGINT, self._take)
        try:
            try:
                self._is_reading = True
                if self._is_left:
                    raise Left
                yield
            finally:
                self._is_reading = False
        finally:
            self._over.set()
            with self._lock:  # nobody sends a signal any more
                time.sleep(0)  # one that was sent comes now, where it does nothing
            signal.signal(signal.SIGINT, self._before or signal.default_int_handler)

    def leave(self) -> None:
        """Have it left; from any thread."""
        self._is_left = True
        if self._is_reading:
            threading.Thread(target=self._wake, name="dari-leaving", daemon=True).start()

    def _wake(self) -> None:
        while not self._over.is_set():
            with self._lock:
                if self._is_reading:
                    _interrupt_main_thread()
            self._over.wait(_AGAIN)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._is_left:
            if self._is_reading:
                self._is_reading = False
                raise Left
        elif callable(self._before):
            self._before(number, frame)


def _interrupt_main_thread() -> None:
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)  # wakes a read, too
    else:
        _thread.interrupt_main()
