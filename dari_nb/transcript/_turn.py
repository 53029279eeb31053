"""One message of the ledger while its events are folded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ..models import (
    AssistantMessageItem,
    Content,
    Event,
    TimelineItem,
    ToolCallItem,
    UserMessageItem,
    reasoning_block,
    seconds_between,
    text_block,
    tokens_in,
)
from ..models import events as ev
from ..models.resources import TERMINAL
from .turns import RECORDED, RECORDED_DOCUMENT, RECORDED_FORMAT

_WRITTEN: dict[str, Callable[[str], dict[str, Any]]] = {
    "reasoning": reasoning_block,
    "text": text_block,
}
"""What is shown of drafts, in the order in which a message has it."""
_AT_WORK = frozenset({"running", "waiting_for_tool"})


class TurnState:
    """What the events seen so far say about one message.

    Items are immutable and replaced when they change, so two snapshots can be compared by
    identity. All fields are read-only outside this package.
    """

    def __init__(self, message_id: str) -> None:
        self.message_id = message_id
        self.user: UserMessageItem | None = None
        self.metadata: dict[str, Any] | None = None
        self.body: list[TimelineItem] = []
        self.status: str | None = None
        self.error: Any = None
        self.usage: dict[str, int] = {}
        self.tells_usage = False
        self.attempt = 1
        self.copied_from: dict[str, Any] | None = None
        self.created_at: str | None = None
        self.started_at: str | None = None
        self.completed_at: str | None = None
        self._closing: AssistantMessageItem | None = None
        self._drafts: dict[int, tuple[str, str]] = {}
        self._settled = -1
        # Where the calls that have not ended are in the body: all others stay as they are.
        self._open: dict[str, int] = {}
        self._answered: set[str] = set()

    @property
    def is_terminal(self) -> bool:
        """Whether the message has completed or failed."""
        return self.status in TERMINAL

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody ended it (contract, section 18.3)."""
        return self.status == "failed" and self.error == ev.CANCELLED

    @property
    def latency_s(self) -> float | None:
        """How long it was worked on: what it waited in a queue before does not count."""
        return seconds_between(self.started_at or self.created_at, self.completed_at)

    @property
    def items(self) -> list[TimelineItem]:
        """The message's items in display order."""
        parts = [self.user, *self.body, self._closing]
        return [item for item in parts if item is not None]

    @property
    def settled(self) -> int:
        """How many items at the beginning no event changes any more."""
        # Calls are kept in the order of their places.
        begun = next(iter(self._open.values()), len(self.body))
        return begun + 1 if self.user is not None else 0

    def items_from(self, place: int) -> list[TimelineItem]:
        """The items in display order without so many that are settled."""
        if place == 0:
            return self.items
        closing = [] if self._closing is None else [self._closing]
        return [*self.body[place - 1 :], *closing]

    @property
    def waiting(self) -> list[ToolCallItem]:
        """The calls that wait for an answer from outside; see :meth:`_mark_open_calls`."""
        if self.status != "waiting_for_tool":
            return []
        calls = (item for item in self.body if isinstance(item, ToolCallItem))
        return [call for call in calls if call.status == "requested"]

    def write(self, piece: dict[str, Any]) -> bool:
        """Take in a piece of an answer that is being written; returns whether it shows."""
        number, offset, attempt = (piece.get(name) for name in ("draft", "offset", "attempt"))
        if not (isinstance(number, int) and isinstance(offset, int)) or self._closing is None:
            return False
        is_old = number <= self._settled or (isinstance(attempt, int) and attempt < self.attempt)
        _, before = self._drafts.get(number, ("", ""))
        kind = str(piece.get("kind"))
        follows = kind in _WRITTEN and 0 <= offset <= len(before)
        if is_old or self.is_terminal or not follows:
            return False
        self._drafts[number] = kind, before[:offset] + str(piece.get("text", ""))
        self._closing = msgspec.structs.replace(self._closing, content=self._written())
        return True

    def _written(self) -> Content:
        drafts = list(self._drafts.values())
        texts = {kind: "".join(text for of, text in drafts if of == kind) for kind in _WRITTEN}
        return [_WRITTEN[kind](text) for kind, text in texts.items() if text]

    def _settle(self) -> None:
        """What was a draft is in the ledger now, or came to nothing."""
        self._settled = max(self._drafts, default=self._settled)
        self._drafts.clear()
        if self._closing is not None and not self.is_terminal:
            self._closing = msgspec.structs.replace(self._closing, content=[])

    def apply(self, event: Event) -> None:
        """Take in the next event of this message, in ledger order."""
        self.created_at = self.created_at or event.created_at
        step = _STEPS.get(event.type)
        if step is not None:
            step(self, event)

    def _user_message(self, event: Event) -> None:
        self.user = UserMessageItem(
            id=event.id,
            message_id=self.message_id,
            content=_content(event),
            created_at=event.created_at,
            **_recorded(event),
        )
        self.metadata = event.data.get("metadata")
        if isinstance(event.copied_from, dict):
            told = ("session_id", "message_id")
            self.copied_from = {name: event.copied_from.get(name) for name in told}
        if self.status is None:
            self._set_status("queued", event)

    def _assistant_text(self, event: Event) -> None:
        self._settle()
        self.body.append(
            AssistantMessageItem(
                id=event.id,
                message_id=self.message_id,
                status="completed",
                content=_content(event),
                created_at=event.created_at,
                **_recorded(event),
                stop_reason=event.data.get("stop_reason", msgspec.UNSET),
                max_tokens=event.data.get("max_tokens", msgspec.UNSET),
            )
        )

    def _status_changed(self, event: Event) -> None:
        attempt = event.data.get("attempt")
        if isinstance(attempt, int) and attempt != self.attempt:
            self.attempt = attempt
            self._settle()
            self._settled = -1
        self.error = event.data.get("error")
        told = event.data.get("usage")
        self.usage, self.tells_usage = tokens_in(told), isinstance(told, dict)
        self._set_status(str(event.data.get("status", "")), event)

    def _set_status(self, status: str, event: Event) -> None:
        self.status = status
        if event.data.get("previous_status") == "queued" or status in _AT_WORK:
            self.started_at = self.started_at or event.created_at
        self.completed_at = event.created_at if self.is_terminal else None
        self._closing = self._closing_item(event)
        if status == "failed":
            self._fail_open_calls(event)
        else:
            self._mark_open_calls()

    def _closing_item(self, event: Event) -> AssistantMessageItem | None:
        if self.status == "completed":
            return None
        failed = self.status == "failed"
        return AssistantMessageItem(
            id=event.id if failed else f"{self.message_id}:pending",
            message_id=self.message_id,
            status=self.status or "",
            content=[] if failed else self._written(),
            error_message=error_text(self.error) if failed else None,
            created_at=event.created_at,
        )

    def _fail_open_calls(self, event: Event) -> None:
        ended: dict[str, Any] = {"is_error": True, "completed_at": event.created_at}
        if self.is_cancelled:
            ended["result"] = ev.CANCELLED
        for index in self._open.values():
            self._change(index, status="failed", **ended)
        self._open.clear()

    def _mark_open_calls(self) -> None:
        for call_id in self._open:
            self._mark(call_id)

    def _mark(self, call_id: str) -> None:
        """No event says who runs a call (U15); whether the message waits for it tells."""
        if call_id in self._open:
            waits = self.status == "waiting_for_tool" and call_id not in self._answered
            is_open = "requested" if waits else "running"
            # Nothing more comes of a turn that has completed: a recording may end with a call.
            has_ended = self.status == "completed"
            self._change(self._open[call_id], status="completed" if has_ended else is_open)

    def _call_requested(self, event: Event) -> None:
        call_id = _call_id(event)
        if call_id not in self._open:
            self._answered.discard(call_id)
            self._add_call(call_id, event, "requested")
            self._mark(call_id)

    def _result_submitted(self, event: Event) -> None:
        self._answered.add(_call_id(event))
        self._mark(_call_id(event))

    def _call_ended(self, event: Event) -> None:
        call_id, data = _call_id(event), event.data
        failed = event.type == ev.TOOL_CALL_FAILED or bool(data.get("is_error"))
        if call_id not in self._open:
            self._add_call(call_id, event, "")
        self._change(
            self._open.pop(call_id),
            status="failed" if failed else "completed",
            result=data["result"] if data.get("result") is not None else data.get("error"),
            is_error=failed,
            completed_at=event.created_at,
            duration=data.get("seconds", msgspec.UNSET),
        )

    def _add_call(self, call_id: str, event: Event, status: str) -> None:
        self._open[call_id] = len(self.body)
        self.body.append(
            ToolCallItem(
                id=event.id,
                message_id=self.message_id,
                tool_call_id=call_id,
                tool_name=str(event.data.get("tool_name") or event.data.get("name") or ""),
                arguments=event.data.get("arguments"),
                status=status,
                created_at=event.created_at,
                **_recorded(event),
            )
        )

    def _change(self, index: int, **changes: Any) -> None:
        before = self.body[index]
        if any(getattr(before, name) != value for name, value in changes.items()):
            self.body[index] = msgspec.structs.replace(before, **changes)


