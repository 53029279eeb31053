"""Where this process shows things: a Jupyter kernel, a terminal, or plain output."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..models import TimelineItem

if TYPE_CHECKING:
    from ..render import Head


def shell() -> Any | None:
    """Return the running IPython shell, without importing IPython when there is none."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def in_kernel() -> bool:
    """Whether output goes to a Jupyter front end."""
    return hasattr(shell(), "kernel")


def is_watched() -> bool:
    """Whether somebody sits before the notebook; nbclient and papermill allow no input."""
    return bool(getattr(getattr(shell(), "kernel", None), "_allow_stdin", True))


def is_main_thread() -> bool:
    """Whether this is the thread that cells run in, the only one that can read input."""
    return threading.current_thread() is threading.main_thread()


def can_ask() -> bool:
    """Whether somebody can be asked through the input prompt, or in the page of a notebook."""
    if in_kernel():
        return is_watched()
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def publish(shown: Any) -> Any:
    """Show a widget or a MIME bundle in a notebook; returns the handle to replace it by."""
    from IPython.display import display

    bundle = shown if isinstance(shown, dict) else shown.to_mimebundle()
    return display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]


def print_items(
    items: Sequence[TimelineItem],
    head: Head | None = None,
    *,
    agent: str | None = None,
    before: TimelineItem | None = None,
) -> None:
    """Print items, in colour on a terminal, from the main thread; see ``render.terminal``."""
    from rich.console import Console

    from ..render import terminal

    # rich leaves bold and dim in where no colour is wanted; then nobody wants their codes either.
    console = Console(color_system=None) if os.environ.get("NO_COLOR") else Console()
    console.print(terminal(items, head, agent=agent, before=before))
