"""Asking a model over HTTP: one streamed request, and every way in which it can fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from ...cancelling import answering
from ..agents import Draft
from ..agents.tools import ToolSpec
from ..gguf import ModelError, ModelFile, Running, template_takes_tools
from ..network.addresses import is_loopback
from .conversation import Message, wire_name
from .json_mode.prompt import goes_in_circles, plain, prompt_of
from .json_mode.schema import schema_of
from .json_mode.stream_parser import StreamParser
from .json_mode.tool_support import ToolSupport
from .protocols import anthropic_messages, chat_completions
from .protocols.decoding import MAX_EVENT, Decoder
from .refusal import refusal, start_of
from .reply import Reply
from .settings import Llm
from .trouble import BrokenStream, ProviderTrouble, ToolsRefused, shortened

if TYPE_CHECKING:
    import httpx


_CONNECT_SECONDS = 10.0
_LONGEST_SECONDS = 3600.0
"""Seconds after which an answer that still trickles counts as broken."""
_DRAIN_SECONDS = 0.2
_PROTOCOLS = {
    "chat_completions": (chat_completions, chat_completions.ChatCompletionsDecoder),
    "anthropic_messages": (anthropic_messages, anthropic_messages.AnthropicMessagesDecoder),
}


class _Question(NamedTuple):
    """What a model is asked, in no provider's form."""

    system: str
    messages: Sequence[Message]
    tools: Sequence[ToolSpec]


