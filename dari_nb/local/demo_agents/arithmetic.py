"""Finding the arithmetic in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from .expressions import CONSTANTS, FUNCTIONS, ExpressionError, parse

_PHRASES = [
    (r"to the power of", "**"),
    (r"(?:multiplied by|times)", "*"),
    (r"divided by", "/"),
    (r"modulo|mod", " mod "),
    (r"plus", "+"),
    (r"minus", "-"),
    (r"squared", "**2"),
    (r"cubed", "**3"),
    (r"(?:the )?square root of", "sqrt of"),
]
_SYMBOLS = str.maketrans("\u00d7\u00b7\u22c5\u00f7\u2212\u2013", "***/--") | {ord("π"): "pi"}
"""Signs that stand for an operator: times, dots, obelus, minus, en dash."""
_TOKEN = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?)"
    r"|(?P<word>[^\W\d_]+\d*)|(?P<operator>\*\*|//|[-+*/%^!()])|(?P<comma>,)|(?P<other>\S)",
    re.IGNORECASE,
)
_LONG = 40
"""Tokens up to which the readable part of a run is looked for."""
_READ = 5000
"""Characters of a prompt that are read."""


class _Token(NamedTuple):
    text: str
    counts: bool
    """Whether it can be a part of arithmetic."""


def find_arithmetic(sentence: str) -> list[str]:
    """Return the expressions in a sentence, in order, in the syntax of ``evaluate``.

    What looks like arithmetic and cannot be read is returned too, so that evaluating it tells why.

    >>> find_arithmetic("What is 15% of 80, and 2 plus 3 times 4?")
    ['15 / 100 * 80', '2 + 3 * 4']
    """
    found = (_expression(run) for run in _runs(sentence))
    return [expression for expression in found if expression]


def _runs(sentence: str) -> Iterator[list[str]]:
    for counts, tokens in groupby(_tokens(sentence), key=lambda token: token.counts):
        if counts:
            yield [token.text for token in tokens]


def _tokens(sentence: str) -> list[_Token]:
    text = sentence[:_READ].translate(_SYMBOLS)
    for phrase, symbol in _PHRASES:
        text = re.sub(rf"\b(?:{phrase})\b", symbol, text, flags=re.IGNORECASE)
    # In a call the comma separates arguments, elsewhere thousands: max(1,200) and 1,200.
    text = re.sub(r"([a-z]+\d*\s*\([^()]*\))", lambda m: m[1].replace(",", ", "), text)
    text = re.sub(r"(\d)\s*(?:%|percent\b)\s*of\b", r"\1 / 100 *", text, flags=re.IGNORECASE)
    text = re.sub(r"(\d)\s*(?:%|percent\b)(?!\s*[\d.(a-z])", r"\1 / 100", text, flags=re.IGNORECASE)
    text = re.sub(r"\bsqrt of\s+([\d.,]*\d)", r"sqrt(\1)", text)
    depth = 0
    tokens = []
    for match in _TOKEN.finditer(text):
        token = _token(match, text[match.end() :], depth)
        depth += (token.text == "(") - (token.text == ")")
        tokens.append(token)
    return tokens


def _token(match: re.Match[str], rest: str, depth: int) -> _Token:
    text = match[0]
    if match["number"]:
        return _Token(_plain_number(text), True)
    if match["word"]:
        return _word(text.lower(), rest)
    if match["comma"]:
        return _Token(text, depth > 0)
    return _Token("**" if text == "^" else text, match["operator"] is not None and text != "!")


def _plain_number(text: str) -> str:
    number = text.replace(",", "")
    whole = number.isdigit()
    return (number.lstrip("0") or "0") if whole else number


def _word(word: str, rest: str) -> _Token:
    if word == "mod":
        return _Token("%", True)
    is_call = word in FUNCTIONS and rest.lstrip().startswith("(")
    return _Token(word, is_call or word in CONSTANTS)


def _expression(run: list[str]) -> str | None:
    """Return the longest readable part of a run that computes something."""
    if len(run) <= _LONG:
        for length in range(len(run), 1, -1):
            for start in range(len(run) - length + 1):
                text = _join(run[start : start + length])
                if _computes(run[start : start + length]) and _is_readable(text):
                    return text
    return _join(run) if _computes(run) and any(_is_number(token) for token in run) else None


def _computes(tokens: list[str]) -> bool:
    # A sign before or a hyphen behind a number is not yet a computation.
    signs = ("+", "-", "(", ")", ",")
    inner = tokens[1:-1] if len(tokens) > 2 else []
    return any(t in FUNCTIONS for t in tokens) or any(
        not _is_number(t) and t not in CONSTANTS and (t not in signs or t in "+-") for t in inner
    )


def _is_number(token: str) -> bool:
    return token[0].isdigit() or token[0] == "."


def _is_readable(text: str) -> bool:
    try:
        parse(text)
    except ExpressionError:
        return False
    return True


def _join(tokens: list[str]) -> str:
    text = " ".join(tokens)
    text = re.sub(r"\( ", "(", text)
    text = re.sub(r" ([),])", r"\1", text)
    text = re.sub(r"\b([a-z]+\d*) \(", r"\1(", text)
    return re.sub(r"(^|[(*/%+,-]) ([-+]) (?=[\d.(a-z])", r"\1 \2", text).replace("( ", "(")
