"""Where this process shows things: a Jupyter kernel, a terminal, or plain output."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...models import TimelineItem

if TYPE_CHECKING:
    from ...render import Head


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


def has_magic(name: str) -> bool:
    """Whether a line magic of this name is loaded."""
    ipython = shell()
    return ipython is not None and ipython.find_line_magic(name) is not None


def running_cell() -> tuple[str, str]:
    """Return the id of the cell that runs now, as its notebook tells it, and of this run of it."""
    request = running()
    cell = request.get("metadata", {}).get("cellId") or ""
    return str(cell), str(request.get("header", {}).get("msg_id", ""))


def running() -> dict[str, Any]:
    """Return the request that runs now: of a cell, or of a page; empty outside of notebooks."""
    request: dict[str, Any] = getattr(shell(), "get_parent", dict)()
    return request


def hides_static_output() -> bool:
    """Whether the front end can keep static output out of sight: VS Code and Colab cannot."""
    cell, _ = running_cell()
    return not cell.startswith("vscode-") and "google.colab" not in sys.modules


def name_of(value: object) -> str:
    """Return the user's variable that holds a value; empty when none does."""
    names = dict(getattr(shell(), "user_ns", {}))
    held = (name for name, held in names.items() if held is value and not name.startswith("_"))
    return next(held, "")


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
    return display(bundle, raw=True, display_id=True)


def taking(request: dict[str, Any] | None = None) -> Any | None:
    """Return the ``ipywidgets.Output`` that takes in what a request shows.

    Args:
        request: As :func:`running` gives it; the one that runs when left out.
    """
    run = (running() if request is None else request).get("header", {}).get("msg_id")
    if "ipywidgets" not in sys.modules or not run:
        return None
    from ipywidgets import Output  # type: ignore[import-untyped]
    from ipywidgets.widgets.widget import _instances  # type: ignore[import-untyped]

    every = [each for each in list(_instances.values()) if isinstance(each, Output)]
    return next((each for each in reversed(every) if each.msg_id == run), None)


def when_left(output: Any, do: Callable[[], object]) -> None:
    """Do something as soon as an Output takes in no more of what it takes in now; any thread."""
    run = output.msg_id
    once = threading.Lock()

    def left(_change: object) -> None:
        if once.acquire(blocking=False):
            output.unobserve(left, "msg_id")
            do()

    output.observe(left, "msg_id")
    if output.msg_id != run:
        left(None)


def publish_among(request: dict[str, Any], bundle: dict[str, str]) -> Any:
    """Show a MIME bundle among the outputs of a request, also of one that is over.

    Args:
        request: As :func:`running` gave it.
        bundle: What to show.

    Returns:
        The handle to replace it by.
    """
    from IPython.display import DisplayHandle

    handle = DisplayHandle()
    publisher = shell().display_pub  # type: ignore[union-attr]
    transient = {"display_id": handle.display_id}
    content = {"data": bundle, "metadata": {}, "transient": transient}
    publisher.session.send(
        publisher.pub_socket, "display_data", content, parent=request, ident=publisher.topic
    )
    return handle


def print_items(
    items: Sequence[TimelineItem],
    head: Head | None = None,
    *,
    agent: str | None = None,
    before: TimelineItem | None = None,
) -> None:
    """Print items, in colour on a terminal, from the main thread; see ``render.terminal``."""
    from rich.console import Console

    from ...render import terminal

    # rich leaves bold and dim in where no colour is wanted; then nobody wants their codes either.
    console = Console(color_system=None) if os.environ.get("NO_COLOR") else Console()
    console.print(terminal(items, head, agent=agent, before=before))
