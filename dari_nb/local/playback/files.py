"""The files of turns: what a turn left in its workspace, and putting it there again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ...tapes.files import MOST_BYTES, MOST_FILES, content_of, file_line
from ...tapes.lines import FileLine
from ...tapes.redaction import Scrubber
from ..agents import TurnFailure
from ..agents.tools import ToolTrouble
from ..workspaces.folder import Folder

_CANNOT = "A file of this turn cannot be put into the workspace again: {why}."
_TOO_MUCH = "together they have more than {most} bytes"
Listed = dict[str, dict[str, Any]]
"""What a workspace held, by paths; those of folders end with a slash."""


class Attached(NamedTuple):
    """A file that was attached to a turn.

    Attributes:
        name: Its ordinal on the tape.
        data: What is in it.
        place: Its path in the workspace, if it has one.
    """

    name: str
    data: bytes
    place: str | None


def listed(entries: Iterable[Mapping[str, Any]]) -> Listed:
    """Take what is kept of a workspace by its paths; links are left out."""
    return {
        entry["path"] if "digest" in entry else f"{entry['path']}/": dict(entry)
        for entry in entries
        if "to" not in entry
    }


def lines_of(
    attached: Iterable[Attached],
    before: Listed,
    after: Listed,
    read: Callable[[str], bytes],
    scrubber: Scrubber,
    folder: Path,
) -> Iterator[FileLine]:
    """Give the lines of a turn's files: those that were attached, and what became of the others.

    Args:
        attached: What was attached.
        before: What the workspace held before the turn.
        after: What it held at its end.
        read: Gives what is in a file of the workspace, by its digest.
        scrubber: What takes the secrets out.
        folder: The one beside the tape, for larger files.

    Raises:
        OSError: A file cannot be read or written.
    """
    for file in attached:
        yield file_line(file.name, file.data, scrubber, folder, attached=True)
    for path in sorted(before.keys() - after.keys(), key=_gone_first):
        yield FileLine(file=scrubber.text(path), gone=True)
    for path, entry in sorted(after.items()):
        if path.endswith("/"):
            is_empty = not any(other != path and other.startswith(path) for other in after)
            if is_empty and path not in before:
                yield FileLine(file=scrubber.text(path))
        elif _differs(entry, before.get(path)):
            data, runs = read(entry["digest"]), bool(entry["mode"] & 0o100)
            yield file_line(path, data, scrubber, folder, executable=runs)


def put_back(lines: Iterable[FileLine], workspace: Path, folder: Path) -> None:
    """Do to a workspace what a turn did to it.

    Raises:
        TurnFailure: A file is not what was recorded, is too much, or would lie elsewhere.
    """
    size = 0
    try:
        for number, line in enumerate(lines):
            data = content_of(line, folder) if not line.gone else b""
            size += len(data or b"")
            if size > MOST_BYTES or number >= MOST_FILES:
                raise ValueError(_TOO_MUCH.format(most=MOST_BYTES))  # noqa: TRY301
            _put(Folder(workspace), line, data)
    except (ToolTrouble, ValueError) as error:
        raise TurnFailure(_CANNOT.format(why=str(error).rstrip("."))) from None
    except OSError as error:
        raise TurnFailure(_CANNOT.format(why=error.strerror or type(error).__name__)) from None


def _put(folder: Folder, line: FileLine, data: bytes | None) -> None:
    if line.gone:
        remove(folder, line.file)
    elif line.file.endswith("/"):
        with folder.directory(folder.file_parts(line.file), make=True):
            pass
    elif data is not None:
        folder.replace(line.file, data)
        if line.executable:
            with folder.opened(line.file) as (file, found):
                os.fchmod(file, (found.st_mode & 0o777) | 0o100)


def remove(folder: Folder, path: str) -> None:
    """Take a file out of a workspace, or a folder that is empty; what has gone is gone.

    Raises:
        ToolTrouble: The path leads outside.
    """
    *parents, name = folder.file_parts(path)
    with suppress(ToolTrouble, FileNotFoundError), folder.directory(parents) as here:
        if path.endswith("/"):
            with suppress(OSError):  # what else is in it stays
                os.rmdir(name, dir_fd=here)
        else:
            os.unlink(name, dir_fd=here)


def _differs(entry: Mapping[str, Any], other: Mapping[str, Any] | None) -> bool:
    if other is None or entry["digest"] != other.get("digest"):
        return True
    return bool(entry["mode"] & 0o100) != bool(other.get("mode", 0) & 0o100)


def _gone_first(path: str) -> tuple[bool, int, str]:
    """Files before folders, and inner folders before outer ones."""
    return path.endswith("/"), -path.count("/"), path
