"""What is wrong with the files of a turn, as they are put into its workspace again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..files import DIGEST, MOST_BYTES, MOST_FILES, content_of, is_path
from ..lines import FileLine

_ORDINAL = re.compile(r"file_[1-9]\d*")
_NO_ORDINAL = "an attached file is named by its ordinal, as file_1, and not {name}"
_NO_PATH = "{name} is no path below a workspace: such are relative, without .., and short"
_NO_HASH = "sha256 must be 64 hexadecimal digits, and is {told}"
_FILED_TWICE = "{name} stands twice among the files of this turn: take one out"
_TOLD_TWICE = "what is in {name} is told by more than one of text, base64 and beside: leave one"
_NO_SIZE = "size is not that of {name}, which has {size} bytes"
_IN_ITS_WAY = "{name} cannot be put where {other} is: one of both is a folder"
_TOO_MANY = f"a turn leaves {MOST_FILES} files at most"
_TOO_MUCH = f"the files of a turn have more than {MOST_BYTES} bytes together"


class LeftFiles:
    """The files of one turn, which are taken in one after another.

    Args:
        folder: Where the larger ones are; what is there is not looked at without it.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._named: set[tuple[str, bool, bool]] = set()
        self._count = self._size = 0

    def troubles(self, line: FileLine) -> Iterator[str]:
        """Say what is wrong with the next one."""
        name = repr(line.file)[:40]
        if (line.file, line.attached, line.gone) in self._named:
            yield _FILED_TWICE.format(name=name)
        self._named.add((line.file, line.attached, line.gone))
        if (line.text is not None) + (line.base64 is not None) + line.beside > 1:
            yield _TOLD_TWICE.format(name=name)
        if line.attached and not _ORDINAL.fullmatch(line.file):
            yield _NO_ORDINAL.format(name=name)
        elif not line.attached and not is_path(line.file):
            yield _NO_PATH.format(name=name)
        elif line.sha256 is not None and not DIGEST.fullmatch(line.sha256):
            yield _NO_HASH.format(told=repr(line.sha256)[:40])
        else:
            yield from self._content_troubles(line, name)
            if not line.attached:
                yield from self._place_troubles(line, name)

    def _content_troubles(self, line: FileLine, name: str) -> Iterator[str]:
        if line.gone or (line.beside and self._folder is None):
            return
        try:
            data = content_of(line, self._folder or Path())
        except ValueError as error:
            yield str(error)
            return
        if data is None:
            return
        if line.size not in (None, len(data)):
            yield _NO_SIZE.format(name=name, size=len(data))
        before = self._size
        self._size += 0 if line.attached else len(data)
        if before <= MOST_BYTES < self._size:
            yield _TOO_MUCH

    def _place_troubles(self, line: FileLine, name: str) -> Iterator[str]:
        self._count += 1
        if self._count == MOST_FILES + 1:
            yield _TOO_MANY
        path = line.file.removesuffix("/")
        parts = path.split("/")
        above = ["/".join(parts[:end]) for end in range(1, len(parts))]
        here, there = self._files, self._folders
        if line.file.endswith("/"):
            here, there = there, here
        if line.gone:
            here.discard(path)
            return
        in_its_way = next((one for one in above if one in self._files), None)
        if path in there or in_its_way:
            yield _IN_ITS_WAY.format(name=name, other=repr(in_its_way or path)[:40])
        here.add(path)
        self._folders |= {*above}
