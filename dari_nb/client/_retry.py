"""How often and how long to wait before a repeat, free of I/O."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from ..errors import ConnectionFailedError, DariError
from ._address import CONNECT_TIMEOUT
from ._request import Request

RETRIED_STATUSES = frozenset({408, 429, 502, 503, 504})


@dataclass(frozen=True, kw_only=True)
class Retry:
    """When a request is tried again: after a broken connection, and on 408, 429, 502, 503, 504.

    Only requests whose repeat is safe are: GET, PUT, DELETE, and those with an idempotency key.

    Attributes:
        tries: How often in all; 1 means never again.
        first_pause: Seconds before the second try, at most; doubled for each further one.
        longest_pause: Upper bound of a pause, in seconds.
        longest_wait: A ``Retry-After`` beyond this many seconds raises the error at once.
    """

    tries: int = 4
    first_pause: float = 0.25
    longest_pause: float = 8.0
    longest_wait: float = 60.0

    def pause(
        self, request: Request[Any], outcome: httpx.Response | DariError, attempt: int
    ) -> float | None:
        """Seconds to wait before the next try; ``None`` when there is to be none.

        Args:
            request: What was sent.
            outcome: The answer, or why there is none.
            attempt: How many tries there were, from 1.
        """
        if attempt >= self.tries or not request.is_repeatable or not _is_transient(outcome):
            return None
        pause = jittered(attempt, self.first_pause, self.longest_pause)
        asked = retry_after(outcome) if isinstance(outcome, httpx.Response) else None
        if asked is None:
            return pause
        return max(pause, asked) if asked <= self.longest_wait else None


@dataclass(frozen=True, kw_only=True)
class Reconnect:
    """How a stream deals with breaks.

    Attributes:
        keep_alive: Seconds without a byte after which a connection counts as dead.
        tries: Connections in a row without progress after which the stream gives up. Progress is
            a new event, or a connection that held for ``longest_pause``.
        first_pause: Seconds before the first reconnect, at most; doubled for each further one.
        longest_pause: Upper bound of a pause, in seconds, unless the server asks for more.
    """

    keep_alive: float = 90.0
    tries: int = 10
    first_pause: float = 0.1
    longest_pause: float = 10.0

    @property
    def timeout(self) -> httpx.Timeout:
        """The timeouts of a stream's connection."""
        return httpx.Timeout(self.keep_alive, connect=CONNECT_TIMEOUT)


def jittered(attempt: int, first: float, longest: float) -> float:
    """Exponential backoff with full jitter, in seconds; ``attempt`` counts from 1."""
    # The exponent is bounded because a float overflows at 2 ** 1024.
    return random.uniform(0, min(longest, first * 2.0 ** min(attempt - 1, 64)))  # noqa: S311


def retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait, from either form of ``Retry-After``."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        time = parsedate_to_datetime(text)
    except ValueError:
        return None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    return max(0.0, (time - datetime.now(UTC)).total_seconds())


def _is_transient(outcome: httpx.Response | DariError) -> bool:
    if isinstance(outcome, httpx.Response):
        return outcome.status_code in RETRIED_STATUSES
    return isinstance(outcome, ConnectionFailedError)
