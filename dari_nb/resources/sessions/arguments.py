"""What an argument means that no message takes: options of an LLM stand where that is named."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import InvalidRequestError

LLM_OPTIONS = frozenset(
    {"temperature", "top_p", "top_k", "seed", "max_tokens", "max_output_tokens"}
)
"""How an LLM answers, in words that people may give with a message."""


def is_llm_option(name: str) -> bool:
    """Whether a name, as an argument or a flag, is an option of an LLM.

    >>> is_llm_option("--max-tokens"), is_llm_option("llm")
    (True, False)
    """
    return name.lstrip("-").replace("-", "_").lower() in LLM_OPTIONS


def metadata_of(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what was given as metadata, or nothing.

    Raises:
        InvalidRequestError: It is no dict.
    """
    if given is not None and not isinstance(given, Mapping):
        raise InvalidRequestError(
            f"metadata is a dict of texts by name, not {given!r:.80}.", code="invalid_metadata"
        )
    return dict(given) if given else None


def several(given: Any) -> list[Any]:
    """Return one thing or several, or nothing, as a list; texts are plain ones.

    Those of a frame may be of numpy's own kind, which no file and no server has a word for.

    >>> several("small"), several(("small", "large")), several(None)
    (['small'], ['small', 'large'], [])
    """
    if given is None:
        return []
    is_one = isinstance(given, str) or not isinstance(given, Iterable)
    things = [given] if is_one else given
    return [str.__str__(thing) if isinstance(thing, str) else thing for thing in things]


def unknown_argument(call: str, name: str, known: Iterable[str] = ()) -> str:
    """Say that a call takes no such argument, and where it belongs if that is known."""
    if not is_llm_option(name):
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
        hint = f": did you mean {close[0]!r}?" if close else ""
        return f"{call} got an unexpected keyword argument {name!r}{hint}"
    return (
        f"{call} takes no {name!r}: it is set where an LLM is named, as in d.server.add_llms("
        f'{{"mine": {{"model": …, "options": {{"{name}": …}}}}}}), and chosen with llm=: '
        "%dari help options."
    )
