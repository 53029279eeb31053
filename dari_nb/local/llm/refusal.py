"""What a server says in place of an answer."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from .json_mode.schema import PLACE
from .protocols.decoding import error_text, may_pass
from .trouble import ProviderTrouble, ToolsRefused, shortened

if TYPE_CHECKING:
    import httpx

_ERROR_BYTES = 64 * 1024
_PASSING = (408, 409, 425, 429)
_UNUSABLE = (400, 422)
"""What servers answer to requests that they can make no use of."""
_NO_TOOLS = re.compile(
    r"(not|n't|endpoints found that) support(ed)? (\w+ ){0,2}(tool|function)|"
    r"\b(tool|function)s?\W( ?\w+){0,4} ?(not|n't) (support|enabled|available)|"
    r"requires --(jinja|enable-auto-tool-choice)|"
    r"\btools\W+extra (inputs|fields)|"
    r"(unknown|unrecogni[sz]ed|unexpected|extra)( \w+){1,4}\W+tools\b",
    re.IGNORECASE,
)
"""How Ollama, OpenRouter, vLLM, llama.cpp and others say that a model takes no tools."""
_OF_ONE = re.compile(r"schema|tools\W{0,2}\d", re.IGNORECASE)
"""What they say of one tool, and not of all."""
_BINDING = re.compile(r"schema|grammar|response_format|output_config", re.IGNORECASE)
_PLACE = re.compile(re.escape(PLACE) + r"([A-Za-z0-9_-]+)")
_UNBOUND = (
    "it cannot bind its answers by the input_schema of the tool {!r}: simplify that, or leave the "
    "tool out (it {})"
)
_UNBOUND_BY_ANY = (
    "it cannot bind its answers by a JSON Schema, or not by the input_schema of one of the tools: "
    'tools = "native" asks it without one (it {})'
)


async def refusal(answer: httpx.Response, *, json_mode: bool) -> ProviderTrouble:
    """Read what a server says in place of an answer.

    Args:
        answer: What it answered.
        json_mode: Whether it was asked to bind its answer by a schema.
    """
    text = (await start_of(answer, _ERROR_BYTES)).decode("utf-8", "replace")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = text
    status = answer.status_code
    passes = status in _PASSING or status >= 500
    error = told.get("error") if isinstance(told, dict) else None
    if status == 429 and isinstance(error, dict) and error.get("code") == "insufficient_quota":
        passes = may_pass(error)
    words = error_text(told) or answer.reason_phrase
    said = f"answered {status}: {words}"
    if not json_mode and _refuses_tools(status, words):
        return ToolsRefused(f"it {said}")
    if json_mode and status in _UNUSABLE and _BINDING.search(words):
        return ProviderTrouble(_unbound(words, said))
    return ProviderTrouble(f"it {said}", may_pass=passes, wait=_wait(answer.headers))


def _refuses_tools(status: int, words: str) -> bool:
    """Whether an error says that a model takes no tools at all.

    >>> _refuses_tools(400, "registry.ollama.ai/library/gemma3:4b does not support tools")
    True
    >>> _refuses_tools(400, "tools.0.custom.input_schema: oneOf is not supported")
    False
    """
    is_meant = status not in _PASSING and not _OF_ONE.search(words)
    return is_meant and bool(_NO_TOOLS.search(words))


def _unbound(words: str, said: str) -> str:
    """Say which tool's schema cannot be used, where the error names its place."""
    named, said = _PLACE.search(words), shortened(said)
    return _UNBOUND.format(named[1], said) if named else _UNBOUND_BY_ANY.format(said)


async def start_of(answer: httpx.Response, most: int) -> bytes:
    """Read the first bytes of an answer, of which there may be no end."""
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
