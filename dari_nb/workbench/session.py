"""A durable conversation with one agent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import models
from ..errors import DariError
from ..models import Event, Message, ToolCallItem, as_content
from ._feed import Feed
from .events import EventStream
from .tools.toolbox import Toolbox
from .transcript import Transcript
from .turn import Turn

if TYPE_CHECKING:
    from ..render import Head
    from ..widgets import TranscriptView
    from .chat import Chat
    from .dari import Dari
    from .tools.approval import Decision
    from .tools.tool import Approve, Given
    from .workspace import Workspace

Prompt = str | Sequence[dict[str, Any]]
Attachment = str | Path


class Session:
    """A durable conversation; shown in a notebook, it is its transcript.

    >>> session = d.sessions.create("echo", metadata={"lesson": "1"})  # doctest: +SKIP
    >>> session.send("Hello").text  # doctest: +SKIP
    'Hello'

    Attributes:
        dari: The connection it was reached through.
        resource: The session as the server last sent it.
        feed: Its ledger as far as it came.
    """

    def __init__(self, dari: Dari, resource: models.Session) -> None:
        self.dari = dari
        self.resource = resource
        self._sent = False
        self._cost: Decimal | None = None
        self.feed = Feed(dari.stream_client, resource.id)

    @property
    def id(self) -> str:
        """The session's id."""
        return self.resource.id

    @property
    def name(self) -> str | None:
        """Its label, if it has one."""
        return self.resource.name

    @property
    def metadata(self) -> dict[str, Any]:
        """Its metadata, strings by key; sessions can be found by them."""
        return dict(self.resource.metadata or {})

    @property
    def agent_id(self) -> str | None:
        """Id of its agent."""
        return self.resource.agent_id

    @property
    def llm_id(self) -> str | None:
        """The LLM option it was created with, when the server tells."""
        return self.resource.llm_id

    @cached_property
    def tools(self) -> Toolbox:
        """What answers its external tool calls from here; see :meth:`answer_tools`."""
        return Toolbox(self)

    @property
    def decisions(self) -> list[Decision]:
        """What was decided from here about calls of its kernel tools, in order.

        The ledger tells of refusals only; see :class:`dari_nb.workbench.tools.approval.Decision`.
        """
        return list(self.tools.decisions.values())

    @property
    def cost(self) -> Decimal | None:
        """What it has cost so far, in US dollars; ``None`` while that is unknown (section 13)."""
        self._cost = self.dari.costs.session(self.id)
        return self._cost

    @cached_property
    def agent_name(self) -> str:
        """Name of its agent; the id, or ``Agent``, when the server does not give it."""
        if self.agent_id is None:
            return "Agent"
        try:
            return self.dari.agent_name(self.agent_id)
        except DariError:
            return self.agent_id

    def refresh(self) -> models.Session:
        """Ask the server for the session's present state (contract, section 5)."""
        self.resource = self.dari.client.sessions.get(self.id)
        self._sent = False
        return self.resource

    def latest(self) -> models.Session:
        """Return the session's state, asked for anew if something was sent since it was read."""
        return self.refresh() if self._sent else self.resource

    def send(
        self,
        prompt: Prompt,
        *,
        files: Iterable[Attachment] = (),
        metadata: Mapping[str, Any] | None = None,
        tools: Given = (),
        approve: Approve | None = None,
    ) -> Turn:
        """Send a message and return its turn at once (contract, section 6).

        Args:
            prompt: Text or content blocks.
            files: Paths to upload and attach.
            metadata: Kept on the message.
            tools: Functions of this process that answer the agent's external tool calls, from now
                on; see :meth:`answer_tools`.
            approve: Who decides whether a call is run; see :func:`dari_nb.tool`.

        Raises:
            InvalidRequestError: The prompt is empty, a file is missing, or a function cannot be a
                tool; nothing was sent.
            ApiError: The server refused it.
        """
        content = as_content(prompt)
        self.tools.give(tools, approve)
        content += as_content_files(self.dari, files)
        sent = self.dari.client.sessions.send(
            self.id, content, metadata=dict(metadata) if metadata else None
        )
        return self.turn_of(sent)

    def turn_of(self, sent: models.SendResult) -> Turn:
        """Make the turn that belongs to the answer to a sent message."""
        self._sent = True
        self.feed.add([sent.event])
        message_id = sent.message.id if sent.message else sent.event.turn_id
        return Turn(self, str(message_id)).serve()

    def turn(self, message_id: str | None = None) -> Turn:
        """Return one turn of the session, the last one by default.

        Raises:
            DariError: Nothing was sent in this session yet.
        """
        message_id = message_id or self.refresh().last_message_id
        if message_id is None:
            raise DariError(f"Nothing was sent in {self.id} yet: send a message first.")
        return Turn(self, message_id)

    def follow(self, timeout: float | None = None, *, wait: bool = True) -> Turn:
        """Show the session's last turn live until it ends; see :meth:`Turn.follow`."""
        return self.turn().follow(timeout, wait=wait)

    def pending_calls(self) -> list[ToolCallItem]:
        """Return the tool calls that wait for an answer from outside, as the ledger has them."""
        self.feed.add(self.events())
        return self.feed.waiting()

    def answer(self, tool_call_id: str, result: Any = None, *, is_error: bool = False) -> None:
        """Answer an external tool call by hand (contract, section 6).

        Args:
            tool_call_id: One of :meth:`pending_calls`.
            result: Anything; what is no JSON becomes JSON as a tool's result does.
            is_error: Tell the agent that the tool failed, with ``result`` as the cause.

        Raises:
            InvalidRequestError: No such call waits.
            ApiError: The server refused the answer, as one that does not fit; the call still waits.
        """
        from .tools.answering import answer

        answer(self, tool_call_id, result, is_error=is_error)

    def answer_tools(self, tools: Given = (), *, approve: Approve | None = None) -> Turn:
        """Answer the session's external tool calls with these functions, and return its last turn.

        They answer whenever the session is followed from this process. Each call is run at most
        once: the ledger is asked first, and what another notebook of this machine runs is left to
        it. Calls that wait since an interrupt or a restart are taken up, and asked about again.

        >>> session.answer_tools([look_up], approve="always").text  # doctest: +SKIP
        '…'
        """
        self.tools.give(tools, approve)
        return self.turn().serve()

    def events(self, limit: int | None = None) -> list[Event]:
        """Return the ledger's events, oldest first (contract, section 8)."""
        return self.dari.client.sessions.events(self.id, limit=limit)

    def messages(self) -> list[Message]:
        """Return the messages in order (contract, section 7)."""
        return self.dari.client.sessions.messages(self.id)

    def transcript(self) -> Transcript:
        """Return the session as it stands, ready to show (contract, section 9).

        Its head tells the cost where that is known without waiting for it: on the local Dari, and
        elsewhere once :attr:`cost` was read.
        """
        resource = self.dari.client.sessions.transcript(self.id)
        return Transcript(resource, cost=self.cost if self.dari.is_local else self._cost)

    def view(self, *, at: str | None = None, height: int | None = None) -> TranscriptView:
        """Return the session as a view to find one's way in, which goes on with the session.

        It finds, filters, jumps, copies and shows the JSON behind each item; ``?`` lists its keys.
        A saved notebook keeps the last items as paper. Close it with ``view.close()``.

        Args:
            at: Id of the item to begin with.
            height: Most pixels that the list takes.

        >>> session.view()  # doctest: +SKIP
        """
        from .reading import session_view

        return session_view(self, at, height)

    def chat(self, *, tools: Given = (), approve: Approve | None = None) -> Chat:
        """Return the session as a chat: its transcript with a place to write below it.

        Args:
            tools: Functions that answer the agent's external tool calls; asked about in the chat.
            approve: Who decides whether a call is run; see :func:`dari_nb.tool`.

        >>> session.chat()  # doctest: +SKIP
        """
        from .chat import Chat

        self.tools.give(tools, approve)
        return Chat(None, self)

    def head(self) -> Head:
        """The head line of the session as far as its events came."""
        from ..render import head_of

        items, version = self.feed.timeline(), self.resource.version_id
        head = head_of(items, self.agent_name, llm=self.llm_id, version=version, cost=self._cost)
        return replace(head, facts=(*head.facts, *self.tools.facts()))

    def workspace(self, *, paths: Sequence[str] = (), wait: float | None = None) -> Workspace:
        """Download the session's workspace, whole or only some folders (contract, section 10).

        Args:
            paths: Folders below ``/workspace``; everything when left out.
            wait: Seconds to wait for a workspace that is not there yet.

        Raises:
            ConflictError: There is no workspace yet.
            BadRequestError: A path is no folder of it.

        >>> with session.workspace() as workspace:  # doctest: +SKIP
        ...     workspace.read_csv("out.csv")
        """
        from .workspace import download

        return download(self.dari.client, self.id, paths=paths, wait=wait)

    def stream(self, *, last_event_id: str | None = None) -> EventStream:
        """Return the events as they come, for ``for`` and for ``async for``.

        It replays the ledger from the start, or from after ``last_event_id``, and does not end by
        itself (contract, section 8.4).

        >>> async for event in session.stream():  # doctest: +SKIP
        ...     print(event.type)
        """
        return EventStream(self.dari, self.id, last_event_id)

    def to_dict(self) -> dict[str, Any]:
        """Return the session resource in the API's own shape."""
        return self.resource.to_dict()

    def __repr__(self) -> str:
        name = f" {self.name!r}" if self.name else ""
        return f"<Session {self.id}{name}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.transcript().to_mimebundle()


def as_content_files(dari: Dari, files: Iterable[Attachment]) -> models.Content:
    """Upload files and return the blocks that attach them."""
    return [models.file_block(dari.files.upload(file).id) for file in files]
