"""Organizations: their keys, and what they have besides agents (contract, section 14)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ... import ids
from ..._secret import hidden, remembered
from ...errors import InvalidRequestError
from ..runtime.registry import Registry
from ..store import Store
from ..store.records import JsonObject
from ..store.schema import now
from .access import Access, Refusal, check_secret_name

_OWNER: JsonObject = {"id": "owner", "email": None, "role": "owner", "status": "active"}
"""Who holds a key of the organization: nobody signs in to a local Dari."""
_CREDENTIAL = "service_account_key_credential_name"


@dataclass(frozen=True)
class Organization:
    """An organization: its key sees its own agents, sessions and files, and no other's.

    Attributes:
        id: The organization's id.
        name: Its name on this server.
        api_key: The key that its clients must bring.

    >>> row = server.organization("second row")
    >>> with dari.Client(server.url, row.api_key) as client:
    ...     client.sessions.list()
    []
    """

    id: str
    name: str
    api_key: str = field(repr=False)


def usable_key(key: str, called: str = "api_key") -> str:
    """Return the key if clients can bring it in a header.

    Args:
        key: Its text.
        called: What whoever chose it calls it.

    Raises:
        InvalidRequestError: It is empty, not printable ASCII, or begins or ends with a space.
    """
    if not key.strip():
        raise InvalidRequestError(
            f"{called} must not be empty: leave it out for a new one.", code="invalid_api_key"
        )
    if key != key.strip() or not (key.isascii() and key.isprintable()):
        raise InvalidRequestError(
            f"{called} must be printable ASCII without spaces around it, since it travels in a "
            "header.",
            code="invalid_api_key",
        )
    return key


def joined(store: Store, registry: Registry, name: str, api_key: str | None) -> Organization:
    """Make or find the organization of this name, give it the function agents, and a key.

    Raises:
        InvalidRequestError: The key lets into another organization, or no client could bring it.
    """
    if api_key is not None:
        usable_key(api_key)
    with store.transaction():
        org_id = store.organization(name)
        owner = store.organization_of(api_key) if api_key else None
        if owner not in (None, org_id):
            raise InvalidRequestError("That key lets into another organization.", code="name_taken")
        registry.add_to(org_id)
        text = api_key if owner else store.add_key(org_id, name, text=api_key)[1]
    return Organization(org_id, name, remembered(str(text)))


def credentials(access: Access) -> list[str]:
    """The names of the credentials, sorted."""
    return sorted(access.service.credentials.get(access.owner, ()))


def put_credential(access: Access, name: str, value: str) -> JsonObject:
    """Keep a credential, in memory only; says whether it is new."""
    check_secret_name(name, "Credential name")
    known = access.service.credentials.setdefault(access.owner, {})
    is_new = name not in known
    known[name] = hidden(value)
    return {"id": f"{ids.CREDENTIAL}{name}", "name": name, "created": is_new}


def delete_credential(access: Access, name: str) -> JsonObject:
    """Forget a credential; a 404 when there is none of the name."""
    if access.service.credentials.get(access.owner, {}).pop(name, None) is None:
        raise Refusal(404, f"No credential {name!r}")
    return {"name": name, "deleted_at": now()}


def add_storage_binding(access: Access, settings: JsonObject) -> JsonObject:
    """Keep a storage binding, whose name must be new; its credential may come later."""
    check_secret_name(settings[_CREDENTIAL], _CREDENTIAL)
    rest = dict(settings)
    name = rest.pop("name")
    with access.store.transaction():
        if access.store.storage_binding_named(access.owner, name) is not None:
            raise Refusal(400, f"There is a storage binding {name!r} already")
        return access.store.add_storage_binding(access.owner, name, rest)


def add_key(access: Access, label: str, key_type: str) -> JsonObject:
    """Make an API key; only here its text is told."""
    key, text = access.store.add_key(access.owner, label, key_type)
    return key.to_wire() | {"api_key": remembered(text)}


def delete_key(access: Access, key_id: str) -> JsonObject:
    """Forget an API key, or refuse: 404 for none, 403 for another organization's."""
    owner = access.store.owner_of_key(key_id)
    if owner is None:
        raise Refusal(404, f"No API key {key_id!r}")
    access.check_owner(owner, "API key", key_id)
    access.store.delete_key(key_id)
    return {"id": key_id, "deleted_at": now()}


def members(access: Access) -> list[JsonObject]:
    """Who holds the key, and who is invited."""
    invited = [
        {"id": one.id, "email": one.email, "role": one.role, "status": "invited"}
        for one in access.store.invitations(access.owner)
    ]
    return [_OWNER, *invited]
