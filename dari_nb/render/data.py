"""Arguments and results: text as it is, JSON as text while it is short, as a tree beyond."""

from __future__ import annotations

from html import escape
from typing import Any

from ._visible import visible, visible_name
from .limits import Cap, cut
from .source import json_html
from .values import decoded, laid_out
from .words import arguments_text, count_text

_SHORT = 160  # characters of a value that needs no line of its own
_FLAT = 24  # lines up to which JSON is shown whole, about half a screen
_BRANCHES = 6  # levels of a tree that open one by one


def data_html(value: Any, cap: Cap | None) -> str:
    """Show one value; the result still has to pass the allow-list.

    Args:
        value: Text or anything made of JSON; text that holds JSON is shown as such.
        cap: The most to show, ``None`` for everything.
    """
    value = decoded(value)
    if isinstance(value, str):
        return _text_html(value, cap)
    shown, note = cut(visible(laid_out(value)), cap)
    if note or shown.count("\n") < _FLAT:
        return f"<pre>{json_html(shown)}</pre>{_more(note)}"
    return _tree_html(value)


def _tree_html(value: dict[str, Any] | list[Any], depth: int = 0) -> str:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    rows = "".join(f"<li>{_branch(str(key), part, depth)}</li>" for key, part in pairs)
    return f'<ul class="dari-tree">{rows}</ul>'


def _branch(key: str, value: Any, depth: int) -> str:
    label = f"<b>{escape(visible_name(key), quote=False)}</b>"
    text = visible(laid_out(value))
    if len(text) <= _SHORT and "\n" not in text:
        return f"{label}: <code>{json_html(text)}</code>"
    if isinstance(value, str):
        inner = _text_html(value, None)
    elif text.count("\n") < _FLAT or depth == _BRANCHES:
        inner = f"<pre>{json_html(text)}</pre>"
    else:
        inner = _tree_html(value, depth + 1)
    return f"<details><summary>{label}: {_gist(value)}</summary>{inner}</details>"


def _gist(value: Any) -> str:
    if isinstance(value, str):
        return f"{len(value):,} characters"
    size = count_text(len(value), "field" if isinstance(value, dict) else "item")
    return escape(arguments_text(value), quote=False) or size


def _text_html(text: str, cap: Cap | None) -> str:
    shown, note = cut(visible(text), cap)
    return f"<pre>{escape(shown, quote=False)}</pre>{_more(note)}"


def _more(note: str) -> str:
    return f'<p class="dari-more">{note}</p>' if note else ""
