"""Reading answers: resources, lists in either form, and errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Generic, NamedTuple, TypeVar

import httpx
import msgspec

from ..errors import ApiError, UnexpectedAnswerError
from ..models._base import Model
from ._request import Request, Steps
from ._secrets import Secrets

T = TypeVar("T")
M = TypeVar("M", bound=Model)

_LONGEST_RAW_DETAIL = 512
_REQUEST_IDS = ("x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid")
_UNREADABLE = (
    msgspec.MsgspecError,
    UnicodeDecodeError,
    LookupError,
    ValueError,
    StopIteration,
    TypeError,
    AttributeError,
    RecursionError,
)


class Page(NamedTuple, Generic[T]):
    """A part of a list, and the cursor of the next part if there is one."""

    items: list[T]
    cursor: str | None


def listing(
    path: str, key: str, model: type[M], query: Mapping[str, str | int | list[str]] | None = None
) -> Steps[list[M]]:
    """Fetch a whole list, whether the server sends it in one piece or in pages (U5)."""
    items: list[M] = []
    query = dict(query or {})
    while True:
        page = yield from page_request(path, key, model, query).answer()
        items += page.items
        if page.cursor is None or page.cursor == query.get("cursor"):
            return items
        query["cursor"] = page.cursor


def page_request(
    path: str, key: str, model: type[M], query: Mapping[str, str | int | list[str]]
) -> Request[Page[M]]:
    """Describe the request for one page of a list."""

    def parse(body: bytes) -> Page[M]:
        return _page(body, key, model)

    return Request(method="GET", path=path, parse=parse, query=dict(query))


def _page(body: bytes, key: str, model: type[M]) -> Page[M]:
    if body.lstrip()[:1] == b"[":
        return Page(_resources(body, model), None)
    answer = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    cursor = msgspec.json.decode(answer.get("next_cursor", b"null"))
    has_more = msgspec.json.decode(answer.get("has_more", b"true"))
    items = _resources(bytes(answer[key]), model)
    return Page(items, str(cursor) if cursor and has_more else None)


def _resources(body: bytes, model: type[M]) -> list[M]:
    entries = msgspec.json.decode(body, type=list[msgspec.Raw])
    return [model.from_json(bytes(entry)) for entry in entries]


def unwrapped(body: bytes, key: str) -> dict[str, Any]:
    """Decode an object that may be wrapped in a key of its own (U8)."""
    answer = msgspec.json.decode(body, type=dict[str, Any])
    inner = answer.get(key)
    return inner if isinstance(inner, dict) else answer


def any_object(body: bytes) -> dict[str, Any]:
    """Decode an object whose shape is open; an empty body is an empty one."""
    return msgspec.json.decode(body, type=dict[str, Any]) if body.strip() else {}


def read(request: Request[T], response: httpx.Response, secrets: Secrets) -> T:
    """Read the answer to a request; any 2xx is a success (U3).

    Args:
        request: What was asked.
        response: The answer, its body read.
        secrets: Values that must not be shown when the server quotes them in an error.

    Raises:
        ApiError: The status is not 2xx.
        UnexpectedAnswerError: The body cannot be read.
    """
    secrets = secrets.and_those(request.secrets)
    if not response.is_success:
        raise api_error(response, secrets)
    try:
        return request.parse(b"" if request.sink else response.content)
    except _UNREADABLE as error:
        cause = str(error) if isinstance(error, msgspec.MsgspecError) else repr(error)
        raise UnexpectedAnswerError(
            f"{request.method} {path_in(response)}: the answer is not what the API describes"
            f" ({secrets.hidden_in(cause)})."
        ) from None


def api_error(response: httpx.Response, secrets: Secrets) -> ApiError:
    """Make the error that belongs to an answer (contract, section 1.2)."""
    return ApiError.from_status(
        response.status_code,
        _detail(response, secrets.hidden_in(response.text)),
        response.request.method,
        path_in(response),
        next((response.headers[name] for name in _REQUEST_IDS if name in response.headers), None),
    )


def path_in(response: httpx.Response) -> str:
    """The path that was asked for, quoted as it was sent, without the query."""
    return response.url.raw_path.decode("ascii").partition("?")[0]


def _detail(response: httpx.Response, text: str) -> Any:
    if response.has_redirect_location:
        return "the server redirects elsewhere, which is not followed; check the base URL"
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        short = text.strip() if len(text.encode()) < _LONGEST_RAW_DETAIL else ""
        return short or _phrase(response.status_code)
    if isinstance(body, dict) and body.get("detail"):
        return body["detail"]
    return body or _phrase(response.status_code)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "the server gave no reason"
