"""One organization of a local Dari, with its key."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import InvalidRequestError
from .offered import Offered
from .store import Store


@dataclass(frozen=True)
class Organization:
    """An organization: its key sees its own agents, sessions and files, and no other's.

    Attributes:
        id: The organization's id.
        name: Its name on this server.
        api_key: The key that its clients must bring.
    """

    id: str
    name: str
    api_key: str = field(repr=False)


def joined(store: Store, offered: Offered, name: str, api_key: str | None) -> Organization:
    """Make or find the organization of this name, give it the function agents, and a key.

    Raises:
        InvalidRequestError: The key lets into another organization.
    """
    with store.transaction():
        org_id = store.organization(name)
        owner = store.organization_of(api_key) if api_key else None
        if owner not in (None, org_id):
            raise InvalidRequestError("That key lets into another organization.")
        offered.add_to(org_id)
        text = api_key if owner else store.add_key(org_id, name, text=api_key)[1]
    return Organization(org_id, name, str(text))
