"""A widget whose comm ends in a list, which is what a page would get."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import comm
import pytest
from comm.base_comm import BaseComm

from dari_nb.models import AssistantMessageItem, TimelineItem, UserMessageItem, text_block
from dari_nb.widgets import LiveTranscript

from ..waiting import until


class RecordingComm(BaseComm):
    """Keeps what the kernel publishes."""

    published: list[tuple[dict[str, Any], list[bytes]]]

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Any = None,
        buffers: Any = None,
        **keys: Any,
    ) -> None:
        self.__dict__.setdefault("published", []).append((data or {}, list(buffers or ())))


class Wire:
    """The kernel's side of a widget: what it sent, and a way to answer."""

    def __init__(self, widget: LiveTranscript) -> None:
        self._widget = widget
        self._first = self.count

    @property
    def messages(self) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """The custom messages since it was made, each with the fragments of its buffer."""
        return self.since(self._first)

    def since(self, count: int) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """The custom messages after so many of any kind."""
        return [
            (data["content"], json.loads(buffers[0]))
            for data, buffers in self._widget.comm.published[count:]
            if data.get("method") == "custom"
        ]

    @property
    def sizes(self) -> list[int]:
        return [sum(map(len, buffers)) for _, buffers in self._widget.comm.published]

    @property
    def count(self) -> int:
        """Messages of any kind, trait updates included."""
        return len(self._widget.comm.published)

    def say(self, content: Any) -> None:
        """Speak as the page does."""
        message = {"content": {"data": {"method": "custom", "content": content}}, "buffers": []}
        self._widget.comm.handle_msg(message)


def user(item_id: str, text: str = "Hello", turn: str = "m1") -> TimelineItem:
    return UserMessageItem(id=item_id, message_id=turn, content=[text_block(text)])


def answer(item_id: str, text: str = "Hello, you.", turn: str = "m1") -> TimelineItem:
    return AssistantMessageItem(
        id=item_id, message_id=turn, status="completed", content=[text_block(text)]
    )


@pytest.fixture(autouse=True)
def _recording_comm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comm, "create_comm", RecordingComm)


@pytest.fixture
def live() -> Iterator[LiveTranscript]:
    widget = LiveTranscript()
    yield widget
    widget.close()


@pytest.fixture
def wire(live: LiveTranscript) -> Wire:
    return Wire(live)


@pytest.fixture
def make() -> SimpleNamespace:
    """Items by kind: ``make.user(id, text, turn)`` and ``make.answer(id, text, turn)``."""
    return SimpleNamespace(user=user, answer=answer, until=until)
