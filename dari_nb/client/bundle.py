"""An agent's source as one archive, the same bytes for the same files (contract, section 3)."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
import subprocess
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from ..errors import InvalidRequestError

MANIFEST = "dari.yml"
MOST_BYTES = 512 << 20
_LEFT_OUT = frozenset(
    {".dari", ".git", ".pytest_cache", ".venv", "__pycache__", "node_modules", ".DS_Store"}
)
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
# Without this, a folder's own configuration could make git run a program of its choice.
_GIT = ("git", "-c", "core.fsmonitor=false", "ls-files", "-z")
_GIT_SELECTION = ("--cached", "--others", "--exclude-standard")

Entry: TypeAlias = tuple[str, bytes, bool]
"""A file's path and content, and whether it is executable."""


@dataclass(frozen=True)
class Bundle:
    """A tar.gz with ``dari.yml`` on top.

    Attributes:
        content: The archive.
        files: The paths in it, sorted.
    """

    content: bytes = field(repr=False)
    files: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """The archive's digest, in lowercase hex."""
        return hashlib.sha256(self.content).hexdigest()

    def read(self) -> dict[str, bytes]:
        """Unpack it in memory; returns contents by path."""
        with tarfile.open(fileobj=io.BytesIO(self.content), mode="r:gz") as archive:
            opened = ((member.name, archive.extractfile(member)) for member in archive)
            return {str(PurePosixPath(name)): file.read() for name, file in opened if file}

    @classmethod
    def from_folder(cls, folder: str | os.PathLike[str]) -> Bundle:
        """Pack a folder: in a git checkout what git knows or would add, otherwise nearly all.

        Outside of git ``.dari .git .pytest_cache .venv __pycache__ node_modules .DS_Store`` are
        left out.

        Raises:
            InvalidRequestError: There is no ``dari.yml``, something is no regular file, or it is
                all more than 512 MiB.
        """
        root = Path(folder)
        if not (root / MANIFEST).is_file():
            raise InvalidRequestError(f"There is no {MANIFEST} in {str(folder)!r}.")
        names = sorted(set(_listed_by_git(root) or _walked(root)))
        if MANIFEST not in names:
            raise InvalidRequestError(f"Git ignores {MANIFEST} in {str(folder)!r}: it is needed.")
        return cls(_compressed(_archive(_entries(root, names))), tuple(names))

    @classmethod
    def from_files(
        cls,
        files: Mapping[str, bytes],
        *,
        folder: str | os.PathLike[str] = ".",
        places: Iterable[str] = (),
    ) -> Bundle:
        """Pack files that are written here, with some that lie in a folder.

        Args:
            files: Contents by path; ``dari.yml`` is one of them.
            folder: Where the others lie.
            places: Files and folders below it to take along, under the same paths.

        Raises:
            InvalidRequestError: There is no ``dari.yml`` or no such place, a path leads out of the
                folder, or something is no regular file.

        >>> Bundle.from_files({"dari.yml": b"name: a", "prompts/system.md": b"Be brief."}).files
        ('dari.yml', 'prompts/system.md')
        """
        if MANIFEST not in files:
            raise InvalidRequestError(f"There is no {MANIFEST} among the files.")
        root = Path(folder)
        found = {name for place in places for name in _below(root, place)}
        written = [(name, content, False) for name, content in files.items()]
        entries = sorted([*written, *_entries(root, sorted(found - set(files)))])
        return cls(_compressed(_archive(entries)), tuple(name for name, _, _ in entries))

    @classmethod
    def from_bytes(cls, content: bytes) -> Bundle:
        """Take an archive that is made already.

        Raises:
            InvalidRequestError: It is no tar.gz of regular files with ``dari.yml`` on top.
        """
        try:
            with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
                names = [_member_name(member) for member in archive if not member.isdir()]
        except (tarfile.TarError, OSError, EOFError, zlib.error):
            raise InvalidRequestError("The bundle is not a tar.gz.") from None
        if MANIFEST not in names:
            raise InvalidRequestError(f"There is no {MANIFEST} on top of the bundle.")
        if len(set(names)) < len(names):
            raise InvalidRequestError("The bundle has two files of the same name.")
        return cls(content, tuple(sorted(names)))


def _listed_by_git(root: Path) -> list[str]:
    """List what git knows below a folder; nothing when this is no checkout of git's."""
    environment = {key: text for key, text in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603
            [*_GIT, *_GIT_SELECTION], cwd=root, env=environment, capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return []
    names = [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    # Files that are deleted but still in git's index are not there to be packed.
    return [name for name in names if os.path.lexists(root / name)]


def _walked(root: Path) -> Iterator[str]:
    for place, folders, files in os.walk(root):
        here = Path(place)
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        links = [name for name in folders if (here / name).is_symlink()]
        for name in [*links, *files]:
            if name not in _LEFT_OUT:
                yield (here / name).relative_to(root).as_posix()


def _below(root: Path, place: str) -> Iterator[str]:
    path = PurePosixPath(place)
    if path.is_absolute() or ".." in path.parts:
        raise InvalidRequestError(f"{place!r} leads out of {str(root)!r}.")
    if (root / path).is_dir():
        yield from ((path / name).as_posix() for name in _walked(root / path))
    elif os.path.lexists(root / path):
        yield path.as_posix()
    else:
        raise InvalidRequestError(f"There is no {place!r} in {str(root.resolve())!r}.")


def _entries(root: Path, names: Iterable[str]) -> Iterator[Entry]:
    left = MOST_BYTES
    for name in names:
        content, executable = _read(root, name, left)
        left -= len(content)
        yield name, content, executable


def _archive(entries: Iterable[Entry]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content, executable in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o755 if executable else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _read(root: Path, name: str, left: int) -> tuple[bytes, bool]:
    try:
        name.encode()
        found = (root / name).lstat()
        if not stat.S_ISREG(found.st_mode) or _is_reached_by_link(root, name):
            raise InvalidRequestError(f"{name!r} is no regular file: a bundle holds only those.")
        if found.st_size > left:
            raise InvalidRequestError(f"The bundle exceeds {MOST_BYTES >> 20} MiB at {name!r}.")
        return (root / name).read_bytes(), bool(found.st_mode & stat.S_IXUSR)
    except UnicodeEncodeError:
        raise InvalidRequestError(f"The name {name!r} is not valid text.") from None
    except OSError as error:
        raise InvalidRequestError(f"Cannot read {name!r}: {error.strerror or error}.") from None


def _is_reached_by_link(root: Path, name: str) -> bool:
    return any((root / parent).is_symlink() for parent in PurePosixPath(name).parents[:-1])


def _member_name(member: tarfile.TarInfo) -> str:
    path = PurePosixPath(member.name)
    is_plain = member.isreg() and not member.issparse() and "\0" not in member.name
    if not is_plain or path.is_absolute() or ".." in path.parts:
        raise InvalidRequestError(f"{member.name!r} in the bundle is no regular, relative file.")
    return str(path)


def _compressed(content: bytes) -> bytes:
    # Written by hand because the gzip module's header differs between versions of Python.
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(content) + deflate.flush()
    return _GZIP_HEADER + body + struct.pack("<LL", zlib.crc32(content), len(content) & 0xFFFFFFFF)
