"""A session's files, downloaded as one zip that is on disk and never trusted (section 10)."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from ...errors import WorkspaceError
from .unpacking import check_places, place, staging, writing

if TYPE_CHECKING:
    import pandas as pd

_DRIVE = re.compile(r"[A-Za-z]:")
_RATIO_MATTERS_FROM = 16 << 20
_ENCRYPTED = 0x1
_UNIX = 3
_LEAST_HEADER = 30
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


MOST_BYTES = 256 << 20
"""Bytes of a download, as it is sent."""


@dataclass(frozen=True)
class Limits:
    """What a workspace may be at most.

    Attributes:
        files: How many files.
        size_bytes: Bytes of all files, unpacked.
        ratio: Unpacked to packed bytes, for workspaces of 16 MiB and more.
    """

    files: int = 20_000
    size_bytes: int = 1 << 30
    ratio: float = 200.0


@dataclass(frozen=True)
class WorkspaceFile:
    """A file of a workspace.

    Attributes:
        path: Below ``/workspace``, with slashes.
        size_bytes: Bytes, unpacked.

    >>> @server.agent("writer")
    ... def writer(prompt, turn):
    ...     (turn.workspace / "out.csv").write_text(prompt)
    ...     return "Written."
    >>> workspace = d.agents["writer"].send("a,b").wait().session.workspace(wait=60)
    >>> workspace.files()
    [WorkspaceFile(path='out.csv', size_bytes=3)]
    """

    path: str
    size_bytes: int


class Workspace:
    """The files of a session's ``/workspace``.

    Reading takes single files out of the zip; nothing is unpacked unless :meth:`extract` is
    called. The context manager, :meth:`close` and the garbage collector remove a temporary zip.

    Args:
        archive: The zip file.
        limits: What it may be at most.
        is_temporary: Whether the zip file goes with this object.

    Attributes:
        archive: The zip file's path.
        unsafe: Paths of entries that are never unpacked: links, devices, and names that lead
            elsewhere.

    Raises:
        WorkspaceError: It is no zip file, or exceeds a limit.

    >>> with client.sessions.workspace(turn.wait().session.id, wait=60) as workspace:
    ...     workspace.unsafe
    []
    """

    def __init__(
        self,
        archive: str | os.PathLike[str],
        *,
        limits: Limits | None = None,
        is_temporary: bool = False,
    ) -> None:
        self.archive = Path(archive)
        self._limits = limits or Limits()
        with _readable(str(self.archive)):
            self._zip = zipfile.ZipFile(self.archive)
        self._finalizer = weakref.finalize(self, _dispose, self._zip, self.archive, is_temporary)
        try:
            entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
            self._check(entries)
        except WorkspaceError:
            self.close()
            raise
        safe = [entry for entry in entries if _is_safe(entry)]
        self._entries = {entry.filename: entry for entry in safe}
        self.unsafe = [entry.orig_filename for entry in entries if not _is_safe(entry)]

    def files(self) -> list[WorkspaceFile]:
        """List the files, sorted by path; those in :attr:`unsafe` are not among them.

        >>> @server.agent("writer")
        ... def writer(prompt, turn):
        ...     (turn.workspace / "out.csv").write_text(prompt)
        ...     return "Written."
        >>> workspace = d.agents["writer"].send("a,b").wait().session.workspace(wait=60)
        >>> [file.path for file in workspace.files()]
        ['out.csv']
        """
        return [
            WorkspaceFile(path, self._entries[path].file_size) for path in sorted(self._entries)
        ]

    @contextmanager
    def open(self, path: str) -> Iterator[IO[bytes]]:
        """Open one file for reading bytes.

        Args:
            path: As :meth:`files` lists it, or with ``/workspace/`` before it.

        Raises:
            WorkspaceError: There is no such file, or it is damaged.

        >>> @server.agent("writer")
        ... def writer(prompt, turn):
        ...     (turn.workspace / "out.csv").write_text(prompt)
        ...     return "Written."
        >>> workspace = d.agents["writer"].send("a,b").wait().session.workspace(wait=60)
        >>> with workspace.open("out.csv") as file:
        ...     file.read(1)
        b'a'
        """
        with _readable(path), self._zip.open(self._entry(path)) as file:
            yield file

    def read_bytes(self, path: str) -> bytes:
        """Read one file.

        Args:
            path: As :meth:`files` lists it.

        Raises:
            WorkspaceError: There is no such file, or it is damaged.

        >>> @server.agent("writer")
        ... def writer(prompt, turn):
        ...     (turn.workspace / "out.csv").write_text(prompt)
        ...     return "Written."
        >>> workspace = d.agents["writer"].send("a,b").wait().session.workspace(wait=60)
        >>> workspace.read_bytes("out.csv")
        b'a,b'
        """
        with self.open(path) as file:
            return file.read()

    def read_text(self, path: str, encoding: str = "utf-8") -> str:
        """Read one text file.

        Args:
            path: As :meth:`files` lists it.
            encoding: How the bytes are read.

        Raises:
            WorkspaceError: There is no such file, or it is not text of this encoding.

        >>> @server.agent("writer")
        ... def writer(prompt, turn):
        ...     (turn.workspace / "out.csv").write_text(prompt)
        ...     return "Written."
        >>> workspace = d.agents["writer"].send("a,b").wait().session.workspace(wait=60)
        >>> workspace.read_text("out.csv")
        'a,b'
        """
        try:
            return self.read_bytes(path).decode(encoding)
        except UnicodeDecodeError:
            raise WorkspaceError(f"{path!r} is not {encoding} text.", code="invalid_file") from None

    def read_json(self, path: str) -> Any:
        """Read one JSON file.

        Args:
            path: As :meth:`files` lists it.

        Raises:
            WorkspaceError: There is no such file, or it is damaged.
            json.JSONDecodeError: It is no JSON; the text tells where.

        >>> @server.agent("writer")
        ... def writer(prompt, turn):
        ...     (turn.workspace / "out.csv").write_text(prompt)
        ...     return "Written."
        >>> workspace = d.agents["writer"].send("[1, 2]").wait().session.workspace(wait=60)
        >>> workspace.read_json("out.csv")
        [1, 2]
        """
        return json.loads(self.read_bytes(path))

    def read_csv(self, path: str, **options: Any) -> pd.DataFrame:
        """Read one CSV file as a DataFrame.

        Args:
            path: As :meth:`files` lists it.
            **options: Those of ``pandas.read_csv``.

        Raises:
            WorkspaceError: There is no such file, or it is damaged.

        >>> @server.agent("writer")
        ... def writer(prompt, turn):
        ...     (turn.workspace / "out.csv").write_text(prompt)
        ...     return "Written."
        >>> workspace = d.agents["writer"].send("a,b").wait().session.workspace(wait=60)
        >>> workspace.read_csv("out.csv").columns.to_list()
        ['a', 'b']
        """
        import pandas as pd

        with self.open(path) as file:
            frame: pd.DataFrame = pd.read_csv(file, **options)
        return frame

    def read_parquet(self, path: str, **options: Any) -> pd.DataFrame:
        """Read one Parquet file as a DataFrame; needs ``dari-nb[parquet]``.

        Args:
            path: As :meth:`files` lists it.
            **options: Those of ``pandas.read_parquet``.

        Raises:
            WorkspaceError: There is no such file, or it is damaged.

        >>> @server.agent("tables")
        ... def tables(prompt, turn):
        ...     batch.to_frame().to_parquet(turn.workspace / "cells.parquet")
        ...     return "Written."
        >>> workspace = d.agents["tables"].send("Write.").wait().session.workspace(wait=60)
        >>> workspace.read_parquet("cells.parquet").shape[0]
        4
        """
        import pandas as pd

        with self.open(path) as file:
            return pd.read_parquet(file, **options)

    def extract(self, dest: str | os.PathLike[str], *, skip_unsafe: bool = False) -> Path:
        """Unpack all files into a folder, and only there; existing files are replaced.

        Nothing is put into the folder before all of it is unpacked and found to be whole.

        Args:
            dest: The folder; made when it does not exist.
            skip_unsafe: Leave out what is in :attr:`unsafe`, rather than unpack nothing at all.

        Returns:
            The folder.

        Raises:
            WorkspaceError: Something is unsafe or damaged, or a link in the folder leads out.

        >>> @server.agent("writer")
        ... def writer(prompt, turn):
        ...     (turn.workspace / "out.csv").write_text(prompt)
        ...     return "Written."
        >>> workspace = d.agents["writer"].send("a,b").wait().session.workspace(wait=60)
        >>> sorted(path.name for path in workspace.extract("unpacked").iterdir())
        ['out.csv']
        """
        if self.unsafe and not skip_unsafe:
            raise WorkspaceError(
                f"The workspace holds what must not be unpacked: {self.unsafe[0]!r}"
                f" ({len(self.unsafe)} in all); skip_unsafe=True leaves it out.",
                code="unsafe_path",
            )
        root = Path(dest).resolve()
        with staging(root) as stage:
            for path in self._entries:
                self._unpack(path, stage / path)
            if root.exists():
                check_places(root, self._entries)
            root.mkdir(parents=True, exist_ok=True)
            for path in self._entries:
                place(stage / path, root / path, path)
        return root

    def close(self) -> None:
        """Close the zip file, and remove it if it is temporary; harmless when done before.

        >>> @server.agent("writer")
        ... def writer(prompt, turn):
        ...     (turn.workspace / "out.csv").write_text(prompt)
        ...     return "Written."
        >>> workspace = d.agents["writer"].send("a,b").wait().session.workspace(wait=60)
        >>> workspace.close()
        """
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Workspace({len(self._entries)} files)"

    def _check(self, entries: list[zipfile.ZipInfo]) -> None:
        limits = self._limits
        size = sum(entry.file_size for entry in entries)
        packed = max(1, self.archive.stat().st_size)
        names = {entry.filename for entry in entries}
        if len(entries) > limits.files:
            raise WorkspaceError(
                f"The workspace has {len(entries)} files, over {limits.files}.", code="too_large"
            )
        if size > limits.size_bytes:
            raise WorkspaceError(
                f"The workspace has {size} bytes, over {limits.size_bytes}.", code="too_large"
            )
        if size > _RATIO_MATTERS_FROM and size / packed > limits.ratio:
            raise WorkspaceError(
                f"The workspace unpacks to over {limits.ratio:g} times its size.", code="too_large"
            )
        if len(names) < len(entries):
            raise WorkspaceError(
                "The workspace has two files of the same name.", code="duplicate_entry"
            )
        if _overlap(entries):
            raise WorkspaceError(
                "The workspace's files overlap in the zip file.", code="invalid_archive"
            )

    def _entry(self, path: str) -> zipfile.ZipInfo:
        entry = self._entries.get(path.removeprefix("/workspace/"))
        if entry is None:
            raise WorkspaceError(
                f"There is no file {path!r} in the workspace.", code="file_not_found"
            )
        return entry

    def _unpack(self, path: str, target: Path) -> None:
        with writing(path):
            target.parent.mkdir(parents=True, exist_ok=True)
            with self.open(path) as file, target.open("xb") as copy:
                shutil.copyfileobj(file, copy)
        if target.stat().st_size != self._entries[path].file_size:
            raise WorkspaceError(
                f"{path!r} cannot be read: it is shorter than the zip file says.",
                code="invalid_archive",
            )


def _is_safe(entry: zipfile.ZipInfo) -> bool:
    mode = entry.external_attr >> 16 if entry.create_system == _UNIX else 0
    return (
        stat.S_IFMT(mode) in (0, stat.S_IFREG)
        and not entry.flag_bits & _ENCRYPTED
        # They differ when the name has a null character, or is told a second time.
        and _is_safe_name(entry.orig_filename)
        and _is_safe_name(entry.filename)
    )


def _is_safe_name(name: str) -> bool:
    parts = name.split("/")
    return (
        name.isprintable()
        and "\\" not in name
        and not {"", ".", ".."}.intersection(parts)
        and not any(_DRIVE.match(part) for part in parts)
    )


def _overlap(entries: list[zipfile.ZipInfo]) -> bool:
    """Whether packed bytes are used twice, as bombs do."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    ends = (one.header_offset + _LEAST_HEADER + one.compress_size for one in ordered)
    return any(later.header_offset < end for end, later in zip(ends, ordered[1:], strict=False))


@contextmanager
def _readable(path: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise WorkspaceError(f"{path!r} cannot be read: {error}.", code="invalid_archive") from None


def _dispose(archive: zipfile.ZipFile, path: Path, is_temporary: bool) -> None:
    archive.close()
    if is_temporary:
        path.unlink(missing_ok=True)
