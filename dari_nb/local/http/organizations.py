"""Routes of what an organization has besides agents (contract, section 14)."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ... import ids
from ..._secret import hidden
from ..backend import Backend
from ..records import FIRST_ORG
from ..resources import Refusal
from ..schema import now
from .answers import backend_of, body_of, json_answer
from .bodies import shaped

_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_BASE = "/organizations/current"
_OWNER = {"id": "owner", "email": None, "role": "owner", "status": "active"}
"""Who holds a key of the organization: nobody signs in to a local Dari."""

Text = Annotated[str, msgspec.Meta(min_length=1)]


class CredentialBody(msgspec.Struct):
    """A credential's value."""

    value: Text


class BindingBody(msgspec.Struct):
    """A storage binding."""

    provider: Literal["gcs"]
    name: Text
    bucket: Text
    base_prefix: str
    service_account_key_credential_name: Text


class KeyBody(msgspec.Struct):
    """What a new API key is for."""

    label: Text
    key_type: Literal["management", "routing"] = "management"


class InvitationBody(msgspec.Struct):
    """Whom to invite."""

    email: Annotated[str, msgspec.Meta(pattern=r"^[^@\s]+@[^@\s]+\Z")]
    role: Literal["owner", "admin", "member"]


def _caller(request: Request) -> tuple[Backend, str]:
    backend = backend_of(request)
    return backend, backend.org_id or FIRST_ORG


def _credentials(request: Request) -> dict[str, str]:
    """The caller's credentials: values by name, in memory only."""
    backend, org_id = _caller(request)
    return backend.credentials.setdefault(org_id, {})


async def list_credentials(request: Request) -> Response:
    """``GET /organizations/current/credentials``: names only."""
    names = sorted(_credentials(request))
    return json_answer({"credentials": [{"name": name} for name in names]})


async def put_credential(request: Request) -> Response:
    """``PUT /organizations/current/credentials/{name}``."""
    name = request.path_params["name"]
    if not _NAME.fullmatch(name):
        raise Refusal(400, f"Credential name {name!r} must match ^[A-Z_][A-Z0-9_]*$")
    body = shaped(await body_of(request), CredentialBody)
    credentials = _credentials(request)
    is_new = name not in credentials
    credentials[name] = hidden(body.value)
    return json_answer({"id": f"{ids.CREDENTIAL}{name}", "name": name, "created": is_new})


async def delete_credential(request: Request) -> Response:
    """``DELETE /organizations/current/credentials/{name}``."""
    name = request.path_params["name"]
    if _credentials(request).pop(name, None) is None:
        raise Refusal(404, f"No credential {name!r}")
    return json_answer({"name": name, "deleted_at": now()})


async def list_storage_bindings(request: Request) -> Response:
    """``GET /organizations/current/storage-bindings``."""
    backend, org_id = _caller(request)
    return json_answer({"storage_bindings": backend.store.storage_bindings(org_id)})


async def create_storage_binding(request: Request) -> Response:
    """``POST /organizations/current/storage-bindings``; nothing here mounts one."""
    body = shaped(await body_of(request), BindingBody)
    backend, org_id = _caller(request)
    settings = msgspec.to_builtins(body)
    name = settings.pop("name")
    with backend.store.transaction():
        if any(known["name"] == name for known in backend.store.storage_bindings(org_id)):
            raise Refusal(400, f"There is a storage binding {name!r} already")
        return json_answer(backend.store.add_storage_binding(org_id, name, settings), 201)


async def list_api_keys(request: Request) -> Response:
    """``GET /organizations/current/api-keys``: without their texts."""
    backend, org_id = _caller(request)
    return json_answer({"api_keys": [key.to_wire() for key in backend.store.keys(org_id)]})


async def create_api_key(request: Request) -> Response:
    """``POST /organizations/current/api-keys``: the text is shown this once."""
    body = shaped(await body_of(request), KeyBody)
    backend, org_id = _caller(request)
    key, text = backend.store.add_key(org_id, body.label, body.key_type)
    return json_answer(key.to_wire() | {"api_key": text}, 201)


async def delete_api_key(request: Request) -> Response:
    """``DELETE /organizations/current/api-keys/{key_id}``: it lets nobody in any more."""
    backend, key_id = backend_of(request), request.path_params["key_id"]
    owner = backend.store.owner_of_key(key_id)
    if owner is None:
        raise Refusal(404, f"No API key {key_id!r}")
    backend.check_owner(owner, "API key", key_id)
    backend.store.delete_key(key_id)
    return json_answer({"id": key_id, "deleted_at": now()})


async def list_members(request: Request) -> Response:
    """``GET /organizations/current/members``: who holds the key, and who is invited."""
    backend, org_id = _caller(request)
    invited = [
        {"id": one.id, "email": one.email, "role": one.role, "status": "invited"}
        for one in backend.store.invitations(org_id)
    ]
    return json_answer({"members": [_OWNER, *invited]})


async def invite(request: Request) -> Response:
    """``POST /organizations/current/invitations``: kept and listed; no mail is sent."""
    body = shaped(await body_of(request), InvitationBody)
    backend, org_id = _caller(request)
    return json_answer(backend.store.invite(org_id, body.email, body.role).to_wire(), 201)


ROUTES = [
    Route(f"{_BASE}/credentials", list_credentials, methods=["GET"]),
    Route(f"{_BASE}/credentials/{{name}}", put_credential, methods=["PUT"]),
    Route(f"{_BASE}/credentials/{{name}}", delete_credential, methods=["DELETE"]),
    Route(f"{_BASE}/storage-bindings", list_storage_bindings, methods=["GET"]),
    Route(f"{_BASE}/storage-bindings", create_storage_binding, methods=["POST"]),
    Route(f"{_BASE}/api-keys", list_api_keys, methods=["GET"]),
    Route(f"{_BASE}/api-keys", create_api_key, methods=["POST"]),
    Route(f"{_BASE}/api-keys/{{key_id}}", delete_api_key, methods=["DELETE"]),
    Route(f"{_BASE}/members", list_members, methods=["GET"]),
    Route(f"{_BASE}/invitations", invite, methods=["POST"]),
]
