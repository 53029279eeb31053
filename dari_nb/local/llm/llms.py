"""The named LLMs of a server, what models cost, and how they are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ..store.records import JsonObject, manifest_of
from .asking import Sender
from .patience import BACKOFF
from .prices import Prices
from .settings import Llm, named_llm
from .tokens import Tokens

ASSISTANT = "assistant"
"""The agent that a server with LLMs of its own has."""
NO_ASSISTANT = f"{ASSISTANT} comes with the first model: dari-local model pull smollm2."
_ABOUT = "A plain chat with the server's LLMs, with file tools in the session's workspace."
_PROMPT = """\
You are a helpful assistant in a notebook. Answer in Markdown, briefly and to the point. Files \
that the user attaches are in your workspace, /workspace: use your tools to read, find, write and \
edit files there."""
_TOOLS = ["read", "write", "edit", "ls", "find", "grep"]


class Llms:
    """The LLMs of one server.

    Args:
        named: Settings by name, as `LocalDari` takes them.
        prices: A price table, as `Prices` takes it.
        backoff: Seconds before each further try of a request that failed in passing.

    Raises:
        InvalidRequestError: A setting or a price is wrong; the text names it.
    """

    def __init__(
        self,
        named: Mapping[str, Mapping[str, Any]] | None = None,
        prices: Mapping[str, Mapping[str, Any]] | None = None,
        backoff: Sequence[float] = BACKOFF,
    ) -> None:
        self.named: dict[str, Llm] = {}
        self.prices = Prices()
        self.backoff = tuple(backoff)
        self.sender = Sender()
        self.add(named, prices)

    def add(
        self,
        named: Mapping[str, Mapping[str, Any]] | None = None,
        prices: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Take in more LLMs and prices, or other ones in place of those of the same names."""
        given = (named or {}).items()
        more = {str(name): named_llm(str(name), settings) for name, settings in given}
        self.prices = self.prices.updated(prices or {})
        # The first one is the default of the agent that chats with them, and stays so; of those
        # that come at once, people's own are before what comes by itself.
        self.named = {**self.named, **dict(sorted(more.items(), key=_comes_by_itself))}

    def unpriced(self, name: str) -> str | None:
        """Return the name if it is one of these and has no price; a file's model costs nothing."""
        llm = self.named.get(name)
        if llm is None or llm.file is not None:
            return None
        return name if self.prices.cost([llm.name, llm.model], Tokens()) is None else None

    def assistant(self) -> JsonObject:
        """The manifest of the agent that chats with these LLMs; the first one is its default."""
        manifest = manifest_of(ASSISTANT, description=_ABOUT, instructions=_PROMPT)
        options = {name: _option(llm) for name, llm in self.named.items()}
        llm = {"default": next(iter(self.named)), "options": options}
        return {**manifest, "harness": "pi", "llm": llm, "built_in_tools": _TOOLS}


def _option(llm: Llm) -> JsonObject:
    """What the manifest tells of an LLM: other options make another version."""
    options = msgspec.to_builtins(llm.settings.options)
    about = {"about": llm.file.about} if llm.file and llm.file.about else {}
    given = {"options": options} if options else {}
    return {"model": llm.name, **about, **given, **llm.abilities}


def _comes_by_itself(named: tuple[str, Llm]) -> bool:
    name, llm = named
    return llm.file is not None and llm.file.name == name and bool(llm.file.about)
