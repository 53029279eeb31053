"""A transcript in the formats that others read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ... import models


class Exported:
    """What a transcript can be written as.

    Attributes:
        resource: Its agent and session, and the items.
        instructions: The system prompt.
    """

    resource: models.Transcript
    instructions: str

    def to_messages(self) -> list[dict[str, Any]]:
        """Return it as chat-completions messages.

        A run from chat completions comes back as it was; one of another format with its thoughts
        as ``reasoning_content``. What an agent did here has one tool call a message, together with
        the text right before it.

        >>> messages = turn.wait().session.transcript().to_messages()
        >>> [message["role"] for message in messages][:4]
        ['user', 'assistant', 'tool', 'assistant']
        """
        from ...transcript.formats import to_messages

        return to_messages(self.resource.items, self.instructions)

    def to_anthropic(self) -> dict[str, Any]:
        """Return it as Anthropic's ``messages``, in an object with ``system`` if there is one.

        A run from Anthropic messages comes back as it was. Lost from others: the names of tools'
        results, ids of messages, and the borders of messages of one role that follow each other,
        which take turns there; thoughts have an empty signature. What the system says in the middle
        is a text of the user's. Blocks that Anthropic does not know, such as further choices, are
        in as they are.

        >>> turn.wait().session.transcript().to_anthropic()["messages"][0]["role"]
        'user'
        """
        from ...transcript.formats import to_anthropic

        return to_anthropic(self.resource.items, self.instructions)

    def to_atif(self) -> dict[str, Any]:
        """Return it as an ATIF trajectory, Harbor's Agent Trajectory Interchange Format.

        A run from ATIF comes back as it was. Lost from others: tokens, costs, metadata, and of
        thoughts all but their text; arguments that are no object are in one. Blocks that ATIF does
        not know, such as further choices, are in as they are.

        >>> trajectory = turn.wait().session.transcript().to_atif()
        >>> [step["source"] for step in trajectory["steps"]][:2]
        ['user', 'agent']
        """
        from ...transcript.formats import to_atif

        session, agent = self.resource.session, self.resource.agent.name or "Agent"
        about: dict[str, Any] = {"session_id": session.id, "model": session.llm_id}
        return to_atif(self.resource.items, self.instructions, agent=agent, **about)
