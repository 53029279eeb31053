"""The names that people mean on a line: those where it stands, then those of the notebook."""

from __future__ import annotations

import inspect
from collections import ChainMap
from collections.abc import Mapping
from types import FrameType
from typing import Any

_OF_IPYTHON = frozenset({"In", "Out", "exit", "get_ipython", "open", "quit"})
_RUN = ("run_line_magic", "run_cell_magic")


def visible_names(shell: Any) -> ChainMap[str, Any]:
    """Return the variables at the running magic: of its function, of its module, of the notebook.

    IPython hands local names to magics on lines only, hence the look at who runs this one.
    """
    frame: FrameType | None = inspect.currentframe()
    while frame is not None and frame.f_code.co_name not in _RUN:
        frame = frame.f_back
    caller = frame.f_back if frame is not None else None
    scopes = [caller.f_locals, caller.f_globals] if caller is not None else []
    return ChainMap(*scopes, shell.user_ns)


def names_of_people(names: Mapping[str, Any]) -> list[str]:
    """Return the names that people may have meant, without those that IPython puts there."""
    return [name for name in names if not name.startswith("_") and name not in _OF_IPYTHON]
