"""Sending: the same steps once with ``httpx.Client`` and once with ``httpx.AsyncClient``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from os import PathLike
from pathlib import Path
from typing import IO, Any, TypeVar

import httpx

from ..errors import DariError, InvalidRequestError
from ._address import Address
from ._answers import read
from ._request import Request, Steps, Upload
from ._retry import Reconnect, Retry

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
            request = next(steps)
            while True:
                try:
                    answer = self.run(request, once=once)
                except DariError as error:
                    request = steps.throw(error)
                else:
                    request = steps.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def _send(self, request: Request[T], retry: Retry) -> T:
        for attempt in count(1):
            outcome = self._exchange(request)
            pause = retry.pause(request, outcome, attempt)
            if pause is None:
                break
            time.sleep(pause)
        return _concluded(request, outcome, self.address)

    def _exchange(self, request: Request[Any]) -> httpx.Response | DariError:
        try:
            with _opened(request.upload) as files:
                return self._http.request(**_arguments(request), files=files)
        except httpx.HTTPError as error:
            return self.address.failure(error)

    @contextmanager
    def stream(self, request: Request[Any], timeout: httpx.Timeout) -> Iterator[httpx.Response]:
        """Open a stream; the body of an error answer is read already."""
        try:
            with self._http.stream(**_stream_arguments(request), timeout=timeout) as response:
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
            request = next(steps)
            while True:
                try:
                    answer = await self.run(request, once=once)
                except DariError as error:
                    request = steps.throw(error)
                else:
                    request = steps.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def _send(self, request: Request[T], retry: Retry) -> T:
        for attempt in count(1):
            outcome = await self._exchange(request)
            pause = retry.pause(request, outcome, attempt)
            if pause is None:
                break
            await asyncio.sleep(pause)
        return _concluded(request, outcome, self.address)

    async def _exchange(self, request: Request[Any]) -> httpx.Response | DariError:
        try:
            with _opened(request.upload) as files:
                return await self._http.request(**_arguments(request), files=files)
        except httpx.HTTPError as error:
            return self.address.failure(error)

    @asynccontextmanager
    async def stream(
        self, request: Request[Any], timeout: httpx.Timeout
    ) -> AsyncIterator[httpx.Response]:
        """Open a stream; the body of an error answer is read already."""
        try:
            async with self._http.stream(**_stream_arguments(request), timeout=timeout) as response:
                if not response.is_success:
                    await response.aread()
                yield response
        except httpx.HTTPError as error:
            raise self.address.failure(error) from None

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()


def _arguments(request: Request[Any]) -> dict[str, Any]:
    content = request.content
    json_type = {} if content is None else {"Content-Type": "application/json"}
    return {
        "method": request.method,
        "url": request.path,
        "params": request.query or None,
        "headers": {**json_type, **request.headers},
        "content": content,
    }


def _stream_arguments(request: Request[Any]) -> dict[str, Any]:
    # A stream comes back again and again by itself, so it must never wander to another server.
    return {**_arguments(request), "follow_redirects": False}


def _concluded(request: Request[T], outcome: httpx.Response | DariError, address: Address) -> T:
    if isinstance(outcome, DariError):
        # Raised here and not where httpx failed: a verbose traceback would print httpx's own
        # frames, and the API key is in their variables.
        raise outcome
    return read(request, outcome, address.secrets)


@contextmanager
def _opened(upload: Upload | None) -> Iterator[dict[str, Any] | None]:
    if upload is None:
        yield None
    elif isinstance(upload.source, str | PathLike):
        with _open(upload.source) as file:
            yield {"file": (upload.filename, file)}
    else:
        yield {"file": (upload.filename, upload.source)}


def _open(path: str | PathLike[str]) -> IO[bytes]:
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise InvalidRequestError(
            f"Cannot read {str(path)!r}: {error.strerror or error}."
        ) from None
