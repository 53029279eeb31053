"""Messages: one user turn with its answer (contract, section 7)."""

from __future__ import annotations

from ...models import Message
from .._request import Request, path_of


def get(message_id: str) -> Request[Message]:
    """Get a message with what its agent has answered so far (contract, section 7).

    Raises:
        NotFoundError: There is no such message.
    """
    return Request(method="GET", path=path_of("messages", message_id), parse=Message.from_json)
