"""How often and how long to wait before a repeat, free of I/O."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from ._request import Request
from ._timeouts import CONNECT_TIMEOUT
from ._tls import tls_failure

RETRIED_STATUSES = frozenset({408, 429, 502, 503, 504})
# 503 is none, not even with Retry-After: a gateway gives it for an answer that was lost, too.
_UNPROCESSED_STATUS = 429
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, kw_only=True)
class Retry:
    """When a request is tried again.

    After 429, and when there was no connection: every request, since the server has done nothing.
    After a broken connection, and on 408, 502, 503 and 504: those whose repeat is safe, which are
    GET, PUT, DELETE, and those with an idempotency key. After an answer that did not come in time:
    those with a key, so that it is known in the end whether they have arrived.

    Attributes:
        attempts: How often in all; 1 means never again.
        initial_backoff: Seconds before the second attempt, at most; doubled for each further one.
        max_backoff: Upper bound of a pause, in seconds.
        max_retry_after: A ``Retry-After`` beyond this many seconds raises the error at once.
    """

    attempts: int = 4
    initial_backoff: float = 0.25
    max_backoff: float = 8.0
    max_retry_after: float = 60.0

    def pause(
        self, request: Request[Any], outcome: httpx.Response | httpx.HTTPError, attempt: int
    ) -> float | None:
        """Seconds to wait before the next try; ``None`` when there is to be none.

        Args:
            request: What was sent.
            outcome: The answer, or why there is none.
            attempt: How many attempts there were, from 1.
        """
        if attempt >= self.attempts or not _may_be_repeated(request, outcome):
            return None
        pause = jittered(attempt, self.initial_backoff, self.max_backoff)
        asked = retry_after(outcome) if isinstance(outcome, httpx.Response) else None
        if asked is None:
            return pause
        return max(pause, asked) if asked <= self.max_retry_after else None


@dataclass(frozen=True, kw_only=True)
class Reconnect:
    """How a stream deals with breaks.

    Attributes:
        idle_timeout: Seconds without a byte after which a connection counts as dead; ``None`` for
            no bound.
        attempts: Connections in a row without progress after which the stream gives up. Progress is
            a new event, or a connection that held for ``max_backoff``.
        initial_backoff: Seconds before the first reconnect, at most; doubled for each further one.
        max_backoff: Upper bound of a pause, in seconds, unless the server asks for more.
    """

    idle_timeout: float | None = 90.0
    attempts: int = 10
    initial_backoff: float = 0.1
    max_backoff: float = 10.0

    @property
    def timeout(self) -> httpx.Timeout:
        """The timeouts of a stream's connection."""
        return httpx.Timeout(self.idle_timeout, connect=CONNECT_TIMEOUT)


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
    except (ValueError, OverflowError):
        return None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    return max(0.0, (time - datetime.now(UTC)).total_seconds())


def _may_be_repeated(request: Request[Any], outcome: httpx.Response | httpx.HTTPError) -> bool:
    if isinstance(outcome, httpx.HTTPError) and tls_failure(outcome) is not None:
        return False
    if isinstance(outcome, _NOT_CONNECTED):
        return True
    if request.upload is not None and not request.upload.is_rewindable:
        return False
    if isinstance(outcome, httpx.Response) and outcome.status_code == _UNPROCESSED_STATUS:
        return True
    if isinstance(outcome, httpx.TimeoutException) and request.idempotency_key is None:
        return False
    return request.is_repeatable and _is_transient(outcome)


def _is_transient(outcome: httpx.Response | httpx.HTTPError) -> bool:
    if isinstance(outcome, httpx.Response):
        return outcome.status_code in RETRIED_STATUSES
    return isinstance(outcome, httpx.TransportError)
