"""Parts of request bodies that several endpoints share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ...errors import InvalidRequestError
from ...models import as_content
from ...models import events as ev
from .._request import given

Prompt: TypeAlias = str | Sequence[dict[str, Any]]

_PLACES = frozenset({"before_message_id", "after_message_id"})
_SECRET_NAME = re.compile(r"[A-Z_][A-Z0-9_]*", re.ASCII)


def user_message(content: Prompt, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Make the body of a user message (contract, section 6)."""
    body = given(metadata=dict(metadata) if metadata is not None else None)
    return {"type": ev.USER_MESSAGE, "content": as_content(content), **body}


def check_secrets(secrets: Mapping[str, str] | None) -> None:
    """Check a session's secrets by the rules of the contract, section 5.

    Raises:
        InvalidRequestError: A name or a value breaks them; values are not shown.
    """
    for name, value in (secrets or {}).items():
        check_secret_name(name, "secret")
        if not isinstance(value, str) or not value:
            raise InvalidRequestError(
                f"The secret {name} is empty or not text.", code="invalid_secret"
            )


def fork_place(fork_of: Mapping[str, str] | None) -> dict[str, str] | None:
    """Check where a session is to be forked (contract, section 18.4).

    Raises:
        InvalidRequestError: It names no session, or not one message before or after which.
    """
    if fork_of is None:
        return None
    place = dict(fork_of)
    message = place.keys() - {"session_id"}
    if "session_id" not in place or len(message) != 1 or not message <= _PLACES:
        raise InvalidRequestError(
            "fork_of takes a session_id, and before_message_id or after_message_id.",
            code="invalid_fork_of",
        )
    return place


def check_secret_name(name: str, kind: str) -> None:
    """Check the name of a secret or a credential (contract, sections 5 and 14).

    Raises:
        InvalidRequestError: It has more than A-Z, 0-9 and ``_``, or begins with a digit.
    """
    if not isinstance(name, str) or not _SECRET_NAME.fullmatch(name):
        raise InvalidRequestError(
            f"{name!r} cannot name a {kind}: only A-Z, 0-9 and _, with no digit first.",
            code="invalid_name",
        )


def secret_values(session: Mapping[str, Any]) -> tuple[str, ...]:
    """Collect what must not be shown of a session's fields."""
    values = [session.get("llm_api_key"), *(session.get("secrets") or {}).values()]
    return tuple(value for value in values if isinstance(value, str))
