"""How long an answer may take: for a client, or for one call."""

from __future__ import annotations

import threading
from enum import Enum
from typing import Literal, TypeAlias

import httpx

from ..errors import InvalidRequestError

CONNECT_TIMEOUT = 5.0

Timeout: TypeAlias = float | httpx.Timeout | None
"""Seconds for each read and write, all of httpx's four, or ``None`` for no bound."""


class Usual(Enum):
    """What stands for the client's own timeout."""

    USUAL = "usual"

    def __repr__(self) -> str:
        return self.value


USUAL: Literal[Usual.USUAL] = Usual.USUAL


def timeout_of(timeout: Timeout) -> httpx.Timeout:
    """Make httpx's timeouts, of which connecting has 5 s at most.

    Raises:
        InvalidRequestError: It is no time.
    """
    if isinstance(timeout, httpx.Timeout):
        return timeout
    if timeout is None:
        return httpx.Timeout(None, connect=CONNECT_TIMEOUT)
    if not isinstance(timeout, int | float) or not 0 < timeout <= threading.TIMEOUT_MAX:
        raise InvalidRequestError(
            f"timeout is a number of seconds above 0, an httpx.Timeout or None, not {timeout!r}.",
            code="invalid_timeout",
        )
    return httpx.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT))
