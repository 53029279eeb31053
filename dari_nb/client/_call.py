"""From an endpoint to the method that sends it: one line for each side."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast, get_args, overload

from ..errors import DariError
from ._following.stream import AsyncEventStream, EventStream
from ._request import Request, Steps, StreamRequest
from ._timeouts import USUAL, Timeout, Usual
from ._transport import AsyncTransport, Transport

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", covariant=True)

_TIMEOUT = inspect.Parameter(
    "timeout", inspect.Parameter.KEYWORD_ONLY, default=USUAL, annotation=Timeout
)
_TIMEOUT_DOC = """
    timeout: Seconds for each read and write of each try, an ``httpx.Timeout``, or ``None`` for no
        bound; by default the client's."""
_STREAM_TIMEOUT_DOC = """
    timeout: Seconds without a byte after which a connection counts as dead, or ``None`` for no
        bound; by default the client's ``Reconnect.idle_timeout``."""
_RAISES_DOC = """
    DariError: The server refused, or could not be reached, as of every verb; see
        :class:`dari_nb.Client`."""
_SECTIONS = ("Args:", "Returns:", "Raises:")
_EXAMPLE = ">>>"


class Noun(Protocol):
    """What a method of :func:`call` needs of its object."""

    _transport: Transport


class AsyncNoun(Protocol):
    """What a method of :func:`acall` needs of its object."""

    _transport: AsyncTransport


class BoundVerb(Protocol[P, R]):
    """A method of a noun: it takes what its endpoint does, and a timeout."""

    # Nothing in Python's types adds a keyword to another function's parameters.
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...

    @overload
    def __call__(self, *args: Any, timeout: Timeout, **kwargs: Any) -> R: ...


if TYPE_CHECKING:

    class Verb(Protocol[P, R]):
        """The same before it belongs to an object."""

        def __get__(self, noun: Any, kind: Any = None) -> BoundVerb[P, R]: ...


def call(endpoint: Callable[P, Request[T] | Steps[T]]) -> Verb[P, T]:
    """Make the method that sends what the endpoint describes and returns its result."""
    described = _Description(endpoint)

    def method(self: Noun, /, *args: Any, **kwargs: Any) -> T:
        timeout, steps = described(self, args, kwargs)
        del args, kwargs  # there may be secrets in them, and a traceback may show variables
        try:
            return cast(T, self._transport.timed(timeout).run(steps))
        except DariError as error:
            # Its text says all; how it came here helps nobody.
            raise error.with_traceback(None) from error.__cause__

    return cast("Verb[P, T]", described.dressed(method))


def acall(endpoint: Callable[P, Request[T] | Steps[T]]) -> Verb[P, Coroutine[Any, Any, T]]:
    """Make the same method as :func:`call`, to be awaited."""
    described = _Description(endpoint)

    async def method(self: AsyncNoun, /, *args: Any, **kwargs: Any) -> T:
        timeout, steps = described(self, args, kwargs)
        del args, kwargs  # as above
        try:
            return cast(T, await self._transport.timed(timeout).run(steps))
        except DariError as error:
            raise error.with_traceback(None) from error.__cause__

    return cast("Verb[P, Coroutine[Any, Any, T]]", described.dressed(method))


def stream_call(endpoint: Callable[P, StreamRequest]) -> Verb[P, EventStream]:
    """Make the method that opens the stream which the endpoint describes."""
    described = _Description(endpoint, _STREAM_TIMEOUT_DOC)

    def method(self: Noun, /, *args: Any, **kwargs: Any) -> EventStream:
        timeout, wanted = described(self, args, kwargs)
        return EventStream(self._transport.timed(timeout), wanted)

    return cast("Verb[P, EventStream]", described.dressed(method, EventStream))


def astream_call(endpoint: Callable[P, StreamRequest]) -> Verb[P, AsyncEventStream]:
    """Make the same method as :func:`stream_call`; not awaited itself, but its stream is."""
    described = _Description(endpoint, _STREAM_TIMEOUT_DOC)

    def method(self: AsyncNoun, /, *args: Any, **kwargs: Any) -> AsyncEventStream:
        timeout, wanted = described(self, args, kwargs)
        return AsyncEventStream(self._transport.timed(timeout), wanted)

    return cast("Verb[P, AsyncEventStream]", described.dressed(method, AsyncEventStream))


class _Description:
    """Makes an endpoint's description, and its method's name, text and signature."""

    def __init__(self, endpoint: Callable[..., Any], timeout_doc: str = _TIMEOUT_DOC) -> None:
        self._endpoint = endpoint
        # Endpoints end in ``_`` where their name would shadow a builtin.
        self._name = endpoint.__name__.removesuffix("_")
        self._signature = inspect.signature(endpoint, eval_str=True)
        self._timeout_doc = timeout_doc
        # Waiting has a time of its own, for all its requests together.
        self._takes_timeout = "timeout" not in self._signature.parameters

    def __call__(
        self, noun: object, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> tuple[Timeout | Usual, Any]:
        """Split the timeout from the call's arguments, and describe what they ask for."""
        timeout = kwargs.pop("timeout", USUAL) if self._takes_timeout else USUAL
        try:
            return timeout, self._endpoint(*args, **kwargs)
        except TypeError:
            self._check(noun, args, kwargs)
            raise

    def _check(self, noun: object, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Refuse arguments that do not fit, by the name that the caller knows."""
        try:
            self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{type(noun).__name__}.{self._name}(): {error}") from None

    def dressed(self, method: Callable[..., Any], result: Any = None) -> Callable[..., Any]:
        """Give the method what ``help`` shows, with the result it returns."""
        functools.update_wrapper(method, self._endpoint)
        method.__name__ = method.__qualname__ = self._name
        me = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        parameters = [me, *self._signature.parameters.values()]
        if self._takes_timeout:
            parameters.append(_TIMEOUT)
            method.__doc__ = _with(method.__doc__ or "", "Args:", self._timeout_doc)
        method.__doc__ = _with(method.__doc__ or "", "Raises:", _RAISES_DOC)
        method.__signature__ = self._signature.replace(  # type: ignore[attr-defined]
            parameters=parameters,
            return_annotation=result or get_args(self._signature.return_annotation)[-1],
        )
        return method


def _with(doc: str, section: str, entry: str) -> str:
    """Add an entry to a section of a docstring, and the section where there is none."""
    parts = inspect.cleandoc(doc).split("\n\n")
    later = (*_SECTIONS[_SECTIONS.index(section) + 1 :], _EXAMPLE)
    end = next((n for n, part in enumerate(parts) if part.startswith(later)), len(parts))
    if parts[end - 1].startswith(section):
        parts[end - 1] += entry
    else:
        parts.insert(end, f"{section}{entry}")
    return "\n\n".join(parts)
