"""The style sheet of paper, small enough to lie in every saved output."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SPACE = re.compile(r"\s+")
_AROUND = re.compile(r" ?([{};,>+]) ?")


@cache
def style() -> str:
    """Return the style sheet of paper as a ``style`` element."""
    return f"<style>{_minified((files(__package__) / 'paper.css').read_text('utf-8'))}</style>"


def _minified(css: str) -> str:
    # Enough for this one sheet, which has no strings with braces in them.
    css = _AROUND.sub(r"\1", _SPACE.sub(" ", _COMMENT.sub("", css)))
    return css.replace(": ", ":").replace(";}", "}").strip()