_STEPS = {
    ev.USER_MESSAGE: TurnState._user_message,  # noqa: SLF001
    ev.ASSISTANT_MESSAGE_COMPLETED: TurnState._assistant_text,  # noqa: SLF001
    ev.MESSAGE_STATUS_CHANGED: TurnState._status_changed,  # noqa: SLF001
    ev.TOOL_CALL_REQUESTED: TurnState._call_requested,  # noqa: SLF001
    ev.TOOL_CALL_COMPLETED: TurnState._call_ended,  # noqa: SLF001
    ev.TOOL_CALL_FAILED: TurnState._call_ended,  # noqa: SLF001
    ev.TOOL_RESULT_SUBMITTED: TurnState._result_submitted,  # noqa: SLF001
}


def error_text(error: Any) -> str:
    """Make one readable text of a failure, which may be a string, an object or missing (U13)."""
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error
    return str(error) if error else "The turn failed and the server gave no cause."


def _call_id(event: Event) -> str:
    return str(event.data.get("tool_call_id") or event.data.get("id") or event.id)


def _recorded(event: Event) -> dict[str, Any]:
    """What the first event of a recorded turn has of its messages as they were."""
    names = (RECORDED, RECORDED_FORMAT, RECORDED_DOCUMENT)
    return {name: event.data[name] for name in names if name in event.data}


def _content(event: Event) -> Content:
    content = event.data.get("content")
    if isinstance(content, list):
        return [block for block in content if isinstance(block, dict)]
    text = content if content is not None else event.data.get("text")
    return [text_block(str(text))] if text else []
