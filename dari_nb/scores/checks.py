"""What people give to the statistics, checked before anything is counted."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, get_args

from ..errors import InvalidRequestError
from ..score_kinds import Kind

if TYPE_CHECKING:
    pass

_LONGEST = 60
BY_TASK = 'values by task, such as {"task 1": [1, 0], "task 2": [1, 1]}'


def check_level(level: Any) -> None:
    """Raise ``InvalidRequestError`` unless the level lies between 0 and 1."""
    if not (is_real(level) and 0 < level < 1):
        raise _wrong("level must be between 0 and 1, such as 0.95", level, code="invalid_number")


def check_method(method: object, known: Sequence[str]) -> None:
    """Raise ``InvalidRequestError`` unless the method is one of those that are known here."""
    if isinstance(method, str) and method in known:
        return
    close = difflib.get_close_matches(str(method).lower(), known, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise InvalidRequestError(
        f"There is no method {method!r}{hint}; there are {', '.join(known)}.", code="invalid_method"
    )


def check_kind(kind: object) -> None:
    """Raise ``InvalidRequestError`` unless the kind of a score is one of those with a mean."""
    known = [name for name in get_args(Kind) if name != "label"]
    if kind is not None and kind not in known:
        raise _wrong(
            f"kind must be one of {', '.join(map(repr, known))}, or None", kind, code="invalid_kind"
        )


def check_whole(name: str, number: Any, least: int) -> None:
    """Raise ``InvalidRequestError`` unless a number is whole and not less than this."""
    is_whole = isinstance(number, Integral) and not isinstance(number, bool)
    if not (is_whole and number >= least):
        raise _wrong(
            f"{name} must be at least {least}, a whole number", number, code="invalid_number"
        )


def check_drawing(draws: Any, seed: Any) -> None:
    """Raise ``InvalidRequestError`` unless so much can be drawn from this seed."""
    check_whole("draws", draws, 1)
    check_whole("seed", seed, 0)


def check_real(name: str, number: Any) -> None:
    """Raise ``InvalidRequestError`` unless it is a number, and not NaN."""
    if not is_real(number) or math.isnan(number):
        raise _wrong(f"{name} must be a number", number, code="invalid_number")


def checked_tasks(by_task: Any) -> dict[Any, list[Any]]:
    """Take values by task, a list of them each.

    Raises:
        InvalidRequestError: They are something else.
    """
    if not is_by_task(by_task):
        raise _wrong(f"Wanted are {BY_TASK}", by_task, code="invalid_values")
    found = dict(by_task.items())
    for task, values in found.items():
        if not _is_list(values):
            raise _wrong(
                f"Wanted are {BY_TASK}; the values of {task!r} are a list",
                values,
                code="invalid_values",
            )
    return {task: list(values) for task, values in found.items()}


def is_by_task(given: Any) -> bool:
    """Whether it has names and what belongs to them, such as a dict or a Series."""
    return isinstance(given, Mapping) or callable(getattr(given, "items", None))


def checked_list(what: str, things: Any) -> list[Any]:
    """Take several things as a list; a text is none.

    Raises:
        InvalidRequestError: They are something else.
    """
    if not _is_list(things):
        raise _wrong(f"Wanted is a list of {what}", things, code="invalid_values")
    return list(things)


def checked_each(what: str, things: Any, is_one: Callable[[Any], bool]) -> list[Any]:
    """Take a list of things that all are what they should be.

    Raises:
        InvalidRequestError: They are no list, or one of them is something else.
    """
    found = checked_list(what, things)
    wrong = [thing for thing in found if not is_one(thing)]
    if wrong:
        raise _wrong(f"Wanted is a list of {what}", wrong[0], code="invalid_values")
    return found


def frame_of(given: Any) -> Any:
    """Return the frame of a batch, or of whatever else has one; a frame as it is."""
    read = getattr(given, "to_frame", None)
    return read() if callable(read) and not is_by_task(given) else given


def check_frame(frame: Any, *needed: Any) -> None:
    """Raise ``InvalidRequestError`` unless it is a frame that has these columns."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise _wrong(
            "Wanted is a batch, or a DataFrame with one row a cell, such as batch.to_frame()",
            frame,
            code="invalid_data",
        )
    for name in needed:
        if not isinstance(name, str) or name not in frame:
            known = ", ".join(map(str, frame.columns[:8])) or "none"
            raise InvalidRequestError(
                f"The frame has no column {name!r}; there is {known}.", code="column_not_found"
            )
        check_once(frame, name)


def check_once(frame: Any, name: str) -> None:
    """Raise ``InvalidRequestError`` if a frame has several columns of one name."""
    if (count := list(frame.columns).count(name)) > 1:
        raise InvalidRequestError(
            f"The frame has {count} columns {name!r}: leave one.", code="duplicate_entry"
        )


def _is_list(values: Any) -> bool:
    """Whether it is several things; a text is one."""
    if isinstance(values, list):
        return True
    return isinstance(values, Iterable) and not isinstance(values, str | bytes | Mapping)


def is_real(number: Any) -> bool:
    """Whether it is a number that is no yes or no."""
    return isinstance(number, Real) and not isinstance(number, bool)


def _wrong(wanted: str, given: Any, *, code: str) -> InvalidRequestError:
    said = shortened(given)
    kind = f"{type(given).__name__} " if said.endswith("…") else ""
    return InvalidRequestError(f"{wanted}, not {kind}{' '.join(said.split())}.", code=code)


def shortened(given: Any) -> str:
    """Say what was given, or its beginning.

    >>> shortened("good"), len(shortened("y" * 200_000))
    ("'good'", 61)
    """
    said = repr(given)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
