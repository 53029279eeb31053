"""What completion asks of the server: never for long, and not again right after a failure."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

C = TypeVar("C")

Candidates = list[tuple[str, str]]
"""Completions with what is shown beside them."""

_PATIENCE = 0.8
"""Seconds that a key press waits; an answer that comes later is there at the next one."""
_SLOW = 3.0
"""Seconds after which nobody waits for an answer any more."""
_FRESH = 5.0
"""Seconds for which an answer is taken from memory, so that typing does not flood the server."""
_FAILED = 30.0
"""Seconds for which a server that failed is not asked again."""


@dataclass
class _Asked:
    answer: Future[Candidates]
    at: float
    until: float = math.inf


class Listings(Generic[C]):
    """Answers of servers, by whom they are asked through, such as a connection.

    Args:
        connection: Returns the current one; it may take its time, too.
    """

    def __init__(self, connection: Callable[[], C]) -> None:
        self._connection = connection
        self._known: WeakKeyDictionary[C, dict[str, _Asked]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def find(self, what: Callable[[], str], ask: Callable[[C], Candidates]) -> Candidates:
        """Return what a server lists under a name, or nothing when it does not say so in time.

        Both functions are called beside the one who waits.
        """
        answer: Future[Candidates] = Future()

        def find() -> None:
            try:
                answer.set_result(self._find(what, ask))
            except Exception:  # noqa: BLE001
                answer.set_result([])

        threading.Thread(target=find, name="dari_nb completion", daemon=True).start()
        try:
            return answer.result(_PATIENCE)
        except TimeoutError:
            return []

    def _find(self, named: Callable[[], str], ask: Callable[[C], Candidates]) -> Candidates:
        asked_of, what, now = self._connection(), named(), time.monotonic()
        with self._lock:
            answers = self._known.setdefault(asked_of, {})
            known = answers.get(what)
            if known is None or now >= known.until:
                known = None
                asked = answers[what] = _Asked(Future(), now)
        if known is not None:
            return known.answer.result(_PATIENCE if now < known.at + _SLOW else 0)
        try:
            found, lasts = ask(asked_of), _FRESH
        except Exception:  # noqa: BLE001
            found, lasts = [], _FAILED
        asked.answer.set_result(found)
        asked.until = time.monotonic() + lasts
        return found
