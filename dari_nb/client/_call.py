"""From an endpoint to the method that sends it: one line for each side."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, get_args

from ._request import Request, Steps, StreamRequest
from ._stream import AsyncEventStream, EventStream
from ._transport import AsyncTransport, Transport

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Noun(Protocol):
    """What a method of :func:`call` needs of its object."""

    _transport: Transport


class AsyncNoun(Protocol):
    """What a method of :func:`acall` needs of its object."""

    _transport: AsyncTransport


def call(endpoint: Callable[P, Request[T] | Steps[T]]) -> Callable[Concatenate[Noun, P], T]:
    """Make the method that sends what the endpoint describes and returns its result."""

    def method(self: Noun, /, *args: P.args, **kwargs: P.kwargs) -> T:
        steps = endpoint(*args, **kwargs)
        del args, kwargs  # there may be secrets in them, and a traceback may show variables
        return self._transport.run(steps)

    return _dressed(method, endpoint)


def acall(
    endpoint: Callable[P, Request[T] | Steps[T]],
) -> Callable[Concatenate[AsyncNoun, P], Coroutine[Any, Any, T]]:
    """Make the same method as :func:`call`, to be awaited."""

    async def method(self: AsyncNoun, /, *args: P.args, **kwargs: P.kwargs) -> T:
        steps = endpoint(*args, **kwargs)
        del args, kwargs  # as above
        return await self._transport.run(steps)

    return _dressed(method, endpoint)


def stream_call(
    endpoint: Callable[P, StreamRequest],
) -> Callable[Concatenate[Noun, P], EventStream]:
    """Make the method that opens the stream which the endpoint describes."""

    def method(self: Noun, /, *args: P.args, **kwargs: P.kwargs) -> EventStream:
        return EventStream(self._transport, endpoint(*args, **kwargs))

    return _dressed(method, endpoint, EventStream)


def astream_call(
    endpoint: Callable[P, StreamRequest],
) -> Callable[Concatenate[AsyncNoun, P], AsyncEventStream]:
    """Make the same method as :func:`stream_call`; not awaited itself, but its stream is."""

    def method(self: AsyncNoun, /, *args: P.args, **kwargs: P.kwargs) -> AsyncEventStream:
        return AsyncEventStream(self._transport, endpoint(*args, **kwargs))

    return _dressed(method, endpoint, AsyncEventStream)


def _dressed(method: F, endpoint: Callable[..., Any], result: Any = None) -> F:
    """Give the method the endpoint's name, text and signature, with the result it returns.

    Endpoints end in ``_`` where their name would shadow a builtin.
    """
    functools.update_wrapper(method, endpoint)
    method.__name__ = method.__qualname__ = endpoint.__name__.removesuffix("_")
    signature = inspect.signature(endpoint, eval_str=True)
    me = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    result = result or get_args(signature.return_annotation)[-1]
    method.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[me, *signature.parameters.values()], return_annotation=result
    )
    return method
