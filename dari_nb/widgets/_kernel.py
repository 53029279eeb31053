"""Which kernel this is, as its Jupyter server calls it, and whether pages can listen to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from IPython.core.getipython import get_ipython


def current_kernel_id() -> str:
    """Return the id in the connection file's name; empty outside of a Jupyter server."""
    shell: Any = get_ipython()
    app = getattr(shell, "config", {}).get("IPKernelApp", {})
    match = re.fullmatch(r"kernel-(.+)\.json", Path(str(app.get("connection_file", ""))).name)
    return match[1] if match else ""


def has_pages() -> bool:
    """Whether a page can show widgets; nbclient, which allows no input, only files their state."""
    return bool(getattr(getattr(get_ipython(), "kernel", None), "_allow_stdin", True))
