"""How two texts are worded differently, word by word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from enum import Enum
from html import escape
from typing import NamedTuple

from ..plain.excerpts import alike
from ..plain.visible import visible
from .edits import common_stretches
from .prose import formula_html

# Formulas, code and a few bold words are told apart as a whole: half of one cannot be set. Prices
# are no formulas, powers (x**2) not bold.
_FORMULA = (
    r"\$\$[^$]{1,2000}\$\$|\\\[.{1,2000}?\\\]|\\\(.{1,2000}?\\\)"
    r"|(?<![\w$\\])\$(?=[^\s$])[^$\n]{1,500}(?<=[^\s$\\])\$(?![\w$])"
)
_CODE = r"`[^`\n]{1,500}`"
_BOLD = r"(?<![\w*\\])\*\*(?=[^\s*])[^*\n]{1,60}(?<=[^\s*])\*\*(?![\w*])"
_SET = re.compile(rf"({_FORMULA}|{_CODE}|{_BOLD})", re.DOTALL)
# A word with what it is made of (2024-05-20, can't, 3.50), or a mark; the space before comes along.
_WORD = r"\w+(?:[.,:'\u2019/-]\w+)*"
_TOKEN = re.compile(rf"\s*(?:{_FORMULA}|{_CODE}|{_BOLD}|{_WORD}|[^\w\s])", re.DOTALL)
_MOST_WORK = 300_000  # pairs of equal words; beyond that weighing all would take seconds
_LEAST_SHARED = 0.2  # of the shorter text; with less, marks would cover everything
_SHORT = 3  # characters of a lone word that does not earn a break between two marks


class Wording(NamedTuple):
    """A stretch of a text, and whether the other text has it too."""

    text: str
    is_shared: bool


class Unmarked(Enum):
    """Why the words of two texts are not told apart."""

    ALL_DIFFERS = "all differs"
    TOO_MUCH = "too long and too different to be compared word by word"


def worded(left: str, right: str) -> tuple[list[Wording], list[Wording]] | Unmarked:
    """Compare two texts word by word; white space does not count.

    Returns:
        Both texts in stretches, or why there are none: they have hardly anything in common, or
        the same few words so often, and so much that differs, that comparing would take seconds.

    >>> worded("to the card", "to your card")  # doctest: +NORMALIZE_WHITESPACE
    ([Wording(text='to', is_shared=True), Wording(text=' the', is_shared=False),
      Wording(text=' card', is_shared=True)],
     [Wording(text='to', is_shared=True), Wording(text=' your', is_shared=False),
      Wording(text=' card', is_shared=True)])
    """
    a, b = _tokens(left), _tokens(right)
    words_a, words_b = [t.strip() for t in a], [t.strip() for t in b]
    start = alike(words_a, words_b)
    end = alike(words_a[start:][::-1], words_b[start:][::-1])
    inner_a, inner_b = words_a[start : len(a) - end], words_b[start : len(b) - end]
    common = _common(inner_a, inner_b)
    if common is None:
        return Unmarked.TOO_MUCH
    blocks = [(0, 0, start)]
    blocks += [(i + start, j + start, size) for i, j, size in common if size]
    blocks.append((len(a) - end, len(b) - end, end))
    shared = _worth_it(blocks, a, b)
    if sum(size for _, _, size in shared) < _LEAST_SHARED * min(len(a), len(b)):
        return Unmarked.ALL_DIFFERS
    return _stretches(a, [(i, i + n) for i, _, n in shared]), _stretches(
        b, [(j, j + n) for _, j, n in shared]
    )


def wording_html(stretches: Iterable[Wording], tag: str) -> str:
    """Render a text with what only it has in elements ``tag``; lines break where they did."""
    env: dict[str, int] = {}
    return "".join(
        _set(text, env) if is_shared else _marked(text, tag, env) for text, is_shared in stretches
    )


def _tokens(text: str) -> list[str]:
    text = visible(text).strip()
    return _TOKEN.findall(text)


def _common(a: Sequence[str], b: Sequence[str]) -> Sequence[tuple[int, int, int]] | None:
    """Return what two texts have in common; ``None`` where that would take seconds to find."""
    if _work(a, b) > _MOST_WORK:
        return common_stretches(a, b)
    return SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()


def _work(a: Sequence[str], b: Sequence[str]) -> int:
    counts = Counter(b)
    return sum(count * counts[word] for word, count in Counter(a).items())


def _worth_it(
    blocks: Sequence[tuple[int, int, int]], a: Sequence[str], b: Sequence[str]
) -> list[tuple[int, int, int]]:
    """Leave out lone short words between changes: marks around them are harder to read."""
    kept = []
    for i, j, size in blocks:
        at_edge = i == 0 == j or (i + size == len(a) and j + size == len(b))
        if size and (at_edge or size > 1 or len(a[i].strip()) > _SHORT):
            kept.append((i, j, size))
    return kept


def _stretches(tokens: Sequence[str], shared: Sequence[tuple[int, int]]) -> list[Wording]:
    return [Wording(text, same) for text, same in _cut(tokens, shared) if text]


def _cut(tokens: Sequence[str], shared: Sequence[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    at = 0
    for start, end in shared:
        yield "".join(tokens[at:start]), False
        yield "".join(tokens[start:end]), True
        at = end
    yield "".join(tokens[at:]), False


def _marked(text: str, tag: str, env: dict[str, int]) -> str:
    space = text[: len(text) - len(text.lstrip())]
    return f"{_escaped(space)}<{tag}>{_set(text.lstrip(), env)}</{tag}>"


def _set(text: str, env: dict[str, int]) -> str:
    """Set formulas, code and bold words, which are every second part; the rest is text."""
    parts = _SET.split(text)
    return "".join(
        _set_one(part, env) if place % 2 else _escaped(part) for place, part in enumerate(parts)
    )


def _set_one(source: str, env: dict[str, int]) -> str:
    if source[0] == "`":
        return f"<code>{_escaped(source[1:-1])}</code>"
    if source[0] == "*":
        return f"<strong>{_set(source[2:-2], env)}</strong>"
    edge = 1 if source[0] == "$" != source[1] else 2
    return formula_html(source[edge:-edge], env)


def _escaped(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br>")
