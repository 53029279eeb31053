"""A chat with an agent: the view, what it sends, and what is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from ....errors import InvalidRequestError
from ....models import TimelineItem, ToolCallItem, as_content
from ....printable import printable
from ....widgets import ChatView
from ....widgets.object_traits import object_trait
from ....widgets.serial_executor import SerialExecutor
from ...connection.attachments import as_content_files
from ...tools.outputs import output_schema
from ..staying import Staying
from ..subject import Changed
from ..words import Ending
from .branching import Branching, branches_of
from .conversation import Conversation
from .reader import Read, ReaderSubject, events_of, loaded

if TYPE_CHECKING:
    from ....render import Head
    from ....widgets.view import AnyLayout
    from ...tools.approval import Verdict


class Chat(ChatView):
    """A conversation in a cell: shown, it is a transcript with a place to write.

    What is written in the page is sent from the kernel, so it waits while a cell is busy.

    >>> chat = agent.chat()
    >>> chat.session is None  # before the first message
    True

    Args:
        begin: Makes the session for the first message, with the LLM that was chosen.
        agent_name: Whom it is with.
        llms: What there is to choose from.
        layout: Its place and size.

    Attributes:
        session: The session, which is the value, too; ``None`` before the first message of a new
            one. Read-only.
        active: The item that the reader is at.
        status: Status word of the last message; read-only.
    """

    _valued = "session"
    _presentation: Staying

    session = object_trait(read_only=True)

    def __init__(
        self,
        begin: Callable[[str | None], Conversation],
        agent_name: str,
        llms: Sequence[str] = (),
        layout: AnyLayout = None,
    ) -> None:
        self._begin = begin
        # One after another, so that messages are sent in the order in which they were written.
        self._executor = SerialExecutor()
        branching = Branching(self, self._go_to)
        super().__init__(
            send=lambda *message: self._executor.submit(self._deliver, *message),
            submit=lambda *answer: self._executor.submit(self._hand_in, *answer),
            decide=self._settle,
            watch=lambda: self._presentation.stop_or_watch(),
            events=lambda item: events_of(self.session, item),
            link=lambda item: self.session._way_to(item) if self.session else item.id,
            branching=branching,
            agent=agent_name,
            llms=list(llms),
            begun=False,
            layout=layout,
        )
        self._presentation = Staying(ChatSubject(self, self._now, branching), self)
        self.show(*self._now())

    @classmethod
    def of(cls, session: Conversation, layout: AnyLayout = None) -> Chat:
        """Return a chat that goes on with a session."""
        chat = cls(lambda _: session, session.agent_name, layout=layout)
        loaded(session)
        session._tools.look()
        chat._join(session)
        chat.show(*chat._now())
        return chat

    def __repr__(self) -> str:
        at = self.session.id if self.session else "not begun yet"
        return printable(f"<Chat with {self.agent}, {at}>")

    @traitlets.validate("session")
    def _valid_session(self, proposal: Any) -> Conversation:
        if not hasattr(proposal.value, "_feed"):
            raise traitlets.TraitError("A chat begins its session itself.")
        session: Conversation = proposal.value
        return session

    def _now(self) -> tuple[Sequence[TimelineItem], Head]:
        from ....render import head_of

        if self.session is None:
            return [], head_of([], self.agent)
        return self.session._feed.timeline(), self.session.head()

    def _join(self, session: Conversation) -> None:
        self.update_traits(begun=True, session=session, **branches_of(session))

    def _go_to(self, session: Conversation) -> None:
        """Go on with another branch."""
        loaded(session)
        session._tools.look()
        self.active = None
        self._join(session)
        self.show(*self._now())
        self._presentation.renew()

    def _deliver(self, key: str, text: str, files: list[Path], llm: str) -> None:
        if not text.strip() and not files:
            raise InvalidRequestError(
                "The message is empty: write something, or attach a file.", code="missing_message"
            )
        if self.session is None:
            self._join(self._begin(llm or None))
            self._presentation.watch()
        session: Conversation = self.session
        content = as_content(text) if text.strip() else []
        content += as_content_files(session._link, files)
        sent = session._link.client.sessions.send(session.id, content, idempotency_key=key)
        session._turn_of(sent)
        self._presentation.watch()

    def _settle(self, question_id: str, verdict: Verdict, reason: str) -> None:
        if self.session is not None:
            self.session._tools.settle(question_id, verdict, reason)

    def _hand_in(self, message_id: str, call_id: str, result: Any, is_error: bool) -> None:
        if self.session is not None:
            self.session._link.client.sessions.submit_tool_result(
                self.session.id, message_id, call_id, result, is_error=is_error
            )


class ChatSubject(ReaderSubject):
    """A chat as it is presented: what was said, what is open, and whether its turn is watched."""

    _way = "chat"

    def __init__(self, view: Chat, read: Read, branching: Branching) -> None:
        super().__init__(view, read, branching)
        self._chat = view

    async def follow(self, changed: Changed) -> None:
        """Follow the session, once there is one; who sees the chat can be asked."""
        session: Conversation | None = self._chat.session
        if session is not None:
            session._tools.resume()
            with session._tools.on_page():
                await super().follow(changed)

    def stopped(self) -> Ending:
        """Answer and ask no more, either, and say so in the page."""
        if self._chat.session is not None:
            self._chat.session._tools.pause()
        return super().stopped()

    def _notify(self) -> None:
        super()._notify()
        session: Conversation | None = self._chat.session
        if session is not None and self.is_watched:
            self._chat.ask(_open_calls(session), _asked(session), session._tools.about)


def _asked(session: Conversation) -> list[ToolCallItem]:
    return [question.call for question in session._tools.questions]


def _open_calls(session: Conversation) -> list[Any]:
    """The calls that wait for the caller, and for no tool of this kernel."""
    from ....widgets.chat import fields_of
    from ....widgets.chat.wire import OpenCall

    return [
        OpenCall(
            id=call.tool_call_id,
            message_id=str(call.message_id),
            name=call.tool_name,
            fields=fields_of(output_schema(session._link, session.resource, call.tool_name)),
        )
        for call in session._feed.waiting()
        if call.tool_name not in session._tools.names
    ]
