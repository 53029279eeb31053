"""An agent whose mind is a model: asks it, runs the tools that it wants, until it stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..agents import NewAttempt, ToolCall, ToolResult, Turn, TurnFailure, Usage
from ..agents.functions import Step
from ..schemas import flaw_of
from ..tooling import Toolbox
from .conversation import (
    MadeCall,
    Message,
    ModelSaid,
    as_object,
    earlier,
    result_of,
    user_text,
    wire_name,
)
from .patience import BACKOFF, Patience
from .places import place_in
from .prices import Prices
from .reply import AskedCall, Reply, Tokens
from .sending import Sender
from .settings import Llm
from .trouble import ProviderTrouble

MOST_MALFORMED = 3
"""Calls with malformed arguments in one turn, after which it fails."""

_TOO_MANY_STEPS = "The turn reached its limit of {} requests to the model before it ended."
_TOO_MANY_TOKENS = "The turn reached its limit of {} tokens before it ended."
_CUT = "The answer was cut off: the model reached its limit of output tokens{}."
_MALFORMED = "The model wrote malformed arguments for its tools {} times, last for {!r}: {}"


@dataclass(frozen=True)
class Mind:
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
        mind_for: Gives what it works with, once the turn is known; raises `TurnFailure`.
        sender: What sends its requests.
        prices: What tokens cost.
        backoff: Seconds before each further try of a request that failed in passing.
    """

    mind_for: Callable[[Turn], Awaitable[Mind]]
    sender: Sender
    prices: Prices
    backoff: Sequence[float] = BACKOFF

    async def __call__(self, _prompt: str, turn: Turn) -> AsyncGenerator[Step, Any]:
        """Answer one message; each request that fails in passing is a new attempt."""
        mind = await self.mind_for(turn)
        place_of = await asyncio.to_thread(place_in, turn.workspace, turn.files)
        messages = [*earlier(turn.history, place_of), user_text(turn.content, place_of)]
        spent = _Spent(mind.llm)
        while True:
            spent.check()
            patience, reply = Patience(self.backoff), None
            while reply is None:
                try:
                    reply = await self._ask(mind, messages)
                except ProviderTrouble as trouble:
                    if trouble.begun:
                        yield Usage()
                    seconds = patience.wait_after(trouble)
                    yield NewAttempt(str(trouble))
                    await asyncio.sleep(seconds)
            yield self._usage(mind.llm, reply.tokens)
            if reply.text.strip():
                yield reply.text
            spent.add(reply)
            if not reply.calls:
                return
            calls = [spent.call(asked, mind.toolbox) for asked in reply.calls]
            results: list[ToolResult] = yield tuple(calls)
            messages += _said(reply, calls, results)

    async def _ask(self, mind: Mind, messages: Sequence[Message]) -> Reply:
        specs = mind.toolbox.specs
        return await self.sender.ask(mind.llm, mind.key, mind.system, messages, specs)

    def _usage(self, llm: Llm, tokens: Tokens | None) -> Usage:
        cost = self.prices.cost([llm.settings.model, llm.model], tokens)
        if tokens is None:
            return Usage(cost)
        return Usage(cost, tokens.input, tokens.output, tokens.cached)


class _Spent:
    """What a turn has used up of its limits."""

    def __init__(self, llm: Llm) -> None:
        self._limits = llm.settings
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

    def add(self, reply: Reply) -> None:
        """Count an answer, and end the turn when it is no proper one."""
        self._tokens += reply.tokens.input + reply.tokens.output if reply.tokens else 0
        if reply.stop == "length":
            most = self._limits.max_output_tokens
            raise TurnFailure(_CUT.format(f" ({most})" if most else ""))
        if reply.stop == "refusal":
            raise TurnFailure("The model refused to answer.")
        self._has_said = self._has_said or bool(reply.text.strip() or reply.calls)
        if not self._has_said:
            raise TurnFailure("The model gave an empty answer.")

    def call(self, asked: AskedCall, toolbox: Toolbox) -> ToolCall:
        """Make the step of a call that the model asked for."""
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
        if flaw := flaw_of(arguments, spec.input_schema):
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
    return [ModelSaid(reply.text, made), *told]
