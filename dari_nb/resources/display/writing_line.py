"""The line of a terminal that shows how an answer goes on while it is written."""

from __future__ import annotations

import os
import shutil
import sys

_AGAIN = "\r\x1b[K"
"""Goes to the beginning of the line, and takes away what is there."""
_MOST = 400


class WritingLine:
    """Shows the end of what is written on one line, which goes before anything else is printed.

    Only on a terminal that can take a line away again.
    """

    def __init__(self) -> None:
        self._shown = ""

    def show(self, written: str) -> None:
        """Show the end of it, as much as fits; nothing takes the line away."""
        line = _fitting(written)
        if line == self._shown or not _is_terminal():
            return
        sys.stdout.write(f"{_AGAIN}{line}")
        sys.stdout.flush()
        self._shown = line

    def clear(self) -> None:
        """Leave the line to others."""
        if self._shown:
            sys.stdout.write(_AGAIN)
            sys.stdout.flush()
            self._shown = ""


def _fitting(written: str) -> str:
    from rich.cells import cell_len

    from ...render import visible_name

    text = visible_name(written[-_MOST:])
    room = shutil.get_terminal_size().columns - 3
    start = max(0, len(text) - room)
    while cell_len(text[start:]) > room:
        start += 1
    return f"… {text[start:].lstrip()}" if start or len(written) > _MOST else text


def _is_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
