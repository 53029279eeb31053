"""People of the organization (contract, section 14)."""

from __future__ import annotations

from typing import Literal

from ...models import Invitation, Member
from .._answers import listing
from .._request import Request, Steps, path_of


def list_() -> Steps[list[Member]]:
    """List the organization's members with their roles (contract, section 14)."""
    return listing(path_of("organizations", "current", "members"), "members", Member)


def invite(email: str, role: Literal["owner", "admin", "member"] = "member") -> Request[Invitation]:
    """Invite somebody into the organization (contract, section 14).

    Args:
        email: Where the invitation goes.
        role: ``owner``, ``admin`` or ``member``.
    """
    return Request(
        method="POST",
        path=path_of("organizations", "current", "invitations"),
        parse=Invitation.from_json,
        json={"email": email, "role": role},
    )
