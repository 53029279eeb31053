"""Every error that dari_nb raises.

::

    DariError
    ├── InvalidRequestError       refused before anything was sent (also a ValueError)
    │   └── NoCellError            a matrix has no such cell (also a KeyError)
    ├── ConnectionFailedError     the server cannot be reached
    │   └── InsecureServerError    there is no secure connection to it; trying again is no help
    ├── TimedOutError             no answer, or no end of a turn, in time (also a TimeoutError)
    ├── StreamInterruptedError    an event stream broke and could not be resumed
    ├── UnexpectedAnswerError     a 2xx answer that is not what the API describes
    ├── SnapshotFailedError       what was uploaded is not what the server got
    ├── WorkspaceError            a downloaded workspace is too large, or unsafe to unpack
    ├── StorageError              a local Dari cannot write: its disk is full or out of order
    ├── TapeError                 a tape cannot be read from some line on, or not at all
    ├── WebhookVerificationError  a delivery is not from the service, or too old
    ├── TurnFailedError           the turn ended with status ``failed``
    └── ApiError                  the server answered with an error status
        ├── BadRequestError            400
        ├── AuthenticationError        401
        ├── PermissionDeniedError      403
        ├── NotFoundError              404
        │   └── UnknownNameError       a name that no resource has, or several have
        ├── ConflictError              409
        │   └── TapeMissError          no turn of the tape plays, and nobody is asked
        ├── PayloadTooLargeError       413
        ├── UnprocessableEntityError   422
        ├── RateLimitError             429
        └── ServerError                5xx

Each has a ``code``, a short string that stays the same while texts change; :data:`CODES` lists all.
A magic raises IPython's ``UsageError`` instead, with the same ``code``.

In IPython the text is shown below the line that led to it, without what went on in here; all
of that is in ``error.__traceback__`` and in ``%debug``.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from ._internal.error_codes import CODES as CODES
from .printable import printable


class DariError(Exception):
    """Base of all errors of this package.

    Attributes:
        code: What went wrong, as a short string such as ``"agent_not_found"``.
        idempotency_key: The key of the send that failed, if it was one. To send again with it,
            ``session.send(text, idempotency_key=error.idempotency_key)``, makes no second message.

    >>> try:
    ...     d.agents.get("calculater")
    ... except dari.DariError as error:
    ...     print(error)
    ...     error.code
    There is no agent named 'calculater': did you mean 'calculator'?
    'agent_not_found'
    """

    code: str = "error"
    idempotency_key: str | None = None

    def __init__(self, *args: object, code: str | None = None) -> None:
        super().__init__(*args)
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return printable(self._said)

    @property
    def _said(self) -> str:
        """The text, whoever wrote it."""
        return Exception.__str__(self)  # that of a KeyError would be in quotes

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows."""
        told = type(self), self, _as_called(self.__traceback__)
        shell = sys.modules["IPython"].get_ipython()
        if shell is None:  # one that is not the only one of its process
            return traceback.format_exception(*told)
        shown: list[str] = shell.InteractiveTB.structured_traceback(*told)
        return shown


class InvalidRequestError(DariError, ValueError):
    """The call cannot be right, so nothing was sent."""


class NoCellError(InvalidRequestError, KeyError):
    """A matrix has no cell at this place."""


class ConnectionFailedError(DariError):
    """The server cannot be reached."""

    code = "connection_failed"


class InsecureServerError(ConnectionFailedError):
    """A secure connection to the server cannot be made; the text says what to do."""

    code = "insecure_connection"


class TimedOutError(DariError, TimeoutError):
    """The server did not answer, or a turn did not end, in the time allowed."""

    code = "timed_out"


class StreamInterruptedError(DariError):
    """An event stream broke and could not be resumed."""

    code = "stream_interrupted"


class UnexpectedAnswerError(DariError):
    """The server's answer is not what the API describes."""

    code = "unexpected_answer"


