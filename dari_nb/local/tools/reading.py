"""The tools ``read`` and ``ls``."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Any

from ...descriptors import Entry, entries
from ..agents.tools import ToolTrouble
from ..sandbox.limits import KIB, MIB, in_words
from ..workspaces.folder import Folder, parts_of

MAX_LINES = 2000
"""Lines that one call of ``read`` gives at most."""
MAX_TEXT = 48 * KIB
"""Characters that one call gives at most."""
_LARGEST = 64 * MIB
_SAMPLE = 8 * KIB
_LISTED = 1000


def read(folder: Folder, arguments: dict[str, Any]) -> str:
    """Give some lines of a text file, and say how to get the next ones.

    Raises:
        ToolTrouble: It is no text, is too large, or cannot be read.
    """
    path, offset = arguments["path"], arguments.get("offset", 1)
    most = min(arguments.get("limit", MAX_LINES), MAX_LINES)
    with folder.opened(path) as (file, found):
        _check_size(found.st_size, path)
        with os.fdopen(os.dup(file), "rb") as source:
            sample = source.read(_SAMPLE)
            if b"\0" in sample:
                size = in_words(found.st_size)
                raise ToolTrouble(f"{path!r} is binary ({size}), and only text can be read.")
            source.seek(0)
            data = source.read(_LARGEST)
    lines = data.decode("utf-8", "replace").splitlines()
    if offset > max(len(lines), 1):
        raise ToolTrouble(f"{path!r} has {len(lines)} lines: line {offset} is not there.")
    return _page(lines, offset, most)


def _check_size(size: int, path: str) -> None:
    if size > _LARGEST:
        raise ToolTrouble(
            f"{path!r} has {in_words(size)}, and files up to {in_words(_LARGEST)} can be read. "
            "Take a part of it with grep or bash."
        )


def _page(lines: list[str], offset: int, most: int) -> str:
    shown, room = list[str](), MAX_TEXT
    for line in lines[offset - 1 : offset - 1 + most]:
        if len(line) >= room and shown:
            break
        shown.append(shortened(line, room))
        room -= len(line) + 1
    last = offset - 1 + len(shown)
    text = "\n".join(shown)
    if last >= len(lines):
        return text or "[The file is empty.]"
    return f"{text}\n[Lines {offset} to {last} of {len(lines)}. Go on with offset {last + 1}.]"


def shortened(line: str, most: int) -> str:
    """Cut a line that is too long, and say so.

    >>> shortened("abcdef", 3)
    'abc [3 characters more]'
    """
    return line if len(line) <= most else f"{line[:most]} [{len(line) - most} characters more]"


def ls(folder: Folder, arguments: dict[str, Any]) -> str:
    """List a folder: a name a line, folders with a slash, files with their size.

    Raises:
        ToolTrouble: There is no such folder.
    """
    with folder.directory(parts_of(arguments.get("path", "/workspace"))) as here:
        found = entries(here)
    lines = list(_rows(found[:_LISTED]))
    if len(found) > _LISTED:
        lines.append(f"[{len(found) - _LISTED} entries more.]")
    return "\n".join(lines) or "[The folder is empty.]"


def _rows(found: list[Entry]) -> Iterator[str]:
    for entry in found:
        name, mode = name_text(entry.name), entry.found.st_mode
        if stat.S_ISDIR(mode):
            yield f"{name}/"
        elif stat.S_ISREG(mode):
            yield f"{name}  {in_words(entry.found.st_size)}"
        else:
            yield f"{name}  {'link' if stat.S_ISLNK(mode) else 'no regular file'}"


def name_text(name: str) -> str:
    """A file's name as text that any JSON can hold, on one line.

    >>> name_text("a" + chr(10) + "b") == "a" + chr(92) + "x0ab"
    True
    """
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
