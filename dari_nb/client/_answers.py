"""Reading answers: resources, lists in either form, and errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Generic, NamedTuple, TypeVar

import httpx
import msgspec

from ..errors import ApiError, UnexpectedAnswerError
from ..models._base import Model, object_in
from ._redaction import Secrets
from ._request import Request, Steps
from ._retry import retry_after

T = TypeVar("T")
M = TypeVar("M", bound=Model)

_LONGEST_RAW_DETAIL = 512
_REQUEST_IDS = ("x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid")
_SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "proxy-authorization", "set-cookie", "set-cookie2", "x-api-key"}
)
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What reading an answer raises when the answer is wrong; all else is a mistake made here."""


class Page(NamedTuple, Generic[T]):
    """A part of a list, and the cursor of the next part if there is one."""

    items: list[T]
    cursor: str | None


def listing(
    path: str, key: str, model: type[M], query: Mapping[str, str | int | list[str]] | None = None
) -> Steps[list[M]]:
    """Fetch a whole list, whether the server sends it in one piece or in pages (U5).

    Raises:
        UnexpectedAnswerError: A page leads back to one before it.
    """
    items: list[M] = []
    query = dict(query or {})
    cursors: list[str] = []
    while True:
        page = yield from page_request(path, key, model, query).answer()
        items += page.items
        if page.cursor is None or page.cursor in cursors[-1:]:
            return items
        if page.cursor in cursors:
            raise UnexpectedAnswerError(
                f"GET /v1{path}: the pages of the list go round in a circle."
            )
        cursors.append(page.cursor)
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
    has_more = msgspec.json.decode(answer.get("has_more", b"null"))
    if key not in answer:
        raise msgspec.ValidationError(f"Object has no list `{key}`")
    items = _resources(bytes(answer[key]), model)
    return Page(items, str(cursor) if cursor and has_more is not False else None)


def _resources(body: bytes, model: type[M]) -> list[M]:
    entries = msgspec.json.decode(body, type=list[msgspec.Raw] | None) or []
    return [model.from_json(bytes(entry)) for entry in entries if bytes(entry) != b"null"]


def resource(model: type[M], key: str | None = None, /, **known: Any) -> Callable[[bytes], M]:
    """Make the reader of one resource that was asked for.

    Args:
        model: What it is.
        key: A key of its own that it may be wrapped in (U8).
        known: What the request knows of it already, for an answer that leaves it out.
    """

    def parse(body: bytes) -> M:
        answer = object_in(body)
        inner = answer.get(key) if key else None
        sent = inner if isinstance(inner, dict) else answer
        gaps = model.gaps(sent, known)
        if gaps or sent is not answer:
            return model.from_dict({**sent, **gaps})
        return model.from_json(body)

    return parse


def outcome(model: type[M], key: str | None = None, /, **known: Any) -> Callable[[bytes], M]:
    """Make the reader of what was done to a resource, which a server may tell with no body."""
    told = resource(model, key, **known)
    return lambda body: told(body.strip() or b"{}")


def any_object(body: bytes) -> dict[str, Any]:
    """Decode an object whose shape is open; an empty body is an empty one."""
    return object_in(body) if body.strip() else {}


def whatever(body: bytes) -> dict[str, Any]:
    """Decode an answer that says no more than its status does: an object, if it is one."""
    return any_object(body) if body.lstrip()[:1] == b"{" else {}


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
        headers=_shown(response.headers, secrets),
        retry_after=retry_after(response),
    )


def _shown(headers: httpx.Headers, secrets: Secrets) -> httpx.Headers:
    return httpx.Headers(
        [
            (name, secrets.hidden_in(value))
            for name, value in headers.multi_items()
            if name not in _SECRET_HEADERS
        ]
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
