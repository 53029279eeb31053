"""What an argument means that no message takes: options of an LLM stand where that is named."""

from __future__ import annotations

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


def unknown_argument(call: str, name: str) -> str:
    """Say that a call takes no such argument, and where it belongs if that is known."""
    if not is_llm_option(name):
        return f"{call} got an unexpected keyword argument {name!r}"
    return (
        f"{call} takes no {name!r}: it is set where an LLM is named, as in d.server.add_llms("
        f'{{"mine": {{"model": …, "options": {{"{name}": …}}}}}}), and chosen with llm=: '
        "%dari help options."
    )
