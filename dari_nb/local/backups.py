"""Backups of a local Dari: its database, and the workspaces beside it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ..errors import InvalidRequestError
from .store.sqlite_file.backup import claimed, copy_database, put_in_place
from .store.sqlite_file.connecting import connected, real_path
from .store.sqlite_file.identity import check_identity
from .workspaces.workspaces import Workspaces, workspaces_folder

Copying = Callable[[Path], None]
"""Writes a database to a new file."""


def back_up(
    copying: Copying, database: Path | None, workspaces: Workspaces, out: Path, *, overwrite: bool
) -> None:
    """Make a backup; the database gets its name when it is whole, and its workspaces right then.

    Args:
        copying: Writes the database.
        database: Its file, if it has one.
        workspaces: What is to be beside it.
        out: The file to make.
        overwrite: Replace a backup that is there.

    Raises:
        InvalidRequestError: There is one, a local Dari serves it, or it cannot be written; the text
            says which.
    """
    try:
        if workspaces.holds(out):
            raise InvalidRequestError(
                f"{out} is inside the workspaces that are copied: choose another folder.",
                code="invalid_path",
            )
        with claimed(out, database, overwrite=overwrite) as real:
            if os.path.lexists(workspaces_folder(real)) and not overwrite:
                raise InvalidRequestError(
                    f"{workspaces_folder(out)} is there already: remove it, or overwrite it.",
                    code="file_exists",
                )
            _write(copying, workspaces, real)
    except (OSError, ValueError, sqlite3.Error) as error:
        if isinstance(error, InvalidRequestError):
            raise
        # The file that an error of the system names may be one that nobody asked for.
        reason = getattr(error, "strerror", None) or error
        raise InvalidRequestError(
            f"{out} cannot be written: {reason}.", code="file_unwritable"
        ) from error


def back_up_file(path: Path, out: Path, *, overwrite: bool) -> None:
    """Make a backup of a file, whether a local Dari serves it or not.

    Raises:
        InvalidRequestError: It is no local Dari's, or the backup cannot be written.
    """
    try:
        real = real_path(path)
        check_identity(real)
        with closing(connected(real)) as source:

            def copying(new: Path) -> None:
                copy_database(source, new)

            back_up(copying, real, Workspaces(real), out, overwrite=overwrite)
    except (OSError, sqlite3.Error) as error:
        raise InvalidRequestError(
            f"{path} cannot be read: {error}.", code="file_unreadable"
        ) from error


def _write(copying: Copying, workspaces: Workspaces, out: Path) -> None:
    folder = workspaces_folder(out)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=out.parent) as partial:
        new = Path(partial, "new")
        workspaces.copy(new)
        copying(Path(partial, "database"))
        put_in_place(Path(partial, "database"), out)
        if os.path.lexists(folder):
            folder.rename(Path(partial, "old"))
        if new.exists():
            new.rename(folder)
