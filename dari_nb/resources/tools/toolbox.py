"""The tools that a session was given, and their calls: asked for, run once, answered."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

from ...errors import DariError, InvalidRequestError
from ...models import ToolCallItem
from ..connection import Link, host
from ..connection.feed import Feed
from .answering import Answering
from .approval import (
    Decision,
    Question,
    Said,
    Verdict,
    approvals,
    approved_always,
    decided,
    decided_by,
    unasked,
)
from .running import in_thread, words_of
from .tool import Approve, Given, Tool, as_tools, checked_approve

_always: dict[str, set[str]] = {}
"""Tools that need no more asking, by session: the user said so once in this process."""


class Toolbox:
    """Answers the calls of its tools whenever the session is followed.

    A call is ours when it has the name of one of our tools and its message waits for a tool: no
    event says who is to answer it (U15). The ledger is asked before anything is run.

    Args:
        link: Where answers go.
        feed: The session's.
        session_id: Whose calls they are.

    Attributes:
        decisions: What was decided here, by tool call id.
        trouble: Why an answer could not be brought to the server, if one could not.
    """

    def __init__(self, link: Link, feed: Feed, session_id: str) -> None:
        self.decisions: dict[str, Decision] = {}
        self.trouble: str | None = None
        self._link = link
        self._feed = feed
        self._session_id = session_id
        self._tools: dict[str, Tool[..., Any]] = {}
        self._approve: dict[str, Approve] = {}
        self._answering: dict[str, Future[None]] = {}
        self._questions: dict[str, Question] = {}
        self._pages = 0
        self._served: dict[str, Future[None]] = {}
        self._is_paused = False

    def give(self, tools: Given, approve: Approve | None = None) -> None:
        """Add tools; ``approve`` stands above what they say of themselves.

        Raises:
            InvalidRequestError: Something cannot be a tool.
        """
        given, chosen = as_tools(tools), checked_approve(approve)
        if not given:
            return
        if not self._tools:
            self._feed.on_change(self._look)
        self._tools.update(given)
        for name, tool in given.items():
            self._approve[name] = chosen or tool.approve or "ask"
        self.look()

    def give_on(self, other: Toolbox) -> None:
        """Give another session the same tools, asked about as here."""
        for name, tool in self._tools.items():
            other.give([tool], self._approve[name])

    @property
    def names(self) -> list[str]:
        """The names of the tools."""
        return list(self._tools)

    @property
    def questions(self) -> list[Question]:
        """What waits for the user, in order."""
        return list(self._questions.values())

    def running(self, message_id: str) -> list[str]:
        """The tools that run for a message now: approved, and without a result so far."""
        waiting = self._feed.waiting()
        mine = [call for call in waiting if call.message_id == message_id]
        return [call.tool_name for call in mine if call.tool_call_id in self.decisions]

    def facts(self, message_id: str | None = None) -> list[str]:
        """What was approved here, for the head of a session, or of one of its turns."""
        made = [*self.decisions.values()]
        return approvals(one for one in made if message_id in (None, one.message_id))

    @property
    def about(self) -> dict[str, str]:
        """What each of the tools does, as the agent is told it."""
        return {name: tool.description for name, tool in self._tools.items()}

    def settle(self, question_id: str, verdict: Verdict, reason: str = "") -> None:
        """Decide a question, from any thread; the agent is told the reason of a refusal.

        Raises:
            InvalidRequestError: It no longer waits.
        """
        question = self._questions.get(question_id)
        if question is None:
            raise InvalidRequestError(
                "This call does not wait any more.", code="tool_call_not_found"
            )
        question.settle(verdict, reason)

    def answers(self, message_id: str) -> bool:
        """Whether all that a message waits for is answered from here."""
        if not self._tools or self._is_paused:
            return False
        waiting = [c for c in self._feed.waiting() if c.message_id == message_id]
        return all(call.tool_name in self._tools for call in waiting)

    def ask_here(self) -> bool:
        """Ask what waits by the input prompt; the main thread does so while it waits.

        Returns:
            Whether a prompt was left without an answer, because its question was withdrawn.

        Raises:
            KeyboardInterrupt: The user wants to decide later; nothing is refused.
        """
        if not self._questions or not host.can_ask() or not host.is_main_thread():
            return False
        from .prompting import ask

        open_ = (question for question in self.questions if not question.is_settled)
        is_left = False
        for question in open_:
            is_left |= not ask(question)
        return is_left

    @contextlib.contextmanager
    def on_page(self) -> Iterator[None]:
        """As long as a page shows the questions, somebody can be asked."""
        self._pages += 1
        try:
            yield
        finally:
            self._pages -= 1

    def look(self) -> None:
        """Look for calls to answer, on the background loop; from any thread."""
        if self._tools and not self._link.is_closed:
            self._link.run(self._looked())

    def serve(self, message_id: str) -> None:
        """Answer a message's calls until it has ended, if there are tools; also after a pause."""
        if self._tools and not self._link.goes_on(self._served.get(message_id)):
            served = self._served[message_id] = self._feed.ended(message_id)
            # This also keeps the toolbox alive until then, whoever holds the turn.
            served.add_done_callback(partial(self._has_served, message_id))
        self.resume()

    def resume(self) -> None:
        """Ask and run again after :meth:`pause`, as far as somebody follows."""
        self._is_paused = False
        self.look()

    def pause(self) -> None:
        """Ask and run nothing more until :meth:`resume`; what runs already is answered."""
        self._is_paused = True
        while self._served:
            self._served.popitem()[1].cancel()
        if self._tools:
            self._link.run(self._paused())

    def _has_served(self, message_id: str, served: Future[None]) -> None:
        if self._served.get(message_id) is served:
            del self._served[message_id]

    async def _looked(self) -> None:
        self._look()

    async def _paused(self) -> None:
        for question in self.questions:
            question.withdraw()

    def _look(self) -> None:
        waiting = {c.id: c for c in self._feed.waiting() if c.tool_name in self._tools}
        for question in self.questions:
            if question.id not in waiting:
                question.withdraw()  # it was answered elsewhere, or its time is up
        for item_id, call in waiting.items():
            if item_id not in self._answering and not self._is_paused:
                self._answering[item_id] = answering = self._link.run(self._answer(call))
                answering.add_done_callback(partial(self._ended, item_id))

    def _ended(self, item_id: str, done: Future[None]) -> None:
        """What was withdrawn is asked again when somebody follows again."""
        error = None if done.cancelled() else done.exception()
        if error is not None:
            self.trouble = str(error) if isinstance(error, DariError) else words_of(error)
        if error is not None or done.cancelled():
            self._answering.pop(item_id, None)

    async def _answer(self, call: ToolCallItem) -> None:
        tool = self._tools[call.tool_name]
        answering = Answering(self._link, self._session_id, call)
        try:
            made = await in_thread(lambda: tool.prepare(call.arguments))
        except Exception as error:  # noqa: BLE001
            await answering.refuse(str(error))
            return
        decision = await self._decide(call, answering)
        if decision is None:
            return
        self.decisions[call.tool_call_id] = decision
        self._feed.notify()
        await answering.carry_out(decision, tool, made)

    async def _decide(self, call: ToolCallItem, answering: Answering) -> Decision | None:
        """Return what is decided; ``None`` when the call was answered meanwhile."""
        approve = self._approve[call.tool_name]
        always = _always.setdefault(self._session_id, set())
        if approve == "always":
            return approved_always(call)
        if not await answering.is_open():
            return None
        if callable(approve):
            return await decided_by(approve, call)
        if call.tool_name in always:
            return decided(call, "always")
        if not self._pages and not host.can_ask():
            return unasked(call)
        said = await self._asked(call)
        if said.verdict == "always":
            always.add(call.tool_name)
            self._settle_others(call.tool_name)
        return decided(call, *said)

    async def _asked(self, call: ToolCallItem) -> Said:
        question = self._questions[call.id] = Question(call)
        self._feed.notify()
        try:
            return await question.said()
        finally:
            del self._questions[call.id]
            with contextlib.suppress(RuntimeError):  # the interpreter ends, and its loop has
                self._feed.notify()

    def _settle_others(self, name: str) -> None:
        for question in self.questions:
            if question.call.tool_name == name:
                question.settle("always")
