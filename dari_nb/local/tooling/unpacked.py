"""A bundle as a folder, for as long as someone needs it."""

from __future__ import annotations

import asyncio
import shutil
import weakref
from pathlib import Path
from tempfile import mkdtemp

from ..bundle import Files
from .threads import off_the_loop


class Unpacked:
    """The files of a bundle in a temporary folder, which is made when it is first asked for.

    Args:
        files: The bytes by their paths, which `read_bundle` has checked.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._folder: Path | None = None
        self._lock = asyncio.Lock()

    async def folder(self) -> Path:
        """The folder; it goes when this object goes."""
        async with self._lock:
            if self._folder is None:
                self._folder = await off_the_loop(self._made)
        return self._folder

    def _made(self) -> Path:
        folder = Path(mkdtemp(prefix="dari-bundle-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        for path, data in self._files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        # Whoever the sandbox's user is, all of it can be read, and by way of the sandbox only.
        for place in (folder, *folder.rglob("*")):
            place.chmod(0o755 if place.is_dir() else 0o644)
        return folder
