"""The places where a turn is shown while it runs."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ..models import AssistantMessageItem, TimelineItem, ToolCallItem
from . import host

if TYPE_CHECKING:
    from ..render import Head
    from .turn import Turn


class View(Protocol):
    """A place where a turn is shown."""

    def update(self, items: Sequence[TimelineItem], head: Head) -> None:
        """Take the newest state; called on the background loop."""

    def tick(self) -> None:
        """Draw what only the waiting thread may draw."""

    def finish(self, turn: Turn, state: str | None) -> None:
        """Leave what stays; ``state`` says why when the turn has not ended."""

    def stop_with(self, presenting: concurrent.futures.Future[None]) -> None:
        """Let the view's Stop cancel this."""


class NotebookView:
    """A live widget that becomes a static MIME bundle in the same output."""

    def __init__(self, *, blocking: bool) -> None:
        from IPython.display import display

        from ..widgets import LiveTranscript

        self._widget = LiveTranscript(blocking=blocking)
        self._handle: Any = display(  # type: ignore[no-untyped-call]
            self._widget, display_id=True
        )

    def update(self, items: Sequence[TimelineItem], head: Head) -> None:
        """Send what changed to the browser."""
        self._widget.update(items, head)

    def tick(self) -> None:
        """Nothing: the widget draws itself."""

    def finish(self, turn: Turn, state: str | None) -> None:
        """Replace the widget by paper."""
        self._handle.update(turn.to_mimebundle(state), raw=True)
        self._widget.close()

    def stop_with(self, presenting: concurrent.futures.Future[None]) -> None:
        """Cancel when the reader presses Stop."""
        self._widget.on_stop(presenting.cancel)


class TerminalView:
    """Prints each item once it is final, in order, from the thread that waits."""

    def __init__(self) -> None:
        self._items: Sequence[TimelineItem] = ()
        self._printed = 0

    def update(self, items: Sequence[TimelineItem], head: Head) -> None:
        """Keep the newest state for the next tick."""
        self._items = items

    def tick(self) -> None:
        """Print what became final."""
        items = self._items
        while self._printed < len(items) and _is_final(items[self._printed]):
            host.print_items([items[self._printed]])
            self._printed += 1

    def finish(self, turn: Turn, state: str | None) -> None:
        """Print the rest."""
        self._items = turn.items
        self.tick()

    def stop_with(self, presenting: concurrent.futures.Future[None]) -> None:
        """Nothing: a terminal has no Stop button."""


def view_for(*, blocking: bool) -> View:
    """Return the view that fits the host."""
    return NotebookView(blocking=blocking) if host.in_kernel() else TerminalView()


def _is_final(item: TimelineItem) -> bool:
    if isinstance(item, ToolCallItem | AssistantMessageItem):
        return item.status in ("completed", "failed")
    return True
