"""Functions of the kernel that answer the tool calls of a batch's sessions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ....errors import DariError, InvalidRequestError
from ...sessions.session import Session
from ...tools.tool import Approve, Given, as_tools, checked_approve
from ..cells import Cell

if TYPE_CHECKING:
    from ...connection import Link

MOST_STREAMS = 12
"""Sessions that are served at once; the others wait, as their calls do."""


class Serving:
    """Serves each session of a batch from when it waits for a tool until its turn has ended.

    Args:
        link: The connection.
        agent_name: Name of the agent of all sessions.
        cells: Gives the cells as they are now, each time it is iterated.
    """

    def __init__(self, link: Link, agent_name: str, cells: Iterable[Cell]) -> None:
        self._link = link
        self._agent_name = agent_name
        self._cells = cells
        self._tools: Given = ()
        self._approve: Approve | None = None
        self._served: set[str] = set()
        self._slots = asyncio.Semaphore(MOST_STREAMS)

    def give(self, tools: Given, approve: Approve | None) -> None:
        """Serve with these tools from now on; errors as of :func:`checked`."""
        given = checked(tools, approve)
        if given:
            self._tools, self._approve = given, approve

    def look(self) -> None:
        """Begin to serve what waits now; on the background loop."""
        if not self._tools:
            return
        for cell in self._cells:
            session_id = cell.session_id
            if cell.state == "waiting_for_tool" and session_id and session_id not in self._served:
                self._served.add(session_id)
                self._link.run(self._serve(session_id))

    async def _serve(self, session_id: str) -> None:
        client = self._link.stream_client
        async with self._slots:
            # A session that cannot be followed now is served when the batch is looked at again.
            with contextlib.suppress(DariError):
                resource = await client.sessions.get(session_id)
                session = Session(self._link, resource, self._agent_name)
                session._tools.give(self._tools, self._approve)
                messages = await client.sessions.messages(session_id)
                await session._feed.follow(messages[0].id)
        self._served.discard(session_id)


def checked(tools: Given, approve: Approve | None) -> Given:
    """Return the tools that a batch was given.

    Raises:
        InvalidRequestError: Something cannot be a tool, or would ask before each call: nobody
            sits before so many sessions.
    """
    given, chosen = as_tools(tools), checked_approve(approve)
    asking = [t.name for t in given.values() if (chosen or t.approve or "ask") == "ask"]
    if asking:
        raise InvalidRequestError(
            f"A batch cannot ask before each call of {asking[0]}: give approve='always', or a "
            "function of name and arguments that decides. Nothing was sent.",
            code="invalid_approve",
        )
    return list(given.values())
