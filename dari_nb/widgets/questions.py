"""Tool calls that wait for the reader's decision, as a page gets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..models import ToolCallItem
from ..render import arguments_html, visible_name
from .wire import Question

VERDICTS = ("run", "refuse", "always")

Decide = Callable[[str, Any, str], None]
"""Takes the id of a call's item, ``run``, ``refuse`` or ``always``, and why it is refused."""

NOTHING: Mapping[str, str] = {}
"""What is known of tools that nobody described."""

_MOST_ABOUT = 400  # characters of a description: its first paragraph is what a card has room for


class Questions:
    """Keeps what a page shows; each question is rendered once."""

    def __init__(self) -> None:
        self._shown: dict[str, Question] = {}

    def of(self, calls: Sequence[ToolCallItem], about: Mapping[str, str]) -> list[Question]:
        """Return the questions about these calls; ``about`` says what each tool does."""
        self._shown = {
            call.id: self._shown.get(call.id) or _question(call, about.get(call.tool_name, ""))
            for call in calls
        }
        return list(self._shown.values())


def _question(call: ToolCallItem, about: str) -> Question:
    name = visible_name(call.tool_name)
    words = visible_name(about.strip().partition("\n\n")[0])
    if len(words) > _MOST_ABOUT:
        words = f"{words[:_MOST_ABOUT].rstrip()} …"
    # A tool that nobody described is described by its name.
    about = "" if words == name.replace("_", " ") else words
    return Question(id=call.id, name=name, about=about, arguments=arguments_html(call))
