"""The files of a session elsewhere, brought into the workspace of the one here."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from ...client import AsyncClient
from ...client.workspaces.workspace import Limits, Workspace
from ...errors import DariError
from ...local.agents.tools import ToolTrouble
from ...local.playback.files import remove
from ...local.workspaces.folder import Folder
from ...tapes.files import MOST_BYTES

_LIMITS = Limits(files=1000, size_bytes=MOST_BYTES)


async def bring(client: AsyncClient, session_id: str, workspace: Path) -> None:
    """Make a workspace as that of a session elsewhere is now; one that is too large is left."""
    with suppress(DariError, ToolTrouble):
        found = await client.sessions.workspace(session_id, max_bytes=MOST_BYTES, limits=_LIMITS)
        with found:
            await asyncio.to_thread(_copy, found, workspace)


def _copy(found: Workspace, workspace: Path) -> None:
    folder, paths = Folder(workspace), {file.path for file in found.files()}
    here = [each for each in sorted(workspace.rglob("*"), reverse=True) if not each.is_dir()]
    for each in here:
        if (path := each.relative_to(workspace).as_posix()) not in paths:
            remove(folder, path)
    for path in paths:
        folder.replace(path, found.read_bytes(path))
