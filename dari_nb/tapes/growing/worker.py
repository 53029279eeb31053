"""A thread that does one thing after another, so that nobody waits for a disk."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Lock, Thread

from ...errors import DariError, InvalidRequestError

Job = Callable[[], None]


class Worker:
    """Does jobs in their order; the thread starts with the first of them."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._trouble: Exception | None = None
        self._left = 0
        self._lock = Lock()

    @property
    def is_idle(self) -> bool:
        """Whether everything is done that was to be done so far."""
        return self._left == 0

    def do(self, job: Job) -> None:
        """Do a job soon."""
        if self._thread is None:
            self._thread = Thread(target=self._work, name="dari-tape", daemon=True)
            self._thread.start()
        with self._lock:
            self._left += 1
        self._jobs.put(job)

    def wait(self, seconds: float) -> None:
        """Wait until everything is done that was to be done so far, but no longer than this."""
        done = Event()
        self.do(done.set)
        done.wait(seconds)

    def close(self) -> None:
        """Wait until all is done.

        Raises:
            InvalidRequestError: Something could not be done; the text says what.
        """
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None
        if self._trouble is not None:
            raise InvalidRequestError(f"The tape is not whole: {self._trouble}")

    @property
    def trouble(self) -> Exception | None:
        """What could not be done first, if anything could not."""
        return self._trouble

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except (OSError, DariError) as error:
                # What comes after it follows from it, and says less.
                self._trouble = self._trouble or error
            finally:
                with self._lock:
                    self._left -= 1
