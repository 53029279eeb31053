"""One message with its answer, live or finished."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..errors import TimedOutError, TurnFailedError
from ..models import (
    AssistantMessageItem,
    TimelineItem,
    ToolCallItem,
    UserMessageItem,
    seconds_between,
)
from ._background import wait_for

if TYPE_CHECKING:
    from ..render import Head
    from .session import Session


class Turn:
    """One message with its answer.

    A turn starts when it is sent and goes on by itself; nothing here is in its way. ``status`` and
    ``items`` tell what is known now. ``text``, ``tool_calls`` and ``error`` are results: reading
    them waits until the turn has ended or waits for a tool. In a notebook, a turn at the end of a
    cell is shown live and becomes a static transcript when it ends.

    >>> turn = agent.send("What is 6 * 7?")  # doctest: +SKIP
    >>> turn.text  # doctest: +SKIP
    '…'

    Attributes:
        id: The message's id.
        session: The session it belongs to.
    """

    def __init__(self, session: Session, message_id: str) -> None:
        self.id = message_id
        self.session = session
        self._following: concurrent.futures.Future[None] | None = None
        self._watchers = 0
        self._is_served = False

    @property
    def status(self) -> str:
        """The message's status as known now (contract, section 16)."""
        self.following()
        state = self.session.feed.turn(self.id)
        return (state.status if state else None) or "queued"

    @property
    def items(self) -> list[TimelineItem]:
        """The timeline items that are known now, in display order."""
        self.following()
        return self.session.feed.items(self.id)

    @property
    def prompt(self) -> str:
        """The text that was sent, as the ledger has it."""
        self._rest()
        return "\n\n".join(i.text for i in self.items if isinstance(i, UserMessageItem))

    @property
    def text(self) -> str:
        """The answer: the agent's texts, joined with blank lines. Waits; see the class."""
        self._rest()
        answers = (i.text for i in self.items if isinstance(i, AssistantMessageItem))
        return "\n\n".join(text for text in answers if text)

    @property
    def tool_calls(self) -> list[ToolCallItem]:
        """The tool calls in order. Waits; see the class."""
        self._rest()
        return [item for item in self.items if isinstance(item, ToolCallItem)]

    @property
    def error(self) -> str | None:
        """The cause when the turn failed. Waits; see the class."""
        self._rest()
        errors = [i.error_message for i in self.items if isinstance(i, AssistantMessageItem)]
        return next((error for error in errors if error), None)

    @property
    def created_at(self) -> str | None:
        """When it was sent, ISO 8601 in UTC; ``None`` while nothing of it came yet."""
        state = self.session.feed.turn(self.id)
        return state.created_at if state else None

    @property
    def seconds(self) -> float | None:
        """Seconds from sending to the end; ``None`` before the end."""
        state = self.session.feed.turn(self.id)
        return seconds_between(state.created_at, state.completed_at) if state else None

    @property
    def cost(self) -> Decimal | None:
        """What it has cost, in US dollars; ``None`` while that is unknown.

        The API tells costs of whole sessions, some seconds late (section 13). So it is known only
        where the turn is the only one of its session; see :attr:`Session.cost`.
        """
        alone = [message.id for message in self.session.messages()] == [self.id]
        return self.session.cost if alone else None

    def wait(self, timeout: float | None = None) -> Turn:
        """Wait until the turn has ended, well or not, and return it.

        Args:
            timeout: Seconds; ``None`` waits without limit.

        Raises:
            TimedOutError: It has not ended in time. It goes on; wait again or follow it.
            StreamInterrupted: The connection broke and could not be taken up again.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        self.serve()
        while (following := self.following()) and not _has_ended(following):
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                wait_for(following, left, self.session.tools.ask_here)
            except concurrent.futures.CancelledError:
                continue  # somebody stopped the last live view of this turn: take it up again
            except TimedOutError:
                raise TimedOutError(f"Not finished after {timeout:g} s; it goes on.") from None
            except KeyboardInterrupt:
                self.release()
                raise
        return self

    def answer(self, tool_call_id: str, result: Any = None, *, is_error: bool = False) -> Turn:
        """Answer one of its external tool calls by hand; see :meth:`Session.answer`."""
        self.session.answer(tool_call_id, result, is_error=is_error)
        return self

    def serve(self) -> Turn:
        """Keep following as long as the session has tools to answer with, and return the turn."""
        if self.session.tools.names and not self._is_served:
            self._is_served = True
            self._watchers += 1
            self.following()
        self.session.tools.resume()
        return self

    def release(self) -> None:
        """Serve and ask no more, after an interrupt, until somebody follows again."""
        self.session.tools.pause()
        if self._is_served:
            self._is_served = False
            self._watchers -= 1
            if not self._watchers and self._following is not None:
                self._following.cancel()

    def raise_for_status(self) -> Turn:
        """Return the turn, or raise when it failed.

        Raises:
            TurnFailedError: The turn failed; the text is the cause.
        """
        if self.status == "failed":
            raise TurnFailedError(f"The turn failed: {self.error}")
        return self

    def follow(self, timeout: float | None = None, *, wait: bool = True) -> Turn:
        """Show the turn live, in a notebook or a terminal, and what it came to when it ends.

        Args:
            timeout: Seconds to wait at most; ``None`` waits without limit.
            wait: ``False`` returns at once, and the output goes on by itself.

        Raises:
            TimedOutError: It has not ended in time; what had come stays shown.
            KeyboardInterrupt: The user stopped following; what had come stays shown, and the turn
                goes on in its session.
        """
        from .live import show

        show(self, timeout, wait=wait)
        return self

    def __await__(self) -> Generator[Any, None, Turn]:
        return self._ended().__await__()

    def __repr__(self) -> str:
        return f"<Turn {self.id} {self.status}>"

    def head(self, state: str | None = None) -> Head:
        """The head line of the turn's transcript; ``state`` replaces the turn's status."""
        from ..render import head_of

        head = head_of(
            self.items,
            self.session.agent_name,
            llm=self.session.llm_id,
            state=state or self.status,
            version=self.session.resource.version_id,
        )
        return replace(head, facts=(*head.facts, *self.session.tools.facts(self.id)))

    def to_mimebundle(self, state: str | None = None) -> dict[str, str]:
        """Return the turn as a static MIME bundle: HTML, Markdown and plain text."""
        from ..render import paper

        return paper(self.items, self.head(state))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()

    def _ipython_display_(self) -> None:
        from .live import show

        show(self, None, wait=False)

    def following(self) -> concurrent.futures.Future[None]:
        """Return the future of the turn's end; starts, or takes up again, what was stopped."""
        if self._following is None or _broke(self._following):
            self._following = self.session.dari.run(self.session.feed.follow(self.id))
            self.session.tools.look()
        return self._following

    @contextlib.contextmanager
    def watched(self) -> Iterator[concurrent.futures.Future[None]]:
        """Follow as long as somebody watches; the last one to leave stops it."""
        following = self.following()
        self._watchers += 1
        try:
            yield following
        finally:
            self._watchers -= 1
            if not self._watchers:
                following.cancel()

    async def _ended(self) -> Turn:
        self.serve()
        while not _has_ended(following := self.following()):
            try:
                await asyncio.shield(asyncio.wrap_future(following))
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
        return self

    def _rest(self) -> None:
        """Wait until the turn has ended or waits for a tool that is not ours."""
        tools = self.serve().session.tools
        while not _has_ended(following := self.following()):
            if self.status == "waiting_for_tool" and not tools.serve(self.id):
                return
            concurrent.futures.wait([following], timeout=0.05)
            tools.ask_here()


def _has_ended(following: concurrent.futures.Future[None]) -> bool:
    """Whether the turn has ended; raises what kept it from being followed to its end."""
    if not following.done() or following.cancelled():
        return False
    following.result()
    return True


def _broke(following: concurrent.futures.Future[None]) -> bool:
    return following.done() and (following.cancelled() or following.exception() is not None)
