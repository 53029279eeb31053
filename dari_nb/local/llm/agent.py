"""An agent backed by an LLM: asks it, runs the tools that it wants, until it stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ...models import Content
from ..agents import CutOff, Draft, NewAttempt, ToolCall, ToolResult, Turn, TurnFailure, Usage
from ..agents.functions import Step
from ..json_schema.schemas import checked, flaw_of
from ..tools import Toolbox
from .asking import Sender
from .conversation import (
    MadeCall,
    Message,
    ModelSaid,
    as_object,
    earlier,
    places_of,
    result_of,
    user_text,
    wire_name,
)
from .images.attached import Pictures
from .patience import BACKOFF, Patience
from .prices import Prices
from .reply import AskedCall, Reply, content_of
from .settings import Llm
from .tokens import Tokens
from .trouble import ProviderTrouble

MOST_MALFORMED = 3
"""Calls with malformed arguments in one turn, after which it fails."""

MOST_CALLS = 100
"""Calls in one answer, above which the turn fails before any of them is run."""

_TOO_MANY_CALLS = "The model asked for {} tool calls at once; {} are the most."
_TOO_MANY_STEPS = "The turn reached its limit of {} requests to the model before it ended."
_TOO_MANY_TOKENS = "The turn reached its limit of {} tokens before it ended."
_CUT = "The answer was cut off {}: the model reached its limit of output tokens{}."
_IN_A_CALL, _BEFORE_A_TEXT = "in the middle of a tool call", "before it had a text"
_MALFORMED = "The model wrote malformed arguments for its tools {} times, last for {!r}: {}"


@dataclass(frozen=True)
class ModelContext:
    """What an LLM agent works with in one turn.

    Attributes:
        llm: The model.
        key: Its key, if it needs one.
        system: The system prompt.
        toolbox: The tools of the session.
    """

    llm: Llm
    key: str | None = field(repr=False)
    system: str
    toolbox: Toolbox


@dataclass
class LlmAgent:
    """An agent function that asks a model.

    Attributes:
        context_for: Gives what it works with, once the turn is known; raises `TurnFailure`.
        sender: What sends its requests.
        prices: What tokens cost.
        backoff: Seconds before each further try of a request that failed in passing.
    """

    context_for: Callable[[Turn], Awaitable[ModelContext]]
    sender: Sender
    prices: Prices
    backoff: Sequence[float] = BACKOFF

    async def __call__(self, _prompt: str, turn: Turn) -> AsyncGenerator[Step, Any]:
        """Answer one message; each request that fails in passing is a new attempt."""
        context = await self.context_for(turn)
        # In a thread: a long history would hold up the streams of everybody.
        messages = await asyncio.to_thread(_conversation, turn, context.llm)
        spent = _Spent(context.llm)
        while True:
            spent.check()
            patience, reply = Patience(self.backoff), None
            while reply is None:
                try:
                    async with aclosing(self._ask(context, messages, turn.begin)) as answer:
                        async for piece in answer:
                            if isinstance(piece, Draft):
                                yield piece
                            else:
                                reply = piece
                except asyncio.CancelledError:
                    # What had been written costs something, and nobody says how much.
                    yield self._usage(context.llm, None)
                    raise
                except ProviderTrouble as trouble:
                    if trouble.begun:
                        yield self._usage(context.llm, trouble.tokens)
                        spent.use(trouble.tokens)
                    if trouble.said:
                        yield trouble.said
                    seconds = patience.wait_after(trouble)
                    yield NewAttempt(str(trouble))
                    await asyncio.sleep(seconds)
            yield self._usage(context.llm, reply.tokens)
            yield spent.said(reply)
            spent.add(reply)
            if not reply.calls:
                return
            calls = await spent.calls(reply, context.toolbox)
            results: list[ToolResult] = yield tuple(calls)
            messages += _said(reply, calls, results)

    def _ask(
        self,
        context: ModelContext,
        messages: Sequence[Message],
        begin: Callable[[], Awaitable[None]],
    ) -> AsyncGenerator[Draft | Reply, None]:
        specs = context.toolbox.specs
        return self.sender.ask(context.llm, context.key, context.system, messages, specs, begin)

    def _usage(self, llm: Llm, tokens: Tokens | None) -> Usage:
        cost = self.prices.cost([llm.name, llm.model], tokens)
        if cost is None and llm.file is not None:
            cost = Decimal(0)  # nobody is paid for what this machine does
        if tokens is None:
            return Usage(cost)
        return Usage(cost, tokens.input, tokens.output, tokens.cached, tokens.reasoning)


def _conversation(turn: Turn, llm: Llm) -> list[Message]:
    place_of, pictures = places_of(turn.files), Pictures(llm, turn.files)
    asked = user_text(turn.content, place_of, pictures.of)
    return [*earlier(turn.history, place_of, pictures.of_earlier), asked]


class _Spent:
    """What a turn has used up of its limits."""

    def __init__(self, llm: Llm) -> None:
        self._limits = llm.settings
        self._most_output = llm.max_output_tokens
        self._steps = 0
        self._tokens = 0
        self._malformed = 0
        self._has_said = False

    def check(self) -> None:
        """Hold the limits before the next request."""
        if self._steps >= self._limits.max_steps:
            raise TurnFailure(_TOO_MANY_STEPS.format(self._limits.max_steps))
        if self._tokens >= self._limits.max_turn_tokens:
            raise TurnFailure(_TOO_MANY_TOKENS.format(self._limits.max_turn_tokens))
        self._steps += 1

    def use(self, tokens: Tokens | None) -> None:
        """Count what a request took."""
        self._tokens += tokens.input + tokens.output if tokens else 0

    def said(self, reply: Reply) -> Content | CutOff:
        """What was thought and said, which may be nothing."""
        said = content_of(reply.reasoning, reply.text)
        return CutOff(said, self.limit_of(reply)) if reply.is_cut_off else said

    def limit_of(self, reply: Reply) -> int | None:
        """The limit of tokens that cut an answer off; none where its model ended before that."""
        most, written = self._most_output, reply.tokens.output if reply.tokens else 0
        return most if most and (not written or written >= most) else None

    def add(self, reply: Reply) -> None:
        """Count an answer, and end the turn when it is no proper one.

        One that was cut off is an answer, unless there is no text of it, or it goes on with calls.
        """
        self.use(reply.tokens)
        if reply.stop == "length" and not reply.is_cut_off:
            most = self.limit_of(reply)
            where = _IN_A_CALL if reply.calls else _BEFORE_A_TEXT
            limit = f" ({most}; the LLM's max_tokens sets it)" if most else ""
            raise TurnFailure(_CUT.format(where, limit))
        if reply.stop == "refusal":
            raise TurnFailure("The model refused to answer.")
        if len(reply.calls) > MOST_CALLS:
            raise TurnFailure(_TOO_MANY_CALLS.format(len(reply.calls), MOST_CALLS))
        self._has_said = self._has_said or bool(reply.text.strip() or reply.calls)
        if not self._has_said:
            raise TurnFailure("The model gave an empty answer.")

    async def calls(self, reply: Reply, toolbox: Toolbox) -> list[ToolCall]:
        """Make the steps of the calls that the model asked for."""
        return [await self._call(asked, toolbox) for asked in reply.calls]

    async def _call(self, asked: AskedCall, toolbox: Toolbox) -> ToolCall:
        named = (spec for spec in toolbox.specs if wire_name(spec.name) == asked.name)
        spec = next(named, None)
        name = spec.name if spec else asked.name
        try:
            arguments = asked.parsed()
        except ValueError as error:
            self._malformed += 1
            if self._malformed >= MOST_MALFORMED:
                raise TurnFailure(_MALFORMED.format(self._malformed, asked.name, error)) from None
            return ToolCall(name, asked.arguments, run=_failed(str(error)))
        if spec is None or spec.kind != "external":
            return ToolCall(name, arguments, run=_running(toolbox, name, arguments))
        if flaw := await checked(flaw_of, arguments, spec.input_schema):
            text = f"The arguments do not fit the tool's schema: {flaw}"
            return ToolCall(name, arguments, run=_failed(text))
        return ToolCall(
            name,
            arguments,
            external=True,
            output_schema=spec.output_schema,
            timeout_seconds=spec.timeout_seconds,
        )


def _running(
    toolbox: Toolbox, name: str, arguments: dict[str, Any]
) -> Callable[[], Awaitable[ToolResult]]:
    async def run() -> ToolResult:
        outcome = await toolbox.run(name, arguments)
        return ToolResult(outcome.result, outcome.is_error)

    return run


def _failed(text: str) -> Callable[[], Awaitable[ToolResult]]:
    async def run() -> ToolResult:
        return ToolResult(text, is_error=True)

    return run


def _said(reply: Reply, calls: Sequence[ToolCall], results: Sequence[ToolResult]) -> list[Message]:
    made = tuple(
        MadeCall(str(result.tool_call_id), call.name, as_object(call.arguments))
        for call, result in zip(calls, results, strict=True)
    )
    told = [
        result_of(call.id, result.result, is_error=result.is_error)
        for call, result in zip(made, results, strict=True)
    ]
    return [ModelSaid(reply.text, made, reply.reasoning), *told]
