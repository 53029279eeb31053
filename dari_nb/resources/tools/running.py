"""One call of a tool: in a thread of its own, in its time, with a short account of what failed."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

from ...errors import DariError
from .tool import Tool
from .values import Json, as_json

T = TypeVar("T")
_MOST_WORDS = 500


class Outcome(NamedTuple):
    """What goes back to the agent."""

    result: Any
    is_error: bool = False


def failure(text: str) -> Outcome:
    """An error for the agent, in a few words."""
    return Outcome(text, is_error=True)


class TookTooLong(Exception):  # noqa: N818
    """The time of a call is up."""


class Ended(Exception):  # noqa: N818
    """Something ended the work that would end more than that, such as ``exit()``."""


async def run(tool: Tool[..., Any], call: Callable[[], Any]) -> Json | Outcome:
    """Make a prepared call; whatever goes wrong in it is an outcome, too.

    Args:
        tool: Whose call it is.
        call: What :meth:`Tool.prepare` returned.
    """
    try:
        return await in_thread(lambda: as_json(_finished(call(), tool.timeout)), tool.timeout)
    except TookTooLong:
        return failure(f"{tool.name} gave no result within {tool.timeout:g} s.")
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001
        return failure(f"{tool.name} failed: {words_of(error)}")


async def in_thread(work: Callable[[], T], timeout: float | None = None) -> T:
    """Do work in a daemon thread, so that one that never ends keeps nothing alive.

    Raises:
        TookTooLong: The time is up; the thread goes on, and what it returns is dropped.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(result)  # type: ignore[arg-type]
        else:
            done.set_exception(error)

    def worked() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:  # noqa: BLE001
            # A future takes no StopIteration, and SystemExit would end the loop.
            plain = isinstance(raised, Exception) and not isinstance(raised, StopIteration)
            error = raised if plain else Ended(words_of(raised))
        loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=worked, name="dari-tool", daemon=True).start()
    await asyncio.wait({done}, timeout=timeout)
    if not done.done():
        raise TookTooLong
    return done.result()


def words_of(error: BaseException) -> str:
    """The error in one line: no traceback, no values of variables."""
    name = type(error).__name__
    text = str(error).strip().partition("\n")[0]
    if len(text) > _MOST_WORDS:
        text = f"{text[:_MOST_WORDS]} …"
    if isinstance(error, DariError | Ended) and text:
        return text
    return f"{name}: {text}" if text else name


def _finished(result: Any, timeout: float | None) -> Any:
    """Wait for the result of an async function, in a loop of its own."""
    return asyncio.run(_awaited(result, timeout)) if inspect.isawaitable(result) else result


async def _awaited(result: Awaitable[Any], timeout: float | None) -> Any:
    try:
        async with asyncio.timeout(timeout) as time:
            return await result
    except TimeoutError:
        if time.expired():
            raise TookTooLong from None
        raise