class Sender:
    """Sends requests to models; it is used on one event loop, and closed there.

    Attributes:
        tool_support: Which of them take no tools.
    """

    def __init__(self) -> None:
        self.tool_support = ToolSupport()
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._gates: dict[tuple[str, str, int], asyncio.Semaphore] = {}
        self._running: dict[ModelFile, Running] = {}

    async def ask(
        self,
        llm: Llm,
        key: str | None,
        system: str,
        messages: Sequence[Message],
        tools: Iterable[ToolSpec],
        begin: Callable[[], Awaitable[None]],
    ) -> AsyncGenerator[Draft | Reply, None]:
        """Ask once, which begins when few enough others are asked.

        Yields:
            The answer's pieces as they arrive, and at last all of it.

        Raises:
            ProviderTrouble: There was none; the text says why, without the key.
        """
        question = _Question(system, tuple(messages), tuple(tools))
        try:
            async with self._begun(llm, begin), self._reached(llm, key) as (url, own_key):
                asked = replace(llm, base_url=url)
                json_mode = bool(question.tools) and await self._in_json_mode(llm, asked, own_key)
                has_ended = False
                while not has_ended:
                    try:
                        pieces = self._asked(asked, own_key, question, json_mode=json_mode)
                        async with aclosing(pieces):
                            async for piece in pieces:
                                yield piece
                        has_ended = True
                    except ToolsRefused:
                        if llm.tools != "auto":
                            raise
                        self.tool_support.note(llm, takes_tools=False)
                        json_mode = True
        except ProviderTrouble as trouble:
            raise _placed(trouble, llm, key) from None

    async def _in_json_mode(self, llm: Llm, asked: Llm, key: str | None) -> bool:
        """Whether a model is bound by a schema; one of this machine is asked for its template."""
        if llm.file is not None and self.tool_support.is_open(llm):
            takes = await template_takes_tools(self._client(asked), asked.base_url, key)
            self.tool_support.note(llm, takes_tools=takes)
        return self.tool_support.needs_json_mode(llm)

    async def _asked(
        self, llm: Llm, key: str | None, question: _Question, *, json_mode: bool
    ) -> AsyncGenerator[Draft | Reply, None]:
        protocol, decoding = _PROTOCOLS[llm.protocol]
        decoder, options = decoding(), llm.options
        system, messages, tools = question
        if json_mode:
            callable_now = () if goes_in_circles(messages) else tools
            options |= protocol.binding(schema_of(callable_now))
            decoder.arriving.bind(StreamParser(wire_name(tool.name) for tool in callable_now))
            system, messages, tools = prompt_of(system, tools), tuple(plain(messages)), ()
        body = protocol.body(llm.model, system, messages, tools, options)
        headers = protocol.headers(_checked(key))
        async with self._answer(llm, protocol.PATH, body, headers) as answer:
            async for piece in _read(answer, decoder, json_mode=json_mode):
                yield piece

    def runs(self, file: ModelFile) -> bool:
        """Whether a model of this machine runs now; on any thread."""
        running = self._running.get(file)
        return running is not None and running.is_running

    async def close(self) -> None:
        """Close all connections."""
        clients, self._clients = list(self._clients.values()), {}
        models, self._running = list(self._running.values()), {}
        self._gates.clear()
        for client in clients:
            await client.aclose()
        for model in models:
            await model.close()

    @asynccontextmanager
    async def _reached(self, llm: Llm, key: str | None) -> AsyncIterator[tuple[str, str | None]]:
        """Give the address of a model and its key; a model of this machine is started for that."""
        if llm.file is None:
            yield llm.base_url, key
            return
        running = self._running.setdefault(llm.file, Running(llm.file))
        try:
            async with running.lent() as address:
                yield address.url, address.key
        except ModelError as trouble:
            raise ProviderTrouble(str(trouble)) from None
        except ProviderTrouble as trouble:
            death = await running.death() if trouble.may_pass else None
            if death is None:
                raise
            passes = not running.is_hopeless
            raise ProviderTrouble(death, may_pass=passes, begun=trouble.begun) from None
        running.answered()

    @asynccontextmanager
    async def _begun(self, llm: Llm, begin: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        async with self._gate(llm):
            await begin()
            yield

    def _gate(self, llm: Llm) -> asyncio.Semaphore:
        most = llm.settings.max_parallel
        key = (llm.base_url, llm.model, most)
        return self._gates.setdefault(key, asyncio.Semaphore(most))

    @asynccontextmanager
    async def _answer(
        self, llm: Llm, path: str, body: dict[str, Any], headers: dict[str, str]
    ) -> AsyncIterator[httpx.Response]:
        import httpx

        from ..network.outgoing import NotAllowed

        seconds = llm.settings.timeout
        connect = min(seconds, _CONNECT_SECONDS)
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        client, begun = self._client(llm), False
        try:
            request = client.build_request(
                "POST",
                f"{llm.base_url}{path}",
                content=content,
                headers={
                    "Content-Type": "application/json",
                    "Accept": "text/event-stream",
                    **headers,
                },
                timeout=httpx.Timeout(seconds, connect=connect),
            )
            async with answering(client, request) as answer:
                begun = answer.is_success
                yield answer
        except NotAllowed as error:
            raise ProviderTrouble(f"it must not be asked: {error}") from None
        except httpx.InvalidURL as error:
            raise ProviderTrouble(f"its address cannot be read: {error}") from None
        except httpx.ConnectTimeout:
            raise ProviderTrouble(f"no connection within {connect:g} s", may_pass=True) from None
        except httpx.TimeoutException:
            raise ProviderTrouble(
                f"no answer within {seconds:g} s", may_pass=True, begun=begun
            ) from None
        except httpx.HTTPError as error:
            what = "the connection broke" if begun else "it cannot be reached"
            raise ProviderTrouble(
                f"{what}: {str(error) or type(error).__name__}", may_pass=True, begun=begun
            ) from None

    def _client(self, llm: Llm) -> httpx.AsyncClient:
        way = "checked" if llm.is_foreign else "direct" if is_loopback(llm.base_url) else "usual"
        if way not in self._clients:
            self._clients[way] = _new_client(way)
        return self._clients[way]


def _new_client(way: str) -> httpx.AsyncClient:
    """Connections that follow no redirect, which could lead the key elsewhere."""
    import httpx

    from ..network.outgoing import CheckedTransport

    if way == "checked":
        return httpx.AsyncClient(transport=CheckedTransport())
    # What runs on this machine is asked directly, whatever proxy the environment names.
    return httpx.AsyncClient(trust_env=way == "usual")


async def _read(
    answer: httpx.Response, decoder: Decoder, *, json_mode: bool
) -> AsyncIterator[Draft | Reply]:
    if not answer.is_success:
        raise await refusal(answer, json_mode=json_mode)
    content_type = answer.headers.get("content-type", "").lower()
    if content_type.startswith("text/html"):
        raise ProviderTrouble("it answered with a web page: check its base_url")
    if content_type.startswith("application/json"):
        yield decoder.whole(await start_of(answer, MAX_EVENT))
        return
    pieces = _bounded(answer.aiter_bytes())
    async for piece in decoder.read(pieces):
        if isinstance(piece, Reply):
            await _drain(pieces)
        yield piece


async def _bounded(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    end = monotonic() + _LONGEST_SECONDS
    async for data in pieces:
        if monotonic() > end:
            raise BrokenStream("no end of the answer came in an hour")
        yield data


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    """Read what little is left of an answer, so that its connection serves the next request."""
    import httpx

    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in pieces:
                pass


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
        f"{llm}: {text}",
        may_pass=trouble.may_pass,
        wait=trouble.wait,
        begun=trouble.begun,
        said=trouble.said,
        tokens=trouble.tokens,
    )
