"""The breaks of one event stream: whether it is taken up again, and when."""

from __future__ import annotations

import time

from ...errors import (
    ApiError,
    ConnectionFailedError,
    DariError,
    InsecureServerError,
    StreamInterruptedError,
    TimedOutError,
)
from .._retry import RETRIED_STATUSES, Reconnect, jittered

_LONGEST_SERVER_PAUSE = 60.0


class Breaks:
    """Counts the breaks without progress in between, under a policy."""

    def __init__(self, policy: Reconnect) -> None:
        self._policy = policy
        self._fruitless = 0
        self._connected_at: float | None = None
        self._server_pause = 0.0
        self._asked_pause = 0.0

    def connected(self) -> None:
        """Take note of a connection that was accepted."""
        self._connected_at = time.monotonic()

    def progressed(self) -> None:
        """Take note of news, which start the count anew."""
        self._fruitless = 0

    def wait_always(self, milliseconds: int) -> None:
        """Take note of the pause that the stream itself asks for, before every reconnect."""
        self._server_pause = min(milliseconds, _LONGEST_SERVER_PAUSE * 1000) / 1000

    def wait_once(self, seconds: float) -> None:
        """Take note of the pause that a refusal asks for."""
        self._asked_pause = seconds

    def count(self, session_id: str, error: DariError | None) -> None:
        """Take note of a break; a connection that held counts as progress before it.

        Raises:
            StreamInterruptedError: There was no progress for too long.
        """
        since, self._connected_at = self._connected_at, None
        if since is not None and time.monotonic() - since >= self._policy.max_backoff:
            self._fruitless = 0
        self._fruitless += 1
        if self._fruitless >= self._policy.attempts:
            raise StreamInterruptedError(
                f"The event stream of {session_id} broke {self._fruitless} times"
                f" in a row without news: {error or 'the server closed it'}"
            )

    def pause(self) -> float:
        """Seconds to wait before the next connection."""
        asked, self._asked_pause = max(self._server_pause, self._asked_pause), 0.0
        jitter = jittered(self._fruitless, self._policy.initial_backoff, self._policy.max_backoff)
        return max(jitter, min(asked, _LONGEST_SERVER_PAUSE))


def may_pass(error: DariError) -> bool:
    """Whether a new connection may do better than the one that ended so."""
    if isinstance(error, ApiError):
        return error.status in RETRIED_STATUSES or error.status >= 500
    if isinstance(error, InsecureServerError):
        return False
    return isinstance(error, ConnectionFailedError | TimedOutError | StreamInterruptedError)
