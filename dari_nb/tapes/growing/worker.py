"""A thread that does one thing after another, so that nobody waits for a disk."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Condition, Thread

from ...errors import DariError

Job = Callable[[], None]


class Worker:
    """Does jobs in their order; the thread starts with the first of them."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._trouble: Exception | None = None
        self._left = 0
        self._rests = Condition()

    @property
    def is_idle(self) -> bool:
        """Whether everything is done that was to be done so far."""
        return self._left == 0

    @property
    def trouble(self) -> Exception | None:
        """Why the last job could not be done, if it could not."""
        return self._trouble

    def do(self, job: Job) -> None:
        """Do a job soon."""
        with self._rests:
            self._left += 1
            if self._thread is None:
                self._thread = Thread(target=self._work, name="dari-tape", daemon=True)
                self._thread.start()
        self._jobs.put(job)

    def wait(self, seconds: float) -> bool:
        """Wait until everything is done, but no longer than this; returns whether it is."""
        with self._rests:
            return self._rests.wait_for(lambda: self.is_idle, seconds)

    def close(self) -> None:
        """Let the thread end with what is left to be done."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread = None

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
                self._trouble = None
            except (OSError, DariError) as error:
                self._trouble = error
            finally:
                with self._rests:
                    self._left -= 1
                    self._rests.notify_all()
