"""A session's transcript as people hold it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import models
from ...models import AssistantMessageItem, TimelineItem
from ...models.batches import RUN_DIGESTS, given_metadata
from ...models.events import CANCELLED
from ..link import host
from ..listing import Listing

if TYPE_CHECKING:
    from decimal import Decimal

    from ...render import Head
    from ...widgets.view import AnyLayout
    from ..showing.reading.reader import SessionReader


class Transcript:
    """A snapshot of a session (contract, section 9); shown in a notebook, it is chat cells.

    Attributes:
        resource: The snapshot as the server sent it.
        events: The ledger it was made from, for frames; empty for a snapshot of the server's.
        instructions: The system prompt of a run from elsewhere.
        cost: What the session has cost, in US dollars, where that is known.
        number: The number of the agent's version, where that is known.

    >>> transcript = turn.wait().session.transcript()
    >>> print(transcript)
    calculator · v1 · small · done ...
    """

    def __init__(
        self,
        resource: models.Transcript,
        events: Sequence[models.Event] = (),
        instructions: str = "",
        cost: Decimal | None = None,
        number: int | None = None,
    ) -> None:
        self.resource = resource
        self.events = list(events)
        self.instructions = instructions
        self.cost = cost
        self.number = number

    @classmethod
    def from_messages(
        cls,
        messages: Iterable[Mapping[str, Any]],
        *,
        agent: str = "Agent",
        llm: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Transcript:
        """Make a transcript of chat-completions messages, such as a run from elsewhere.

        Args:
            messages: Dicts with ``role`` and ``content``, and ``tool_calls`` of assistants.
            agent: Who answers.
            llm: With what.
            metadata: What is known about the run.

        Raises:
            InvalidRequestError: A message has no known role or shape.

        >>> run = dari.Transcript.from_messages([{"role": "user", "content": "Hi"}])
        >>> run.to_messages()
        [{'role': 'user', 'content': 'Hi'}]
        """
        from .importing import from_messages

        return cls(*from_messages(messages, agent=agent, llm=llm, metadata=metadata))

    @classmethod
    def from_file(cls, path: str | Path, *, agent: str | None = None) -> Listing[Transcript]:
        """Read runs from a JSONL file, plain or gzipped: an object with ``messages`` a line.

        Its other entries become metadata; ``model`` is also the LLM.

        Args:
            path: The file.
            agent: Who answers; named like the file when left out.

        Raises:
            InvalidRequestError: The file cannot be read; the text names the line.

        >>> runs = dari.Transcript.from_file("runs.jsonl")
        >>> len(runs), runs[0].metadata["task_id"]
        (2, 'tea')
        """
        from .importing import from_file

        return Listing((cls(*run) for run in from_file(path, agent=agent)), _RUN_COLUMNS)

    def to_messages(self) -> list[dict[str, Any]]:
        """Return it as chat-completions messages.

        A run from elsewhere comes back as it was. What an agent did here has one tool call a
        message, together with the text right before it.

        >>> messages = turn.wait().session.transcript().to_messages()
        >>> [message["role"] for message in messages][:4]
        ['user', 'assistant', 'tool', 'assistant']
        """
        from ...transcript.chat import to_chat

        chat = to_chat(self.items)
        is_told = bool(chat) and chat[0].get("role") in ("system", "developer")
        system = [{"role": "system", "content": self.instructions}] if self.instructions else []
        return chat if is_told else [*system, *chat]

    def records(self) -> Iterator[models.Session | models.Message | models.Event]:
        """Give what frames are made of, where it was made of events."""
        from ...transcript import Ledger, message_of

        session = self.resource.session
        yield session
        turns = Ledger(self.events).turns.values()
        yield from (message_of(turn, session.id, n) for n, turn in enumerate(turns, 1))
        yield from self.events

    @property
    def metadata(self) -> dict[str, Any]:
        """What is known about the session, by name."""
        return given_metadata(self.resource.session.metadata, RUN_DIGESTS)

    @property
    def items(self) -> list[TimelineItem]:
        """The timeline items in display order."""
        return self.resource.items

    def to_dict(self) -> dict[str, Any]:
        """Return the API's own shape: ``agent``, ``session``, ``timeline.items``.

        >>> sorted(session.transcript().to_dict())
        ['agent', 'session', 'timeline']
        """
        return self.resource.to_dict()

    def head(self) -> Head:
        """The head line: agent, version, LLM, state, figures."""
        from ...render import head_of

        session = self.resource.session
        return head_of(
            self.items,
            self.resource.agent.name or "Agent",
            llm=session.llm_id,
            state=self._state,
            version=session.version_id,
            cost=self.cost,
            number=self.number,
        )

    @property
    def _state(self) -> str:
        """The status of the last turn, or of the session before the first."""
        session = self.resource.session
        answers = (i for i in reversed(self.items) if isinstance(i, AssistantMessageItem))
        last = next(answers, None)
        is_cancelled = session.last_message_status == "failed" and last and last.is_cancelled
        return CANCELLED if is_cancelled else session.last_message_status or session.status

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as a static MIME bundle: HTML, Markdown and plain text."""
        from ...render import paper

        return paper(self.items, self.head())

    def view(
        self, *, at: str | None = None, height: int | None = None, layout: AnyLayout = None
    ) -> SessionReader:
        """Return it as a view to find one's way in; see :meth:`Session.view`.

        Its ``session`` is ``None``, and can be set to a session that is to be shown instead.

        Args:
            at: Id of the item to begin with.
            height: Most pixels that the list takes.
            layout: Its place and size, an ``ipywidgets.Layout`` or a dict of CSS.

        >>> view = dari.Transcript.from_file("runs.jsonl")[0].view(height=400)
        >>> view.close()
        """
        from ..showing.reading.reader import SessionReader

        def items_and_head() -> tuple[list[TimelineItem], Head]:
            return self.items, self.head()

        return SessionReader(transcript=items_and_head, at=at, height=height, layout=layout)

    def show(self) -> None:
        """Show it where this process shows things: notebook, terminal or plain output.

        >>> dari.Transcript.from_file("runs.jsonl")[0].show()
        runs  small  ● done  1 turn
        <BLANKLINE>
        You ...
        """
        if host.in_kernel():
            host.publish(self.to_mimebundle())
        else:
            host.print_items(self.items, self.head())

    def __repr__(self) -> str:
        return f"<Transcript of {self.resource.session.id}, {len(self.items)} items>"

    def __str__(self) -> str:
        return self.to_mimebundle()["text/plain"]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()


_RUN_COLUMNS = {
    "id": lambda run: run.resource.session.id,
    "model": lambda run: run.resource.session.llm_id or "",
    "status": lambda run: run.resource.session.last_message_status or "",
    "items": lambda run: str(len(run.items)),
    "metadata": lambda run: ", ".join(f"{k}={v:.40}" for k, v in run.metadata.items()),
}
