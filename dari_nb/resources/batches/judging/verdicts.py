"""What a judge has said: one JSON object and nothing else, as it was asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

_LONGEST = 100_000
"""Characters of an answer that is read."""
_LONGEST_REASON = 4_000
_CODE = re.compile(r"\A(```|~~~)\w*\s*\n(.*)\n?\1\Z", re.DOTALL)
_WHOLE = re.compile(r"\s*[+-]?\d{1,9}(?:\.0+)?\s*")
BETTER = ("A", "B", "tie")


class UnreadError(ValueError):
    """Why an answer is no verdict."""


@dataclass(frozen=True)
class Verdict:
    """What a judge has said.

    Attributes:
        value: A score, or which one is better; ``None`` where there is none.
        reason: The reason it gave; empty without one.
        error: Why there is none.
        is_open: Whether there is none because nothing was asked yet, or nothing answered.
        has_failed: Whether there is none because the judge's turn failed.
    """

    value: Any = None
    reason: str = ""
    error: str | None = None
    is_open: bool = field(default=False, repr=False)
    has_failed: bool = field(default=False, repr=False)


def read_score(text: str, scale: Sequence[int]) -> Verdict:
    """Read a score; on the scale from 0 to 1 it is no or yes.

    >>> read_score('{"score": "4", "reason": "short"}', (1, 5))
    Verdict(value=4, reason='short', error=None)
    >>> read_score('It wants {"score": 5}.', (1, 5)).error
    'it gave no JSON with "score" and nothing else: It wants {"score": 5}.'
    >>> read_score('{"score": 7}', (1, 5)).error
    'its score is 7, not 1 to 5'
    """
    low, high = scale
    try:
        told = _object_in(text, "score")
        score = _whole(told["score"], is_yes_or_no=(low, high) == (0, 1))
    except UnreadError as error:
        return Verdict(error=str(error))
    if not low <= score <= high:
        return Verdict(error=f"its score is {score}, not {low} to {high}")
    return Verdict(bool(score) if (low, high) == (0, 1) else score, _reason(told))


def read_better(text: str) -> Verdict:
    """Read which answer is better: ``A``, ``B`` or ``tie``.

    >>> read_better('{"better": "b"}').value
    'B'
    """
    try:
        told = _object_in(text, "better")
    except UnreadError as error:
        return Verdict(error=str(error))
    said = str(told["better"]).strip().lower()
    value = next((each for each in BETTER if each.lower() == said), None)
    if value is None:
        return Verdict(error=f"it finds {_short(told['better'])} better, not A, B or tie")
    return Verdict(value, _reason(told))


def _object_in(text: str, key: str) -> dict[str, Any]:
    """Return the object with this key that is all of the text, or all of its one block of code.

    An object between words may be one that the judge quotes, and means not to follow.

    Raises:
        UnreadError: There is anything else.
    """
    said = text.strip().removeprefix("\ufeff").strip()
    if not said:
        raise UnreadError("it said nothing")
    if len(said) > _LONGEST:
        raise UnreadError(f"its answer is too long: more than {_LONGEST:,} characters")
    code = _CODE.match(said)
    try:
        told = _DECODER.decode(code[2] if code else said)
    except (UnreadError, RecursionError):
        raise UnreadError("its JSON has a key twice, or is too deep, or holds no number") from None
    except ValueError:
        told = None
    if not isinstance(told, dict) or key not in told:
        raise UnreadError(f'it gave no JSON with "{key}" and nothing else: {_short(said)}')
    return told


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise UnreadError
    return made


def _no_number(_: str) -> NoReturn:
    raise UnreadError


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number, strict=False)


def _whole(score: Any, *, is_yes_or_no: bool) -> int:
    if isinstance(score, bool) and is_yes_or_no:
        return int(score)
    if isinstance(score, str) and _WHOLE.fullmatch(score):
        score = float(score)
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    if not (is_number and score == score // 1):
        raise UnreadError(f"its score is {_short(json.dumps(score))}, which is no whole number")
    return int(score)


def _reason(verdict: dict[str, Any]) -> str:
    reason = verdict.get("reason")
    text = " ".join(reason.split()) if isinstance(reason, str) else ""
    return _beginning(text, _LONGEST_REASON)


def _short(said: Any) -> str:
    return _beginning(" ".join(str(said).split()), 80)


def _beginning(text: str, most: int) -> str:
    text = text.encode(errors="replace").decode()
    return text if len(text) <= most else f"{text[: most - 1]}…"
