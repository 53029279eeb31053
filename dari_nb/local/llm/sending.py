"""Asking a model over HTTP: one streamed request, and every way in which it can fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ..addresses import is_loopback
from . import anthropic_messages, chat_completions
from .conversation import Message
from .decoding import Decoder, error_text, may_pass
from .reply import Reply
from .settings import Llm
from .sse import MAX_EVENT
from .trouble import BrokenStream, ProviderTrouble, shortened

if TYPE_CHECKING:
    import httpx

    from ..tooling import ToolSpec

_CONNECT_SECONDS = 10.0
_LONGEST_SECONDS = 3600.0
"""Seconds after which an answer that still trickles counts as broken."""
_DRAIN_SECONDS = 0.2
_ERROR_BYTES = 64 * 1024
_PASSING = (408, 409, 425, 429)
_PROTOCOLS = {
    "chat_completions": (chat_completions, chat_completions.ChatCompletionsDecoder),
    "anthropic_messages": (anthropic_messages, anthropic_messages.AnthropicMessagesDecoder),
}


class Sender:
    """Sends requests to models; it is used on one event loop, and closed there."""

    def __init__(self) -> None:
        self._clients: dict[bool, httpx.AsyncClient] = {}
        self._gates: dict[tuple[str, str, int], asyncio.Semaphore] = {}

    async def ask(
        self,
        llm: Llm,
        key: str | None,
        system: str,
        messages: Sequence[Message],
        tools: Iterable[ToolSpec],
    ) -> Reply:
        """Ask once and return the whole answer.

        Raises:
            ProviderTrouble: There was none; the text says why, without the key.
        """
        protocol, decoder = _PROTOCOLS[llm.protocol]
        body = protocol.body(llm.model, system, messages, tools, llm.options)
        headers = protocol.headers(_checked(key))
        try:
            async with (
                self._gate(llm),
                asyncio.timeout(_LONGEST_SECONDS),
                self._answer(llm, protocol.PATH, body, headers) as answer,
            ):
                return await _read(answer, decoder())
        except TimeoutError:
            raise BrokenStream(f"{llm}: no end of the answer came in an hour") from None
        except ProviderTrouble as trouble:
            raise _placed(trouble, llm, key) from None

    async def close(self) -> None:
        """Close all connections."""
        clients, self._clients = list(self._clients.values()), {}
        self._gates.clear()
        for client in clients:
            await client.aclose()

    def _gate(self, llm: Llm) -> asyncio.Semaphore:
        most = llm.settings.max_parallel
        key = (llm.base_url, llm.model, most)
        return self._gates.setdefault(key, asyncio.Semaphore(most))

    @asynccontextmanager
    async def _answer(
        self, llm: Llm, path: str, body: dict[str, Any], headers: dict[str, str]
    ) -> AsyncIterator[httpx.Response]:
        import httpx

        seconds = llm.settings.timeout
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        request = self._client(llm.base_url).stream(
            "POST",
            f"{llm.base_url}{path}",
            content=content,
            headers={"Content-Type": "application/json", "Accept": "text/event-stream", **headers},
            timeout=httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS)),
        )
        begun = False
        try:
            async with request as answer:
                begun = answer.is_success
                yield answer
        except httpx.TimeoutException:
            raise ProviderTrouble(
                f"no answer within {seconds:g} s", may_pass=True, begun=begun
            ) from None
        except httpx.HTTPError as error:
            text = f"the connection broke: {error or type(error).__name__}"
            text = text if begun else f"it cannot be reached: {error or type(error).__name__}"
            raise ProviderTrouble(text, may_pass=True, begun=begun) from None

    def _client(self, base_url: str) -> httpx.AsyncClient:
        import httpx

        # What runs on this machine is asked directly, whatever proxy the environment names.
        is_here = is_loopback(base_url)
        if is_here not in self._clients:
            self._clients[is_here] = httpx.AsyncClient(trust_env=not is_here)
        return self._clients[is_here]


async def _read(answer: httpx.Response, decoder: Decoder) -> Reply:
    if not answer.is_success:
        raise await _refusal(answer)
    if answer.headers.get("content-type", "").startswith("application/json"):
        return decoder.whole(await _start_of(answer, MAX_EVENT))
    pieces = answer.aiter_bytes()
    async for data in pieces:
        decoder.feed(data)
        if decoder.is_done:
            await _drain(pieces)
            break
    return decoder.end()


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    """Read what little is left of an answer, so that its connection serves the next request."""
    import httpx

    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in pieces:
                pass


async def _refusal(answer: httpx.Response) -> ProviderTrouble:
    text = (await _start_of(answer, _ERROR_BYTES)).decode("utf-8", "replace")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = text
    status = answer.status_code
    passes = status in _PASSING or status >= 500
    error = told.get("error") if isinstance(told, dict) else None
    if status == 429 and isinstance(error, dict) and error.get("code") == "insufficient_quota":
        passes = may_pass(error)
    return ProviderTrouble(
        f"it answered {status}: {error_text(told) or answer.reason_phrase}",
        may_pass=passes,
        wait=_wait(answer.headers),
    )


async def _start_of(answer: httpx.Response, most: int) -> bytes:
    """The first bytes of an answer, of which there may be no end."""
    body = bytearray()
    async for data in answer.aiter_bytes():
        body += data
        if len(body) > most:
            break
    return bytes(body[:most])


def _wait(headers: httpx.Headers) -> float | None:
    """The seconds that an answer asks to wait, in any of the three usual forms."""
    text = headers.get("retry-after", "")
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _checked(key: str | None) -> str | None:
    if key and not (key.isascii() and key.isprintable()):
        raise ProviderTrouble("The key of the model must be printable ASCII, without line breaks.")
    return key


def _placed(trouble: ProviderTrouble, llm: Llm, key: str | None) -> ProviderTrouble:
    """Say which model it was, and hide the key in what others wrote."""
    text = str(trouble)
    # Before it is cut: the beginning of a key is more than nothing.
    text = shortened(text.replace(key, "[hidden]") if key else text)
    return ProviderTrouble(
        f"{llm}: {text}", may_pass=trouble.may_pass, wait=trouble.wait, begun=trouble.begun
    )
