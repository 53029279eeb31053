"""Ids as ordinals: those of a run differ each time, and say nothing."""

from __future__ import annotations

from typing import Any

from .. import ids

_KINDS = {"tool_call_id": ids.TOOL_CALL, "file_id": ids.FILE}
"""Fields of events that hold ids, with what these begin with."""
_OWN = "message_id"
"""The field that says in each event which turn it is of."""


class Ordinals:
    """The ordinals of one turn's calls and files, in the order in which they come.

    >>> ordinals = Ordinals()
    >>> ordinals.of({"message_id": "msg_4f1d", "tool_call_id": "call_9ab2"})
    {'tool_call_id': 'call_1'}
    """

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, str]] = {}

    def of(self, data: dict[str, Any]) -> dict[str, Any]:
        """The payload of an event with ordinals in place of ids, and without that of its turn."""
        told = {name: self._ordinal(name, value) for name, value in data.items() if name != _OWN}
        if isinstance(content := told.get("content"), list):
            told["content"] = [self._block(block) for block in content]
        return told

    def _block(self, block: Any) -> Any:
        if not isinstance(block, dict):
            return block
        return {name: self._ordinal(name, value) for name, value in block.items()}

    def _ordinal(self, name: str, value: Any) -> Any:
        prefix = _KINDS.get(name)
        if prefix is None or not isinstance(value, str):
            return value
        seen = self._seen.setdefault(prefix, {})
        return seen.setdefault(value, f"{prefix}{len(seen) + 1}")
