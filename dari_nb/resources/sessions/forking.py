"""Sessions that go on from a place in another one, and prompts that are asked anew in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ... import models
from ...errors import ConflictError, InvalidRequestError
from ...models import Content, as_content, text_block
from ...models.batches import given_metadata
from .arguments import metadata_of

if TYPE_CHECKING:
    from ..connection import Link

FORKED_FROM = "forked_from"
"""The name in a session's metadata of the session that it was forked from."""


class Place(NamedTuple):
    """Where a session is forked: before one of its messages, or after it."""

    message_id: str
    is_after: bool = True

    def of(self, session_id: str) -> dict[str, str]:
        """The place as the API has it (contract, section 18.4)."""
        name = "after_message_id" if self.is_after else "before_message_id"
        return {"session_id": session_id, name: self.message_id}


def fork_session(
    link: Link,
    session: models.Session,
    place: Place,
    *,
    llm: str | None = None,
    version_id: str | None = None,
    name: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> models.Session:
    """Have the server fork a session; what is left out is as there.

    Raises:
        InvalidRequestError: The server does not offer it, or the message has not ended.
    """
    told = given_metadata(session.metadata) | (metadata_of(metadata) or {})
    told.pop(FORKED_FROM, None)
    given: dict[str, Any] = {"llm_id": llm, "version_id": version_id, "name": name}
    try:
        return link.client.sessions.create(
            session.agent_id or "",
            fork_of=place.of(session.id),
            metadata=told or None,
            **{key: value for key, value in given.items() if value is not None},
        )
    except ConflictError as error:
        raise InvalidRequestError(
            f"{error.detail}. Wait for it, or cancel it: a session is forked where it rests.",
            code="still_running",
        ) from None


def asked_again(asked: Content, prompt: str | Sequence[dict[str, Any]] | None) -> Content:
    """What is to be sent: a text takes the place of the text alone, attached files stay."""
    if prompt is not None and not isinstance(prompt, str):
        return as_content(prompt)
    attached = [block for block in asked if block.get("type") != "text"]
    texts = [block for block in asked if block.get("type") == "text"]
    if prompt is None:
        return [*texts, *attached]
    return [text_block(prompt), *attached] if prompt.strip() else as_content(prompt)
