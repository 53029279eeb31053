"""What a scripted server sends on its streams, and what has come of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

SESSION = "sess_1"
STREAM = f"/sessions/{SESSION}/stream"
EVENTS = f"/sessions/{SESSION}/events"


def numbers(events: Iterable[Any]) -> list[int]:
    return [event.sequence_number for event in events]


def frames(dari: Any, *wanted: int) -> bytes:
    """Events of the server's ledger, by their numbers."""
    return b"".join(f"data: {json.dumps(dari.ledger[n - 1])}\n\n".encode() for n in wanted)


def chunks(*parts: bytes, then_hang: bool = False) -> Callable[[], AsyncIterator[bytes]]:
    """One connection: these chunks, then its end, or silence."""

    async def body() -> AsyncIterator[bytes]:
        for part in parts:
            yield part
            await asyncio.sleep(0)
        if then_hang:
            await asyncio.sleep(30)

    return body
