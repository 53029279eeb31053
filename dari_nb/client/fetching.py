"""Many calls at once: over several connections, as they come, in bounded memory."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

from ..errors import DariError, InvalidRequestError
from ._client import Client

T = TypeVar("T")

_FIRST_WORKERS = 4
_WAITED_PER_WORK = 2 * _FIRST_WORKERS
_LAST_PATIENCE = 1.0


def fetch_many(
    client: Client, calls: Iterable[Callable[[Client], T]], *, workers: int = 48
) -> Fetching[T]:
    """Make many calls at once, such as one for each of a thousand sessions.

    Args:
        client: Where to ask. Each worker has a client and a connection of its own, made alike.
        calls: What to ask, as functions of a client; taken from the iterable as they are needed,
            by several threads, one at a time.
        workers: How many calls run at once at most. As long as answers come faster than they can
            be read, a few workers are used and no more, because that is faster.

    Returns:
        An iterator and context manager: for each call its place in ``calls``, from 0, and its
        result or the :class:`~dari_nb.errors.DariError` that it raised, in the order in which
        the calls end. Retries are the client's. Any other exception of a call is raised. Results
        that are not taken yet are ``workers`` at most; then the workers wait.

    Raises:
        InvalidRequestError: ``workers`` is less than 1.

    Example::

        calls = [lambda c, id=id: c.sessions.transcript(id) for id in ids]
        with fetch_many(client, calls) as results:
            for place, result in results:
                print(ids[place], result)
    """
    if workers < 1:
        raise InvalidRequestError(f"At least 1 worker is needed, not {workers}.")
    return Fetching(client, calls, workers)


class Fetching(Generic[T]):
    """The results of :func:`fetch_many`, as they come; an iterator and a context manager.

    Leaving the ``with`` block, also by an interrupt, ends the workers; calls that do not end
    within a second are left to end by themselves, and their results are dropped.
    """

    def __init__(
        self, client: Client, calls: Iterable[Callable[[Client], T]], workers: int
    ) -> None:
        self._client = client
        self._calls = enumerate(calls)
        self._next_call = threading.Lock()
        self._changed = threading.Condition()
        self._results: deque[tuple[int, T | DariError]] = deque()
        self._failure: BaseException | None = None
        self._over = False
        self._most = workers
        self._threads: list[threading.Thread] = []
        self._working = 0
        self._worked = self._waited = 0.0
        with self._changed:
            self._employ(min(workers, _FIRST_WORKERS))

    def __iter__(self) -> Iterator[tuple[int, T | DariError]]:
        return self

    def __next__(self) -> tuple[int, T | DariError]:
        with self._changed:
            self._changed.wait_for(lambda: self._results or self._failure or not self._working)
            if self._results:
                self._changed.notify_all()
                return self._results.popleft()
            failure, self._failure = self._failure, None
        self.close()
        if failure is not None:
            raise failure
        raise StopIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers; harmless when they have ended."""
        with self._changed:
            self._over = True
            self._results.clear()
            self._changed.notify_all()
        end = time.monotonic() + _LAST_PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _employ(self, workers: int) -> None:
        """Start workers until there are so many; the lock is held."""
        while len(self._threads) < workers and not self._over:
            name = f"dari-fetch-{len(self._threads)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            self._working += 1
            thread.start()

    def _work(self) -> None:
        try:
            with self._client.alike() as client:
                while (call := self._call()) is not None:
                    self._deliver(call[0], self._done(call[1], client))
        except BaseException as error:  # noqa: BLE001 - it is raised where the results are taken
            self._fail(error)
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    def _call(self) -> tuple[int, Callable[[Client], T]] | None:
        with self._next_call:
            return None if self._over else next(self._calls, None)

    def _done(self, call: Callable[[Client], T], client: Client) -> T | DariError:
        started, processor = time.perf_counter(), time.thread_time()
        try:
            return call(client)
        except DariError as error:
            return error
        finally:
            worked, waited = time.thread_time() - processor, time.perf_counter() - started
            with self._changed:
                self._worked += worked
                self._waited += waited
                # Threads that all have work to do hinder each other: only those that wait for
                # the server are worth more of their kind.
                if self._waited > _WAITED_PER_WORK * self._worked:
                    self._employ(self._most)

    def _deliver(self, place: int, result: T | DariError) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._over or len(self._results) < self._most)
            if not self._over:
                self._results.append((place, result))
                self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = self._failure or error
            self._over = True
