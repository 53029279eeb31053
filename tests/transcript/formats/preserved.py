"""What of a document is still there in a transcript: each of its texts and numbers, found again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from dari_nb.resources import Transcript


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Give the texts and numbers of a document with where they are."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, f"{path}[]")
    elif value not in (None, "", True, False):
        yield path, value


def lost(document: Any, transcript: Transcript, *, shown: bool = False) -> set[str]:
    """Name the places of a document whose values are nowhere in the transcript.

    Args:
        document: The document, in which each value is there once.
        transcript: What was made of it.
        shown: Look only at what is shown: items and metadata, and not the recording in them.
    """
    there = transcript.to_dict()
    if shown:
        for item in there["timeline"]["items"]:
            for name in ("recorded_messages", "recorded_document"):
                item.pop(name, None)
    cost = transcript.cost_usd
    events = [{**e.to_dict(), "data": without_recording(e.data)} for e in transcript.events]
    told = [there, transcript.instructions, cost and float(cost), events]
    found = {str(value) for _, value in leaves(told)}
    text = json.dumps(told, ensure_ascii=False)
    return {path for path, value in leaves(document) if not is_there(value, found, text)}


def without_recording(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if not name.startswith("recorded_")}


def is_there(value: Any, found: set[str], text: str) -> bool:
    return str(value) in found or (
        len(str(value)) > 3 and json.dumps(str(value), ensure_ascii=False)[1:-1] in text
    )
