"""A durable conversation with one agent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ... import models
from ...errors import DariError
from ...models import Event, Message, ToolCallItem, as_content
from ...models.batches import RUN_DIGESTS, given_metadata
from ..connection.attachments import Attachment, as_content_files
from ..connection.feed import Feed, feed_of
from ..tools.offered import check_offered
from ..tools.tool import as_tools
from ..tools.toolbox import Toolbox
from .arguments import metadata_of, unknown_argument
from .branches import ForkTree
from .costs import known_cost
from .event_stream import EventStream
from .forking import FORKED_FROM, Place, fork_session
from .transcript import Transcript
from .turn import Turn

if TYPE_CHECKING:
    from ...models import TimelineItem
    from ...render import Head
    from ...widgets.view import AnyLayout
    from ..connection import Link
    from ..display.reading.chat import Chat
    from ..display.reading.reader import SessionReader
    from ..tapes.player import Player
    from ..tools.approval import Decision
    from ..tools.tool import Approve, Given, Tool
    from .workspace import Workspace

Prompt = str | Sequence[dict[str, Any]]


class Session:
    """A durable conversation; shown in a notebook, it is its transcript.

    >>> session = d.sessions.create("echo", metadata={"lesson": "1"})
    >>> session.send("Hello").wait().status
    'completed'

    Attributes:
        resource: The session as the server last sent it.
        agent_name: Name of its agent; the id, or ``Agent``, when the server does not give it.
    """

    def __init__(self, link: Link, resource: models.Session, agent_name: str) -> None:
        self._link = link
        self.resource = resource
        self.agent_name = agent_name
        self._sent = False
        self._cost: Decimal | None = None

    @cached_property
    def _feed(self) -> Feed:
        return feed_of(self._link, self.id)

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
        """Its metadata, strings by key; sessions can be found by them.

        The digests by which a batch finds its sessions again are in :meth:`to_dict` only.
        """
        return given_metadata(self.resource.metadata, RUN_DIGESTS)

    @property
    def agent_id(self) -> str | None:
        """Id of its agent."""
        return self.resource.agent_id

    @property
    def llm_id(self) -> str | None:
        """The LLM option it was created with, when the server tells."""
        return self.resource.llm_id

    @cached_property
    def _tools(self) -> Toolbox:
        """What answers its external tool calls from here; see :meth:`use_tools`."""
        return Toolbox(self._link, self._feed, self.id)

    @property
    def decisions(self) -> list[Decision]:
        """What was decided from here about calls of its kernel tools, in order.

        The ledger tells of refusals only; see
        :class:`dari_nb.resources.tools.approval.Decision`.
        """
        return list(self._tools.decisions.values())

    @property
    def cost_usd(self) -> Decimal | None:
        """What it has cost so far, in US dollars; ``None`` while that is unknown (section 13)."""
        self._cost = known_cost(self._link.client.costs.session(self.id))
        return self._cost

    def refresh(self) -> models.Session:
        """Ask for the session's present state and return it (contract, section 5).

        Raises:
            ApiError: The server refused it.

        >>> turn.wait().session.refresh().last_message_status
        'completed'
        """
        self.resource = self._link.client.sessions.get(self.id)
        self._sent = False
        return self.resource

    def _latest(self) -> models.Session:
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
        idempotency_key: str | None = None,
        **fixed: Any,
    ) -> Turn:
        """Send a message and return its turn at once (contract, section 6).

        Args:
            prompt: Text or content blocks.
            files: Paths to upload and attach.
            metadata: Kept on the message.
            tools: Functions of this process that answer the agent's external tool calls, from now
                on; see :meth:`use_tools`.
            approve: Who decides whether a call is run; see :func:`dari_nb.tool`.
            idempotency_key: Of a send that failed, as the error's ``idempotency_key`` tells it, so
                that it is not done twice; made when left out.
            **fixed: Nothing: what a session began with, its LLM, version and name, stays.

        Raises:
            TypeError: Something else was given; the text says where that belongs.
            InvalidRequestError: The prompt is empty, a file is missing, or a function cannot be a
                tool; nothing was sent.
            ApiError: The server refused it.
            TimedOutError: No answer came in time, not even to repeats.

        >>> try:
        ...     turn = session.send("And 2 ** 10?")
        ... except dari.DariError as error:
        ...     turn = session.send("And 2 ** 10?", idempotency_key=error.idempotency_key)
        >>> turn.wait(timeout=60).status
        'completed'
        """
        if fixed:
            raise TypeError(_no_option(min(fixed), self.agent_name))
        content = as_content(prompt)
        self._give(tools, approve)
        content += as_content_files(self._link, files)
        self._link.before_sending(self.id, content)
        sent = self._link.client.sessions.send(
            self.id,
            content,
            metadata=metadata_of(metadata),
            idempotency_key=idempotency_key,
        )
        return self._turn_of(sent)

    def _give(self, tools: Given, approve: Approve | None) -> None:
        """Give it tools from here, if its agent can call them."""
        self._tools.give(self._check_tools(tools).values(), approve)

    def _check_tools(
        self, tools: Given, version_id: str | None = None
    ) -> dict[str, Tool[..., Any]]:
        """Read tools, of which those that are new here have to be offered; or all, by a version."""
        given = as_tools(tools)
        known = self._tools.names if version_id is None else ()
        about = self.agent_id, version_id or self.resource.version_id
        check_offered(self._link, self.agent_name, *about, [n for n in given if n not in known])
        return given

    def _turn_of(self, sent: models.SendResult) -> Turn:
        """Make the turn that belongs to the answer to a sent message."""
        self._sent = True
        if sent.event is not None:
            self._feed.add([sent.event])
        message_id = sent.message_id or self._last_message_id()
        self._link.notify_sent()
        return Turn(self, message_id)._take_up()

    def turn(self, message_id: str | None = None) -> Turn:
        """Return one turn of the session, the last one by default, as it stands.

        Args:
            message_id: The message's id; the last message when left out.

        Raises:
            DariError: Nothing was sent in this session yet.

        >>> session.turn().wait().status
        'completed'
        """
        message_id = message_id or self._last_message_id()
        if not self._feed.has_ended(message_id):
            self._feed.add(self.events())  # what has ended needs no stream then
        return Turn(self, message_id)._take_up()

    def _last_message_id(self) -> str:
        message_id = self.refresh().last_message_id
        if message_id is None:
            raise DariError(
                f"Nothing was sent in {self.id} yet: send a message first.",
                code="message_not_found",
            )
        return message_id

    def fork(
        self,
        at: Turn | str | None = None,
        *,
        llm: str | None = None,
        version: str | None = None,
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Session:
        """Return a new session with everything up to the end of a turn (contract, section 18.4).

        It goes on by itself; this one stays as it is. Its messages are copies, which cost nothing
        again; its workspace has the files of that time where they were kept, and else those of
        now, which its :attr:`notes` say. Functions that answer tool calls here do so there.

        Args:
            at: A turn of this session, or its message's id; the last one when left out.
            llm: Another LLM option of the agent.
            version: Id of another version of the agent.
            name: A label for it.
            metadata: Kept on it, beside this session's own and ``forked_from``.

        Raises:
            InvalidRequestError: The server cannot fork, or the turn has not ended; nothing was
                done.
            NotFoundError: The turn is of another session.

        >>> fork = turn.wait().session.fork(at=turn)
        >>> fork.metadata["forked_from"] == session.id
        True
        >>> fork.send("And 2 ** 10?").wait().session.id == fork.id
        True
        """
        message_id = at if isinstance(at, str) else at.id if at else self._last_message_id()
        given = {"llm": llm, "version_id": version, "name": name, "metadata": metadata}
        return self._forked(Place(message_id), **given)

    def _forked(self, place: Place, **given: Any) -> Session:
        resource = fork_session(self._link, self.resource, place, **given)
        self._link.learn_versions(resource.agent_id, resource.version_id)
        fork = Session(self._link, resource, self.agent_name)
        self._tools.give_on(fork._tools)
        return fork

    @cached_property
    def _fork_tree(self) -> ForkTree[Session]:
        """What it was forked from and its forks; see :class:`ForkTree`."""
        link = self._link

        def again(message_id: str, text: str) -> tuple[Session, str]:
            turn = Turn(self, message_id).again(text)
            return turn.session, turn.id

        return ForkTree(link, self.resource, lambda one: session_of(link, one), again)

    @property
    def forked_from(self) -> str | None:
        """Id of the session that it is a fork of, if it is one."""
        found = (self.resource.metadata or {}).get(FORKED_FROM)
        return found if isinstance(found, str) else None

    @property
    def notes(self) -> list[str]:
        """What the server had to say when it made this session, such as of a fork's files."""
        return [str(note) for note in self.resource.extra.get("notes") or ()]

    def follow(self, timeout: float | None = None, *, wait: bool = True) -> Turn:
        """Show the session's last turn live until it ends, and return it; see :meth:`Turn.follow`.

        Raises:
            DariError: Nothing was sent in this session yet.

        >>> turn = session.follow(timeout=60)
        <BLANKLINE>
        You ...
        """
        return self.turn().follow(timeout, wait=wait)

    def pending_calls(self) -> list[ToolCallItem]:
        """Return the tool calls that wait for an answer from outside, as the ledger has them.

        Raises:
            ApiError: The server refused it.

        >>> session.pending_calls()
        []
        """
        self._feed.add(self.events())
        return self._feed.waiting()

    def submit_tool_result(
        self, tool_call_id: str, result: Any = None, *, is_error: bool = False
    ) -> None:
        """Submit the result of an external tool call by hand (contract, section 6).

        Args:
            tool_call_id: One of :meth:`pending_calls`.
            result: Anything; what is no JSON becomes JSON as a tool's result does.
            is_error: Tell the agent that the tool failed, with ``result`` as the cause.

        Raises:
            InvalidRequestError: No such call waits.
            ApiError: The server refused the answer, as one that does not fit; the call still waits.

        >>> @server.agent("shop")
        ... def shop(prompt):
        ...     answer = yield dari.local.ToolCall("stock", {"item": "tea"}, external=True)
        ...     yield f"{answer.result} left"
        >>> session = d.agents["shop"].start()
        >>> turn = session.send("How much tea?")
        >>> call = turn.tool_calls[0]  # waits until the turn does
        >>> session.submit_tool_result(call.tool_call_id, 7)
        >>> turn.wait().text
        '7 left'
        """
        from ..tools.answering import submit_tool_result

        calls = self.pending_calls()
        submit_tool_result(self._link, self.id, calls, tool_call_id, result, is_error=is_error)

    def use_tools(self, tools: Given = (), *, approve: Approve | None = None) -> Turn:
        """Answer the session's external tool calls with these functions, and return its last turn.

        They answer whenever the session is followed from this process. Each call is run at most
        once: the ledger is asked first, and what another notebook of this machine runs is left to
        it. Calls that wait since an interrupt or a restart are taken up, and asked about again.

        Args:
            tools: Functions, plain or made by :func:`dari_nb.tool`.
            approve: Who decides whether a call is run; see :func:`dari_nb.tool`.

        Raises:
            InvalidRequestError: A function cannot be a tool, or the model is not offered it.
            DariError: Nothing was sent in this session yet.

        >>> @server.agent("shop")
        ... def shop(prompt):
        ...     answer = yield dari.local.ToolCall("stock", {"item": "tea"}, external=True)
        ...     yield f"{answer.result} left"
        >>> def stock(item: str) -> int:
        ...     "How many packets there are."
        ...     return 7
        >>> session = d.agents["shop"].send("How much tea?").session
        >>> session.use_tools([stock], approve="always").text
        '7 left'
        """
        self._give(tools, approve)
        return self.turn()

    def events(self, limit: int | None = None) -> list[Event]:
        """Return the ledger's events, oldest first (contract, section 8).

        Args:
            limit: How many at most; all when left out.

        Raises:
            ApiError: The server refused it.

        >>> session.events(limit=1)[0].type
        'user.message'
        """
        return self._link.client.sessions.events(self.id, limit=limit)

    def messages(self) -> list[Message]:
        """Return the messages in order (contract, section 7).

        Raises:
            ApiError: The server refused it.

        >>> session.messages()[0].output.parts[0]["type"]
        'tool_call'
        """
        return self._link.client.sessions.messages(self.id)

    def transcript(self) -> Transcript:
        """Return the session as it stands, ready to show (contract, section 9).

        Its head tells the cost where that is known without waiting for it: on the local Dari, and
        elsewhere once :attr:`cost_usd` was read.

        Raises:
            ApiError: The server refused it.

        >>> [item.type for item in turn.wait().session.transcript().items][:3]
        ['user_message', 'tool_call', 'assistant_message']
        """
        self._learn_version()
        resource = self._link.client.sessions.transcript(self.id)
        cost = self.cost_usd if self._link.is_local else self._cost
        return Transcript(resource, cost_usd=cost, number=self._number())

    def view(
        self, *, at: str | None = None, height: int | None = None, layout: AnyLayout = None
    ) -> SessionReader:
        """Return the session as a view to find one's way in, which goes on with the session.

        It finds, filters, jumps, copies and shows the JSON behind each item; ``?`` lists its keys.
        A saved notebook keeps it as static output, of a very long one its two ends. It is
        followed as long as a page shows it; close it with ``view.close()``.

        It is an ipywidget. Its traits are ``session`` (set another session, or its id, and it
        shows that one), ``active`` (the item that the reader is at, or ``None``) and ``status``
        (the status word of the last message, read-only).

        Args:
            at: Id of the item to begin with.
            height: Most pixels that the list takes.
            layout: Its place and size, an ``ipywidgets.Layout`` or a dict of CSS.

        Raises:
            ApiError: The server refused it.

        >>> view = session.view(height=400)
        >>> view.close()
        """
        from ..display.reading.reader import SessionReader

        self._learn_version()

        def find(session_id: str) -> Session:
            return session_of(self._link, session_id)

        return SessionReader(session=self, find=find, at=at, height=height, layout=layout)

    def chat(
        self, *, tools: Given = (), approve: Approve | None = None, layout: AnyLayout = None
    ) -> Chat:
        """Return the session as a chat: its transcript with a place to write below it.

        It is an ipywidget. Its traits are ``session`` (read-only), ``active`` and ``status``, as
        those of :meth:`view`.

        Args:
            tools: Functions that answer the agent's external tool calls; asked about in the chat.
            approve: Who decides whether a call is run; see :func:`dari_nb.tool`.
            layout: Its place and size, an ``ipywidgets.Layout`` or a dict of CSS.

        Raises:
            InvalidRequestError: A function cannot be a tool, or the model is not offered it.

        >>> session.chat()  # at the end of a cell it is the conversation
        <Chat with calculator...>
        """
        from ..display.reading.chat import Chat

        self._give(tools, approve)
        self._learn_version()
        return Chat.of(self, layout)

    def player(self, *, height: int = 0, layout: AnyLayout = None) -> Player:
        """Return the session as a player: what has happened so far, as it happened.

        Its traits are those of :meth:`Tape.view`. Secrets that this process knows are taken out, as
        on a tape; drafts are in no ledger, so texts come as wholes.

        Args:
            height: Most pixels that the transcript takes; 0 leaves it to the page.
            layout: Its place and size, an ``ipywidgets.Layout`` or a dict of CSS.

        Raises:
            ApiError: The server refused it.

        >>> player = turn.wait().session.player()
        >>> player.close()
        """
        from ...tapes import AgentLine, Scrubber, turns_of
        from ...widgets.player.score import Score
        from ..tapes.answers import Answers
        from ..tapes.player import Player

        self._feed.add(self.events())
        about = AgentLine(agent=self.agent_name, default=None)
        turns = turns_of(self._feed.events, about, Scrubber(()), session=self.id, llm=self.llm_id)
        score = Score(turns)
        again = f'd.sessions.get("{self.id}").player()'
        return Player(score, Answers(score), again=again, height=height, layout=layout)

    def head(self) -> Head:
        """The head line of the session as far as its events came."""
        from ...render import head_of

        head = head_of(
            self._feed.timeline(),
            self.agent_name,
            llm=self.llm_id,
            version=self.resource.version_id,
            number=self._number(),
            cost=self._cost,
        )
        return replace(head, facts=(*head.facts, *self._tools.facts()))

    def workspace(self, *, paths: Sequence[str] = (), wait: float | None = None) -> Workspace:
        """Download the session's workspace, whole or only some folders (contract, section 10).

        Args:
            paths: Folders below ``/workspace``; everything when left out.
            wait: Seconds to wait for a workspace that is not there yet.

        Raises:
            ConflictError: There is no workspace yet.
            BadRequestError: A path is no folder of it.

        >>> @server.agent("writer")
        ... def writer(prompt, turn):
        ...     (turn.workspace / "out.csv").write_text("a,b")
        ...     return "Written."
        >>> turn = d.agents["writer"].send("Write.").wait()
        >>> with turn.session.workspace(wait=60) as workspace:
        ...     workspace.read_csv("out.csv").columns.to_list()
        ['a', 'b']
        """
        from .workspace import download

        return download(self._link.client, self.id, paths=paths, wait=wait)

    def stream(self, *, last_event_id: str | None = None) -> EventStream:
        """Return the events as they come, for ``for`` and for ``async for``.

        It replays the ledger from the start, or from after ``last_event_id``, and does not end by
        itself (contract, section 8.4).

        Args:
            last_event_id: The event to go on after; the ledger's start when left out.

        Raises:
            NotFoundError: There is no such session; on iteration, as all errors.
            StreamInterruptedError: The connection broke and could not be taken up again.

        >>> async for event in session.stream():
        ...     print(event.type)
        ...     break
        user.message
        """
        return EventStream(self._link, self.id, last_event_id)

    def _way_to(self, item: TimelineItem) -> str:
        """Python that leads back to an item."""
        return f'dari_nb.current().sessions.get("{self.id}").view(at="{item.id}")'

    def _learn_version(self) -> None:
        """Before it is shown: one that came out of a list was never asked about."""
        self._link.learn_versions(self.agent_id, self.resource.version_id)

    def _number(self) -> int | None:
        return self._link.version_number(self.resource.version_id)

    def to_dict(self) -> dict[str, Any]:
        """Return the session resource in the API's own shape.

        >>> session.to_dict()["llm_id"]
        'small'
        """
        return self.resource.to_dict()

    def __repr__(self) -> str:
        name = f" {self.name!r}" if self.name else ""
        return f"<Session {self.id}{name}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.transcript().to_mimebundle()


def session_of(link: Link, session_id: str) -> Session:
    """Ask for a session by its id."""
    resource = link.client.sessions.get(session_id)
    link.learn_versions(resource.agent_id, resource.version_id)
    return Session(link, resource, link.agent_name(resource.agent_id))


def sessions_of(link: Link, resources: Iterable[models.Session]) -> list[Session]:
    """Make sessions of what the server told of them."""
    told = list(resources)
    names = link.agent_names(resource.agent_id for resource in told)
    return [Session(link, *each) for each in zip(told, names, strict=True)]


def _no_option(name: str, agent: str) -> str:
    if name in ("llm", "version", "name"):
        return (
            f"session.send() takes no {name!r}: a session keeps what it began with. Begin another: "
            f'd.agents["{agent}"].send(…, {name}=…).'
        )
    return unknown_argument("session.send()", name)
