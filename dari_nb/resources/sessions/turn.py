"""One message with its answer, live or finished."""

from __future__ import annotations

import concurrent.futures
import contextlib
import weakref
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ...errors import ConflictError, InvalidRequestError, TurnFailedError
from ...interrupts import heard
from ...models import (
    AssistantMessageItem,
    TimelineItem,
    ToolCallItem,
    UserMessageItem,
    parse_time,
)
from ...models.times import checked_seconds
from ..connection import host
from ..connection.attachments import as_content_files
from ..connection.background import awaited, resting, wait_for
from ..display.words import Ending, StoppedWatching, turn_stopped, unasked
from ..tools.tool import checked_approve
from .forking import Place, asked_again

_AS_RECORDED = (
    " (as it was recorded on {tape}, which played: to ask it anew, "
    'd.insert(dari.Tape({tape!r}, mode="record")))'
)

if TYPE_CHECKING:
    from ...render import Head
    from ..connection.attachments import Attachment
    from ..tools.tool import Approve, Given
    from .session import Session


class Turn:
    """One message with its answer.

    A turn starts when it is sent and goes on by itself; nothing here is in its way. It is followed
    from then on, so that ``status`` and ``items`` tell what is known now without asking. ``text``,
    ``tool_calls`` and ``error`` are results: reading them waits until the turn has ended or waits
    for a tool. In a notebook, a turn at the end of a cell is shown live and becomes a static
    transcript when it ends.

    >>> turn = agent.send("What is 6 * 7?")
    >>> turn.text
    '$$6 ... 42$$'
    >>> [call.result for call in turn.tool_calls], turn.status
    ([42], 'completed')

    Attributes:
        id: The message's id.
        session: The session it belongs to.
    """

    def __init__(self, session: Session, message_id: str) -> None:
        self.id = message_id
        self.session = session
        self._feed = session._feed
        self._followed: concurrent.futures.Future[None] | None = None

    @property
    def status(self) -> str:
        """The message's status as known now (contract, section 16).

        A turn that was cancelled has failed with that error, and is ``cancelled`` here.
        """
        state = self._feed.turn(self.id)
        if state is None or not state.status:
            return "queued"
        return "cancelled" if state.is_cancelled else state.status

    @property
    def items(self) -> list[TimelineItem]:
        """The timeline items that are known now, in display order."""
        return self._feed.items(self.id)

    @property
    def prompt(self) -> str:
        """The text that was sent, as the ledger has it."""
        self._rest()
        return "\n\n".join(i.text for i in self.items if isinstance(i, UserMessageItem))

    @property
    def text(self) -> str:
        """The answer: the agent's texts, joined with blank lines. Waits; see the class.

        Raises:
            TurnFailedError: The turn failed: there is no answer. The text is the cause, and
                ``so_far`` what the agent had said before.
        """
        self._rest()
        self.raise_for_status()
        return self._said()

    @property
    def reasoning(self) -> str:
        """What the model thought, where its server tells it, else empty. Waits; see the class.

        >>> agent.send("What is 6 * 7?").reasoning
        ''
        """
        self._rest()
        thoughts = (i.reasoning for i in self.items if isinstance(i, AssistantMessageItem))
        return "\n\n".join(thought for thought in thoughts if thought)

    @property
    def metadata(self) -> dict[str, Any]:
        """What it was sent with: the message's metadata, which is not that of its session."""
        state = self._feed.turn(self.id)
        if state is None or state.user is None:
            self._rest()
            state = self._feed.turn(self.id)
        return dict((state.metadata if state else None) or {})

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
    def stop_reason(self) -> str | None:
        """``max_tokens`` when the answer was cut off, else ``None``. Waits; see the class."""
        self._rest()
        texts = (i for i in reversed(self.items) if isinstance(i, AssistantMessageItem))
        last = next(texts, None)
        return last.stop_reason if last and isinstance(last.stop_reason, str) else None

    @property
    def usage(self) -> dict[str, int]:
        """The tokens that it took; empty where nobody told. Waits; see the class.

        There are ``input_tokens`` and ``output_tokens``, and, among these, ``cached_input_tokens``
        and ``reasoning_tokens``, each where it was told (contract, section 18.6). A copy in a fork
        has none, so that each token counts once.

        >>> @server.agent("counted")
        ... def counted(prompt):
        ...     yield dari.local.Usage(input_tokens=20, output_tokens=5)
        ...     yield "Done."
        >>> d.agents["counted"].send("Hi").usage
        {'input_tokens': 20, 'output_tokens': 5}
        """
        self._rest()
        return dict(self._used)

    @property
    def created_at(self) -> str | None:
        """When it was sent, ISO 8601 in UTC; ``None`` while nothing of it came, or if unknown."""
        state = self._feed.turn(self.id)
        return state.created_at if state and parse_time(state.created_at) else None

    @property
    def latency_s(self) -> float | None:
        """Seconds it was worked on, without waiting before; ``None`` until its end, or if unknown.

        That is from the moment when the ledger has it running, or where it has none, from sending.
        """
        state = self._feed.turn(self.id)
        return state.latency_s if state else None

    @property
    def cost_usd(self) -> Decimal | None:
        """What it has cost, in US dollars; ``None`` while that is unknown.

        The API tells costs of whole sessions, some seconds late (section 13). So it is known only
        where the turn is the only one of its session, copies in a fork aside, which cost nothing
        again; see :attr:`Session.cost_usd`.
        """
        own = (one.id for one in self.session.messages() if one.original_id is None)
        alone = [*own] == [self.id]
        return self.session.cost_usd if alone else None

    def wait(self, timeout: float | None = None) -> Turn:
        """Wait until the turn has ended, well or not, and return it.

        Args:
            timeout: Seconds; ``None`` waits without limit.

        Raises:
            TimedOutError: It has not ended in time. It goes on; wait again or follow it.
            StreamInterruptedError: The connection broke and could not be taken up again.

        >>> turn.wait(timeout=60).status
        'completed'
        >>> (await turn).status
        'completed'
        """
        checked_seconds(timeout)
        with self._attended() as ended:
            wait_for(ended, timeout, self._ask_here)
        return self

    def cancel(self) -> Turn:
        """End the turn on the server, wait until it has, and return it (contract, section 18.3).

        What was written stays, ``text`` is that, and the session goes on. One that has ended stays
        as it is.

        Raises:
            InvalidRequestError: The server cannot end turns: it goes on.

        >>> @server.agent("slow")
        ... def slow(prompt):
        ...     yield "So far so good."
        ...     yield dari.local.ToolCall("ask", external=True)
        >>> turn = d.agents["slow"].send("Take your time.")
        >>> turn.cancel().status
        'cancelled'
        """
        link = self.session._link
        if not link.offers("cancel"):
            raise InvalidRequestError(
                f"{link} cannot end a turn: it goes on in its session.", code="not_supported"
            )
        with contextlib.suppress(ConflictError):  # it ended by itself
            link.ended_here.add(self.session.id)
            link.client.sessions.cancel(self.session.id, self.id)
        return self.wait()

    def fork(self) -> Session:
        """Return a new session with everything up to the end of this turn; see `Session.fork`.

        Raises:
            InvalidRequestError: The server cannot fork, or the turn has not ended.

        >>> turn.wait().fork().send("And 2 ** 10?").wait().status
        'completed'
        """
        return self.session.fork(at=self)

    def again(
        self,
        text: str | Sequence[dict[str, Any]] | None = None,
        *,
        llm: str | None = None,
        version: str | None = None,
        files: Iterable[Attachment] = (),
        metadata: Mapping[str, Any] | None = None,
        tools: Given = (),
        approve: Approve | None = None,
    ) -> Turn:
        """Ask its prompt anew, or another in its place, and return the new turn.

        It is asked in a fork from before this turn (see :meth:`Session.fork`), which is the new
        turn's ``session``; this one stays as it is. Attached files are attached again.

        Args:
            text: What to ask in place of the prompt; content blocks say all that is to be sent.
            llm: Another LLM option of the agent.
            version: Id of another version of the agent.
            files: Paths to upload and attach besides.
            metadata: Kept on the message; that of this one's when left out.
            tools: Functions that answer tool calls, beside those that do so here.
            approve: Who decides whether a call is run; see :func:`dari_nb.tool`.

        Raises:
            InvalidRequestError: The server cannot fork, the turn has not ended, or the text is
                empty; nothing was sent.

        >>> turn.wait().again("What is 3 + 4?", llm="small").text
        '$$3 + 4 = 7$$'
        """
        checked_approve(approve)
        given = self.session._check_tools(tools, version)
        asked = self.session._link.client.messages.get(self.id)
        content = asked_again(asked.parts, text)
        # What is wrong with a file, or with a function, is told before there is a fork.
        content += as_content_files(self.session._link, files)
        fork = self.session._forked(Place(self.id, is_after=False), llm=llm, version_id=version)
        told = asked.metadata if metadata is None else metadata
        fork._tools.give(given.values(), approve)
        return fork.send(content, metadata=told)

    def submit_tool_result(
        self, tool_call_id: str, result: Any = None, *, is_error: bool = False
    ) -> Turn:
        """Submit a tool call's result, as :meth:`Session.submit_tool_result` does.

        Args:
            tool_call_id: One of its external tool calls that waits.
            result: Anything that is JSON, or becomes JSON as a tool's result does.
            is_error: Tell the agent that the tool failed, with ``result`` as the cause.

        Returns:
            The turn.

        Raises:
            InvalidRequestError: No such call waits.
            ApiError: The server refused the answer; the call still waits.

        >>> @server.agent("shop")
        ... def shop(prompt):
        ...     answer = yield dari.local.ToolCall("stock", {"item": "tea"}, external=True)
        ...     yield f"{answer.result} left"
        >>> turn = d.agents["shop"].send("How much tea?")
        >>> turn.submit_tool_result(turn.tool_calls[0].tool_call_id, 7).wait().text
        '7 left'
        """
        self.session.submit_tool_result(tool_call_id, result, is_error=is_error)
        return self

    def raise_for_status(self) -> Turn:
        """Return the turn, or raise when it failed.

        Raises:
            TurnFailedError: The turn failed; the text is the cause. Of one that played from a tape
                it says that it was recorded so, and what asks it anew.

        >>> turn.wait().raise_for_status().status
        'completed'
        """
        if self.status == "failed":
            raise TurnFailedError(f"The turn failed: {self.error}{self._recorded()}", self._said())
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

        >>> turn = turn.follow(timeout=60)
        <BLANKLINE>
        You ...
        """
        from ..display.passing import Passing
        from ..display.turn import TurnSubject

        checked_seconds(timeout)
        if not (wait or host.in_kernel() or self._feed.has_ended(self.id)):
            print(repr(self))  # noqa: T201
            return self
        subject = TurnSubject(
            self.id,
            self.session.id,
            link=self.session._link,
            feed=self._feed,
            tools=self.session._tools,
            head=self.head,
            release=self._release,
        )
        Passing(subject).follow(timeout, wait=wait)
        return self

    def __await__(self) -> Generator[Any, None, Turn]:
        return self._ended().__await__()

    def __repr__(self) -> str:
        return f"<Turn {self.id} {self.status}>"

    def __str__(self) -> str:
        return self.to_mimebundle()["text/plain"]

    def head(self, state: str | None = None) -> Head:
        """The head line of the turn's transcript; ``state`` replaces the turn's status."""
        from ...render import head_of

        head = head_of(
            self.items,
            self.session.agent_name,
            llm=self.session.llm_id,
            state=state or self.status,
            version=self.session.resource.version_id,
            tokens=self._used,
            place=self._place(),
            number=self.session._link.version_number(self.session.resource.version_id),
            seconds=self.latency_s,
        )
        facts = (*head.facts, *self._origin(), *self.session._tools.facts(self.id))
        return replace(head, facts=facts)

    def to_mimebundle(self, state: str | None = None) -> dict[str, str]:
        """Return the turn as a static MIME bundle: HTML, Markdown and plain text."""
        from ...render import static_timeline

        return static_timeline(self.items, self.head(state))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()

    def _ipython_display_(self) -> None:
        self.follow(wait=False)

    def _said(self) -> str:
        answers = (i.text for i in self.items if isinstance(i, AssistantMessageItem))
        return "\n\n".join(text for text in answers if text)

    @property
    def _used(self) -> Mapping[str, int]:
        """The tokens that it took, as known now."""
        state = self._feed.turn(self.id)
        return state.usage if state else {}

    def _place(self) -> str:
        """Say which turn of which session a later one is."""
        number = self._feed.number(self.id)
        return f"turn {number} of {self.session.id}" if number and number > 1 else ""

    def _origin(self) -> list[str]:
        """Say whether the turn came from a tape, where one was in."""
        deck = self.session._link.deck
        played = deck.has_played(self.id) if deck else None
        return [] if played is None else ["from the tape" if played else "asked live"]

    def _recorded(self) -> str:
        """Say that the turn failed when it was recorded, where that played, and what asks anew."""
        deck = self.session._link.deck
        tape = deck.failed_on(self.id) if deck else None
        return _AS_RECORDED.format(tape=tape) if tape else ""

    def _take_up(self) -> Turn:
        """Follow until it has ended, or nobody holds it any more, and answer its calls."""
        is_followed = self.session._link.goes_on(self._followed)
        if not is_followed and not self._feed.has_ended(self.id):
            self._followed = self._feed.ended(self.id)
            weakref.finalize(self, self._followed.cancel).atexit = False
        self.session._tools.serve(self.id)
        return self

    def _release(self) -> None:
        """Follow, ask and run no more, until somebody waits or looks on again."""
        self.session._tools.pause()
        if self._followed is not None:
            self._followed.cancel()

    def _stopped(self) -> Ending:
        """What to say when somebody waits no longer."""
        return turn_stopped(self.session.id, can_cancel=self.session._link.offers("cancel"))

    @contextlib.contextmanager
    def _attended(self) -> Iterator[concurrent.futures.Future[None]]:
        """Give the future of the turn's end to wait for; an interrupt releases the turn."""
        self._take_up()
        ended = self._feed.ended(self.id)
        try:
            yield ended
        except KeyboardInterrupt:
            self._release()
            raise StoppedWatching(self._stopped(), is_said=False) from None
        except concurrent.futures.CancelledError:
            raise _CLOSED from None
        finally:
            ended.cancel()

    async def _ended(self) -> Turn:
        with self._attended() as ended:
            await awaited(ended)
        return self

    def _rest(self) -> None:
        """Wait until the turn has ended or waits for a tool that is not ours."""
        tools = self.session._tools
        with self._attended() as ended:
            rest = resting(ended)
            while not ended.done():
                if self._waits() and not tools.answers(self.id):
                    return
                with heard():
                    rest(0.05)
                    self._ask_here()
            ended.result()

    def _ask_here(self) -> None:
        if self.session._tools.ask_here():
            print(unasked())  # noqa: T201

    def _waits(self) -> bool:
        state = self._feed.turn(self.id)
        return state is not None and bool(state.waiting)


_CLOSED = InvalidRequestError(
    "The connection was closed while the turn went on: connect again.", code="connection_closed"
)
