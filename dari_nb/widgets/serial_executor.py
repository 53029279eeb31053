"""Work that takes long, in threads that end when it is done."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


def in_thread(work: Callable[..., T], *arguments: Any) -> Future[T]:
    """Do work in a thread of its own; what it raises is in the future."""
    return SerialExecutor().submit(work, *arguments)


class SerialExecutor:
    """Does what it is given one after another, in the order in which that was given."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_busy = False

    def submit(self, work: Callable[..., T], *arguments: Any) -> Future[T]:
        """Have work done when all that came before it is done; from any thread."""
        future: Future[T] = Future()
        with self._lock:
            self._waiting.append(lambda: _do(future, work, arguments))
            is_busy, self._is_busy = self._is_busy, True
        if not is_busy:
            threading.Thread(target=self._run, name="dari_nb-serial-executor", daemon=True).start()
        return future

    def _run(self) -> None:
        while (work := self._next()) is not None:
            work()

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            self._is_busy = bool(self._waiting)
            return self._waiting.popleft() if self._waiting else None


def _do(future: Future[T], work: Callable[..., T], arguments: tuple[Any, ...]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work(*arguments)
    except BaseException as error:  # noqa: BLE001
        future.set_exception(error)
    else:
        future.set_result(result)
