"""Static outputs: one in the place of a view, or one below all views that are shown together."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from ..connection import host

Bundle = dict[str, str]
Write = Callable[[Bundle], object]
"""Writes static output anew, in the output that it was given."""

NOTHING: Bundle = {"text/html": "", "text/plain": ""}
"""Static output of what is not to be seen."""


class StaticOutput(NamedTuple):
    """Static output as it was made.

    Attributes:
        bundle: Its forms.
        is_last: Whether nothing was to follow when it was made.
    """

    bundle: Bundle
    is_last: bool = False


_SOON, _SELDOM = 0.3, 5.0
_GROWTH = 0.5
_SHARE = 30
_BYTES_A_SECOND = 20_000
_BETWEEN_SHEETS = 1.0
"""Seconds between two writings of static output that lies together."""


class Rhythm:
    """How often static output of what goes on is written: soon at first, then every few seconds.

    Whoever saves the notebook at any moment loses at most the last third of what was to be seen.
    Static output that is long, or takes long to make, comes more seldom.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._next = self._began

    @property
    def left(self) -> float:
        """Seconds until the next one is due; 0 when it is."""
        return max(0.0, self._next - time.monotonic())

    def wrote(self, bundle: Bundle, seconds: float) -> None:
        """Take notice of one that was written, and of the seconds that it took."""
        now = time.monotonic()
        pause = min(max(_SOON, _GROWTH * (now - self._began)), _SELDOM)
        size = sum(map(len, bundle.values()))
        self._next = now + max(pause, _SHARE * seconds, size / _BYTES_A_SECOND)


def publish(shown: Any) -> Write:
    """Show a widget or static output; returns what writes static output in its place."""
    handle = host.publish(shown)
    return lambda bundle: handle.update(bundle, raw=True)


def publish_until(view: Any, bundle: Bundle) -> tuple[Write, Write]:
    """Show a view that is to become static, with its static output hidden below it until then.

    Returns:
        What writes the static output below it, and what writes it in place of the view.
    """
    from ...render.page.fallback import fallback
    from ...widgets.view import mimebundle_of

    has_static_output = host.hides_static_output()
    in_place = publish(mimebundle_of(view, has_static_output=has_static_output))
    if not has_static_output:
        return lambda _: None, in_place
    below = publish(fallback([bundle]))

    def settle(last: Bundle) -> None:
        below(NOTHING)
        in_place(last)

    return lambda so_far: below(fallback([so_far])), settle


class Sheet:
    """The static output of all that is shown together by the running request, in one output below.

    It is put there by :meth:`lay`, or when there is something to write: also when its cell is over.
    """

    def __init__(self) -> None:
        from ...widgets.pace import Pace

        self._request = host.running()
        self._cell, self._run = host.running_cell()
        self._parts: dict[object, Bundle | None] = {}
        self._output: Write | None = None
        self._pace = Pace(self._draw, _BETWEEN_SHEETS)
        self._lock = threading.Lock()
        self._is_waiting = False

    def add(self, part: object, bundle: Bundle | None = None) -> Write:
        """Take a part, and its static output if there is any; returns what writes that anew."""
        self._parts[part] = bundle
        return partial(self._put, part)

    def remove(self, part: object) -> None:
        """Forget a part, which is shown no more."""
        if part in self._parts:
            del self._parts[part]
            self._pace.soon()

    def is_lost_to(self, other: Sheet) -> bool:
        """Whether its cell has run again since, and come to another sheet."""
        return bool(self._cell) and self._cell == other._cell and self._run != other._run

    def lay(self) -> None:
        """Put it where the outputs of the cell have come to."""
        self._output = publish(self._made())

    def write(self) -> None:
        """Write all of it, or, while an Output takes in what its cell shows, after that."""
        taking = host.taking(self._request)
        if taking is not None:
            if not self._is_waiting:
                self._is_waiting = True
                host.when_left(taking, self._is_free)
            return
        # The kernel may be about to end, and with it the way to the page.
        with self._lock, contextlib.suppress(RuntimeError):
            if self._output is None:
                handle = host.publish_among(self._request, self._made())
                self._output = partial(handle.update, raw=True)
            else:
                self._output(self._made())

    def _put(self, part: object, bundle: Bundle) -> None:
        if part not in self._parts:
            return
        self._parts[part] = bundle
        # Each part comes by itself, and each time all are written.
        if len(self._parts) == 1:
            self.write()
        else:
            self._pace.soon()

    def _draw(self) -> bool:
        self.write()
        return False

    def _is_free(self) -> None:
        self._is_waiting = False
        self.write()

    def _made(self) -> Bundle:
        from ...render.page.fallback import fallback

        return fallback(list(self._parts.values()))
