"""What people ask of the power of a comparison, checked before anything is counted."""

from __future__ import annotations

from typing import Any

from ...errors import InvalidRequestError
from ...score_kinds import is_number
from ..checks import check_whole, is_real


def check_size(name: str, number: Any, most: int) -> None:
    """Raise ``InvalidRequestError`` unless a number is whole, and from 1 to the most."""
    check_whole(name, number, 1)
    if number > most:
        raise InvalidRequestError(f"{name} is {most:,} at most.", code="invalid_number")


def check_alone(name: str, others: dict[str, Any]) -> None:
    """Raise ``InvalidRequestError`` if anything is given beside what says it all."""
    given = [other for other, value in others.items() if value is not None]
    if given:
        raise InvalidRequestError(
            f"{name} says it all: leave {' and '.join(given)} out.", code="conflicting_arguments"
        )


def check_between(name: str, number: Any, least: float, most: float, *, ends: bool = True) -> None:
    """Raise ``InvalidRequestError`` unless a number lies between two, if it is given."""
    if number is None and name != "power":
        return
    inside = is_number(number) and is_real(number) and least <= number <= most
    if not inside or (not ends and number in (least, most)):
        upto = "between 0 and 1" if (least, most) == (0, 1) else f"from {least:g} to {most:g}"
        is_long = isinstance(number, int) and not is_number(number)
        told = "one of so many digits" if is_long else repr(number)
        raise InvalidRequestError(f"{name} is a number {upto}, not {told}.", code="invalid_number")
