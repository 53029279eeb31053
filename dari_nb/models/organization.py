"""What an organization has: costs, credentials, storage, keys (contract, sections 13, 14)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from ._base import Model, VariedModel


class CostSummary(VariedModel, frozen=True, kw_only=True):
    """What a session has cost so far; the last costs come late (contract, section 13).

    Attributes:
        scope_kind: What it is about: ``session``.
        scope_id: The session's id.
        event_count: How many costs were added up.
        total_cost_usd: A decimal number as text, just as the server sent it.
    """

    scope_kind: str = ""
    scope_id: str | None = None
    event_count: int | None = None
    total_cost_usd: str | None = None

    @classmethod
    def _settled(cls, data: dict[str, Any]) -> dict[str, Any]:
        cost = data.get("total_cost_usd")
        return {**data, "total_cost_usd": None if cost is None else str(cost)}

    @property
    def is_known(self) -> bool:
        """Whether any part of it has come; before that the server says 0."""
        return self.event_count != 0 and self.total_cost is not None

    @property
    def total_cost(self) -> Decimal | None:
        """The cost in US dollars, exactly; ``None`` when it is unknown.

        >>> from dari_nb.models import CostSummary
        >>> CostSummary(total_cost_usd="0.0421").total_cost
        Decimal('0.0421')
        """
        try:
            cost = Decimal(self.total_cost_usd or "")
        except InvalidOperation:
            return None
        return cost if cost.is_finite() else None


class Credential(Model, frozen=True, kw_only=True):
    """A stored credential; its value is never given back (contract, section 14).

    Attributes:
        name: What sessions and manifests call it.
        id: Its id, when the server tells.
        created: In the answer to ``put``: whether the name is new.
        deleted_at: In the answer to ``delete``.
    """

    name: str
    id: str | None = None
    created: bool | None = None
    deleted_at: str | None = None


class StorageBinding(Model, frozen=True, kw_only=True):
    """A bucket that sessions can have as their workspace (contract, section 14).

    Attributes:
        id: Empty when the server does not tell, as those of keys and invitations.
        name: What it is called.
        provider: Whose bucket it is: ``gcs``.
        bucket: The bucket's name.
        base_prefix: The folder in it below which sessions have theirs.
    """

    id: str = ""
    name: str = ""
    provider: str | None = None
    bucket: str | None = None
    base_prefix: str | None = None


class ApiKey(Model, frozen=True, kw_only=True):
    """An API key's record (contract, section 14).

    Attributes:
        id: The record's id.
        label: What it is for.
        key_type: ``management`` or ``routing``; ``None`` when the server does not tell.
        created_at: ISO 8601, UTC.
        api_key: The key itself: only in the answer that makes it; keep it then.
    """

    _hidden: ClassVar[frozenset[str]] = frozenset({"api_key"})

    id: str = ""
    label: str = ""
    key_type: str | None = None
    api_key: str | None = None
    created_at: str | None = None


class Member(Model, frozen=True, kw_only=True):
    """A member of the organization (contract, section 14).

    Attributes:
        id: Who it is.
        email: Their address.
        role: ``owner``, ``admin`` or ``member``.
    """

    id: str | None = None
    email: str | None = None
    role: str | None = None


class Invitation(Model, frozen=True, kw_only=True):
    """An invitation into the organization (contract, section 14).

    Attributes:
        id: The invitation's id.
        email: Where it went.
        role: What they become.
    """

    id: str = ""
    email: str | None = None
    role: str | None = None
