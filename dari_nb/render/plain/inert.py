"""Texts of others as Markdown that shows just these characters, also inside a table."""

from __future__ import annotations

import re

from .visible import visible, visible_name

_ACTIVE = re.compile(r"[\\`*_\[\]!|~$<>]")


def inert(text: str) -> str:
    r"""Write a text on one line so that nothing in it means anything to Markdown.

    >>> print(inert("a|b `c` <img> $1\nd"))
    a\|b \`c\` &lt;img&gt; \$1 d
    """
    return _ACTIVE.sub(_written, visible_name(text))


def inert_lines(text: str) -> str:
    r"""Do the same and keep the lines, as ``<br>``.

    >>> print(inert_lines("*a*\nb"))
    \*a\*<br>b
    """
    return "<br>".join(_ACTIVE.sub(_written, line) for line in visible(text).splitlines())


def _written(match: re.Match[str]) -> str:
    return {"<": "&lt;", ">": "&gt;"}.get(match[0], f"\\{match[0]}")
