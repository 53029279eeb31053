"""The places where a turn is shown while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ..models import AssistantMessageItem, TimelineItem, ToolCallItem, parse_time
from ..render import visible_name
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

    def stop_with(self, stop: Callable[[], object]) -> None:
        """Have the view's Stop call this."""


class PaperView:
    """Paper that is replaced when the turn ends: for runs that nobody watches."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._note = ""
        self._handle = host.publish(turn.to_mimebundle())

    def changed(self) -> None:
        """Nothing: nobody watches."""

    def tick(self) -> None:
        """Say what the turn waits for when nobody answers it."""
        self._note = print_note(self._turn, self._note)

    def finish(self, state: str | None) -> None:
        """Replace what is shown by the turn as it stands now."""
        self._handle.update(self._turn.to_mimebundle(state), raw=True)

    def stop_with(self, stop: Callable[[], object]) -> None:
        """Nothing: nobody watches."""


class LiveView(PaperView):
    """A live widget that becomes paper in the same output."""

    def __init__(self, turn: Turn, *, blocking: bool) -> None:
        from ..widgets import LiveTranscript

        self._turn = turn
        self._dated = False
        self._blocking = blocking
        self._widget = LiveTranscript(blocking=blocking)
        self._widget.on_decide(turn.session.tools.settle)
        self._handle = host.publish(self._widget)

    def tick(self) -> None:
        """Nothing: the widget shows all there is."""

    def changed(self) -> None:
        """Have the widget read the turn with its next batch."""
        self._widget.update_from(self._read)
        self._widget.ask([question.call for question in self._turn.session.tools.questions])
        self._widget.note = waiting_note(self._turn, interrupt=self._blocking) or _run_here(
            self._turn
        )

    def finish(self, state: str | None) -> None:
        """Replace the widget by paper."""
        super().finish(state)
        self._widget.close()

    def stop_with(self, stop: Callable[[], object]) -> None:
        """Call it when the reader presses Stop."""
        self._widget.on_stop(stop)

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
        self._note = ""
        self._printed = 0
        self._last: TimelineItem | None = None

    def changed(self) -> None:
        """Nothing: the next tick reads the turn."""

    def tick(self) -> None:
        """Print what became final."""
        for item in self._turn.items[self._printed :]:
            if not _is_final(item):
                break
            host.print_items([item], agent=self._turn.session.agent_name, before=self._last)
            self._printed += 1
            self._last = item
        self._note = print_note(self._turn, self._note)

    def finish(self, state: str | None) -> None:
        """Print the rest."""
        self.tick()

    def stop_with(self, stop: Callable[[], object]) -> None:
        """Nothing: a terminal has no Stop button."""


def view_of(turn: Turn, *, blocking: bool) -> View:
    """Return the view that fits the host."""
    if not host.in_kernel():
        return TerminalView(turn)
    return LiveView(turn, blocking=blocking) if host.is_watched() else PaperView(turn)


def waiting_note(turn: Turn, *, interrupt: bool) -> str:
    """Say what a turn waits for that nobody answers from here; empty when there is nothing."""
    tools = turn.session.tools
    if tools.trouble:
        return f"A tool's answer could not be sent: {tools.trouble}"
    calls = [c for c in turn.session.feed.waiting() if c.message_id == turn.id]
    left = [call for call in calls if call.tool_name not in tools.names]
    if not left:
        return ""
    names = ", ".join(dict.fromkeys(visible_name(call.tool_name) for call in left))
    how = "interrupt, then " if interrupt else ""
    return f'waits for {names}: {how}turn.answer("{visible_name(left[0].tool_call_id)}", result)'


def _run_here(turn: Turn) -> str:
    """Say which tools this kernel runs for the turn now."""
    names = dict.fromkeys(visible_name(name) for name in turn.session.tools.running(turn.id))
    return f"{', '.join(names)} runs in this kernel" if names else ""


def print_note(turn: Turn, before: str) -> str:
    """Print what a turn waits for, once; returns what was printed last."""
    note = waiting_note(turn, interrupt=True)
    if note and note != before:
        print(note)  # noqa: T201
    return note or before


def _is_final(item: TimelineItem) -> bool:
    if isinstance(item, ToolCallItem | AssistantMessageItem):
        return item.status in ("completed", "failed")
    return True
