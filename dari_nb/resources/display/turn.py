"""A turn as it is presented: live in a page, item by item in a terminal, static when it ended."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ...models import (
    AssistantMessageItem,
    TimelineItem,
    ToolCallItem,
    parse_time,
)
from ...render import visible_name
from ..connection import host
from .subject import Changed, Subject
from .words import LEAVE, STOP, Ending, then, turn_so_far, turn_stopped, unasked
from .writing_line import WritingLine

if TYPE_CHECKING:
    from ...render import Head
    from ...widgets import LiveTranscript
    from ...widgets.stopping import Stopped
    from ..connection import Link
    from ..connection.feed import Feed
    from ..tools.toolbox import Toolbox


class TurnSubject(Subject):
    """One turn.

    Args:
        message_id: The turn.
        session_id: The session it is in.
        link: The connection.
        feed: The session's ledger.
        tools: What answers its calls from here.
        head: Makes the head line, given a state in place of the turn's own.
        release: Stops what was done for who watched.
    """

    def __init__(
        self,
        message_id: str,
        session_id: str,
        *,
        link: Link,
        feed: Feed,
        tools: Toolbox,
        head: Callable[[str | None], Head],
        release: Callable[[], None],
    ) -> None:
        self._id = message_id
        self._session_id = session_id
        self._link = link
        self._feed = feed
        self._tools = tools
        self._head = head
        self._release = release
        self._view: LiveTranscript | None = None
        self._is_blocking = False
        self._printed: list[TimelineItem] = []
        self._note = ""
        self._line = WritingLine()

    @property
    def has_ended(self) -> bool:  # type: ignore[override]
        """Whether it is known to be completed or failed."""
        return self._feed.has_ended(self._id)

    @property
    def can_cancel(self) -> bool:  # type: ignore[override]
        """Whether the server has said so."""
        return self._link.offers("cancel")

    def view(self, *, blocking: bool, stop: Stopped) -> LiveTranscript:
        """Make a live transcript that decides about tools, too."""
        from ...widgets import LiveTranscript

        self._is_blocking = blocking
        self._view = LiveTranscript(blocking=blocking, stop=STOP if self.can_cancel else LEAVE)
        self._view.on_decide(self._tools.settle)
        self._view.on_stop(stop)
        return self._view

    def static_output(self, ending: Ending | None = None) -> dict[str, str]:
        """What came; of a turn that goes on, without the words that somebody is working."""
        from ...render import noted, static_timeline

        items = self._feed.items(self._id)
        if ending is None:
            return static_timeline(items, self._head(None))
        came = [_as_left(item) for item in items if not _is_awaited(item)]
        return noted(static_timeline(came, self._head(ending.state)), ending.line)

    def so_far(self) -> dict[str, str]:
        """What came, and how to see the rest."""
        turn = self._feed.turn(self._id)
        status = (turn and turn.status) or "queued"
        ends_with_kernel = self._link.ends_with_kernel
        return self.static_output(
            turn_so_far(self._session_id, status, ends_with_kernel=ends_with_kernel)
        )

    def print(self) -> None:
        """Print all of it."""
        host.print_items(self._feed.items(self._id), self._head(None))

    def draw(self) -> None:
        """Have the page read it with its next batch."""
        if self._view is not None:
            self._view.update_from(self._read)

    def tick(self) -> None:
        """Print what became final and what is written, ask about tools, say what nobody answers."""
        if not host.in_kernel():
            self._print_new(self._feed.items(self._id))
        if self._view is None:
            self._report(self._waiting_note(interrupt=True))
        if self._tools.questions:
            self._line.clear()
        if self._tools.ask_here():
            self._leave_prompt()

    def _leave_prompt(self) -> None:
        if self._view is not None:
            self._view._input_left()
        else:
            print(unasked())  # noqa: T201

    def end(self) -> None:
        """Print what became final."""
        items = self._feed.items(self._id)
        self._print_new([item for item in items if _is_final(item)])

    def _print_new(self, items: list[TimelineItem]) -> None:
        for item in items[len(self._printed) :]:
            if not _is_final(item):
                break
            self._line.clear()
            before = self._printed[-1] if self._printed else None
            host.print_items([item], agent=self._head(None).title, before=before)
            self._printed.append(item)
        last = items[-1] if items else None
        if isinstance(last, AssistantMessageItem) and not _is_final(last):
            self._line.show(last.text or last.reasoning)
        else:
            self._line.clear()

    async def follow(self, changed: Changed) -> None:
        """Follow the turn to its end; the last one to leave ends its stream."""
        with self._feed.listening(changed):
            changed()
            await self._feed.follow(self._id)

    def cancel(self) -> Future[None] | None:
        """Have it ended; what was written stays."""
        return self._link.cancel(self._session_id, self._id) if self.can_cancel else None

    def stopped(self) -> Ending:
        """Answer and ask no more, either."""
        self._release()
        return turn_stopped(self._session_id, can_cancel=self.can_cancel)

    def _read(self) -> tuple[list[TimelineItem], Head]:
        if self._view is not None:
            self._update_page(self._view)
        is_broken = self._feed.connection == "reconnecting"
        return self._feed.items(self._id), self._head("reconnecting" if is_broken else None)

    def _update_page(self, view: LiveTranscript) -> None:
        state = self._feed.turn(self._id)
        created = parse_time(state.created_at) if state else None
        if created is not None:
            view.started = created.timestamp()
        view.ask([question.call for question in self._tools.questions], self._tools.about)
        note = self._waiting_note(interrupt=self._is_blocking)
        view.note = note or self._running_note()

    def _report(self, note: str) -> None:
        if note and note != self._note:
            self._line.clear()
            print(note)  # noqa: T201
        self._note = note or self._note

    def _waiting_note(self, *, interrupt: bool) -> str:
        """Say what it waits for that nobody answers from here; empty when there is nothing."""
        if self._tools.trouble:
            return f"A tool's answer could not be sent: {self._tools.trouble}"
        calls = [call for call in self._feed.waiting() if call.message_id == self._id]
        left = [call for call in calls if call.tool_name not in self._tools.names]
        if not left:
            return ""
        names = ", ".join(dict.fromkeys(visible_name(call.tool_name) for call in left))
        how = "interrupt, then " if interrupt else ""
        call_id = visible_name(left[0].tool_call_id)
        return f'waits for {names}: {how}turn.submit_tool_result("{call_id}", result)'

    def _running_note(self) -> str:
        """Say which tools this kernel runs for it now."""
        names = dict.fromkeys(visible_name(name) for name in self._tools.running(self._id))
        return f"{', '.join(names)} runs in this kernel" if names else ""


def _is_final(item: TimelineItem) -> bool:
    if isinstance(item, ToolCallItem | AssistantMessageItem):
        return item.status in ("completed", "failed")
    return True


def _as_left(item: TimelineItem) -> TimelineItem:
    """A call that was open when somebody stopped watching may have ended since."""
    if not isinstance(item, ToolCallItem) or _is_final(item):
        return item
    return replace(item, status=then(item.status))


def _is_awaited(item: TimelineItem) -> bool:
    """Whether an item only says that an answer is to come."""
    return isinstance(item, AssistantMessageItem) and not item.content and not _is_final(item)
