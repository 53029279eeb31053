"""How far something is that takes a while: in a notebook, in a terminal, in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

from . import host

T = TypeVar("T")

PATIENCE = 1.0
"""Seconds for which nobody needs to be told anything."""
_KNOWN = 3.0
"""Seconds after which what was done says something of what is left."""

_NOTEBOOK_PAUSE = 0.2
_LOG_PAUSE = 10.0


class Progress:
    """Tells in the calling thread how many of some things are done; a context manager.

    What is done within a second is not told of. In a notebook one output is updated and ends as a
    line of text; a terminal has a bar that goes away; elsewhere there is a line every ten seconds
    on the error output, and one at the end.

    The time left is told once as many again are done as are worked on side by side: the first of
    these tell how long one takes, and not how many are done in that time.

    Args:
        total: How many there are; ``None`` where only the end tells.
        noun: What they are called.
        shown: ``False`` tells nothing.
        at_once: How many are worked on side by side.

    >>> with Progress(2, "sessions") as progress:
    ...     progress.advance()
    """

    def __init__(
        self, total: int | None, noun: str, *, shown: bool = True, at_once: int = 1
    ) -> None:
        self.total = total
        self.noun = noun
        self.at_once = at_once
        self.done = 0
        self._shown = shown
        self._started = time.monotonic()
        self._first_round: tuple[int, float] | None = None
        self._next = self._started + PATIENCE
        self._show: Callable[[], None] | None = None
        self._end: Callable[[], None] = lambda: None
        self._pause = 0.0
        self._logged = 0

    def advance(self, count: int = 1) -> None:
        """Tell that so many more are done."""
        self.done += count
        if self._first_round is None and self.done >= self.at_once:
            self._first_round = self.done, self.seconds
        if not self._shown or time.monotonic() < self._next:
            return
        if self._show is None:
            self._begin()
        if self._show is not None:
            self._show()
        self._next = time.monotonic() + self._pause

    def over(self, things: Iterable[T]) -> Iterator[T]:
        """Give things on, and tell that each is done when the next one is asked for."""
        for thing in things:
            yield thing
            self.advance()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    @property
    def text(self) -> str:
        """Where it is: how many of how many, and an estimate of the time left."""
        from ...render import duration_text

        if self.total is None:
            return f"{self.done:,} {self.noun} so far"
        text = f"{self.done:,} of {self.total:,} {self.noun}"
        if (seconds := self._seconds_left(self.total)) is None:
            return text
        left = max(1, round(seconds))
        return f"{text} · about {f'{left} s' if left < 60 else duration_text(left)} left"

    def _seconds_left(self, total: int) -> float | None:
        """Estimate the time left by what was done since the first round."""
        if self._first_round is None or self.done >= total or self.seconds < _KNOWN:
            return None
        done, seconds = self._first_round
        since = self.done - done
        if since < self.at_once:
            return None
        return (self.seconds - seconds) / since * (total - self.done)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def _begin(self) -> None:
        if host.in_kernel():
            self._begin_in_notebook()
        elif sys.stderr.isatty():
            self._begin_in_terminal()
        else:
            self._show, self._pause, self._end = self._log, _LOG_PAUSE, self._log_end

    def _begin_in_notebook(self) -> None:
        handle = host.publish(self._bundle())
        self._pause = _NOTEBOOK_PAUSE
        self._show = lambda: handle.update(self._bundle(), raw=True)
        self._end = lambda: handle.update(self._last(), raw=True)

    def _begin_in_terminal(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar

        columns = BarColumn(), TextColumn("{task.description}")
        bar = Bar(*columns, console=Console(stderr=True), transient=True)
        task = bar.add_task(self.text, total=self.total)
        bar.start()
        self._show = lambda: bar.update(task, completed=self.done, description=self.text)
        self._end = bar.stop

    def _log(self) -> None:
        print(self.text, file=sys.stderr, flush=True)  # noqa: T201
        self._logged = self.done

    def _log_end(self) -> None:
        if self.done != self._logged:
            print(self._end_text, file=sys.stderr, flush=True)  # noqa: T201

    def _bundle(self) -> dict[str, Any]:
        from ...render import style
        from ...render.page.sheet import ROOT

        so_far = "" if self.total is None else f'value="{self.done}" max="{self.total}" '
        bar = f'<progress {so_far}aria-label="{self.noun}"></progress>'
        html = f"{ROOT}<p>{bar} {self.text}</p></div>"
        return {"text/html": style(html) + html, "text/plain": self.text}

    def _last(self) -> dict[str, Any]:
        from ...render import style
        from ...render.page.sheet import ROOT

        html = f"{ROOT}<p>{self._end_text}</p></div>"
        return {"text/html": style(html) + html, "text/plain": self._end_text}

    @property
    def _end_text(self) -> str:
        """How many were done in the end, and in what time."""
        from ...render import duration_text

        some = "" if self.total in (None, self.done) else f" of {self.total:,}"
        return f"{self.done:,}{some} {self.noun} in {duration_text(self.seconds)}"