class TurnFailedError(DariError):
    """A turn ended with status ``failed``; the text is the failure's cause.

    Attributes:
        so_far: What the agent had said before it failed.
    """

    code = "turn_failed"

    def __init__(self, message: str, so_far: str = "", *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.so_far = so_far


class SnapshotFailedError(DariError):
    """The server got something else than the bundle that was sent."""

    code = "snapshot_failed"


class WorkspaceError(DariError):
    """A workspace exceeds a limit, or holds what must not be unpacked."""


class StorageError(DariError):
    """A local Dari cannot write to its database; what was under way was not kept.

    Attributes:
        is_full: Whether its disk is full.
    """

    def __init__(self, text: str, *, is_full: bool = False, code: str | None = None) -> None:
        super().__init__(text, code=code)
        self.is_full = is_full


class TapeError(DariError):
    """A file is no tape, or from some line on none that can be read; the text says what to do.

    Attributes:
        line: The line that is wrong, from 1.
        so_far: What stood before that line, which can be used.
    """

    def __init__(
        self,
        text: str,
        line: int | None = None,
        so_far: Any = None,
        *,
        code: str | None = None,
    ) -> None:
        super().__init__(text, code=code)
        self.line = line
        self.so_far = so_far


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
        headers: The answer's headers, by names in any case, without those that hold secrets.
        retry_after: Seconds that the server asked to wait, if it did.

    >>> try:
    ...     client.sessions.get("sess_0")
    ... except dari.ApiError as error:
    ...     error.status, error.method, error.path
    (404, 'GET', '/v1/sessions/sess_0')
    """

    code = "api_error"

    def __init__(
        self,
        status: int,
        detail: Any,
        method: str,
        path: str,
        request_id: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(status, detail, method, path, request_id, code=code)
        self.headers = {} if headers is None else headers
        self.retry_after = retry_after
        self.status = status
        self.detail = detail
        self.method = method
        self.path = path
        self.request_id = request_id

    @property
    def _said(self) -> str:
        request = f" [request {self.request_id}]" if self.request_id else ""
        return f"{self.method} {self.path} → {self.status}: {detail_text(self.detail)}{request}"

    @classmethod
    def from_status(
        cls,
        status: int,
        detail: Any,
        method: str,
        path: str,
        request_id: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> ApiError:
        """Make the class that belongs to this status."""
        kind = _BY_STATUS.get(status, ServerError if status >= 500 else ApiError)
        if isinstance(detail, dict) and detail.get("code") == TapeMissError.code:
            kind = TapeMissError
        return kind(
            status, detail, method, path, request_id, headers=headers, retry_after=retry_after
        )


class BadRequestError(ApiError):
    """400: a rule of the API was broken."""

    code = "bad_request"


class AuthenticationError(ApiError):
    """401: the API key is missing or invalid."""

    code = "unauthorized"


class PermissionDeniedError(ApiError):
    """403: the resource belongs to another organization."""

    code = "forbidden"


class NotFoundError(ApiError):
    """404: no such resource, or a deleted agent."""

    code = "not_found"


class UnknownNameError(NotFoundError):
    """No resource has this name, or several have it; ``detail`` is a text for people."""

    @property
    def _said(self) -> str:
        return str(self.detail)


class ConflictError(ApiError):
    """409: the resource's state forbids this now."""

    code = "conflict"


class TapeMissError(ConflictError):
    """No turn of the tape plays, and nobody is asked: nothing was sent.

    The text shows what differs from the nearest turn, and what helps.
    """

    code = "tape_miss"  # also tells it in an answer's ``detail``

    @property
    def _said(self) -> str:
        return detail_text(self.detail)


class PayloadTooLargeError(ApiError):
    """413: the upload exceeds the server's limit."""

    code = "payload_too_large"


class UnprocessableEntityError(ApiError):
    """422: the body is malformed."""

    code = "unprocessable"


class RateLimitError(ApiError):
    """429: too many requests; ``retry_after`` says for how many seconds, when the server does."""

    code = "rate_limited"


class ServerError(ApiError):
    """5xx: the server failed."""

    code = "server_error"


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


def _as_called(whole: TracebackType | None) -> TracebackType | None:
    """Leave off at the last line that is neither of this package nor of what it calls back from."""
    links: list[TracebackType] = []
    shown = None
    while (link := whole if not links else links[-1].tb_next) is not None:
        links.append(link)
    while links and _is_inside(links[-1].tb_frame):
        links.pop()
    for link in reversed(links):
        shown = TracebackType(shown, link.tb_frame, link.tb_lasti, link.tb_lineno)
    return shown or whole


def _is_inside(frame: FrameType) -> bool:
    """Whether it runs code of this package, of traitlets, or of Python's own library."""
    # By its module: what a dataclass makes of a class of ours is in no file.
    module, file = str(frame.f_globals.get("__name__")), frame.f_code.co_filename
    if module.partition(".")[0] == __package__:
        return True
    parts = Path(file).parts
    if "site-packages" in parts or "dist-packages" in parts:
        return "traitlets" in parts
    return file.startswith(f"{Path(os.__file__).parent}{os.sep}")


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
