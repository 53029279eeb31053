"""How often and when a request to a model is tried again."""

from __future__ import annotations

import random
from collections.abc import Sequence

from .trouble import ProviderTrouble

BACKOFF = (1.0, 4.0, 16.0)
"""Seconds before the second and each later try of a request."""
MOST_WAIT = 60.0
"""Seconds up to which a provider's own wish to wait is heeded."""


class Patience:
    """The tries of one request.

    Args:
        backoff: Seconds before each further try; as many tries as there are numbers.
    """

    def __init__(self, backoff: Sequence[float]) -> None:
        self._waits = list(backoff)
        self._tries = 1

    def wait_after(self, trouble: ProviderTrouble) -> float:
        """Return the seconds before the next try.

        Raises:
            ProviderTrouble: There is none; the text has the cause and how often it was tried.
        """
        if not trouble.may_pass:
            raise trouble
        asked = trouble.wait
        if not self._waits or (asked is not None and asked > MOST_WAIT):
            tried = "once" if self._tries == 1 else f"{self._tries} times"
            later = f"; it asks to wait {asked:.0f} s" if asked is not None else ""
            raise ProviderTrouble(f"{trouble} (tried {tried}{later})")
        self._tries += 1
        own = self._waits.pop(0)
        # Sessions that failed together must not come again together.
        return asked if asked is not None else own * random.uniform(0.75, 1.25)  # noqa: S311
