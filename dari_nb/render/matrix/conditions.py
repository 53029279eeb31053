"""Conditions that cells meet, as people write them; :mod:`.sifting` reads them."""

from __future__ import annotations

import re

_PLAIN = re.compile(r'[^\s"<>=!:]+')


def condition(name: str, value: str, sign: str = "=") -> str:
    """Write a condition; empty where it cannot be written, as of an empty name.

    >>> condition("judge.helpful", "3", "<"), condition("my topic", "far away")
    ('judge.helpful < 3', '"my topic" = "far away"')
    """
    left, right = _quoted(name), _quoted(value)
    return f"{left} {sign} {right}" if left and right else ""


def has(name: str) -> str:
    """Write that something is known of a cell.

    >>> has("cost_usd"), lacks("cost_usd")
    ('cost_usd = *', 'cost_usd != *')
    """
    return f"{left} = *" if (left := _quoted(name)) else ""


def lacks(name: str) -> str:
    """Write that something is not known of a cell."""
    return f"{left} != *" if (left := _quoted(name)) else ""


def both(*conditions: str) -> str:
    """Write that a cell meets all of them; empty where any cannot be written."""
    return " ".join(conditions) if all(conditions) else ""


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text) and text != "*":
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"' if text else ""
