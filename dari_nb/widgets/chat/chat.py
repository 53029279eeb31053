"""A transcript with a place to write below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import traitlets

from ...models import ToolCallItem
from ..questions import NOTHING, VERDICTS, Decide, Questions
from ..reader.transcript import TranscriptView
from ..view import STATIC
from ..wire import Decision
from .form import value_of
from .upload import Uploads
from .wire import Answering, OpenCall, Outgoing

#: The largest file that a page may attach, in bytes.
MOST_BYTES = 25_000_000

Send = Callable[[str, str, list[Path], str], "Future[None]"]
Submit = Callable[[str, str, Any, bool], "Future[None]"]


class ChatView(TranscriptView):
    """A chat: what was said, what is open, and a composer.

    Args:
        send: Sends a message, given a key that stays the same when it is sent again, the text,
            the attached files and the chosen LLM option.
        submit: Answers a tool call, given message id, call id, the result and whether it is an
            error.
        decide: Takes the reader's decisions on calls of the kernel's tools.

    Attributes:
        agent: The agent's name. Like all that follow but ``llm`` it is read-only.
        llms: LLM options to choose from for a new session.
        llm: The option that is chosen; empty for the agent's default.
        begun: Whether the session exists, so that its LLM can no longer be chosen.
        most_bytes: The largest file that can be attached.
        open_calls: Tool calls that wait for an answer from here.
        questions: Calls of the kernel's tools that wait for the reader's decision.

    >>> view = session.chat()
    >>> view.agent, view.begun
    ('calculator', True)
    """

    _esm = STATIC / "chat.js"
    _css = STATIC / "chat.css"

    agent = traitlets.Unicode("Agent", read_only=True).tag(sync=True)
    llms = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    llm = traitlets.Unicode("").tag(sync=True)
    begun = traitlets.Bool(False, read_only=True).tag(sync=True)
    most_bytes = traitlets.Int(MOST_BYTES, read_only=True).tag(sync=True)
    open_calls = traitlets.List(traitlets.Dict(), read_only=True).tag(sync=True)
    questions = traitlets.List(traitlets.Dict(), read_only=True).tag(sync=True)

    def __init__(
        self,
        *,
        send: Send,
        submit: Submit,
        decide: Decide,
        **options: Any,
    ) -> None:
        self._send_message = send
        self._submit = submit
        self._decide = decide
        self._asked = Questions()
        super().__init__(**options)
        self._uploads = Uploads(self.most_bytes)
        self.on_close(self._uploads.forget)
        self.answer("send", self._answer_send)
        self.answer("upload", self._uploads.take)
        self.answer("submit", self._answer_submit)
        self.answer("decide", self._answer_decide)

    def ask(
        self,
        calls: Sequence[OpenCall],
        questions: Sequence[ToolCallItem] = (),
        about: Mapping[str, str] = NOTHING,
    ) -> None:
        """Show what waits for an answer, and what for a decision; ``about`` is by tool."""
        wanted: list[Any] = list(calls)
        if wanted != self.open_calls:
            self.update_traits(open_calls=wanted)
        asked: list[Any] = list(self._asked.of(questions, about))
        if asked != self.questions:
            self.update_traits(questions=asked)

    @traitlets.validate("llm")
    def _valid_llm(self, proposal: Any) -> str:
        llm: str = proposal.value
        if llm and llm not in self.llms:
            there = ", ".join(self.llms) or "none to choose from"
            raise traitlets.TraitError(f"There is no LLM {llm!r} here: there is {there}.")
        return llm

    def _answer_send(self, body: Outgoing) -> Future[None]:
        files = [self._uploads.path(key) for key in body["files"]]
        return self._send_message(body["key"], body["text"], files, body["llm"])

    def _answer_decide(self, body: Decision) -> None:
        if body["verdict"] in VERDICTS:
            self._decide(body["id"], body["verdict"], body["reason"])

    def _answer_submit(self, body: Answering) -> Future[None]:
        calls = {call["id"]: call for call in self.open_calls}
        fields = calls[body["id"]]["fields"] if body["id"] in calls else []
        is_error, values = body["is_error"], body["values"]
        value = values if is_error else value_of(fields, values)
        return self._submit(body["message_id"], body["id"], value, is_error)
