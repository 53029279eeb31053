"""Every error that dari_nb raises.

::

    DariError
    ├── InvalidRequestError       refused before anything was sent (also a ValueError)
    ├── ConnectionFailedError     the server cannot be reached
    ├── TimedOutError             no answer, or no end of a turn, in time (also a TimeoutError)
    ├── StreamInterrupted         an event stream broke and could not be resumed
    ├── UnexpectedAnswerError     a 2xx answer that is not what the API describes
    ├── SnapshotFailedError       what was uploaded is not what the server got
    ├── WorkspaceError            a downloaded workspace is too large, or unsafe to unpack
    ├── WebhookVerificationError  a delivery is not from the service, or too old
    ├── TurnFailedError           the turn ended with status ``failed``
    └── ApiError                  the server answered with an error status
        ├── BadRequestError            400
        ├── AuthenticationError        401
        ├── PermissionDeniedError      403
        ├── NotFoundError              404
        │   └── UnknownNameError       a name that no resource has, or several have
        ├── ConflictError              409
        ├── PayloadTooLargeError       413
        ├── UnprocessableEntityError   422
        ├── RateLimitError             429
        └── ServerError                5xx
"""

from __future__ import annotations

from typing import Any


class DariError(Exception):
    """Base of all errors of this package."""


class InvalidRequestError(DariError, ValueError):
    """The call cannot be right, so nothing was sent."""


class ConnectionFailedError(DariError):
    """The server cannot be reached."""


class TimedOutError(DariError, TimeoutError):
    """The server did not answer, or a turn did not end, in the time allowed."""


class StreamInterrupted(DariError):  # noqa: N818
    """An event stream broke and could not be resumed."""


class UnexpectedAnswerError(DariError):
    """The server's answer is not what the API describes."""


class TurnFailedError(DariError):
    """A turn ended with status ``failed``; the text is the failure's cause."""


class SnapshotFailedError(DariError):
    """The server got something else than the bundle that was sent."""


class WorkspaceError(DariError):
    """A workspace exceeds a limit, or holds what must not be unpacked."""


class WebhookVerificationError(DariError):
    """A webhook delivery is not from the service, was changed, or is too old."""


class ApiError(DariError):
    """The server answered with an error status (contract, section 1.2).

    Attributes:
        status: HTTP status code.
        detail: The answer's ``detail``: a string, a list, an object, or the raw text.
        method: HTTP method of the request.
        path: Path of the request, without host and query.
        request_id: The server's request id, when it sent one.
    """

    def __init__(
        self, status: int, detail: Any, method: str, path: str, request_id: str | None = None
    ) -> None:
        super().__init__(status, detail, method, path, request_id)
        self.status = status
        self.detail = detail
        self.method = method
        self.path = path
        self.request_id = request_id

    def __str__(self) -> str:
        request = f" [request {self.request_id}]" if self.request_id else ""
        return f"{self.method} {self.path} → {self.status}: {detail_text(self.detail)}{request}"

    @classmethod
    def from_status(
        cls, status: int, detail: Any, method: str, path: str, request_id: str | None = None
    ) -> ApiError:
        """Make the class that belongs to this status."""
        kind = _BY_STATUS.get(status, ServerError if status >= 500 else ApiError)
        return kind(status, detail, method, path, request_id)


class BadRequestError(ApiError):
    """400: a rule of the API was broken."""


class AuthenticationError(ApiError):
    """401: the API key is missing or invalid."""


class PermissionDeniedError(ApiError):
    """403: the resource belongs to another organization."""


class NotFoundError(ApiError):
    """404: no such resource, or a deleted agent."""


class UnknownNameError(NotFoundError):
    """No resource has this name, or several have it; ``detail`` is a text for people."""

    def __str__(self) -> str:
        return str(self.detail)


class ConflictError(ApiError):
    """409: the resource's state forbids this now."""


class PayloadTooLargeError(ApiError):
    """413: the upload exceeds the server's limit."""


class UnprocessableEntityError(ApiError):
    """422: the body is malformed."""


class RateLimitError(ApiError):
    """429: too many requests."""


class ServerError(ApiError):
    """5xx: the server failed."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: PayloadTooLargeError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def detail_text(detail: Any) -> str:
    """Turn an answer's ``detail`` into one line: strings as they are, 422 lists as ``loc: msg``."""
    if isinstance(detail, str):
        return detail
    if isinstance(detail, list):
        return "; ".join(_entry_text(entry) for entry in detail)
    if isinstance(detail, dict):
        return str(detail.get("message") or detail.get("detail") or detail)
    return str(detail)


def _entry_text(entry: Any) -> str:
    if not isinstance(entry, dict) or "msg" not in entry:
        return str(entry)
    where = ".".join(str(part) for part in entry.get("loc", ()) if part != "body")
    return f"{where}: {entry['msg']}" if where else str(entry["msg"])
