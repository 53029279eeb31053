"""What a name that is not known may be a slip for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

_CLOSE = 0.7
"""How alike two names are, from 0 to 1, of which one may be a slip for the other."""


def did_you_mean(
    word: str,
    known: Iterable[str],
    others: Mapping[str, str] = MappingProxyType({}),
    *,
    closeness: float = _CLOSE,
) -> str:
    """Return `` (did you mean X?)`` when something close is known, else nothing.

    Args:
        word: What was written.
        known: What could be meant.
        others: What could be meant, by other words for it.
        closeness: How alike the two must be, from 0 to 1; less where the known words are short.
    """
    close = difflib.get_close_matches(word, [*known, *others], n=1, cutoff=closeness)
    return f" (did you mean {others.get(close[0], close[0])}?)" if close else ""


def no_llm_option(agent_name: str, llm: object, known: Iterable[str]) -> str:
    """Say that an agent has no LLM option of this name, what may be meant, and which there are.

    >>> no_llm_option("shop", "smal", ["small", "large"])
    "shop has no LLM option 'smal' (did you mean small?); it has: small, large."
    """
    names = list(known)
    meant = did_you_mean(str(llm), names)
    return f"{agent_name} has no LLM option {llm!r}{meant}; it has: {', '.join(names) or 'none'}."
