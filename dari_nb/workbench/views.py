"""The places where a turn is shown while it runs."""

from __future__ import annotations

import concurrent.futures
from typing import TYPE_CHECKING, Protocol

from ..models import AssistantMessageItem, TimelineItem, ToolCallItem, parse_time
from . import host

if TYPE_CHECKING:
    from ..render import Head
    from .turn import Turn


class View(Protocol):
    """A place where one turn is shown."""

    def changed(self) -> None:
        """Take notice that the turn has news; called on the background loop."""

    def tick(self) -> None:
        """Draw what only the waiting thread may draw."""

    def finish(self, state: str | None) -> None:
        """Leave what stays; ``state`` says why when the turn has not ended."""

    def stop_with(self, presenting: concurrent.futures.Future[None]) -> None:
        """Let the view's Stop cancel this."""


class PaperView:
    """Paper that is replaced when the turn ends: for runs that nobody watches."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._handle = host.publish(turn.to_mimebundle())

    def changed(self) -> None:
        """Nothing: nobody watches."""

    def tick(self) -> None:
        """Nothing: nobody watches."""

    def finish(self, state: str | None) -> None:
        """Replace what is shown by the turn as it stands now."""
        self._handle.update(self._turn.to_mimebundle(state), raw=True)

    def stop_with(self, presenting: concurrent.futures.Future[None]) -> None:
        """Nothing: nobody watches."""


class LiveView(PaperView):
    """A live widget that becomes paper in the same output."""

    def __init__(self, turn: Turn, *, blocking: bool) -> None:
        from ..widgets import LiveTranscript

        self._turn = turn
        self._dated = False
        self._widget = LiveTranscript(blocking=blocking)
        self._handle = host.publish(self._widget)

    def changed(self) -> None:
        """Have the widget read the turn with its next batch."""
        self._widget.update_from(self._read)

    def finish(self, state: str | None) -> None:
        """Replace the widget by paper."""
        super().finish(state)
        self._widget.close()

    def stop_with(self, presenting: concurrent.futures.Future[None]) -> None:
        """Cancel when the reader presses Stop."""
        self._widget.on_stop(presenting.cancel)

    def _read(self) -> tuple[list[TimelineItem], Head]:
        created = parse_time(self._turn.created_at)
        if created is not None and not self._dated:
            self._dated = True
            self._widget.started = created.timestamp()
        connection = self._turn.session.feed.connection
        state = "reconnecting" if connection == "reconnecting" else None
        return self._turn.items, self._turn.head(state)


class TerminalView:
    """Prints each item once it is final, in order, from the thread that waits."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._printed = 0
        self._last: TimelineItem | None = None

    def changed(self) -> None:
        """Nothing: the next tick reads the turn."""

    def tick(self) -> None:
        """Print what became final."""
        for item in self._turn.items[self._printed :]:
            if not _is_final(item):
                return
            host.print_items([item], agent=self._turn.session.agent_name, before=self._last)
            self._printed += 1
            self._last = item

    def finish(self, state: str | None) -> None:
        """Print the rest."""
        self.tick()

    def stop_with(self, presenting: concurrent.futures.Future[None]) -> None:
        """Nothing: a terminal has no Stop button."""


def view_of(turn: Turn, *, blocking: bool) -> View:
    """Return the view that fits the host."""
    if not host.in_kernel():
        return TerminalView(turn)
    return LiveView(turn, blocking=blocking) if host.is_watched() else PaperView(turn)


def _is_final(item: TimelineItem) -> bool:
    if isinstance(item, ToolCallItem | AssistantMessageItem):
        return item.status in ("completed", "failed")
    return True
