"""Markdown of others made passive: no raw HTML, no images, no fence left open."""

from __future__ import annotations

import re

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
# Code spans stay as they are; what would be an image or a tag is written so that it is not.
_ACTIVE = re.compile(r"(?P<code>(?<!`)(`+)(?!`).*?(?<!`)\2(?!`))|!\[|<(?=[a-zA-Z/!?])")


def passive(source: str) -> str:
    """Return Markdown that reads the same, loads nothing, and ends where it ends.

    >>> passive("![a](http://x/y.png) <b>`<b>`")
    '[image: a](http://x/y.png) &lt;b>`<b>`'
    """
    lines, fence = [], ""
    for line in source.split("\n"):
        match = _FENCE.fullmatch(line)
        if fence:
            ends = match and match[1].startswith(fence) and not match[2].strip()
            fence = "" if ends else fence
        elif match and not (match[1][0] == "`" and "`" in match[2]):
            fence = match[1]
        else:
            line = _ACTIVE.sub(_written, line)
        lines.append(line)
    return "\n".join([*lines, fence] if fence else lines)


def _written(match: re.Match[str]) -> str:
    if match["code"]:
        return match["code"]
    return "[image: " if match[0] == "![" else "&lt;"
