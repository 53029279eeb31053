"""Reading what may be long, in threads: nobody has them all, and who has gone has none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from weakref import WeakValueDictionary

from starlette.requests import Request
from starlette.responses import Response

from ..runtime.folds import Fold

MOST_AT_ONCE = 2
"""Long reads of one organization side by side; the others of it wait in their order."""
_GONE = Response(status_code=499)
"""For nobody: who had asked is gone."""


class LongReads:
    """The reads under way; used on the server's loop."""

    def __init__(self) -> None:
        self._gates: WeakValueDictionary[str | None, asyncio.Semaphore] = WeakValueDictionary()

    async def answer(self, request: Request, work: Callable[[], Response]) -> Response:
        """Do it in a thread when it is its turn, unless nobody waits for it any more by then."""
        org_id = request.scope.get("org_id")
        gate = self._gates.setdefault(org_id, asyncio.Semaphore(MOST_AT_ONCE))
        async with gate:
            if await request.is_disconnected():
                return _GONE
            return await asyncio.to_thread(work)


async def read_long(request: Request, work: Callable[[], Response]) -> Response:
    """Answer with what is read in a thread."""
    reads: LongReads = request.app.state.long_reads
    return await reads.answer(request, work)


async def read_fold(
    request: Request, session_id: str, view: Callable[[Fold], Response]
) -> Response:
    """Answer with what is made of a session's fold: at once where that is short."""
    folds = request.app.state.service.folds

    def look() -> Response:
        answer: Response = folds.look(session_id, view)
        return answer

    return look() if folds.is_short(session_id) else await read_long(request, look)
