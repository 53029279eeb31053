"""The tokens that a turn took (contract, section 18.6)."""

from __future__ import annotations

from typing import Any

TOKENS = ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens")
"""What is counted: cached ones are among the input, reasoning is among the output."""
_MOST = 2**63 - 1


def tokens_in(usage: Any) -> dict[str, int]:
    """Read what a server tells of tokens: whole numbers from 0, by the names of :data:`TOKENS`.

    Args:
        usage: Anything; what is no such number is left out.

    >>> from dari_nb.models import tokens_in
    >>> tokens_in({"input_tokens": 20, "output_tokens": None, "total_tokens": 25})
    {'input_tokens': 20}
    """
    told = usage if isinstance(usage, dict) else {}
    return {name: told[name] for name in TOKENS if _is_count(told.get(name))}


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MOST
