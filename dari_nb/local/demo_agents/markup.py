"""Putting foreign text into Markdown so that it stays text."""

from __future__ import annotations

import re


def code_span(text: str) -> str:
    """Return one line as a code span, whatever backticks it holds.

    >>> code_span("a `b` c")
    '`` a `b` c ``'
    """
    line = " ".join(text.split()) or " "
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    return f"{fence}{line}{fence}" if len(fence) == 1 else f"{fence} {line} {fence}"


def shortened(text: str, length: int) -> str:
    """Cut a text to a length and say how much is left out."""
    left_out = len(text) - length
    return text if left_out <= 0 else f"{text[:length]}… ({left_out} more characters)"
