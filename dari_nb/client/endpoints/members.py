"""People of the organization (contract, section 14)."""

from __future__ import annotations

from typing import Literal

from ...models import Invitation, Member
from .._answers import listing, outcome
from .._request import Request, Steps, path_of


def list_() -> Steps[list[Member]]:
    """List the organization's members with their roles (contract, section 14).

    >>> client.members.list()[0].role
    'owner'
    """
    return listing(path_of("organizations", "current", "members"), "members", Member)


def invite(email: str, role: Literal["owner", "admin", "member"] = "member") -> Request[Invitation]:
    """Invite somebody into the organization (contract, section 14).

    Args:
        email: Where the invitation goes.
        role: ``owner``, ``admin`` or ``member``.

    >>> client.members.invite("ada@dari.example").role
    'member'
    """
    return Request(
        method="POST",
        path=path_of("organizations", "current", "invitations"),
        parse=outcome(Invitation, "invitation", email=email, role=role),
        json={"email": email, "role": role},
    )
