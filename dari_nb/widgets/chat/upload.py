"""Files that come from the page in parts."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import BinaryIO

from ...errors import InvalidRequestError
from .wire import Chunk


class Uploads:
    """Puts the parts of files together on disk, each below the limit.

    Args:
        most_bytes: The largest file.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._folder: Path | None = None
        self._files: dict[str, Path] = {}

    def take(self, chunk: Chunk, buffers: Sequence[memoryview]) -> str | None:
        """Take the next part; returns the file's key once all of it is there.

        Raises:
            InvalidRequestError: It is too large, or a part is missing.
        """
        if not 0 <= chunk["size"] <= self.most_bytes:
            raise InvalidRequestError(
                f"{chunk['name']} is larger than {self.most_bytes // 1_000_000} MB.",
                code="too_large",
            )
        path = self._path(chunk)
        data = b"".join(bytes(buffer) for buffer in buffers)
        with path.open("wb" if chunk["offset"] == 0 else "ab") as file:
            self._append(file, chunk, data)
        if chunk["offset"] + len(data) < chunk["size"]:
            return None
        self._files[chunk["key"]] = path
        return chunk["key"]

    def path(self, key: str) -> Path:
        """Where a file is that came whole.

        Raises:
            InvalidRequestError: It did not.
        """
        if key not in self._files:
            raise InvalidRequestError(
                "An attached file did not arrive whole: attach it again.", code="upload_incomplete"
            )
        return self._files[key]

    def forget(self) -> None:
        """Delete everything."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None
        self._files.clear()

    def _path(self, chunk: Chunk) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="dari-chat-"))
        # The page's names are only names: no part of them leads elsewhere.
        own = self._folder / PurePath(chunk["key"]).name
        own.mkdir(exist_ok=True)
        return own / (PurePath(chunk["name"].replace("\\", "/")).name or "file")

    def _append(self, file: BinaryIO, chunk: Chunk, data: bytes) -> None:
        if file.tell() != chunk["offset"] or chunk["offset"] + len(data) > chunk["size"]:
            raise InvalidRequestError(
                f"A part of {chunk['name']} is missing: attach it again.", code="upload_incomplete"
            )
        file.write(data)
