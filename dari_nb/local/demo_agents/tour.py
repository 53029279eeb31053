"""The demo agent ``tour``: one of each thing that a transcript can hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..agents.turn import ToolCall, ToolResult, Turn
from .markup import code_span, shortened

_CODE = '''\
def closure():
    """Each call returns a counter of its own."""
    count = 0

    def step():
        nonlocal count
        count += 1
        return count

    return step
'''
_MATH = r"""Inline, such as $e^{i\pi} + 1 = 0$, and as a block:

$$\sum_{k=1}^{n} k = \frac{n(n+1)}{2}$$
"""


class TourError(Exception):
    """The failure that the tour shows on request."""


def tour(prompt: str, turn: Turn) -> Iterator[str | ToolCall | ToolResult]:
    """Shows one of each thing that a transcript can hold, whatever the prompt.

    Headings, a table, code, math, a link, a tool with structured result, one with a long result,
    and one that fails. A prompt that contains the word "error" ends the turn as failed. `large`
    shows a long result of 400 lines; `small` one of 200, and says less in its first and last text.
    """
    is_small = turn.llm_id == "small"
    yield _welcome(prompt, is_small=is_small)
    yield ToolCall("count_characters", {"text": prompt})
    counts = _character_counts(prompt)
    yield ToolResult({"length": len(prompt), "words": len(prompt.split()), "characters": counts})
    yield f"{_table(counts)}\n\n{_code()}"
    limit = 200 if is_small else 400
    yield ToolCall("factorise", {"from": 1, "to": limit})
    yield ToolResult("\n".join(f"{n} = {_factors(n)}" for n in range(1, limit + 1)))
    yield f"## Math\n\nThat was a long tool result of {limit} lines. Now a formula. {_MATH}"
    yield ToolCall("read_file", {"name": "missing.txt"})
    names = sorted(file.name for file in turn.files)
    yield ToolResult(f"No file missing.txt; attached are: {names}", is_error=True)
    if "error" in prompt.lower():
        raise TourError("you asked for an error, so this turn ends as failed")
    yield _goodbye(is_small=is_small)


def _welcome(prompt: str, *, is_small: bool) -> str:
    asked = code_span(shortened(prompt, 200)) if prompt.strip() else "nothing"
    if is_small:
        return f"# A tour\n\nYou wrote: {asked}\n\nHere is **one of each** thing."
    return (
        f"# A tour\n\nYou wrote: {asked}\n\nI am a demo agent, so I show you what a "
        "transcript can hold:\n\n- text with **bold**, *italics* and `code`\n"
        "- tables, code and math\n- tool calls that work, that have much to say, and that fail"
    )


def _character_counts(prompt: str) -> dict[str, int]:
    kinds = Counter(_kind(character) for character in prompt)
    return {kind: kinds[kind] for kind in ("letters", "digits", "spaces", "others")}


def _kind(character: str) -> str:
    if character.isalpha():
        return "letters"
    if character.isdigit():
        return "digits"
    return "spaces" if character.isspace() else "others"


def _table(counts: dict[str, int]) -> str:
    rows = "\n".join(f"| {kind} | {count} |" for kind, count in counts.items())
    return f"## A table\n\n| characters | count |\n| --- | ---: |\n{rows}"


def _code() -> str:
    return f"## Code\n\n```python\n{_CODE}```"


def _factors(number: int) -> str:
    """Write a number as a product of primes."""
    factors, rest, divisor = [], number, 2
    while rest > 1:
        while rest % divisor == 0:
            factors.append(str(divisor))
            rest //= divisor
        divisor += 1
    return " * ".join(factors) or str(number)


def _goodbye(*, is_small: bool) -> str:
    link = "[CommonMark](https://commonmark.org/help/)"
    if is_small:
        return f"## The end\n\nThe turn ended well. The text format is {link}."
    return (
        "## The end\n\nOne tool failed on purpose, and the turn went on and ended well. Put the "
        "word *error* into your prompt to see a turn that fails. "
        f"{link} explains the text format used here."
    )
