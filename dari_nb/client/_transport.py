"""Sending: the same steps once with ``httpx.Client`` and once with ``httpx.AsyncClient``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from typing import Any, TypeVar

import httpx

from ..errors import DariError
from ._address import Address
from ._answers import read
from ._request import Outside, Pause, Request, Sink, Steps, Work
from ._retry import Reconnect, Retry
from ._wire import arguments, awaited, opened, outside_request, patience, stream_arguments

T = TypeVar("T")
_ONCE = Retry(tries=1)


class Transport:
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
        for attempt in count(1):
            outcome = self._exchange(request)
            pause = retry.pause(request, outcome, attempt)
            if pause is None:
                break
            time.sleep(pause)
        return _concluded(request, outcome, self.address, attempt)

    def _exchange(self, request: Request[Any]) -> httpx.Response | DariError:
        outside = request.outside
        try:
            if outside is not None:
                return self._put_outside(request, outside)
            if request.sink is not None:
                return self._download(request, request.sink)
            with opened(request.upload) as files:
                return self._http.request(
                    **arguments(request), **patience(request, self._http.timeout), files=files
                )
        except httpx.HTTPError as error:
            return self.address.failure(error, outside.url if outside else None)

    def _put_outside(self, request: Request[Any], outside: Outside) -> httpx.Response:
        sent = outside_request(request, outside, outside.chunks(), self._http.timeout)
        return self._http.send(sent, auth=None, follow_redirects=False)

    def _download(self, request: Request[Any], sink: Sink) -> httpx.Response:
        with self._http.stream(**arguments(request)) as response:
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
            with self._http.stream(**stream_arguments(request), timeout=timeout) as response:
                if not response.is_success:
                    response.read()
                yield response
        except httpx.HTTPError as error:
            raise self.address.failure(error) from None

    def close(self) -> None:
        """Close all connections."""
        self._http.close()


class AsyncTransport:
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
        for attempt in count(1):
            outcome = await self._exchange(request)
            pause = retry.pause(request, outcome, attempt)
            if pause is None:
                break
            await asyncio.sleep(pause)
        return _concluded(request, outcome, self.address, attempt)

    async def _exchange(self, request: Request[Any]) -> httpx.Response | DariError:
        outside = request.outside
        try:
            if outside is not None:
                return await self._put_outside(request, outside)
            if request.sink is not None:
                return await self._download(request, request.sink)
            with opened(request.upload) as files:
                return await self._http.request(
                    **arguments(request), **patience(request, self._http.timeout), files=files
                )
        except httpx.HTTPError as error:
            return self.address.failure(error, outside.url if outside else None)

    async def _put_outside(self, request: Request[Any], outside: Outside) -> httpx.Response:
        sent = outside_request(request, outside, awaited(outside.chunks()), self._http.timeout)
        return await self._http.send(sent, auth=None, follow_redirects=False)

    async def _download(self, request: Request[Any], sink: Sink) -> httpx.Response:
        async with self._http.stream(**arguments(request)) as response:
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
            async with self._http.stream(**stream_arguments(request), timeout=timeout) as response:
                if not response.is_success:
                    await response.aread()
                yield response
        except httpx.HTTPError as error:
            raise self.address.failure(error) from None

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()


def _concluded(
    request: Request[T], outcome: httpx.Response | DariError, address: Address, attempt: int
) -> T:
    if isinstance(outcome, DariError):
        # Raised here and not where httpx failed: a verbose traceback would print httpx's own
        # frames, and the API key is in their variables.
        raise outcome
    if attempt > 1 and request.gone is not None and outcome.status_code == httpx.codes.NOT_FOUND:
        return request.parse(request.gone)
    return read(request, outcome, address.secrets)
