"""An agent's source as one archive, the same bytes for the same files (contract, section 3)."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..errors import InvalidRequestError
from .archive import Source, members, names_in, packed
from .reading import sources
from .selection import selected, selected_below

MANIFEST = "dari.yml"
MOST_BYTES = 512 << 20
"""Bytes of all files of a bundle together."""


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

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Unpack it in memory, one file at a time; gives each path with its content."""
        return members(self.content)

    def read(self) -> dict[str, bytes]:
        """Unpack it in memory; returns contents by path."""
        return dict(self.contents())

    @classmethod
    def from_folder(cls, folder: str | os.PathLike[str], *, most_bytes: int = MOST_BYTES) -> Bundle:
        """Pack a folder: in a git checkout what git knows or would add, otherwise nearly all.

        Files that git ignores are never taken along. Outside of a checkout, or where there is no
        git, files of the name ``.gitignore`` say what is ignored, and ``.dari .git .pytest_cache
        .venv __pycache__ node_modules .DS_Store`` are left out. Repositories and submodules inside
        the folder are taken along, and say themselves what they ignore.

        Args:
            folder: The folder, with a ``dari.yml`` on top.
            most_bytes: Bytes that its files may have together.

        Raises:
            InvalidRequestError: There is no ``dari.yml``, something is no regular file or changes
                meanwhile, git cannot tell what belongs to it, or it is all too large.
        """
        root = Path(folder)
        if not (root / MANIFEST).is_file():
            raise InvalidRequestError(
                f"There is no {MANIFEST} in {str(folder)!r}.", code="invalid_bundle"
            )
        names = selected(root)
        if MANIFEST not in names:
            raise InvalidRequestError(
                f"Git ignores {MANIFEST} in {str(folder)!r}: it is needed. Where git ignores the "
                "whole folder, make it a repository of its own with git init.",
                code="invalid_bundle",
            )
        return cls(packed(sources(root, names, most_bytes)), tuple(names))

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
            places: Files and folders below it to take along, under the same paths; what git ignores
                in such a folder is not.

        Raises:
            InvalidRequestError: There is no ``dari.yml`` or no such place, a path leads out of the
                folder, or something is no regular file.

        >>> Bundle.from_files({"dari.yml": b"name: a", "prompts/system.md": b"Be brief."}).files
        ('dari.yml', 'prompts/system.md')
        """
        if MANIFEST not in files:
            raise InvalidRequestError(
                f"There is no {MANIFEST} among the files.", code="invalid_bundle"
            )
        root = Path(folder)
        found = {name for place in places for name in _below(root, place)}
        names = sorted(found | set(files))
        return cls(packed(_mixed(files, root, names)), tuple(names))

    @classmethod
    def from_bytes(cls, content: bytes) -> Bundle:
        """Take an archive that is made already.

        Raises:
            InvalidRequestError: It is no tar.gz of regular files with ``dari.yml`` on top.
        """
        names = names_in(content)
        if MANIFEST not in names:
            raise InvalidRequestError(
                f"There is no {MANIFEST} on top of the bundle.", code="invalid_bundle"
            )
        if len(set(names)) < len(names):
            raise InvalidRequestError(
                "The bundle has two files of the same name.", code="duplicate_entry"
            )
        return cls(content, tuple(sorted(names)))


def _below(root: Path, place: str) -> list[str]:
    path = PurePosixPath(place)
    if path.is_absolute() or ".." in path.parts:
        raise InvalidRequestError(f"{place!r} leads out of {str(root)!r}.", code="unsafe_path")
    if not os.path.lexists(root / path):
        raise InvalidRequestError(
            f"There is no {place!r} in {str(root.resolve())!r}.", code="file_not_found"
        )
    if not (root / path).is_dir():
        return [path.as_posix()]
    names = selected_below(root, path)
    if not names:
        raise InvalidRequestError(
            f"There is nothing in {place!r} that git does not ignore.", code="invalid_bundle"
        )
    return names


def _mixed(files: Mapping[str, bytes], root: Path, names: Iterable[str]) -> Iterator[Source]:
    left = MOST_BYTES
    for name in names:
        if name in files:
            yield Source(name, io.BytesIO(files[name]), len(files[name]), is_executable=False)
            continue
        for source in sources(root, [name], left):
            yield source
            left -= source.size
