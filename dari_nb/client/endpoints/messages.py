"""Messages: one user turn with its answer (contract, section 7)."""

from __future__ import annotations

from ...models import Message
from .._answers import resource
from .._request import Request, path_of


def get(message_id: str) -> Request[Message]:
    """Get a message with what its agent has answered so far (contract, section 7).

    Args:
        message_id: The message's id, ``msg_…``.

    Raises:
        NotFoundError: There is no such message.

    >>> client.messages.get(turn.wait().id).status
    'completed'
    """
    path = path_of("messages", message_id)
    return Request(method="GET", path=path, parse=resource(Message, "message", id=message_id))
