"""What a page says to a view, and what it is answered."""

from typing import Any


def asked(view: Any, what: str, body: Any) -> Any:
    """Ask for something as a page does; returns the answer, or its error."""
    sent: list[Any] = []
    view.send = lambda message, buffers=None: sent.append(message)
    view._on_custom_message(None, {"kind": "request", "id": 1, "what": what, "body": body}, [])
    return sent[-1]


def reply(player: Any, mark_id: str, text: str) -> None:
    """Answer a question of a player; with nothing it is skipped."""
    assert asked(player, "reply", {"id": mark_id, "text": text})["error"] is None
