"""A session's transcript as people hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import models
from ..models import TimelineItem
from . import host

if TYPE_CHECKING:
    from ..render import Head
    from ..widgets import TranscriptView


class Transcript:
    """A snapshot of a session (contract, section 9); shown in a notebook, it is chat cells.

    Attributes:
        resource: The snapshot as the server sent it.
    """

    def __init__(self, resource: models.Transcript) -> None:
        self.resource = resource

    @property
    def items(self) -> list[TimelineItem]:
        """The timeline items in display order."""
        return self.resource.items

    def to_dict(self) -> dict[str, Any]:
        """Return the API's own shape: ``agent``, ``session``, ``timeline.items``."""
        return self.resource.to_dict()

    def head(self) -> Head:
        """The head line: agent, LLM, state, figures."""
        from ..render import head_of

        session = self.resource.session
        return head_of(
            self.items,
            self.resource.agent.name or "Agent",
            llm=session.llm_id,
            state=session.last_message_status or session.status,
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
