"""A chat with an agent: the view, what it sends, and what is open."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DariError, InvalidRequestError
from ..models import TimelineItem, ToolCallItem, as_content
from . import host
from .kept import Kept
from .outputs import output_schema
from .reading import events_of, follow_while_open, kept_paper, link_to
from .session import Session, as_content_files

if TYPE_CHECKING:
    from ..render import Head
    from .agent import Agent
    from .tools.approval import Verdict
    from .tools.tool import Approve, Given


class Chat:
    """A conversation in a cell: shown, it is a transcript with a place to write.

    What is written in the page is sent from the kernel, so it waits while a cell is busy.

    >>> chat = agent.chat()  # doctest: +SKIP
    >>> chat.session.transcript()  # doctest: +SKIP

    Attributes:
        session: The session; ``None`` before the first message of a new one.
        view: The widget that shows it.
    """

    def __init__(
        self,
        agent: Agent | None,
        session: Session | None = None,
        *,
        tools: Given = (),
        approve: Approve | None = None,
    ) -> None:
        from ..widgets import ChatView

        self.session = session
        self._agent = agent
        self._given = (tools, approve)
        # One thread, so that messages are sent in the order in which they were written.
        self._sender = ThreadPoolExecutor(1, "dari-chat")
        self.view = ChatView(
            send=lambda *message: self._sender.submit(self._send, *message),
            submit=lambda *answer: self._sender.submit(self._submit, *answer),
            decide=self._decide,
            events=lambda item: events_of(self.session, item) if self.session else [],
            link=lambda item: link_to(self.session, item) if self.session else item.id,
            agent=self._name,
            llms=agent.llms if agent and session is None else [],
            begun=session is not None,
        )
        self.view.on_close(lambda: self._sender.shutdown(wait=False))
        self._kept = Kept(self.view, lambda: kept_paper(*self._read()), self._print)
        if session is not None:
            session.feed.add(session.events())
            self._follow(session)
        self.view.show(*self._read())

    def close(self) -> None:
        """End the view; the session stays."""
        self.view.close()

    def __repr__(self) -> str:
        return f"<Chat with {self._name}, {self.session.id if self.session else 'not begun yet'}>"

    def _ipython_display_(self) -> None:
        self._kept.show()

    @property
    def _name(self) -> str:
        if self.session is not None:
            return self.session.agent_name
        return self._agent.name if self._agent else "Agent"

    def _read(self) -> tuple[Sequence[TimelineItem], Head]:
        from ..render import head_of

        if self.session is None:
            return [], head_of([], self._name)
        return self.session.feed.timeline(), self.session.head()

    def _print(self) -> None:
        if self.session is None:
            print(repr(self))  # noqa: T201
        else:
            host.print_items(*self._read())

    def _follow(self, session: Session) -> None:
        def changed() -> None:
            self.view.update_from(self._read)
            with contextlib.suppress(RuntimeError):  # the view was closed just now
                self._sender.submit(lambda: self.view.ask(_open_calls(session), _asked(session)))
            if session.feed.is_at_rest:
                self._kept.refresh()

        page = session.tools.on_page()
        page.__enter__()
        self.view.on_close(lambda: page.__exit__(None, None, None))
        follow_while_open(session, self.view, changed)
        session.tools.look()

    def _send(self, key: str, text: str, files: list[Path], llm: str) -> None:
        if not text.strip() and not files:
            raise InvalidRequestError("The message is empty: write something, or attach a file.")
        session = self.session or self._begin(llm)
        content = as_content(text) if text.strip() else []
        content += as_content_files(session.dari, files)
        sent = session.dari.client.sessions.send(session.id, content, idempotency_key=key)
        session.turn_of(sent)

    def _decide(self, question_id: str, verdict: Verdict) -> None:
        if self.session is not None:
            self.session.tools.settle(question_id, verdict)

    def _begin(self, llm: str) -> Session:
        if self._agent is None:
            raise DariError("This chat has neither an agent nor a session.")
        tools, approve = self._given
        session = self._agent.start(llm=llm or None, tools=tools, approve=approve)
        self.session = session
        self.view.begun = True
        self._follow(session)
        return session

    def _submit(self, message_id: str, call_id: str, result: Any, is_error: bool) -> None:
        if self.session is not None:
            self.session.dari.client.sessions.submit_tool_result(
                self.session.id, message_id, call_id, result, is_error=is_error
            )


def _asked(session: Session) -> list[ToolCallItem]:
    return [question.call for question in session.tools.questions]


def _open_calls(session: Session) -> list[Any]:
    """The calls that wait for the caller, and for no tool of this kernel."""
    from ..widgets.chat import fields_of
    from ..widgets.chat.wire import OpenCall

    return [
        OpenCall(
            id=call.tool_call_id,
            message_id=str(call.message_id),
            name=call.tool_name,
            fields=fields_of(output_schema(session, call.tool_name)),
        )
        for call in session.feed.waiting()
        if call.tool_name not in session.tools.names
    ]
