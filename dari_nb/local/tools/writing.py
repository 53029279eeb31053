"""The tools ``write`` and ``edit``."""

from __future__ import annotations

from typing import Any

from ..agents.tools import ToolTrouble
from ..sandbox.limits import KIB, MIB, Limits, in_words
from ..workspaces.folder import Folder
from ..workspaces.walking import use_of
from .reading import shortened

MAX_FILE = 16 * MIB
"""Largest file in bytes that can be written or edited."""
_AROUND = 2
_MAX_DIFF = 8 * KIB
_MAX_LINE = 500


def write(folder: Folder, arguments: dict[str, Any], limits: Limits) -> str:
    """Write a whole file, with the folders that are missing.

    Raises:
        ToolTrouble: It cannot be written, or would be too large.
    """
    path, data = arguments["path"], _encoded(arguments["content"])
    _check_room(folder, len(data), limits)
    is_new = folder.replace(path, data)
    return f"{'Wrote' if is_new else 'Replaced'} {path!r}: {in_words(len(data))}."


def edit(folder: Folder, arguments: dict[str, Any], limits: Limits) -> str:
    """Replace a text in a file that stands there exactly once, or everywhere; returns a small diff.

    Raises:
        ToolTrouble: The text is not there, or is there several times, or the file is no text.
    """
    path, old, new = arguments["path"], arguments["old_text"], arguments["new_text"]
    text = _text(folder, path)
    count = text.count(old)
    if count == 0:
        raise ToolTrouble(_not_there(text, old, path))
    if count > 1 and not arguments.get("replace_all", False):
        raise ToolTrouble(
            f"{path!r} has this text {count} times. Give more of the lines around it, or set "
            "replace_all."
        )
    if old == new:
        raise ToolTrouble("The new text is the old one.")
    # How large it gets is known before it is made: many short texts can become many long ones.
    if len(text) + count * (len(new) - len(old)) > MAX_FILE:
        raise _too_large()
    data = _encoded(text.replace(old, new))
    _check_room(folder, len(data), limits)
    folder.replace(path, data)
    times = "" if count == 1 else f" in {count} places, the first of them"
    return f"Edited {path!r}{times}:\n{_diff(text, old, new)}"


def _text(folder: Folder, path: str) -> str:
    try:
        text = folder.read(path, MAX_FILE).decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ToolTrouble(f"{path!r} is binary, and only text can be edited.")
    return text


def _encoded(text: str) -> bytes:
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise ToolTrouble(f"The text cannot be written as UTF-8: {error.reason}.") from None
    if len(data) > MAX_FILE:
        raise _too_large()
    return data


def _too_large() -> ToolTrouble:
    return ToolTrouble(f"A file may have {in_words(MAX_FILE)}, and this would have more.")


def _check_room(folder: Folder, more: int, limits: Limits) -> None:
    use = use_of(folder)
    if use.hidden or use.size + more > limits.workspace_bytes:
        raise ToolTrouble(
            f"The workspace is full: it holds {in_words(use.size)}, and may hold "
            f"{in_words(limits.workspace_bytes)}. Delete what is not needed."
        )
    if use.files >= limits.workspace_files:
        raise ToolTrouble(f"The workspace is full: it may hold {limits.workspace_files} files.")


def _not_there(text: str, old: str, path: str) -> str:
    said = f"{path!r} does not have this text; it has to be given exactly, with all spaces."
    if "\r\n" in text and old.replace("\r\n", "\n").replace("\n", "\r\n") in text:
        return f"{said} The lines of this file end with CR LF."
    if " ".join(old.split()) in " ".join(text.split()):
        return f"{said} It is there with other spaces or line ends."
    return said


def _diff(text: str, old: str, new: str) -> str:
    """Show the first replacement with the lines around it."""
    start = text.index(old)
    first = text.rfind("\n", 0, start) + 1
    end = text.find("\n", start + len(old))
    end = len(text) if end < 0 else end
    before = text[:first].splitlines()
    after = text[end + 1 : end + _MAX_DIFF].splitlines()[:_AROUND]
    removed = text[first:end].splitlines()
    added = (text[first:start] + new + text[start + len(old) : end]).splitlines()
    rows = [f"@@ line {len(before) + 1} @@"]
    rows += [f" {line}" for line in before[-_AROUND:]]
    rows += [f"-{line}" for line in removed] + [f"+{line}" for line in added]
    rows += [f" {line}" for line in after]
    return shortened("\n".join(shortened(row, _MAX_LINE) for row in rows), _MAX_DIFF)
