"""A session's transcript as people hold it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import models
from ..models import TimelineItem
from . import host

if TYPE_CHECKING:
    from decimal import Decimal

    from ..render import Head
    from ..widgets import TranscriptView
    from .listing import Listing


class Transcript:
    """A snapshot of a session (contract, section 9); shown in a notebook, it is chat cells.

    Attributes:
        resource: The snapshot as the server sent it.
        events: The ledger it was made from, for frames; empty for a snapshot of the server's.
        instructions: The system prompt of a run from elsewhere.
        cost: What the session has cost, in US dollars, where that is known.
    """

    def __init__(
        self,
        resource: models.Transcript,
        events: Sequence[models.Event] = (),
        instructions: str = "",
        cost: Decimal | None = None,
    ) -> None:
        self.resource = resource
        self.events = list(events)
        self.instructions = instructions
        self.cost = cost

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

        >>> run = Transcript.from_messages([{"role": "user", "content": "Hi"}])
        >>> run.to_messages()
        [{'role': 'user', 'content': 'Hi'}]
        """
        from .foreign import from_messages

        return from_messages(messages, agent=agent, llm=llm, metadata=metadata)

    @classmethod
    def from_file(cls, path: str | Path, *, agent: str | None = None) -> Listing[Transcript]:
        """Read runs from a JSONL file, plain or gzipped: an object with ``messages`` a line.

        Its other entries become metadata; ``model`` is also the LLM.

        Args:
            path: The file.
            agent: Who answers; named like the file when left out.

        Raises:
            InvalidRequestError: The file cannot be read; the text names the line.
        """
        from .foreign import from_file

        return from_file(path, agent=agent)

    def to_messages(self) -> list[dict[str, Any]]:
        """Return it as chat-completions messages, one tool call a message."""
        from ..transcript.chat import to_chat

        system = [{"role": "system", "content": self.instructions}] if self.instructions else []
        return [*system, *to_chat(self.items)]

    def records(self) -> Iterator[models.Session | models.Message | models.Event]:
        """Give what frames are made of, where it was made of events."""
        from ..transcript import Ledger, message_of

        session = self.resource.session
        yield session
        turns = Ledger(self.events).turns.values()
        yield from (message_of(turn, session.id, n) for n, turn in enumerate(turns, 1))
        yield from self.events

    @property
    def metadata(self) -> dict[str, Any]:
        """What is known about the session, by name."""
        return dict(self.resource.session.metadata or {})

    @property
    def items(self) -> list[TimelineItem]:
        """The timeline items in display order."""
        return self.resource.items

    def to_dict(self) -> dict[str, Any]:
        """Return the API's own shape: ``agent``, ``session``, ``timeline.items``."""
        return self.resource.to_dict()

    def head(self) -> Head:
        """The head line: agent, version, LLM, state, figures."""
        from ..render import head_of

        session = self.resource.session
        return head_of(
            self.items,
            self.resource.agent.name or "Agent",
            llm=session.llm_id,
            state=session.last_message_status or session.status,
            version=session.version_id,
            cost=self.cost,
        )

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as a static MIME bundle: HTML, Markdown and plain text."""
        from ..render import paper

        return paper(self.items, self.head())

    def view(self, *, at: str | None = None, height: int | None = None) -> TranscriptView:
        """Return it as a view to find one's way in; arguments as in :meth:`Session.view`."""
        from .reading import transcript_view

        return transcript_view(self, at, height)

    def show(self) -> None:
        """Show it where this process shows things: notebook, terminal or plain output."""
        if host.in_kernel():
            host.publish(self.to_mimebundle())
        else:
            host.print_items(self.items, self.head())

    def __repr__(self) -> str:
        return f"<Transcript of {self.resource.session.id}, {len(self.items)} items>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()
