"""One answer of a model, put together from the pieces in which it arrives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from ...models import Content, reasoning_block, text_block
from ...models.nesting import is_nested_deeper
from ..agents import Draft, Reasoning
from .json_mode.stream_parser import StreamParser
from .think_tags import ThinkTags
from .tokens import Tokens
from .trouble import Misfit, ProviderTrouble

MAX_CHARACTERS = 4 * 1024 * 1024
"""Most characters that one answer may have, tool arguments included."""

_MAX_NESTING = 100

Stop = Literal["end", "length", "refusal"]
"""Why a model stopped; whether it waits for tools is seen by its calls."""


@dataclass(frozen=True)
class AskedCall:
    """A tool call as a model asked for it; ``arguments`` is the text that it wrote.

    The provider's own id is not kept: the ledger gives each call one.
    """

    name: str
    arguments: str

    def parsed(self) -> dict[str, Any]:
        """Read the arguments; none at all count as an empty object.

        Raises:
            ValueError: They are no JSON object; the text is meant for the model.
        """
        if not self.arguments.strip():
            return {}
        try:
            value = msgspec.json.decode(self.arguments)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise ValueError(f"The arguments are not valid JSON: {error}") from None
        if not isinstance(value, dict) or is_nested_deeper(value, _MAX_NESTING):
            raise ValueError(
                f"The arguments must be a JSON object of at most {_MAX_NESTING} levels."
            )
        return value


@dataclass(frozen=True)
class Reply:
    """A complete answer.

    Attributes:
        text: What the model said; of a refusal, its reason.
        calls: The tools that it wants, in its order.
        stop: Why it stopped.
        tokens: What the request took, or ``None`` when the provider did not say.
        reasoning: What it thought before, as far as the provider tells.
    """

    text: str
    calls: tuple[AskedCall, ...]
    stop: Stop
    tokens: Tokens | None
    reasoning: tuple[Reasoning, ...] = ()

    @property
    def is_cut_off(self) -> bool:
        """Whether it is a text whose end is missing, and nothing else."""
        return self.stop == "length" and bool(self.text.strip()) and not self.calls


@dataclass
class OpenCall:
    """A tool call whose arguments still arrive.

    ``number`` is its place in the answer, ``key`` is what later pieces name it by.
    """

    number: int
    key: object
    id: str
    name: str
    pieces: list[str] = field(default_factory=list)


@dataclass
class OpenThought:
    """A block of thoughts that still arrives, with what its protocol wants back."""

    key: object
    provider: dict[str, list[str]]
    pieces: list[str] = field(default_factory=list)

    def reasoning(self) -> Reasoning:
        """Return it as it is now."""
        provider = {name: joined(pieces) for name, pieces in self.provider.items()}
        return Reasoning(joined(self.pieces), provider or None)


class OpenReply:
    """An answer that is still arriving."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._said: list[str] = []
        self._step: StreamParser | None = None
        self._thoughts: list[OpenThought] = []
        self._tags = ThinkTags()
        self._has_thought = False
        self._news: list[Draft] = []
        self._calls: list[OpenCall] = []
        self._size = 0
        self.stop: Stop | None = None
        self.refused = False
        self.tokens: Tokens | None = None

    def bind(self, step: StreamParser) -> None:
        """Read the text as a step of a model that is bound by a schema."""
        self._step = step

    def add_text(self, piece: str) -> None:
        """Take in a piece of text, in which thoughts may stand between tags."""
        self._count(piece)
        self._take(self._tags.read(piece))

    def open_thought(self, key: object, **provider: str) -> OpenThought:
        """Begin a block of thoughts; who tells them apart writes no tags from then on."""
        self._take(self._tags.end())
        begun = {name: [value] for name, value in provider.items()}
        return self._begin_thought(OpenThought(key, begun))

    def last_thought(self, key: object) -> OpenThought | None:
        """The block of thoughts that was last begun under this key."""
        return next((thought for thought in reversed(self._thoughts) if thought.key == key), None)

    def think(self, thought: OpenThought, piece: str) -> None:
        """Take in a piece of thoughts."""
        self._count(piece)
        self._add_thought(thought, piece)

    def sign(self, thought: OpenThought, name: str, piece: str) -> None:
        """Take in a piece of what is to be handed back with thoughts."""
        self._count(piece)
        thought.provider.setdefault(name, []).append(piece)

    def open_call(self, key: object, call_id: str, name: str) -> OpenCall:
        """Begin a tool call."""
        self._count(call_id + name)
        call = OpenCall(len(self._calls), key, call_id, name)
        self._calls.append(call)
        return call

    def last_call(self, key: object) -> OpenCall | None:
        """The call that was last begun under this key."""
        return next((call for call in reversed(self._calls) if call.key == key), None)

    def add_arguments(self, call: OpenCall, piece: str) -> None:
        """Take in a piece of a call's arguments."""
        self._count(piece)
        call.pieces.append(piece)
        if piece:
            self._news.append(Draft(piece, "arguments", call.name, call.number))

    def news(self) -> list[Draft]:
        """Return the pieces that came since this was last asked for."""
        news, self._news = self._news, []
        return news

    def reply(self) -> Reply:
        """Return the answer, to which no more comes.

        Raises:
            Misfit: It is bound by a schema, and does not fit it.
        """
        self._take(self._tags.end())
        calls = tuple(AskedCall(call.name, joined(call.pieces)) for call in self._calls)
        stop: Stop = "refusal" if self.refused else self.stop or "end"
        said = joined(self._text if stop == "refusal" else self._said)
        if self._step is not None and stop != "refusal":
            flaw = self._step.misfit if stop == "length" else self._step.flaw
            if flaw is not None:
                raise Misfit(flaw, self.tokens)
        return Reply(said, calls, stop, self.tokens, self._reasoning())

    def _reasoning(self) -> tuple[Reasoning, ...]:
        given = [thought.reasoning() for thought in self._thoughts]
        return tuple(one for one in given if one.text.strip() or one.provider)

    def _take(self, parts: Iterable[tuple[str, str]]) -> None:
        """Take in parts of a text: what was said, what was thought, or that all was thought."""
        for kind, piece in parts:
            if kind == "text":
                self._text.append(piece)
                self._say(piece)
            elif kind == "reasoning":
                self._add_thought(self._tagged(), piece)
            else:
                said, self._text, self._said = "".join(self._text), [], []
                if self._step is not None:
                    self._step, self._calls = self._step.fresh(), []
                self._news.append(Draft("", restart=True))
                self._add_thought(self._tagged(), said)

    def _say(self, piece: str) -> None:
        """Take in a piece of what was said, or of the step that says it."""
        parts = self._step.read(piece) if self._step else [("text", piece)]
        for kind, part in parts:
            if kind == "text":
                self._said.append(part)
                self._news.append(Draft(part))
            elif kind == "call":
                self.open_call(StreamParser, "", part)
            else:
                self.add_arguments(self._calls[-1], part)

    def _tagged(self) -> OpenThought:
        return self.last_thought(ThinkTags) or self._begin_thought(OpenThought(ThinkTags, {}))

    def _begin_thought(self, thought: OpenThought) -> OpenThought:
        if self._has_thought:
            self._news.append(Draft("\n\n", "reasoning"))
        self._count("")
        self._thoughts.append(thought)
        return thought

    def _add_thought(self, thought: OpenThought, piece: str) -> None:
        if piece:
            self._has_thought = True
            thought.pieces.append(piece)
            self._news.append(Draft(piece, "reasoning"))

    def _count(self, piece: str) -> None:
        # A piece without characters counts as well, so that calls without end have one.
        self._size += len(piece) + 1
        if self._size > MAX_CHARACTERS:
            raise ProviderTrouble(
                f"its answer has more than {MAX_CHARACTERS} characters",
                begun=True,
                said=content_of(self._reasoning(), joined(self._said)[:MAX_CHARACTERS]),
                tokens=self.tokens,
            )


def content_of(reasoning: Iterable[Reasoning], text: str) -> Content:
    """Make the content of what was thought and said, which may be nothing."""
    blocks = [reasoning_block(thought.text, thought.provider) for thought in reasoning]
    return [*blocks, text_block(text)] if text.strip() else blocks


def joined(pieces: list[str]) -> str:
    """Join pieces, of which two may hold half of a character each."""
    return "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
