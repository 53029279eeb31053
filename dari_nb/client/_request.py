"""A request as data: what to send, how to read the answer, whether a repeat is safe."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import IO, Any, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import quote

from ..errors import InvalidRequestError

T = TypeVar("T")

Steps: TypeAlias = Generator["Request[Any] | Pause | Work[Any]", Any, T]
"""Several steps that make one call: yields each, is sent its answer, returns the result."""

State = Literal["live", "reconnecting"]
"""How a stream stands: connected, or waiting to be again."""

IDEMPOTENCY_KEY = "Idempotency-Key"
_REPEATABLE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Pause:
    """A step that only waits; seconds."""

    seconds: float


@dataclass(frozen=True)
class Work(Generic[T]):
    """A step on this machine that may take long; it does not hold up an event loop."""

    do: Callable[[], T]

    def answer(self) -> Steps[T]:
        """Ask for the result inside of :data:`Steps`."""
        answer: T = yield self
        return answer


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file to send as the multipart part ``file``; a path is opened when it is sent."""

    source: str | PathLike[str] | bytes | IO[bytes] = field(repr=False)
    filename: str

    @property
    def is_rewindable(self) -> bool:
        """Whether it can be sent from its start again."""
        return isinstance(self.source, str | PathLike | bytes) or self.source.seekable()


@dataclass(frozen=True, kw_only=True)
class Outside:
    """Raw bytes for an address that is not the API's: sent with these headers, without the key.

    Attributes:
        url: Where to; may hold a signature, so it is shown nowhere.
        headers: All there are, but for ``Host`` and ``Content-Length``.
        content: The body.
        report: Told how many bytes have gone, after each chunk.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    report: Callable[[int], object] | None = None

    def chunks(self) -> Iterator[bytes]:
        """Cut the body into pieces, so that its progress can be told."""
        for start in range(0, len(self.content), _CHUNK):
            chunk = self.content[start : start + _CHUNK]
            yield chunk
            if self.report is not None:
                self.report(start + len(chunk))


class Sink:
    """Takes the body of a successful answer into a file, up to a limit.

    Attributes:
        is_full: Whether there was more than the limit allows.
    """

    def __init__(self, file: IO[bytes], max_bytes: int) -> None:
        self.is_full = False
        self._file = file
        self._max_bytes = max_bytes
        self._taken = 0

    def begin(self) -> None:
        """Start over, for this try."""
        self.is_full = False
        self._taken = 0
        self._file.seek(0)
        self._file.truncate()

    def take(self, chunk: bytes) -> bool:
        """Write a chunk; false when it is too much, and nothing was written."""
        self._taken += len(chunk)
        self.is_full = self._taken > self._max_bytes
        if not self.is_full:
            self._file.write(chunk)
        return not self.is_full


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a server has to offer beyond the contract before it is sent a request.

    Attributes:
        name: The extension, such as ``fork``.
        does: What it does, as in "this server cannot …".
        introduction: A request whose answer tells what the server offers.
    """

    name: str
    does: str
    introduction: Request[Any]


@dataclass(frozen=True, kw_only=True)
class Request(Generic[T]):
    """One HTTP request of the API, free of I/O.

    Attributes:
        path: Below the API's base, such as ``/sessions/sess_1``; made with :func:`path_of`.
        parse: Reads the body of a 2xx answer.
        json: What to send as a JSON body, if anything.
        secrets: Values that a server might quote in an error, and that must not be shown.
        once: Never done twice, even with a key: nobody says whether the server honours it.
        key: The idempotency key that the body itself holds, so that a repeat is safe.
        patience: Seconds that the answer may take, if that is more than the client's timeout.
        on_404: Read in place of a 404 to a later try: an earlier one, whose answer was lost, has
            deleted it.
        outside: Sent instead, when it goes to another server.
        sink: Takes the answer's body, which ``parse`` then does not get to see.
        offer: What the server has to offer for it; nothing is sent to one that does not.
    """

    method: str
    path: str
    parse: Callable[[bytes], T] = field(repr=False)
    query: Mapping[str, str | int | list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    upload: Upload | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    once: bool = False
    key: str | None = None
    patience: float = 0.0
    on_404: bytes | None = None
    outside: Outside | None = None
    sink: Sink | None = field(default=None, repr=False)
    offer: Offer | None = None

    @property
    def idempotency_key(self) -> str | None:
        """What lets the server recognise a repeat, in a header or in the body."""
        return self.key or self.headers.get(IDEMPOTENCY_KEY)

    @property
    def is_repeatable(self) -> bool:
        """Whether doing it twice has the effect of doing it once."""
        if self.once:
            return False
        return self.idempotency_key is not None or self.method in _REPEATABLE_METHODS

    @property
    def content(self) -> bytes | None:
        """The JSON body.

        Raises:
            InvalidRequestError: There is something in it that JSON cannot hold.
        """
        if self.json is None:
            return None
        try:
            return json.dumps(self.json, ensure_ascii=False, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidRequestError(
                f"This cannot be sent as JSON: {error}.", code="invalid_json"
            ) from None

    def answer(self) -> Steps[T]:
        """Ask for the answer inside of :data:`Steps`: ``page = yield from request.answer()``."""
        answer: T = yield self
        return answer


@dataclass(frozen=True, kw_only=True)
class StreamRequest:
    """One event stream of the API, free of I/O; see ``sessions.stream`` for the fields."""

    session_id: str
    path: str
    last_event_id: str | None = None
    until: str | None = None
    on_state: Callable[[State], object] | None = None
    drafts: bool = False


def path_of(*parts: str) -> str:
    """Join path segments, each quoted whole.

    An id that holds ``/``, ``?``, ``..`` or the like stays one segment and cannot reach another
    endpoint.

    Raises:
        InvalidRequestError: A segment is empty or not text.

    >>> path_of("sessions", "sess_1/..", "events")
    '/sessions/sess_1%2F../events'
    >>> path_of("sessions", "..")
    '/sessions/%2E%2E'
    """
    return "".join(f"/{_quoted(part)}" for part in parts)


def _quoted(part: str) -> str:
    if not isinstance(part, str) or not part:
        raise InvalidRequestError(f"An id is needed here, not {part!r}.", code="invalid_id")
    if part in (".", ".."):
        return part.replace(".", "%2E")
    try:
        return quote(part, safe="")
    except UnicodeEncodeError:
        raise InvalidRequestError(f"This cannot be an id: {part!r}.", code="invalid_id") from None


def idempotency(key: str | None) -> dict[str, str]:
    """Make the header that lets a server recognise a repeat; a fresh key when none is given.

    Raises:
        InvalidRequestError: The key is empty, longer than 128 characters, or not printable ASCII.
    """
    return {IDEMPOTENCY_KEY: checked_key(key)}


def checked_key(key: str | None) -> str:
    """Check an idempotency key; a fresh one when none is given.

    Raises:
        InvalidRequestError: It is empty, longer than 128 characters, or not printable ASCII.
    """
    key = secrets.token_hex(16) if key is None else key
    if not (isinstance(key, str) and 0 < len(key) <= 128 and key.isascii() and key.isprintable()):
        raise InvalidRequestError(
            "An idempotency key is 1 to 128 printable ASCII characters: choose another.",
            code="invalid_idempotency_key",
        )
    return key


def given(**fields: Any) -> dict[str, Any]:
    """Keep the fields that were given, so that the server's defaults hold for the others."""
    return {name: value for name, value in fields.items() if value is not None}
