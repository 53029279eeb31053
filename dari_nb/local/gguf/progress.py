"""How far a download is: in a notebook, in a terminal, in a log."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Self

_MB = 1_000_000


class DownloadProgress:
    """Tells how much of something has come; a context manager.

    A notebook has one line that changes, a terminal has one that goes away, and a log gets a line
    at the beginning only.

    Args:
        name: What comes.
        total: Its size in bytes as it comes, packed.
    """

    def __init__(self, name: str, total: int) -> None:
        self._name = name
        self._total = total
        self._megabytes = round(total / _MB)
        self._said = ""
        self._handle: Any = None

    def __enter__(self) -> Self:
        self.show(0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._handle is not None and kind is None:
            self._show_in_notebook(f"pulled {self._name}")
        elif self._handle is None and sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def show(self, done: int) -> None:
        """Tell that so many bytes are there; the same megabyte is told once."""
        done = min(done, self._total)
        text = f"pulling {self._name}: {done // _MB} of {self._megabytes} MB, packed"
        if text == self._said:
            return
        is_first, self._said = not self._said, text
        if _in_kernel():
            self._show_in_notebook(text)
        elif sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
        elif is_first:
            sys.stderr.write(f"pulling {self._name}, {self._megabytes} MB packed\n")
            sys.stderr.flush()

    def _show_in_notebook(self, text: str) -> None:
        from IPython.display import display

        bundle = {"text/plain": text}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


def _in_kernel() -> bool:
    ipython = sys.modules.get("IPython")
    return hasattr(ipython.get_ipython() if ipython else None, "kernel")
