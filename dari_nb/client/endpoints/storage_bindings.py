"""Buckets that sessions can have as their workspace (contract, section 14)."""

from __future__ import annotations

from ...models import StorageBinding
from .._answers import listing, outcome
from .._request import Request, Steps, path_of
from ._bodies import check_secret_name


def list_() -> Steps[list[StorageBinding]]:
    """List the organization's storage bindings (contract, section 14).

    >>> [binding.name for binding in client.storage_bindings.list()]
    [...]
    """
    return listing(
        path_of("organizations", "current", "storage-bindings"), "storage_bindings", StorageBinding
    )


def create(
    name: str,
    *,
    bucket: str,
    base_prefix: str,
    service_account_key_credential_name: str,
    provider: str = "gcs",
) -> Request[StorageBinding]:
    """Make a bucket available as sessions' workspace (contract, section 14).

    Each session has the folder ``<base_prefix>/sessions/<session_id>/`` of it.

    Args:
        name: What to call it.
        bucket: The bucket's name.
        base_prefix: A folder in the bucket.
        service_account_key_credential_name: The stored credential that opens it.
        provider: Only ``gcs`` is known.

    Raises:
        InvalidRequestError: No credential can have this name.

    >>> _ = client.credentials.put("GCS_KEY", "secret")
    >>> client.storage_bindings.create(
    ...     "course",
    ...     bucket="lessons",
    ...     base_prefix="2026",
    ...     service_account_key_credential_name="GCS_KEY",
    ... ).provider
    'gcs'
    """
    check_secret_name(service_account_key_credential_name, "credential")
    binding = {"provider": provider, "name": name, "bucket": bucket, "base_prefix": base_prefix}
    key = {"service_account_key_credential_name": service_account_key_credential_name}
    return Request(
        method="POST",
        path=path_of("organizations", "current", "storage-bindings"),
        parse=outcome(StorageBinding, "storage_binding", **binding),
        json={**binding, **key},
    )
