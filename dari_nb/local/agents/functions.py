"""Any Python callable as an agent: sync or async, returning text or yielding steps."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from functools import partial
from threading import Event
from typing import Any, TypeVar, cast

from ...models import Content
from .agent_loop import AgentLoop, Record
from .slots import Slot, Stay
from .turn import (
    CutOff,
    Draft,
    NewAttempt,
    Reasoning,
    ToolCall,
    ToolResult,
    Turn,
    TurnFailure,
    Usage,
)

_T = TypeVar("_T")
Said = str | Reasoning | Draft | CutOff | Content
Step = Said | ToolCall | tuple[ToolCall, ...] | ToolResult | Usage | NewAttempt
"""What an agent may yield: a text, thoughts, a piece, blocks, calls, a result, a cost, a try."""
AgentFunction = Callable[..., Any]
"""``f(prompt)`` or ``f(prompt, turn)``: sync or async, a generator or not."""


async def run_agent(
    function: AgentFunction,
    turn: Turn,
    record: Record,
    *,
    slot: Slot,
    loop: AgentLoop | None = None,
) -> None:
    """Run an agent over one turn, handing each of its steps to ``record``.

    No agent holds up the server: a sync one runs in a thread of its own, an async one on a loop
    beside the server's. The turn begins once there is a place for it. Whatever the agent raises is
    raised here.

    Args:
        function: The agent.
        turn: What it answers.
        record: Takes in its steps, on the server's loop.
        slot: The place that a sync agent takes among those that need a thread.
        loop: Where an async agent runs; on the server's loop without one, for the server's own,
            which begin the turn themselves.
    """
    arguments = (turn.prompt, turn)[: _parameters(function)]

    async def drive(record: Record) -> None:
        await _guarded(lambda: _driven(function, arguments, record))

    if not _is_async(function):
        await slot.room_for(function)
        async with slot.taken():
            await turn.begin()
            await _guarded(lambda: _Thread(function, arguments, slot).run(record))
    elif loop is None:
        await drive(record)
    else:
        await turn.begin()
        # There it may be cancelled by itself, which does not end the turn's queue here.
        await _guarded(lambda: loop.run(drive, record))


async def _driven(function: AgentFunction, arguments: tuple[Any, ...], record: Record) -> None:
    if _is(function, inspect.isasyncgenfunction):
        await _drive_async(function(*arguments), record)
    else:
        await _say(await function(*arguments), record)


async def run_call(run: Callable[[], Awaitable[_T]], loop: AgentLoop | None = None) -> _T:
    """Run a call that an agent described with ``ToolCall(run=...)``, where the agent would run."""

    async def guarded() -> _T:
        return await _guarded(run)

    return await (guarded() if loop is None else _guarded(lambda: loop.call(guarded)))


async def _guarded(work: Callable[[], Awaitable[_T]]) -> _T:
    """Wait for an agent; what leaves it is an ordinary error, but for its being cancelled."""
    try:
        return await work()
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise _as_exception(error) from None
    except BaseException as error:  # noqa: BLE001
        raise _as_exception(error) from None


def _is_async(function: AgentFunction) -> bool:
    return _is(function, inspect.isasyncgenfunction) or _is(function, inspect.iscoroutinefunction)


def _parameters(function: AgentFunction) -> int:
    """Count the positional parameters that the function takes, of the two on offer."""
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return 2
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return min(2, sum(kind in positional for kind in kinds))


def _is(function: AgentFunction, test: Callable[[Any], bool]) -> bool:
    return test(function) or test(getattr(function, "__call__", None))  # noqa: B004


async def _say(answer: Any, record: Record) -> None:
    if answer is not None:
        await record(answer)


async def _drive_async(steps: AsyncGenerator[Step, Any], record: Record) -> None:
    try:
        step = await anext(steps)
        while True:
            step = await steps.asend(await record(step))
    except StopAsyncIteration:
        return
    finally:
        await steps.aclose()


class _Thread:
    """A sync agent in a thread of its own, which waits while each of its steps is recorded."""

    def __init__(self, function: AgentFunction, arguments: tuple[Any, ...], slot: Slot) -> None:
        self._loop = asyncio.get_running_loop()
        self._inbox: asyncio.Queue[tuple[Step, Future[Any]] | BaseException | None]
        self._inbox = asyncio.Queue()
        self._abandoned = Event()
        self._stay = slot.start(function, partial(self._work, function, arguments))

    async def run(self, record: Record) -> None:
        """Record the steps until the agent ends; raises what the agent raised."""
        answer: Future[Any] | None = None
        try:
            while isinstance(message := await self._inbox.get(), tuple):
                step, answer = message
                answer.set_result(await record(step))
        finally:
            self._abandoned.set()
            self._stay.leave()
            if answer is not None:
                answer.cancel()
        if message is not None:
            raise message

    def _work(self, function: AgentFunction, arguments: tuple[Any, ...], stay: Stay) -> None:
        end: BaseException | None = None
        try:
            _drive(function(*arguments), self._hand_over)
        except BaseException as error:  # noqa: BLE001
            end = _as_exception(error)
        stay.end()
        self._post(end)

    def _post(self, message: tuple[Step, Future[Any]] | BaseException | None) -> None:
        with suppress(RuntimeError):  # the server has stopped and nobody listens any more
            self._loop.call_soon_threadsafe(self._inbox.put_nowait, message)

    def _hand_over(self, step: Step) -> Any:
        answer: Future[Any] = Future()
        self._post((step, answer))
        while True:
            try:
                return answer.result(timeout=0.5)
            except TimeoutError:
                if self._abandoned.is_set():
                    raise CancelledError from None


def _as_exception(error: BaseException) -> Exception:
    """Keep what leaves an agent an ordinary error: its ``exit()`` must not end the server."""
    if isinstance(error, Exception):
        return error
    return TurnFailure(error_text(error))


def error_text(error: BaseException) -> str:
    """Return an error's kind and text, if it has any that can be had."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001
        text = ""
    return f"{type(error).__name__}: {text}".removesuffix(": ")


def _drive(answer: Any, record: Callable[[Step], Any]) -> None:
    if not inspect.isgenerator(answer):
        if answer is not None:
            record(answer)
        return
    steps = cast(Generator[Step, Any, Any], answer)
    try:
        step = next(steps)
        while True:
            step = steps.send(record(step))
    except StopIteration as end:
        if end.value is not None:
            record(end.value)
    finally:
        steps.close()
