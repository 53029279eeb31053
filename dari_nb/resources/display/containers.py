"""Boxes, tabs and whatever else holds views: shown like these, with their static output below."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from . import outputs
from .together import Shown

Show = Callable[[Any, "list[Shown]", "list[Any]"], bool]
"""Shows a widget with what is shown in it, and the Outputs in it; returns whether it did."""

_KINDS = ("ipywidgets.widgets.widget_box.Box", "ipywidgets.widgets.widget_output.Output")


def watch(shell: Any, show: Show) -> None:
    """Have ``show`` display what holds views, in place of the shell; all else is left alone."""

    def present(widget: Any) -> None:
        if not show(widget, list(_shown_in(widget)), list(_outputs_in(widget))):
            raise NotImplementedError  # IPython displays it as it does without us

    outputs.watch(shell)
    for kind in _KINDS:
        # By name, since importing widgets takes long.
        _formatter(shell).for_type_by_name(*kind.rsplit(".", 1), present)


def forget(shell: Any) -> None:
    """Leave boxes and Outputs to a shell again."""
    outputs.forget(shell)
    for kind in _KINDS:
        _formatter(shell).pop(kind, None)


def _shown_in(widget: Any) -> Iterator[Shown]:
    """Give what presents a widget, or else what is in it now, from its first part to its last."""
    presenter = getattr(widget, "presenter", None)
    if isinstance(presenter, Shown):
        yield presenter
    else:
        for child in getattr(widget, "children", ()):
            yield from _shown_in(child)


def _outputs_in(widget: Any) -> Iterator[Any]:
    """Give the Outputs that are in a widget now, or it itself when it is one."""
    from ipywidgets import Output  # type: ignore[import-untyped]

    if isinstance(widget, Output):
        yield widget
    for child in getattr(widget, "children", ()):
        yield from _outputs_in(child)


def _formatter(shell: Any) -> Any:
    return shell.display_formatter.ipython_display_formatter
