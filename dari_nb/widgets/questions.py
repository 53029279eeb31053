"""Tool calls that wait for the reader's decision, as a page gets them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..models import ToolCallItem
from ..render import arguments_html, visible_name
from .wire import Question

VERDICTS = ("run", "refuse", "always")

Decide = Callable[[str, Any], None]
"""Takes the id of a call's item, and ``run``, ``refuse`` or ``always``."""


class Questions:
    """Keeps what a page shows; each question is rendered once."""

    def __init__(self) -> None:
        self._shown: dict[str, Question] = {}

    def of(self, calls: Sequence[ToolCallItem]) -> list[Question]:
        """Return the questions about these calls."""
        self._shown = {call.id: self._shown.get(call.id) or _question(call) for call in calls}
        return list(self._shown.values())


def _question(call: ToolCallItem) -> Question:
    name = visible_name(call.tool_name)
    return Question(id=call.id, name=name, arguments=arguments_html(call))
