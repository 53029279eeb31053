"""Which widgets hold others: those may show what they hold at any time, without asking it."""

from __future__ import annotations

from typing import Any

from ipywidgets.widgets.widget import _instances  # type: ignore[import-untyped]


def is_held(view: Any) -> bool:
    """Whether a widget that lives holds a view: a box as its child, or an ``Output`` as output."""
    return any(_holds(widget, view) for widget in list(_instances.values()))


def _holds(widget: Any, view: Any) -> bool:
    outputs = getattr(widget, "outputs", ())
    return view in getattr(widget, "children", ()) or any(_shows(each, view) for each in outputs)


def _shows(output: Any, view: Any) -> bool:
    bundle = output.get("data", {}).get("application/vnd.jupyter.widget-view+json", {})
    return bool(bundle.get("model_id") == view.model_id)
