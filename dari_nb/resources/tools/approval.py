"""Whether a call is run: the question to the user, and who else may decide."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from ...models import ToolCallItem
from .leaving import Prompt
from .running import in_thread, words_of

Verdict = Literal["run", "refuse", "always"]
VERDICTS: tuple[Verdict, ...] = ("run", "refuse", "always")


class Said(NamedTuple):
    """What the user said about a call, and why, where they told."""

    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True)
class Decision:
    """What was decided about one call.

    Attributes:
        message_id: The message whose turn it belongs to.
        tool_call_id: The call.
        tool_name: Its tool.
        is_approved: Whether it is run.
        by: Who decided, and why, in a few words, such as ``by the user``.

    >>> @server.agent("shop")
    ... def shop(prompt):
    ...     answer = yield dari.local.ToolCall("stock", {"item": "tea"}, external=True)
    ...     yield f"{answer.result} left"
    >>> def stock(item: str) -> int:
    ...     "How many packets there are."
    ...     return 7
    >>> session = d.agents["shop"].send("How much tea?").session
    >>> turn = session.use_tools([stock], approve="always").wait()
    >>> [(decision.tool_name, decision.is_approved) for decision in session.decisions]
    [('stock', True)]
    """

    message_id: str | None
    tool_call_id: str
    tool_name: str
    is_approved: bool
    by: str


class Question:
    """A call that waits for the user's decision; made on the background loop.

    Attributes:
        call: The call as the ledger has it.
        is_settled: Whether somebody decided; the background loop takes notice soon after.
        prompt: Where the main thread may ask; it is left when the question is withdrawn.
    """

    def __init__(self, call: ToolCallItem) -> None:
        self.call = call
        self.is_settled = False
        self.prompt = Prompt()
        self._loop = asyncio.get_running_loop()
        self._said: asyncio.Future[Said] = self._loop.create_future()

    @property
    def id(self) -> str:
        """Its id: that of the call's item."""
        return self.call.id

    def settle(self, verdict: Verdict, reason: str = "") -> None:
        """Decide, from any thread; the first decision counts."""
        self.is_settled = True
        self._loop.call_soon_threadsafe(self._settle, Said(verdict, reason))

    def withdraw(self) -> None:
        """Ask no more, on the background loop; whoever waits for a verdict is cancelled."""
        self._said.cancel()
        self.prompt.leave()

    async def said(self) -> Said:
        """Wait for the decision."""
        return await self._said

    def _settle(self, said: Said) -> None:
        if not self._said.done():
            self._said.set_result(said)


async def decided_by(function: Callable[[str, Any], Any], call: ToolCallItem) -> Decision:
    """Ask a function of name and arguments; one that fails or says nothing sensible refuses."""
    name = call.tool_name
    try:
        answer = await in_thread(lambda: _asked(function, name, call.arguments))
    except Exception as error:  # noqa: BLE001
        return _decision(call, False, f"because the approve function failed: {words_of(error)}")
    if isinstance(answer, str):
        return _decision(call, False, f"by the approve function: {answer}")
    if answer is True:
        return _decision(call, True, "by the approve function")
    return _decision(call, False, "by the approve function")


def decided(call: ToolCallItem, verdict: Verdict, reason: str = "") -> Decision:
    """The user's verdict as a decision; the agent is told the reason of a refusal."""
    by = "by the user"
    if verdict == "always":
        by += ", for all calls of it in this session"
    elif verdict == "refuse" and reason.strip():
        by += f": {reason.strip()}"
    return _decision(call, verdict != "refuse", by)


def unasked(call: ToolCallItem) -> Decision:
    """The decision where nobody can be asked."""
    by = 'because nobody can be asked here: approve="always", or a function, lets it run'
    return _decision(call, False, by)


def refusal_of(decision: Decision) -> str:
    """What the agent is told of a call that was not run."""
    return f"{decision.tool_name} was not run: refused {decision.by}".rstrip(".") + "."


def approved_always(call: ToolCallItem) -> Decision:
    """The decision where the caller left no question open."""
    return _decision(call, True, "without asking")


def approvals(decisions: Iterable[Decision]) -> list[str]:
    """Tell in a few words what was approved, and by whom; the ledger tells what was refused."""
    by = Counter(one.by.partition(",")[0] for one in decisions if one.is_approved)
    return [f"{count:,} approved {whom}" for whom, count in by.items()]


def _decision(call: ToolCallItem, is_approved: bool, by: str) -> Decision:
    return Decision(call.message_id, call.tool_call_id, call.tool_name, is_approved, by)


def _asked(function: Callable[[str, Any], Any], name: str, arguments: Any) -> Any:
    answer = function(name, arguments)
    return asyncio.run(_awaited(answer)) if asyncio.iscoroutine(answer) else answer


async def _awaited(answer: Any) -> Any:
    return await answer
