"""Routes of what an organization has besides agents (contract, section 14)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ..service import organizations
from .answers import access_of, json_answer
from .bodies import SecretName
from .openapi import Operations
from .openapi.shapes import OBJECT, SECRET_NAME, listed, ref

OPERATIONS = Operations()
_BASE = "/organizations/current"

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
    service_account_key_credential_name: SecretName


class KeyBody(msgspec.Struct):
    """What a new API key is for, in one of the two ways in which clients say it."""

    label: Text
    key_type: Literal["management", "routing"] = "management"
    scopes: Annotated[list[Literal["platform", "routing"]], msgspec.Meta(min_length=1)] = (
        msgspec.field(default_factory=lambda: ["platform"])
    )

    @property
    def kind(self) -> str:
        """What the key opens: this API, or only the router, which is another service."""
        return self.key_type if "platform" in self.scopes else "routing"


class InvitationBody(msgspec.Struct):
    """Whom to invite."""

    email: Annotated[str, msgspec.Meta(pattern=r"^[^@\s]+@[^@\s]+\Z")]
    role: Literal["owner", "admin", "member"]


@OPERATIONS.serve("GET", f"{_BASE}/credentials", 200, listed("credentials", "Credential"))
async def list_credentials(request: Request) -> Response:
    """Names of the credentials, never their values."""
    names = organizations.credentials(access_of(request))
    return json_answer({"credentials": [{"name": name} for name in names]})


@OPERATIONS.serve(
    *("PUT", f"{_BASE}/credentials/{{name}}", 200, ref("Credential")),
    refusals=(400,),
    parameters={"name": SECRET_NAME},
)
async def put_credential(request: Request, body: CredentialBody) -> Response:
    """Set a credential."""
    access, name = access_of(request), request.path_params["name"]
    return json_answer(organizations.put_credential(access, name, body.value))


@OPERATIONS.serve(
    *("DELETE", f"{_BASE}/credentials/{{name}}", 200, ref("Credential")),
    refusals=(404,),
    parameters={"name": SECRET_NAME},
)
async def delete_credential(request: Request) -> Response:
    """Remove a credential."""
    access, name = access_of(request), request.path_params["name"]
    return json_answer(organizations.delete_credential(access, name))


@OPERATIONS.serve(
    "GET", f"{_BASE}/storage-bindings", 200, listed("storage_bindings", "StorageBinding")
)
async def list_storage_bindings(request: Request) -> Response:
    """All storage bindings."""
    access = access_of(request)
    return json_answer({"storage_bindings": access.store.storage_bindings(access.owner)})


@OPERATIONS.serve("POST", f"{_BASE}/storage-bindings", 201, ref("StorageBinding"), refusals=(400,))
async def create_storage_binding(request: Request, body: BindingBody) -> Response:
    """Add a storage binding; nothing here mounts one."""
    settings = msgspec.to_builtins(body)
    return json_answer(organizations.add_storage_binding(access_of(request), settings), 201)


@OPERATIONS.serve("GET", f"{_BASE}/api-keys", 200, listed("api_keys", "ApiKey"))
async def list_api_keys(request: Request) -> Response:
    """The keys, without their texts."""
    access = access_of(request)
    return json_answer({"api_keys": [key.to_wire() for key in access.store.keys(access.owner)]})


@OPERATIONS.serve("POST", f"{_BASE}/api-keys", 201, ref("ApiKey"))
async def create_api_key(request: Request, body: KeyBody) -> Response:
    """Make a key; its text is shown this once."""
    return json_answer(organizations.add_key(access_of(request), body.label, body.kind), 201)


@OPERATIONS.serve("DELETE", f"{_BASE}/api-keys/{{key_id}}", 200, OBJECT, refusals=(404,))
async def delete_api_key(request: Request) -> Response:
    """Revoke a key: it lets nobody in any more."""
    key_id = request.path_params["key_id"]
    return json_answer(organizations.delete_key(access_of(request), key_id))


@OPERATIONS.serve("GET", f"{_BASE}/members", 200, listed("members", "Member"))
async def list_members(request: Request) -> Response:
    """Who holds the key, and who is invited."""
    return json_answer({"members": organizations.members(access_of(request))})


@OPERATIONS.serve("POST", f"{_BASE}/invitations", 201, ref("Invitation"))
async def invite(request: Request, body: InvitationBody) -> Response:
    """Invite somebody: kept and listed; no mail is sent."""
    access = access_of(request)
    return json_answer(access.store.invite(access.owner, body.email, body.role).to_wire(), 201)
