"""Sending: the same steps once with ``httpx.Client`` and once with ``httpx.AsyncClient``."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from itertools import count
from typing import Any, Self, TypeVar

import httpx

from ..cancelling import answering, shielded
from ..errors import DariError
from ._address import Address
from ._answers import read
from ._arguments import (
    OF_STREAMS,
    arguments,
    awaited,
    opened,
    outside_request,
    patience,
    raise_if_closed,
)
from ._request import Outside, Pause, Request, Sink, Steps, Work
from ._retry import Reconnect, Retry
from ._timeouts import USUAL, Timeout, Usual, timeout_of

T = TypeVar("T")
Outcome = TypeVar("Outcome", bound=httpx.Response | httpx.HTTPError)
_ONCE = Retry(attempts=1)


class _Timed:
    """What both transports know of timeouts and of their server."""

    reconnect: Reconnect
    address: Address
    _timeout: httpx.Timeout | None = None

    def heard(self, outcome: Outcome) -> Outcome:
        """Take note of what an answer says of the server."""
        if isinstance(outcome, httpx.Response):
            self.address.offers.hear(outcome)
        return outcome

    def timed(self, timeout: Timeout | Usual) -> Self:
        """Make one that sends over the same connections, with another timeout."""
        if timeout is USUAL:
            return self
        other = copy.copy(self)
        other._timeout = timeout_of(timeout)  # noqa: SLF001 - it is this class's own
        other.reconnect = replace(self.reconnect, idle_timeout=other._timeout.read)  # noqa: SLF001
        return other


class Transport(_Timed):
    """Sends requests and waits for the answers."""

    def __init__(
        self, http: httpx.Client, address: Address, retry: Retry, reconnect: Reconnect
    ) -> None:
        self._http = http
        self._retry = retry
        self.address = address
        self.reconnect = reconnect

    def run(self, steps: Request[T] | Steps[T], *, once: bool = False) -> T:
        """Do what an endpoint describes; ``once`` leaves repeats to the caller."""
        if isinstance(steps, Request):
            return self._send(steps, _ONCE if once else self._retry)
        try:
            step = next(steps)
            while True:
                try:
                    answer = self._done(step, once)
                except BaseException as error:  # noqa: BLE001 - the steps may have to clean up
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            steps.close()

    def _done(self, step: Request[Any] | Pause | Work[Any], once: bool) -> Any:
        if isinstance(step, Pause):
            return time.sleep(step.seconds)
        if isinstance(step, Work):
            return step.do()
        return self.run(step, once=once)

    def _send(self, request: Request[T], retry: Retry) -> T:
        if request.offer is not None:
            if self.address.offers.names is None:
                self._send(request.offer.introduction, retry)
            self.address.check_offer(request.offer)
        for attempt in count(1):
            outcome = self.heard(self._exchange(request))
            pause = retry.pause(request, outcome, attempt)
            if pause is None:
                break
            time.sleep(pause)
        return _concluded(request, outcome, self.address, attempt)

    def _exchange(self, request: Request[Any]) -> httpx.Response | httpx.HTTPError:
        outside = request.outside
        try:
            if outside is not None:
                return self._put_outside(request, outside)
            if request.sink is not None:
                return self._download(request, request.sink)
            with opened(request.upload) as files:
                timeout = patience(request, self._http.timeout, self._timeout)
                return self._http.request(**arguments(request), timeout=timeout, files=files)
        except httpx.HTTPError as error:
            # Its traceback holds httpx's own frames, and the API key is in their variables.
            return error.with_traceback(None)
        except RuntimeError:
            raise_if_closed(self._http)
            raise

    def _put_outside(self, request: Request[Any], outside: Outside) -> httpx.Response:
        timeout = patience(request, self._http.timeout, self._timeout)
        sent = outside_request(request, outside, outside.chunks(), timeout)
        return self._http.send(sent, auth=None, follow_redirects=False)

    def _download(self, request: Request[Any], sink: Sink) -> httpx.Response:
        timeout = patience(request, self._http.timeout, self._timeout)
        with self._http.stream(**arguments(request), timeout=timeout) as response:
            if not response.is_success:
                response.read()
                return response
            sink.begin()
            for chunk in response.iter_bytes():
                if not sink.take(chunk):
                    break
            return response

    @contextmanager
    def stream(self, request: Request[Any], timeout: httpx.Timeout) -> Iterator[httpx.Response]:
        """Open a stream; the body of an error answer is read already."""
        try:
            sent = arguments(request) | OF_STREAMS
            with self._http.stream(**sent, timeout=timeout) as response:
                if not response.is_success:
                    response.read()
                yield self.heard(response)
        except httpx.HTTPError as error:
            raise self.address.failure(error) from None
        except RuntimeError:
            raise_if_closed(self._http)
            raise

    def close(self) -> None:
        """Close all connections."""
        self._http.close()


class AsyncTransport(_Timed):
    """Sends requests and awaits the answers."""

    def __init__(
        self, http: httpx.AsyncClient, address: Address, retry: Retry, reconnect: Reconnect
    ) -> None:
        self._http = http
        self._retry = retry
        self.address = address
        self.reconnect = reconnect

    async def run(self, steps: Request[T] | Steps[T], *, once: bool = False) -> T:
        """Do what an endpoint describes; ``once`` leaves repeats to the caller."""
        if isinstance(steps, Request):
            return await self._send(steps, _ONCE if once else self._retry)
        try:
            step = next(steps)
            while True:
                try:
                    answer = await self._done(step, once)
                except BaseException as error:  # noqa: BLE001 - the steps may have to clean up
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            steps.close()

    async def _done(self, step: Request[Any] | Pause | Work[Any], once: bool) -> Any:
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds)
        if isinstance(step, Work):
            return await asyncio.to_thread(step.do)
        return await self.run(step, once=once)

    async def _send(self, request: Request[T], retry: Retry) -> T:
        if request.offer is not None:
            if self.address.offers.names is None:
                await self._send(request.offer.introduction, retry)
            self.address.check_offer(request.offer)
        for attempt in count(1):
            outcome = self.heard(await self._exchange(request))
            pause = retry.pause(request, outcome, attempt)
            if pause is None:
                break
            await asyncio.sleep(pause)
        return _concluded(request, outcome, self.address, attempt)

    async def _exchange(self, request: Request[Any]) -> httpx.Response | httpx.HTTPError:
        outside = request.outside
        try:
            if outside is not None:
                return await self._put_outside(request, outside)
            if request.sink is not None:
                return await self._download(request, request.sink)
            with opened(request.upload) as files:
                timeout = patience(request, self._http.timeout, self._timeout)
                asked = self._http.request(**arguments(request), timeout=timeout, files=files)
                return await shielded(asked)
        except httpx.HTTPError as error:
            # Its traceback holds httpx's own frames, and the API key is in their variables.
            return error.with_traceback(None)
        except RuntimeError:
            raise_if_closed(self._http)
            raise

    async def _put_outside(self, request: Request[Any], outside: Outside) -> httpx.Response:
        timeout = patience(request, self._http.timeout, self._timeout)
        sent = outside_request(request, outside, awaited(outside.chunks()), timeout)
        return await shielded(self._http.send(sent, auth=None, follow_redirects=False))

    async def _download(self, request: Request[Any], sink: Sink) -> httpx.Response:
        timeout = patience(request, self._http.timeout, self._timeout)
        sent = self._http.build_request(**arguments(request), timeout=timeout)
        async with answering(self._http, sent) as response:
            if not response.is_success:
                await response.aread()
                return response
            sink.begin()
            async for chunk in response.aiter_bytes():
                if not sink.take(chunk):
                    break
            return response

    @asynccontextmanager
    async def stream(
        self, request: Request[Any], timeout: httpx.Timeout
    ) -> AsyncIterator[httpx.Response]:
        """Open a stream; the body of an error answer is read already."""
        try:
            sent = self._http.build_request(**arguments(request), timeout=timeout)
            async with answering(self._http, sent, **OF_STREAMS) as response:
                if not response.is_success:
                    await response.aread()
                yield self.heard(response)
        except httpx.HTTPError as error:
            raise self.address.failure(error) from None
        except RuntimeError:
            raise_if_closed(self._http)
            raise

    async def close(self) -> None:
        """Close all connections."""
        await shielded(self._http.aclose())


def _concluded(
    request: Request[T], outcome: httpx.Response | httpx.HTTPError, address: Address, attempt: int
) -> T:
    try:
        return _answer(request, outcome, address, attempt)
    except DariError as error:
        error.idempotency_key = request.idempotency_key
        raise


def _answer(
    request: Request[T], outcome: httpx.Response | httpx.HTTPError, address: Address, attempt: int
) -> T:
    if isinstance(outcome, httpx.HTTPError):
        raise address.failure(outcome, request.outside.url if request.outside else None)
    if attempt > 1 and request.on_404 is not None and outcome.status_code == httpx.codes.NOT_FOUND:
        return request.parse(request.on_404)
    return read(request, outcome, address.secrets)
