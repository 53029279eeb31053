"""Stop in a page: what it calls, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

Stopped = Callable[[], object]
"""What Stop does; a future that it returns ends when it is done."""


class Stops:
    """What is called when the reader presses Stop."""

    def __init__(self) -> None:
        self._callbacks: list[Stopped] = []

    def __bool__(self) -> bool:
        return bool(self._callbacks)

    def add(self, callback: Stopped) -> None:
        """Call this one, too."""
        self._callbacks.append(callback)

    def press(self, _body: object = None) -> Future[None] | None:
        """Call all; the page hears of what the first future of them brings."""
        made = [callback() for callback in self._callbacks]
        return next((one for one in made if isinstance(one, Future)), None)
