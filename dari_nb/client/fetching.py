"""Many calls at once: over several connections, as they come, in bounded memory."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import count
from types import TracebackType
from typing import Generic, Self, TypeVar

from ..errors import DariError, InvalidRequestError
from ._client import Client

T = TypeVar("T")

_FIRST_WORKERS = 4
_WAITED_PER_WORK = 2 * _FIRST_WORKERS
_GLANCE = 0.005
_IDLE = 0.5
_LAST_PATIENCE = 1.0
_NUMBERS = count()


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
        that are not taken yet are ``workers`` at most; then the workers wait, and end when nobody
        takes any for a while. They begin with the first result that is asked for.

    Raises:
        InvalidRequestError: ``workers`` is less than 1.

    Example::

        calls = [lambda c, id=id: c.sessions.transcript(id) for id in ids]
        for place, result in fetch_many(client, calls):
            print(ids[place], result)
    """
    if workers < 1:
        raise InvalidRequestError(
            f"At least 1 worker is needed, not {workers}.", code="invalid_number"
        )
    return Fetching(client, calls, workers)


class Fetching(Generic[T]):
    """The results of :func:`fetch_many`, as they come; an iterator and a context manager.

    Leaving the loop or the ``with`` block, also by an interrupt, ends the workers; calls that do
    not end within a second are left to end by themselves, and their results are dropped.
    """

    def __init__(
        self, client: Client, calls: Iterable[Callable[[Client], T]], workers: int
    ) -> None:
        # The threads know the pool and not this object, which can so be forgotten while they work.
        self._results = _Pool(client, calls, workers).results()

    def __iter__(self) -> Iterator[tuple[int, T | DariError]]:
        return self

    def __next__(self) -> tuple[int, T | DariError]:
        return next(self._results)

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
        self._results.close()


class _Pool(Generic[T]):
    """Threads that work while somebody takes their results."""

    def __init__(self, client: Client, calls: Iterable[Callable[[Client], T]], most: int) -> None:
        self._client = client
        self._calls = enumerate(calls)
        self._next_call = threading.Lock()
        # Reentrant, because garbage may be collected, and this be closed, while a worker holds it.
        lock = threading.RLock()
        self._news, self._room = threading.Condition(lock), threading.Condition(lock)
        self._results: deque[tuple[int, T | DariError]] = deque()
        self._failure: BaseException | None = None
        self._over = self._closed = False
        self._most = most
        self._wanted = min(most, _FIRST_WORKERS)
        self._threads: set[threading.Thread] = set()
        self._worked = self._waited = 0.0

    def results(self) -> Generator[tuple[int, T | DariError], None, None]:
        """Yield the results as they come, and end the workers however this is left."""
        try:
            while (result := self._take()) is not None:
                yield result
            if self._failure is not None:
                raise self._failure
        finally:
            self._close()

    def _take(self) -> tuple[int, T | DariError] | None:
        with self._news:
            self._employ()
            processor = time.process_time()
            while not self._news.wait_for(self._is_news, self._glance()):
                processor, before = time.process_time(), processor
                if processor - before < _GLANCE / 2:
                    self._widen()
            if not self._results:
                return None
            self._room.notify()
            return self._results.popleft()

    def _is_news(self) -> bool:
        return bool(self._results or self._failure or not self._threads)

    def _glance(self) -> float | None:
        """Seconds until a look at whether all are waiting; ``None`` when nothing follows of it."""
        return _GLANCE if self._wanted < self._most else None

    def _widen(self) -> None:
        """Let as many work as may; the lock is held."""
        self._wanted = self._most
        self._employ()

    def _close(self) -> None:
        with self._news:
            self._over = self._closed = True
            self._results.clear()
            self._room.notify_all()
            left = set(self._threads)
        if threading.current_thread() in left:  # garbage is collected wherever memory is asked for
            return
        end = time.monotonic() + _LAST_PATIENCE
        for thread in left:
            thread.join(max(0.0, end - time.monotonic()))

    def _employ(self) -> None:
        """Start workers until there are as many as are wanted and have room; the lock is held."""
        useful = min(self._wanted, self._most - len(self._results))
        while len(self._threads) < useful and not self._over:
            name = f"dari-fetch-{next(_NUMBERS)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            thread.start()
            self._threads.add(thread)

    def _work(self) -> None:
        try:
            with self._client.copy() as client:
                while (call := self._call()) is not None:
                    self._deliver(call[0], self._done(call[1], client))
        except BaseException as error:  # noqa: BLE001 - it is raised where the results are taken
            self._fail(error)
        finally:
            with self._news:
                self._threads.discard(threading.current_thread())
                self._news.notify_all()

    def _call(self) -> tuple[int, Callable[[Client], T]] | None:
        """Take the next call; none when there is none, or nobody takes results any more."""
        with self._room:
            self._room.wait_for(self._may_go_on, _IDLE)
            if not self._may_go_on():
                return None
        with self._next_call:
            call = None if self._over else next(self._calls, None)
            self._over = self._over or call is None
            return call

    def _may_go_on(self) -> bool:
        return self._over or len(self._results) < self._most

    def _done(self, call: Callable[[Client], T], client: Client) -> T | DariError:
        started, processor = time.perf_counter(), time.thread_time()
        try:
            return call(client)
        except DariError as error:
            return error
        finally:
            worked, waited = time.thread_time() - processor, time.perf_counter() - started
            with self._news:
                self._worked += worked
                self._waited += waited
                # Threads that all have work to do hinder each other: only those that wait for
                # the server are worth more of their kind.
                if self._waited > _WAITED_PER_WORK * self._worked:
                    self._widen()

    def _deliver(self, place: int, result: T | DariError) -> None:
        with self._news:
            if not self._closed:
                self._results.append((place, result))
                self._news.notify()

    def _fail(self, error: BaseException) -> None:
        with self._news:
            self._failure = self._failure or error
            self._over = True
