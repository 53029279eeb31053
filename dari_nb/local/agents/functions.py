"""Any Python callable as an agent: sync or async, returning text or yielding steps."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from threading import Event, Thread
from typing import Any, cast

from ...models import Content
from .turn import NewAttempt, ToolCall, ToolResult, Turn, TurnFailure, Usage

Step = str | Content | ToolCall | tuple[ToolCall, ...] | ToolResult | Usage | NewAttempt
"""What an agent may yield: a text, content blocks, calls, a result, a cost, another try."""
Record = Callable[[Step], Awaitable[Any]]
"""Takes in a step; what it returns is sent back into the agent."""
AgentFunction = Callable[..., Any]
"""``f(prompt)`` or ``f(prompt, turn)``: sync or async, a generator or not."""


async def run_agent(function: AgentFunction, turn: Turn, record: Record) -> None:
    """Run an agent over one turn, handing each of its steps to ``record``.

    Sync agents run in a thread of their own, so that they never hold up the server. Whatever the
    agent raises is raised here.
    """
    arguments = (turn.prompt, turn)[: _parameters(function)]
    try:
        if _is(function, inspect.isasyncgenfunction):
            await _drive_async(function(*arguments), record)
        elif _is(function, inspect.iscoroutinefunction):
            await _say(await function(*arguments), record)
        else:
            await _Thread(function, arguments).run(record)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise _as_exception(error) from None
    except BaseException as error:  # noqa: BLE001
        raise _as_exception(error) from None


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

    def __init__(self, function: AgentFunction, arguments: tuple[Any, ...]) -> None:
        self._loop = asyncio.get_running_loop()
        self._inbox: asyncio.Queue[tuple[Step, Future[Any]] | BaseException | None]
        self._inbox = asyncio.Queue()
        self._abandoned = Event()
        # A daemon, so that an agent that never returns cannot keep the interpreter alive.
        thread = Thread(target=self._work, args=(function, arguments), daemon=True)
        thread.name = "dari-agent"
        thread.start()

    async def run(self, record: Record) -> None:
        """Record the steps until the agent ends; raises what the agent raised."""
        answer: Future[Any] | None = None
        try:
            while isinstance(message := await self._inbox.get(), tuple):
                step, answer = message
                answer.set_result(await record(step))
        finally:
            self._abandoned.set()
            if answer is not None:
                answer.cancel()
        if message is not None:
            raise message

    def _work(self, function: AgentFunction, arguments: tuple[Any, ...]) -> None:
        end: BaseException | None = None
        try:
            _drive(function(*arguments), self._hand_over)
        except BaseException as error:  # noqa: BLE001
            end = _as_exception(error)
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
    return TurnFailure(f"{type(error).__name__}: {error}".removesuffix(": "))


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
