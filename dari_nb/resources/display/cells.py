"""Which cell shows which views, and when it ends: one that runs again has lost its output."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..connection import host

if TYPE_CHECKING:
    from ...widgets.view import View

_MOMENT = 0.8
"""Seconds for what a page has said to come in."""
_places: WeakKeyDictionary[View, dict[str, str]] = WeakKeyDictionary()
"""By view: the runs that show it, by the cells that these were of."""
_at_ends: list[Callable[[], object]] = []


def shown(view: View) -> None:
    """Note that the cell that runs now shows a view."""
    shell = host.shell()
    if shell is None:
        return
    cell, run = host.running_cell()
    _places.setdefault(view, {})[cell or run] = run
    _listen(shell)


def is_lost(view: View) -> bool:
    """Whether every cell that showed a view has lost it."""
    return _places.get(view) == {}


def at_each_end(do: Callable[[], object]) -> Callable[[], None]:
    """Do something whenever a cell ends, on its thread; returns what ends that."""
    _at_ends.append(do)
    _listen(host.shell())

    def no_more() -> None:
        with suppress(ValueError):
            _at_ends.remove(do)

    return no_more


def before_the_next(do: Callable[[], object]) -> None:
    """Do something once, when another cell begins to run."""
    events = host.shell().events  # type: ignore[union-attr]

    def begins(*_: object) -> None:
        events.unregister("pre_run_cell", begins)
        do()

    events.register("pre_run_cell", begins)


def a_moment_after(do: Callable[[], object]) -> None:
    """Do something once, when the kernel was free for a moment after the cell that runs now."""
    events = host.shell().events  # type: ignore[union-attr]

    def ended(*_: object) -> None:
        events.unregister("post_run_cell", ended)
        asyncio.get_running_loop().call_later(_MOMENT, do)

    events.register("post_run_cell", ended)


def _listen(shell: Any) -> None:
    _stop_listening(shell)
    shell.events.register("post_run_cell", _ran)
    if hasattr(shell.display_pub, "register_hook"):
        shell.display_pub.register_hook(_published)


def forget(shell: Any) -> None:
    """Take no more notice of the cells of a shell."""
    _stop_listening(shell)
    _at_ends.clear()


def _stop_listening(shell: Any) -> None:
    if _ran in shell.events.callbacks["post_run_cell"]:
        shell.events.unregister("post_run_cell", _ran)
    if hasattr(shell.display_pub, "unregister_hook"):
        shell.display_pub.unregister_hook(_published)


def _ran(_result: object) -> None:
    cell, run = host.running_cell()
    for view in _taken(cell, lambda shown_by: shown_by != run):
        view._doubt(cleared=True)
    for do in tuple(_at_ends):
        do()


def _published(message: dict[str, Any]) -> dict[str, Any]:
    """Notice that a cell clears its output, not that of a widget, and pass the message on."""
    if message["header"]["msg_type"] == "clear_output" and host.taking() is None:
        cell, run = host.running_cell()
        for view in _taken(cell or run, lambda shown_by: shown_by == run):
            view._doubt(cleared=True)
    return message


def _taken(cell: str, gone: Callable[[str], bool]) -> list[View]:
    """Forget what such runs of a cell showed; returns the views that no other cell shows."""
    left = [view for view, places in _places.items() if cell in places and gone(places[cell])]
    for view in left:
        del _places[view][cell]
    return [view for view in left if not _places[view]]
