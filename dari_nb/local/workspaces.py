"""The workspaces of sessions: a real folder each."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path

from .agents import Attachment

_LONGEST = 200
"""Bytes of a file name that any file system takes, with room for a number."""


class Workspaces:
    """The folders that agents work in, one a session.

    Args:
        database: The server's file: the folders are beside it, and stay. Without one they are in a
            temporary folder, which goes with the server.
    """

    def __init__(self, database: str | Path | None = None) -> None:
        self._root = Path(f"{database}.workspaces").absolute() if database else None

    def folder(self, session_id: str) -> Path | None:
        """The session's folder, or ``None`` before its first turn."""
        folder = self._root / session_id if self._root else None
        return folder if folder and folder.is_dir() else None

    def prepare(self, session_id: str, files: Iterable[Attachment]) -> Path:
        """Make the session's folder if need be, and put newly attached files into it.

        A file whose name is taken by other content gets a number: ``notes-2.txt``.
        """
        folder = self._made_root() / session_id
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            _place(folder, file)
        return folder

    def _made_root(self) -> Path:
        if self._root is None:
            self._root = Path(tempfile.mkdtemp(prefix="dari-workspaces-"))
            weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)
        return self._root


def _place(folder: Path, file: Attachment) -> None:
    name, number = Path(_fitting(file)), 1
    while True:
        target = folder / (name if number == 1 else f"{name.stem}-{number}{name.suffix}")
        if not target.is_symlink():
            if not target.exists():
                target.write_bytes(file.data)
                return
            if target.is_file() and target.read_bytes() == file.data:
                return
        number += 1


def _fitting(file: Attachment) -> str:
    """The file's name, or its id where a file system would not take the name."""
    return file.name if len(file.name.encode("utf-8", "replace")) <= _LONGEST else file.id
