"""The workspaces of sessions: a real folder each."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from ..agents import Attachment, TurnFailure
from ..agents.tools import ToolTrouble
from .folder import Folder
from .snapshots import EMPTY, Snapshots, copy_now
from .temporary import TemporaryFolder

_BEGUN = ".begun"
"""What the name of a fork's folder ends with until the fork is kept."""
_LONGEST = 200
"""Bytes of a file name that any file system takes, with room for a number."""


class Workspaces:
    """The folders that agents work in, one a session.

    Args:
        database: The server's file: the folders are beside it, and stay. Without one they are in a
            temporary folder, which goes with the server.
    """

    def __init__(self, database: str | Path | None = None) -> None:
        self._root = workspaces_folder(Path(database)) if database else None
        if self._root and self._root.is_dir():
            make_private(self._root)
        self._temporary: TemporaryFolder | None = None
        self._making = Lock()

    def folder(self, session_id: str) -> Path | None:
        """The session's folder, or ``None`` before its first turn."""
        folder = self._root / session_id if self._root else None
        return folder if folder and folder.is_dir() else None

    def prepare(self, session_id: str, files: Iterable[Attachment]) -> Path:
        """Make the session's folder if need be, and put newly attached files into it.

        A file whose name is taken by other content gets a number: ``notes-2.txt``. One that is
        attached again is the agent's to work on, and is put there again only when it has gone.

        Raises:
            TurnFailure: A file cannot be put there.
        """
        folder = self._made_root() / session_id
        folder.mkdir(mode=0o700, exist_ok=True)
        places = self.places(session_id)
        for file in files:
            if file.id not in places or not os.path.lexists(folder / places[file.id]):
                places[file.id] = _put(folder, file)
                self._note(session_id, places)
        return folder

    def keep(self, session_id: str) -> str | None:
        """Keep what a session's folder holds now; returns where, or ``None`` if it is not kept."""
        folder = self.folder(session_id)
        if folder is None:
            return None
        name = EMPTY if self.is_empty(session_id) else self._snapshots(session_id).keep(folder)
        return name and f"{session_id}/{name}"

    def is_empty(self, session_id: str) -> bool:
        """Whether a session's folder holds nothing, which is quick to see."""
        folder = self.folder(session_id)
        try:
            with os.scandir(folder) if folder else nullcontext(iter(())) as found:
                return next(iter(found), None) is None
        except OSError:
            return False

    def fork(
        self, session_id: str, fork_id: str, snapshot: str | None, attached: Iterable[str]
    ) -> None:
        """Begin the folder of a fork, with what that of the other session holds or held.

        It is the fork's once it is settled; what nothing came of goes as it is tidied.

        Args:
            session_id: The session that is forked, which has a folder.
            fork_id: The fork, which has none yet.
            snapshot: Where it is kept what it held then; what it holds now is taken without that.
            attached: Ids of the files that were attached by then.

        Raises:
            OSError: A file cannot be read or written.
        """
        begun = fork_id + _BEGUN
        folder, source = self._made_root() / begun, self.folder(session_id)
        folder.mkdir(mode=0o700)
        if snapshot is not None:
            owner, _, name = snapshot.partition("/")
            self._snapshots(owner).put_back(name, folder)
        elif source is not None:
            copy_now(source, folder)
        places, wanted = self.places(session_id), set(attached)
        self._note(begun, {file: name for file, name in places.items() if file in wanted})

    def settle(self, fork_id: str) -> None:
        """Give a fork the folder that was begun for it, if one was."""
        begun, root = fork_id + _BEGUN, self._made_root()
        if (root / begun).is_dir():
            with suppress(FileNotFoundError):  # killed between the two
                self._note_of(begun).replace(self._note_of(fork_id))
            (root / begun).rename(root / fork_id)

    def forget(self, fork_id: str) -> None:
        """Remove the folder that was begun for a fork that came to nothing."""
        begun = fork_id + _BEGUN
        shutil.rmtree(self._made_root() / begun, ignore_errors=True)
        self._note_of(begun).unlink(missing_ok=True)

    def tidy(self, is_session: Callable[[str], bool]) -> None:
        """Settle what a server that was killed had begun, or remove it.

        Args:
            is_session: Whether there is a session of an id.
        """
        for begun in list(self._root.glob(f"*{_BEGUN}")) if self._root else ():
            fork_id = begun.name.removesuffix(_BEGUN)
            if is_session(fork_id):
                self.settle(fork_id)
            else:
                self.forget(fork_id)
        # Notes that were being written.
        for left in list(self._root.glob(".*")) if self._root else ():
            left.unlink(missing_ok=True)

    def snapshot(self, where: str) -> tuple[Snapshots, list[dict[str, Any]]]:
        """What is kept where :meth:`keep` said: the contents, and the list of them.

        Raises:
            OSError: It cannot be read.
        """
        owner, _, name = where.partition("/")
        kept = self._snapshots(owner)
        return kept, kept.listed(name)

    def _snapshots(self, session_id: str) -> Snapshots:
        return Snapshots(self._made_root() / f"{session_id}.kept")

    def places(self, session_id: str) -> dict[str, str]:
        """The names that attached files were given in the session's folder, by their ids."""
        note = self._note_of(session_id)
        return dict(json.loads(note.read_bytes())) if note.exists() else {}

    def _note(self, session_id: str, places: dict[str, str]) -> None:
        note = self._note_of(session_id)
        new = note.with_name(f".{secrets.token_hex(8)}")
        new.write_text(json.dumps(places), encoding="ascii")
        new.replace(note)

    def _note_of(self, session_id: str) -> Path:
        return self._made_root() / f"{session_id}.attached.json"

    def _made_root(self) -> Path:
        # Turns are prepared in threads, many at a time.
        with self._making:
            if self._root is None:
                self._temporary = TemporaryFolder("workspaces")
                self._root = self._temporary.path
        self._root.mkdir(mode=0o700, exist_ok=True)
        return self._root

    def holds(self, place: Path) -> bool:
        """Whether a place is among the folders, by whatever way it is named."""
        root = self._root
        return root is not None and Path(os.path.realpath(place)).is_relative_to(
            os.path.realpath(root)
        )

    def copy(self, target: Path) -> None:
        """Copy all folders as they are now, while agents may work in them, to a new one.

        Pipes, sockets and what goes meanwhile are left out.

        Args:
            target: An empty folder.

        Raises:
            OSError: A file cannot be copied.
        """
        if self._root is None or not self._root.is_dir():
            return
        try:
            shutil.copytree(self._root, target, symlinks=True, ignore=_unfit, dirs_exist_ok=True)
        except shutil.Error as error:
            # Each failure brings its source, which may just have gone.
            failures = [one for one in error.args[0] if os.path.lexists(one[0])]
            if failures:
                raise OSError(failures[0][2]) from error
        make_private(target)


def workspaces_folder(database: Path) -> Path:
    """The folder that holds the workspaces of a database."""
    return database.absolute().with_name(f"{database.name}.workspaces")


def make_private(folder: Path) -> None:
    """Let nobody else into a folder; what belongs to somebody else is for them to close."""
    with suppress(PermissionError):
        folder.chmod(0o700)


def _unfit(folder: str, names: list[str]) -> list[str]:
    """Name what is neither a file nor a folder nor a link."""
    places = {name: Path(folder, name) for name in names}
    return [
        name
        for name, place in places.items()
        if not (place.is_symlink() or place.is_file() or place.is_dir())
    ]


def _put(folder: Path, file: Attachment) -> str:
    try:
        return Folder(folder).add(_fitting(file), file.data)
    except ToolTrouble as trouble:
        raise TurnFailure(f"The attached file {file.name!r} has no place: {trouble}") from None


def _fitting(file: Attachment) -> str:
    """The file's name, or its id where a file system would not take the name."""
    try:
        return file.name if len(os.fsencode(file.name)) <= _LONGEST else file.id
    except UnicodeEncodeError:
        return file.id
