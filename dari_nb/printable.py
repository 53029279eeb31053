"""Words of agents and servers where a terminal prints them."""

from __future__ import annotations

import re

_MOVING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that move a cursor, or turn texts round."""


def printable(text: str) -> str:
    r"""A text whose characters that would move a cursor are spelled.

    >>> printable("red: \x1b[31m")
    'red: \\x1b[31m'
    """
    return _MOVING.sub(lambda match: ascii(match[0])[1:-1], text)
