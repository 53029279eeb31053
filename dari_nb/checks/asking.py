"""Recorded turns asked again, one session after another, through a client."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event as Flag
from time import monotonic
from typing import Any

from ..client import Client
from ..errors import ApiError, DariError
from ..models import TERMINAL, Event, Message
from ..models import events as ev
from ..models.batches import given_metadata
from ..printable import printable
from ..tapes import Turn
from ..tapes.keys import blocks_of
from .answers import Step

_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 1.0
"""Seconds between looks at a turn that runs."""
_LEAST, _USUAL = 2.0, 60.0
"""Seconds that any answer of a server may take, and that a client waits for one by itself."""
_NO_RESULT = "The tape has no result for this call."
_WAITING = "waiting_for_tool"
_TOO_LONG = "it took longer than {seconds:g} s, the timeout of a turn, and was ended"


class Gone(Exception):  # noqa: N818
    """What a turn needs is not there any more.

    Attributes:
        what: ``agent`` or ``llm``.
        was: Its name.
    """

    def __init__(self, what: str, was: str, text: str) -> None:
        super().__init__(printable(text))
        self.what = what
        self.was = was


class Asking:
    """Asks the turns of sessions again.

    Args:
        client: Who is asked.
        timeout: Seconds that a turn may take, and the server's answer to each request.
        stop: Is set when nothing more is to be asked.
    """

    def __init__(self, client: Client, timeout: float, stop: Flag) -> None:
        self._client = client
        self._timeout = timeout
        self._stop = stop
        self._in_time = {"timeout": max(timeout, _LEAST)} if timeout < _USUAL else {}
        agents = client.agents.list(**self._in_time)
        self._agents = {agent.name: agent for agent in agents}

    def begin(self, turn: Turn) -> str:
        """Make the session that begins with a turn; returns its id.

        Raises:
            Gone: The agent, or its LLM option, is not there any more.
            DariError: The server refused it otherwise, or cannot be reached.
        """
        line = turn.line
        agent = self._agents.get(line.agent)
        if agent is None:
            known = ", ".join(self._agents) or "none"
            raise Gone("agent", line.agent, f"there is no such agent; there is {known}")
        about = given_metadata(line.metadata)
        options: dict[str, Any] = {
            "llm_id": line.llm,
            "metadata": {k: v for k, v in about.items() if isinstance(v, str)} or None,
            **self._in_time,
        }
        try:
            made = self._client.sessions.create(agent.id, **options)
        except ApiError as error:
            known_llms = self._llms(agent.id, agent.active_version_id)
            if error.status < 500 and line.llm is not None and line.llm not in known_llms:
                offered = ", ".join(known_llms) or "none"
                raise Gone("llm", line.llm, f"no such option; there is {offered}") from None
            raise
        return made.id

    def _llms(self, agent_id: str, version_id: str | None) -> list[str]:
        if not version_id:
            return []
        return self._client.agents.version(agent_id, version_id, **self._in_time).llms

    def ask(self, session_id: str, turn: Turn) -> list[Step]:
        """Ask a turn and wait for what comes of it; one that takes too long is ended, and failed.

        Raises:
            DariError: The server refused it, or cannot be reached.
        """
        results = _Results(turn)
        content = [dict(block) for block in blocks_of(turn.line.asked)]
        sent = self._client.sessions.send(session_id, content, **self._in_time)
        message_id = sent.message_id or ""
        end, pause = monotonic() + self._timeout, _FIRST_PAUSE
        late: list[Step] = []
        while self._look(session_id, message_id, results).status not in TERMINAL:
            if self._stop.wait(pause) or monotonic() > end:
                self._end(session_id, message_id)
                late = [] if self._stop.is_set() else [self._too_long]
                break
            pause = min(2 * pause, _LONGEST_PAUSE)
        events = self._events(session_id, message_id)
        return [*((event.type, event.data) for event in events), *late]

    @property
    def _too_long(self) -> Step:
        """The end of a turn that took too long."""
        why = _TOO_LONG.format(seconds=self._timeout)
        return ev.MESSAGE_STATUS_CHANGED, {"status": "failed", "error": why}

    def _look(self, session_id: str, message_id: str, results: _Results) -> Message:
        """Look at a turn, and answer the calls that it waits for as they were when recorded."""
        message = self._client.messages.get(message_id, **self._in_time)
        if message.status == _WAITING:
            events = self._events(session_id, message_id)
            for call_id, name in _open_calls(events):
                given = results.next(call_id, name)
                if given is not None:
                    result, is_error = given
                    self._client.sessions.submit_tool_result(
                        *(session_id, message_id, call_id, result),
                        is_error=is_error,
                        **self._in_time,
                    )
        return message

    def _events(self, session_id: str, message_id: str) -> list[Event]:
        events = self._client.sessions.events(session_id, **self._in_time)
        return [event for event in events if event.turn_id == message_id]

    def _end(self, session_id: str, message_id: str) -> None:
        try:
            self._client.sessions.cancel(session_id, message_id, **self._in_time)
        except DariError:
            return  # not every server offers it


def _open_calls(events: list[Event]) -> list[tuple[str, str]]:
    answered = {
        event.data.get("tool_call_id")
        for event in events
        if event.type in (ev.TOOL_CALL_COMPLETED, ev.TOOL_CALL_FAILED, ev.TOOL_RESULT_SUBMITTED)
    }
    called = [event.data for event in events if event.type == ev.TOOL_CALL_REQUESTED]
    calls = [(str(data.get("tool_call_id")), str(data.get("tool_name"))) for data in called]
    return [call for call in calls if call[0] not in answered]


class _Results:
    """What tools gave when a turn was recorded, by their names, in their order."""

    def __init__(self, turn: Turn) -> None:
        names: dict[str, str] = {}
        self._left: dict[str, list[tuple[Any, bool]]] = {}
        self._given: set[str] = set()
        for event in turn.events:
            data: Mapping[str, Any] = event.data
            call = str(data.get("tool_call_id"))
            if event.event == ev.TOOL_CALL_REQUESTED:
                names[call] = str(data.get("tool_name"))
            elif event.event in (ev.TOOL_CALL_COMPLETED, ev.TOOL_CALL_FAILED) and call in names:
                failed = event.event == ev.TOOL_CALL_FAILED or bool(data.get("is_error"))
                result = data.get("result") if data.get("result") is not None else data.get("error")
                self._left.setdefault(names[call], []).append((result, failed))

    def next(self, call_id: str, name: str) -> tuple[Any, bool] | None:
        """The next result of a tool for a call, once; an error when the tape has no more."""
        if call_id in self._given:
            return None
        self._given.add(call_id)
        left = self._left.get(name)
        return left.pop(0) if left else (_NO_RESULT, True)
