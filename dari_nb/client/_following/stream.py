"""Event streams to iterate over: they reconnect, and neither lose nor double an event."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from types import TracebackType
from typing import Self

from ...errors import DariError
from ...models import Event
from .._request import StreamRequest
from .._transport import AsyncTransport, Transport
from .following import Following


class EventStream:
    """A session's events, as they come; an iterator and a context manager.

    Leaving the ``with`` block closes the connection. One thread at a time may use a stream.

    >>> with client.sessions.stream(session.id) as events:
    ...     next(events).type
    'user.message'
    """

    def __init__(self, transport: Transport, wanted: StreamRequest) -> None:
        following = _following(transport, wanted)
        self._events = _follow(transport, following)

    def __iter__(self) -> Iterator[Event]:
        # The generator itself: one call less for each event.
        return self._events

    def __next__(self) -> Event:
        return next(self._events)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the stream and close its connection; harmless when it has ended.

        >>> events = client.sessions.stream(session.id)
        >>> events.close()
        """
        self._events.close()


class AsyncEventStream:
    """A session's events, as they come; an async iterator and an async context manager.

    Leaving the ``async with`` block closes the connection. Cancelling the task that iterates is
    the way to end it from elsewhere.

    >>> async with dari.AsyncClient(server.url, server.api_key) as client:
    ...     async with client.sessions.stream(session.id) as events:
    ...         (await anext(events)).type
    'user.message'
    """

    def __init__(self, transport: AsyncTransport, wanted: StreamRequest) -> None:
        following = _following(transport, wanted)
        self._events = _afollow(transport, following)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events

    async def __anext__(self) -> Event:
        return await anext(self._events)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the stream and close its connection; harmless when it has ended.

        >>> async with dari.AsyncClient(server.url, server.api_key) as client:
        ...     await client.sessions.stream(session.id).close()
        """
        await self._events.aclose()


def _following(transport: Transport | AsyncTransport, wanted: StreamRequest) -> Following:
    address = transport.address
    return Following(wanted, transport.reconnect, address.secrets, address.offers)


def _follow(transport: Transport, following: Following) -> Generator[Event, None, None]:
    while not following.done:
        broken: DariError | None = None
        try:
            yield from _connection(transport, following)
        except DariError as error:
            broken = error
        if not following.done:
            time.sleep(following.pause(broken))


def _connection(transport: Transport, following: Following) -> Generator[Event, None, None]:
    transport.run(following.introduced(), once=True)
    with transport.stream(following.request(), following.policy.timeout) as response:
        following.connected(response)
        # Listing only now, when the stream holds what comes meanwhile, leaves no gap between.
        yield from transport.run(following.caught_up(), once=True)
        if following.done:
            return
        for chunk in response.iter_bytes():
            for events in following.read(chunk):
                if following.lacks(events):
                    events += transport.run(following.ledger(events), once=True)
                yield from following.admit(events)
                if following.done:
                    return
                following.check()


async def _afollow(transport: AsyncTransport, following: Following) -> AsyncGenerator[Event, None]:
    while not following.done:
        broken: DariError | None = None
        connection = _aconnection(transport, following)
        try:
            async for events in connection:
                for event in events:
                    yield event
        except DariError as error:
            broken = error
        finally:
            await connection.aclose()
        if not following.done:
            await asyncio.sleep(following.pause(broken))


async def _aconnection(
    transport: AsyncTransport, following: Following
) -> AsyncGenerator[list[Event], None]:
    await transport.run(following.introduced(), once=True)
    async with transport.stream(following.request(), following.policy.timeout) as response:
        following.connected(response)
        # Listing only now, when the stream holds what comes meanwhile, leaves no gap between.
        yield await transport.run(following.caught_up(), once=True)
        if following.done:
            return
        async for chunk in response.aiter_bytes():
            for events in following.read(chunk):
                if following.lacks(events):
                    events += await transport.run(following.ledger(events), once=True)
                yield following.admit(events)
                if following.done:
                    return
                following.check()
