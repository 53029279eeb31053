"""Requests that no verb makes, for what this client does not know of an API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import httpx
import msgspec

from ...errors import InvalidRequestError
from .._request import Request, given, path_of

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_BASE = "v1"


def request(
    base: str, method: str, path: str, json: Any, params: Mapping[str, Any] | None
) -> Request[Any]:
    """Describe a request of any method to any path below ``/v1``.

    Args:
        base: The server's URL, without ``/v1``.
        method: Such as ``GET``.
        path: Such as ``/sessions/sess_1``, or a URL of this server.
        json: What to send as a JSON body, if anything.
        params: The query; what is ``None`` in it is left out.

    Raises:
        InvalidRequestError: There is no such method, the path is none, or another server's.
    """
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise InvalidRequestError(
            f"The method is one of {', '.join(_METHODS)}, not {method!r}.", code="invalid_method"
        )
    segments, query = _split(base, path)
    return Request(
        method=method.upper(),
        path=path_of(*segments),
        parse=_anything,
        query={**query, **given(**(params or {}))},
        json=json,
    )


def _split(base: str, path: str) -> tuple[list[str], dict[str, Any]]:
    if not isinstance(path, str):
        raise InvalidRequestError(
            f"A path such as /sessions is needed here, not {path!r}.", code="invalid_path"
        )
    if "//" in path:
        return _of_url(base, path)
    segments = path.strip("/").split("/")
    return _below(segments[1:] if segments[0] == _BASE else segments), {}


def _of_url(base: str, text: str) -> tuple[list[str], dict[str, Any]]:
    """Take a URL apart that is this server's; the key is for no other."""
    ours = httpx.URL(f"{base}/{_BASE}/")
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    path, prefix = (one.raw_path.decode("ascii").partition("?")[0] for one in (url, ours))
    if _origin(url) != _origin(ours) or url.userinfo or not path.startswith(prefix):
        raise InvalidRequestError(
            f"The key is for {ours} alone: give a path below it.", code="invalid_url"
        )
    segments = path.removeprefix(prefix).rstrip("/").split("/")
    query = {name: url.params.get_list(name) for name in url.params}
    return _below([unquote(segment) for segment in segments]), query


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _below(segments: list[str]) -> list[str]:
    if not segments or not all(segments):
        raise InvalidRequestError(
            "A path below /v1 is needed here, such as /sessions/sess_1.", code="invalid_path"
        )
    return segments


def _anything(body: bytes) -> Any:
    return msgspec.json.decode(body) if body.strip() else None
