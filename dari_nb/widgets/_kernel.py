"""Which kernel this is, whether pages can listen to it, and which thread of it hears them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from IPython.core.getipython import get_ipython

_ROUTE = "_reply_subshell_for"
"""What ipykernel asks of a comm, from 7.4 on: which subshell is to handle what a page says."""


def current_kernel_id() -> str:
    """Return the id in the connection file's name; empty outside of a Jupyter server."""
    shell: Any = get_ipython()
    app = getattr(shell, "config", {}).get("IPKernelApp", {})
    match = re.fullmatch(r"kernel-(.+)\.json", Path(str(app.get("connection_file", ""))).name)
    return match[1] if match else ""


def has_pages() -> bool:
    """Whether a page can show widgets; nbclient, which allows no input, only files their state."""
    return bool(getattr(getattr(get_ipython(), "kernel", None), "_allow_stdin", True))


def heard_in_main_thread(comm: Any) -> None:
    """Have what pages say through a comm handled in the kernel's main thread.

    Else ipykernel hands it to the subshell of whatever was at work when something was last said
    through the comm, by any thread: it may have ended since, and then nobody hears.
    """
    if hasattr(comm, _ROUTE):
        setattr(comm, _ROUTE, lambda _data, _default: None)
