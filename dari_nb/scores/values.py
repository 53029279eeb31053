"""What a score may be called and what it may be worth: one rule for functions, people and files."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

from ..errors import InvalidRequestError
from ..score_kinds import LARGEST, RATED, RATING, is_missing, scale_of
from .checks import shortened

LONGEST_NAME = 200
"""Characters of a score's name."""
LONGEST_NOTE = 10_000
"""Characters of a note."""
_INT64 = range(-(1 << 63), 1 << 63)


def checked_name(name: Any) -> str:
    """Take a name as it is kept.

    Raises:
        InvalidRequestError: It is no text, is empty, has a line break or another control
            character, or more than 200 characters.

    >>> checked_name("correct")
    'correct'
    """
    if not isinstance(name, str):
        raise InvalidRequestError(
            f"A score's name is a text, not {_kind(name)}.", code="invalid_name"
        )
    if not name.strip():
        raise InvalidRequestError("A score needs a name.", code="missing_name")
    if len(name) > LONGEST_NAME:
        raise InvalidRequestError(
            f"A score's name has {LONGEST_NAME} characters at most, not {len(name):,}.",
            code="invalid_name",
        )
    if len(name.splitlines()) > 1 or name != name.strip("\r\n"):
        raise InvalidRequestError(
            "A score's name is one line, without a line break.", code="invalid_name"
        )
    if any(unicodedata.category(sign) == "Cc" for sign in name):
        raise InvalidRequestError("A score's name has no control characters.", code="invalid_name")
    return _utf8(name)


def checked_value(value: Any) -> bool | int | float | str:
    """Take one value as it is kept: plain Python, of which JSON and frames have a word, too.

    A whole number that 64 bits do not hold becomes a float.

    Raises:
        InvalidRequestError: It is no yes or no, no number up to 1e100, and no text.

    >>> checked_value(True), checked_value(10**30)
    (True, 1e+30)
    """
    if callable(getattr(value, "item", None)) and getattr(value, "ndim", None) == 0:
        value = value.item()
    if value is None:
        raise InvalidRequestError(
            "nothing is no score: give yes or no, a number, or a text", code="invalid_score"
        )
    if is_missing(value):
        said = value if isinstance(value, float) else "a number of too many digits"
        is_large = isinstance(value, float) and math.isfinite(value)
        why = f"beyond {LARGEST:g}" if is_large else "not a finite number"
        raise InvalidRequestError(f"{said} is no score: it is {why}", code="invalid_score")
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if value in _INT64 else float(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return _utf8(value)
    raise InvalidRequestError(
        f"{_kind(value)} is no score: give yes or no, a number, or a text", code="invalid_score"
    )


def checked_note(note: Any) -> str | None:
    """Take what a person writes beside a rating; ``None`` of nothing.

    Raises:
        InvalidRequestError: It is no text, or has more than 10,000 characters.

    >>> checked_note("a bit short")
    'a bit short'
    """
    if not isinstance(note, str | None):
        raise InvalidRequestError(f"A note is a text, not {_kind(note)}.", code="invalid_note")
    if note and len(note) > LONGEST_NOTE:
        raise InvalidRequestError(
            f"A note has {LONGEST_NOTE:,} characters at most, not {len(note):,}.",
            code="invalid_note",
        )
    return _utf8(note) if note else None


def checked_rating(value: Any) -> bool | int | float | str:
    """Take what a person gives as a ``"rating"``.

    Raises:
        InvalidRequestError: It is no number from 1 to 5.

    >>> checked_rating(4)
    4
    """
    checked = checked_value(value)
    if scale_of(RATING, [checked]) is None:
        worst, best = RATED
        raise InvalidRequestError(
            f"A {RATING!r} is a number from {worst} to {best}, not {shortened(checked)}: "
            "give what is another kind of value another name.",
            code="invalid_rating",
        )
    return checked


def validate_value(value: Any) -> Any:
    """Take one value, or a dict of values by name.

    Raises:
        InvalidRequestError: One of them is none; the text names it.

    >>> validate_value({"style": 1.5, "ok": False})
    {'style': 1.5, 'ok': False}
    """
    if not isinstance(value, dict):
        return checked_value(value)
    if not value:
        raise InvalidRequestError(
            "an empty dict is no score: give one value or more", code="invalid_score"
        )
    if any(isinstance(part, dict) for part in value.values()):
        raise InvalidRequestError(
            "a dict of dicts is no score: give one level of values", code="invalid_score"
        )
    parts, wrong = checked_parts(value)
    if wrong:
        raise InvalidRequestError(wrong, code="invalid_score")
    return parts


def checked_parts(values: dict[Any, Any]) -> tuple[dict[str, Any], str]:
    """Return what of a dict can be kept, and what is wrong with the rest.

    >>> checked_parts({"style": 1.5, "": 2})
    ({'style': 1.5}, "'': A score needs a name.")
    """
    parts, wrong = {}, []
    for key, part in values.items():
        try:
            parts[checked_name(str(key))] = checked_value(part)
        except InvalidRequestError as error:
            name = str(key)[:LONGEST_NAME]
            shown = name if name.strip() and name.isprintable() else repr(name)
            wrong.append(f"{shown}: {error}")
    return parts, "; ".join(wrong)


def _utf8(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidRequestError(
            f"{text[:80]!r} is no score: it is not a valid text", code="invalid_text"
        ) from None
    return str(text)


def _kind(value: Any) -> str:
    kind = type(value).__name__
    return f"{'an' if kind[:1] in 'aeio' else 'a'} {kind}"
