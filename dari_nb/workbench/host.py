"""Where this process shows things: a Jupyter kernel, a terminal, or plain output."""

from __future__ import annotations

import sys
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


def publish(bundle: dict[str, str]) -> None:
    """Show a MIME bundle in a notebook."""
    from IPython.display import display

    display(bundle, raw=True)  # type: ignore[no-untyped-call]


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

    Console().print(terminal(items, head, agent=agent, before=before))
