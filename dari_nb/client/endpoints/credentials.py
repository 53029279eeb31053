"""Credentials that the organization has stored (contract, section 14)."""

from __future__ import annotations

from ...errors import InvalidRequestError
from ...models import Credential
from .._answers import listing, outcome
from .._request import Request, Steps, path_of
from ._bodies import check_secret_name


def list_() -> Steps[list[Credential]]:
    """List the names of the stored credentials, never their values (contract, section 14).

    >>> _ = client.credentials.put("SHOP_TOKEN", "secret")
    >>> "SHOP_TOKEN" in [credential.name for credential in client.credentials.list()]
    True
    """
    return listing(path_of("organizations", "current", "credentials"), "credentials", Credential)


def put(name: str, value: str) -> Request[Credential]:
    """Store a credential, or replace its value (contract, section 14).

    Args:
        name: Of A-Z, 0-9 and ``_``, with no digit first, such as ``OPENAI_API_KEY``.
        value: The secret; it is never given back.

    Raises:
        InvalidRequestError: The name or the value cannot be right.

    >>> client.credentials.put("SHOP_TOKEN", "secret").name
    'SHOP_TOKEN'
    """
    check_secret_name(name, "credential")
    if not isinstance(value, str) or not value:
        raise InvalidRequestError(
            f"The credential {name} is empty or not text.", code="invalid_secret"
        )
    return Request(
        method="PUT",
        path=path_of("organizations", "current", "credentials", name),
        parse=outcome(Credential, "credential", name=name),
        json={"value": value},
        secrets=(value,),
    )


def delete(name: str) -> Request[Credential]:
    """Delete a credential (contract, section 14).

    Args:
        name: The credential's name.

    Raises:
        InvalidRequestError: No credential can have this name.
        NotFoundError: There is none of this name.

    >>> _ = client.credentials.put("SHOP_TOKEN", "secret")
    >>> client.credentials.delete("SHOP_TOKEN").name
    'SHOP_TOKEN'
    """
    check_secret_name(name, "credential")
    path = path_of("organizations", "current", "credentials", name)
    parse = outcome(Credential, "credential", name=name)
    return Request(method="DELETE", path=path, parse=parse, on_404=b"")
