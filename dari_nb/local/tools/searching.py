"""The tools ``find`` and ``grep``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ...descriptors import Entry, read_file
from ..agents.tools import ToolTrouble
from ..sandbox.limits import MIB, in_words
from ..workspaces.folder import Folder, parts_of
from ..workspaces.walking import walk
from .reading import MAX_TEXT, name_text, shortened

SECONDS = 10
"""Time that a search may take."""
MOST = 200
"""Results that a call gives when it does not say how many."""
_MAX_FILE = 4 * MIB
_MAX_SEARCHED = 48 * MIB
_MAX_LINE = 400
_MATCHING = Path(__file__).with_name("matching.py")


def find(folder: Folder, arguments: dict[str, Any]) -> str:
    """Give the paths that a glob fits; ``**`` stands for any number of folders.

    Raises:
        ToolTrouble: There is no such folder, or looking took too long.
    """
    pattern, most = arguments["pattern"], arguments.get("limit", MOST)
    lines, more = list[str](), 0
    with _walked(folder, arguments) as found:
        for entry in found:
            if not fits(entry.path, pattern):
                continue
            if len(lines) < most:
                lines.append(name_text(entry.path) + ("/" if entry.is_folder else ""))
            else:
                more += 1
    if more:
        lines.append(f"[{more} paths more.]")
    return "\n".join(lines) or "[No path fits.]"


def fits(path: str, pattern: str) -> bool:
    """Tell whether a glob fits a path; one without a slash is held against the last name.

    >>> fits("src/a.py", "*.py"), fits("src/a.py", "src/*"), fits("a/b/c.py", "a/**/*.py")
    (True, True, True)
    """
    parts = path.split("/")
    if "/" not in pattern:
        return fnmatchcase(parts[-1], pattern)
    return _fit(parts, pattern.removeprefix("/workspace").strip("/").split("/"))


def _fit(parts: list[str], globs: list[str]) -> bool:
    # Which beginnings of the path the globs read so far fit: no choice is ever tried twice.
    ends = {0}
    for glob in globs:
        if glob == "**":
            ends = set(range(min(ends), len(parts) + 1)) if ends else ends
        else:
            ends = {end + 1 for end in ends if end < len(parts) and fnmatchcase(parts[end], glob)}
    return len(parts) in ends


def grep(folder: Folder, arguments: dict[str, Any]) -> str:
    """Give the lines that a regular expression fits, as ``path:line: text``.

    Raises:
        ToolTrouble: The expression is wrong, or searching took too long.
    """
    left_out = list[str]()
    with _walked(folder, arguments) as found:
        texts = dict(_texts(found, arguments.get("glob", "*"), left_out))
    most = arguments.get("limit", MOST)
    lines, more = _matches(texts, arguments, most)
    notes = [f"[More than {most} lines fit.]"] if more else []
    if left_out:
        notes.append(f"[Too large to be searched: {', '.join(left_out[:5])}.]")
    return "\n".join([*lines, *notes]) or "[No line fits.]"


@contextmanager
def _walked(folder: Folder, arguments: dict[str, Any]) -> Iterator[Iterator[Entry]]:
    parts = parts_of(arguments.get("path", "/workspace"))
    with folder.directory(parts) as here:
        yield _in_time(walk(here, "".join(f"{part}/" for part in parts)))


def _in_time(found: Iterator[Entry]) -> Iterator[Entry]:
    end = time.monotonic() + SECONDS
    for entry in found:
        if time.monotonic() > end:
            raise ToolTrouble(f"This took longer than {SECONDS} s. Look in fewer folders.")
        if "/.git/" not in f"/{entry.path}":
            yield entry


def _texts(found: Iterator[Entry], glob: str, left_out: list[str]) -> Iterator[tuple[str, str]]:
    """Read the text files; those that are too large, or come too late, are noted."""
    room = _MAX_SEARCHED
    for entry in found:
        if not entry.is_file or not fits(entry.path, glob):
            continue
        data = _bytes(entry)
        if b"\0" in data[:8192]:
            continue
        if len(data) > min(room, _MAX_FILE):
            left_out.append(f"{name_text(entry.path)} ({in_words(entry.found.st_size)})")
            continue
        room -= len(data)
        yield name_text(entry.path), data.decode("utf-8", "replace")


def _bytes(entry: Entry) -> bytes:
    with suppress(OSError), read_file(entry.name, entry.here) as source:
        if os.fstat(source.fileno()).st_nlink == 1:
            return source.read(_MAX_FILE + 1)
    return b""


def _matches(texts: dict[str, str], arguments: dict[str, Any], most: int) -> tuple[list[str], bool]:
    # An expression can take for ever on a few letters, and holds its process while it does: hence
    # one of its own, which is ended.
    asked = {
        "pattern": arguments["pattern"],
        "ignore_case": arguments.get("ignore_case", False),
        "literal": arguments.get("literal", False),
        "most": most,
        "texts": texts,
    }
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-I", "-S", str(_MATCHING)],
            input=json.dumps(asked).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode:
        raise ToolTrouble(
            f"The expression took longer than {SECONDS} s, or too much memory. Simplify it, or "
            "search fewer files."
        )
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise ToolTrouble(f"The regular expression is wrong: {answer['error']}.")
    return list(_rows(answer["lines"])), answer["more"]


def _rows(found: list[tuple[str, int, str]]) -> Iterator[str]:
    room = MAX_TEXT
    for path, number, text in found:
        row = f"{path}:{number}: {shortened(text, _MAX_LINE)}"
        if (room := room - len(row)) < 0:
            yield "[The rest was left out: too much text.]"
            return
        yield row
