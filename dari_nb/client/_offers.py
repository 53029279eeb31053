"""What servers said that they offer beyond the contract (its section 18)."""

from __future__ import annotations

from collections.abc import Iterable

import httpx

_HEADER = "dari-extensions"


class Offers:
    """What one server offers, as its answers have it.

    Attributes:
        names: Such as ``drafts`` and ``cancel``; ``None`` before the first answer.
        resumes: Whether its last stream that named an event began right after that one.
    """

    def __init__(self, known: Iterable[str] | None = None) -> None:
        self.names = None if known is None else frozenset(known)
        self.resumes = False

    def hear(self, response: httpx.Response) -> None:
        """Take note of an answer; what a proxy says in a server's place tells nothing."""
        told = response.headers.get(_HEADER)
        if told is not None:
            self.names = frozenset(name.strip() for name in told.split(",") if name.strip())
        elif response.is_success and self.names is None:
            self.names = frozenset()
