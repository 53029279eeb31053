"""A bundle as a folder, for as long as someone needs it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ..bundles.archive import Files, Program
from ..sandbox.threads import off_the_loop
from ..workspaces.temporary import TemporaryFolder


class Unpacked:
    """The files of a bundle in a temporary folder, which is made when it is first asked for.

    Args:
        files: The bytes by their paths, which `read_bundle` has checked.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._folder: TemporaryFolder | None = None
        self._lock = asyncio.Lock()

    async def folder(self) -> Path:
        """The folder; it goes when this object goes."""
        async with self._lock:
            if self._folder is None:
                self._folder = await off_the_loop(self._made)
        return self._folder.path

    def _made(self) -> TemporaryFolder:
        made = TemporaryFolder("bundle")
        folder = made.path
        for path, data in self._files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            target.chmod(0o755 if isinstance(data, Program) else 0o644)
        # Whoever the sandbox's user is, all of it can be read, and by way of the sandbox only.
        for place in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
            place.chmod(0o755)
        return made
