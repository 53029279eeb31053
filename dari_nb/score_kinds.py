"""What kind of values a score has, told once from all of its values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

Kind = Literal["yes/no", "share", "number", "label"]
"""Yes or no (0 and 1 are that, too), numbers between them, any numbers, or something else."""

JUDGING = frozenset({"yes/no", "share"})
"""Kinds of which everyone can say what is best and what is worst."""

LARGEST = 1e100
"""How large a number may be that is counted with: squares of larger ones are beyond all numbers."""

RATING = "rating"
"""What people give in the view of a matrix, unless it is told to call it something else."""
RATED = (1, 5)
"""The worst and the best of them."""
JUDGE = "judge."
"""What stands before the names of scores that agents give."""
SORTS: Mapping[str, frozenset[str]] = {
    "text": frozenset({"text"}),
    "yes/no": frozenset({"yes/no", "share"}),
    "share": frozenset({"yes/no", "share", "number"}),
    "number": frozenset({"share", "number"}),
}
"""What one value may be, and beside which others it may stand under one name."""
ScoresAndScales = tuple[Mapping[str, Any], Mapping[str, tuple[float, float]]]
"""The scores of a cell, and the scales that were told with them, by name."""
PARTS = "parts"
"""What a dict of values is."""


def sort_of(value: Any) -> str | None:
    """Tell what a value is, one of ``SORTS`` or ``PARTS``; ``None`` of nothing.

    Of yes or no, numbers from 0 to 1 are that, too.

    >>> [sort_of(value) for value in ("good", True, 0.5, 7, {"style": 1}, None)]
    ['text', 'yes/no', 'share', 'number', 'parts', None]
    """
    if value is None:
        return None
    if isinstance(value, dict):
        return PARTS
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "yes/no"
    return "share" if 0 <= value <= 1 else "number"


def kind_of(
    values: Iterable[Any], name: str = "", scale: Sequence[float] | None = None
) -> Kind | None:
    """Tell the kind of values that belong together; ``None`` where there are none.

    What is missing counts for nothing: ``None``, NaN, and what is beyond 1e100. What is on a scale,
    as ratings are, is a number, even where all of them are 1, the worst; so is what a judge gives.
    Both say yes and no by ``True`` and ``False`` alone. Yes or no beside numbers that are not 0 and
    1 has no mean.

    Args:
        values: All of them.
        name: The score's name.
        scale: The scale that was told with them.

    >>> [kind_of(v) for v in ([True, 0], [1, 0.5], [1, 7], ["good", 1], [True, 7], [None])]
    ['yes/no', 'share', 'number', 'label', 'label', None]
    >>> kind_of([1, 1], "by hand"), kind_of([1, 1], "by hand", (1, 5))
    ('yes/no', 'number')
    """
    there = [value for value in _distinct(values) if not is_missing(value)]
    if not there:
        return None
    if not all(map(is_number, there)) or _is_mixed(there):
        return "label"
    is_scaled = name.startswith(JUDGE) or scale_of(name, there, scale)
    if is_scaled and not any(map(_is_yes_or_no, there)):
        return "number"
    if all(value in (0, 1) for value in there):
        return "yes/no"
    return "share" if all(0 <= value <= 1 for value in there) else "number"


def scale_of(
    name: str, values: Iterable[Any], given: Sequence[float] | None = None
) -> tuple[float, float] | None:
    """Return the ends of the scale that a score is on; ``None`` where that is not known.

    It is the one that was told with them, if all values are on it. Else ratings have one, and what
    a judge gives is on it, too, where all are whole numbers from 1 to 5.

    >>> scale_of("rating", [2, 4]), scale_of("rating", [2, 8]), scale_of("words", [2, 4])
    ((1, 5), None, None)
    >>> scale_of("judge.helpful", [4, 5]), scale_of("judge.helpful", [0, 10])
    ((1, 5), None)
    >>> scale_of("judge.helpful", [4, 5], (0, 10)), scale_of("judge.helpful", [4, 50], (0, 10))
    ((0, 10), None)
    """
    there = list(values)
    if given and are_on((given[0], given[1]), there):
        return given[0], given[1]
    is_judge = name.startswith(JUDGE)
    is_rating = (name == RATING or is_judge) and not any(
        isinstance(value, bool) or (is_judge and is_number(value) and value % 1) for value in there
    )
    return RATED if is_rating and are_on(RATED, there) else None


def scale_by_hand(value: Any) -> tuple[int, int] | None:
    """Return the scale of what is given where people rate from 1 to 5; ``None`` of what is not.

    >>> [scale_by_hand(value) for value in (1, 4.5, 7, True, "good", None)]
    [(1, 5), (1, 5), None, None, None, None]
    """
    return None if isinstance(value, bool) or not are_on(RATED, [value]) else RATED


def limits_of(kind: Kind | None, scale: tuple[float, float] | None) -> tuple[float, float] | None:
    """Return the least and the most that a score can be; ``None`` where that is not known.

    >>> limits_of("share", None), limits_of("number", (1, 5)), limits_of("number", None)
    ((0.0, 1.0), (1, 5), None)
    """
    return (0.0, 1.0) if kind in JUDGING else scale


def are_on(scale: tuple[float, float], values: Iterable[Any]) -> bool:
    """Whether all values are numbers that are on a scale."""
    return all(is_number(value) and scale[0] <= value <= scale[1] for value in values)


@dataclass(frozen=True)
class Measure:
    """What a score is in one of several runs: all of its values there, and their scale.

    Attributes:
        values: All that are not missing.
        scale: The worst and the best that it could be, where that is known.
    """

    values: Sequence[Any]
    scale: tuple[float, float] | None = None

    @property
    def are_words(self) -> bool:
        """Whether no value is a number."""
        return not any(map(is_number, self.values))

    @property
    def is_yes_or_no(self) -> bool:
        """Whether any value says so."""
        return any(map(_is_yes_or_no, self.values))

    @property
    def is_mixed(self) -> bool:
        """Whether it has no mean in this run alone, and is no score of words."""
        return kind_of(self.values) == "label" and not self.are_words

    def is_like(self, other: Measure) -> bool:
        """Whether both are on one scale; where that is not known, whether both are of one kind.

        >>> three, yes = Measure([3, 0]), Measure([True])
        >>> three.is_like(Measure([1, 0.5])), three.is_like(yes), Measure([1, 0]).is_like(yes)
        (True, False, True)
        >>> Measure([3], (1, 5)).is_like(Measure([3], (0, 10)))
        False
        """
        if self.scale and other.scale:
            return self.scale == other.scale
        both = [*self.values, *other.values]
        if kind_of(both) == "label":
            return self.are_words and other.are_words
        low, high = self.scale or other.scale or (-LARGEST, LARGEST)
        return all(low <= value <= high for value in both)

    def may_be_like(self, other: Measure) -> bool:
        """Whether numbers do not look as if they were shares of 1 in one run, and not in the other.

        What is counted may be 0 or 1 at all times; shares beside whole numbers above 1, or beside
        none below it, hardly are on one scale.

        >>> shares = Measure([0.2, 1])
        >>> shares.may_be_like(Measure([0, 70])), Measure([0, 1]).may_be_like(Measure([0, 3]))
        (False, True)
        """
        if self.scale and other.scale:
            return True
        less, more = sorted((self, other), key=lambda measure: max(measure.values))
        if not (min(less.values) >= 0 and max(less.values) <= 1 < max(more.values)):
            return True
        are_shares = any(value % 1 for value in less.values)
        are_whole = not any(value % 1 for value in more.values)
        return min(more.values) < 1 and not (are_shares and are_whole)


def measure_of(name: str, given: Iterable[tuple[Any, tuple[float, float] | None]]) -> Measure:
    """Return what a score is in a run.

    It is on the one scale that was told with any of its values, if all are.

    Args:
        name: The score's name.
        given: Its values there, and the scale that was told with each.

    >>> measure_of("judge.good", [(2, (0, 10)), (None, None)])
    Measure(values=[2], scale=(0, 10))
    >>> [measure_of("by hand", [(2, (1, 5)), (value, None)]).scale for value in (3, 7)]
    [(1, 5), None]
    """
    there = [(value, scale) for value, scale in given if not is_missing(value)]
    values, scales = [value for value, _ in there], {scale for _, scale in there if scale}
    if name == RATING:
        return Measure(values, scale_of(name, values))
    scale = scales.pop() if len(scales) == 1 else None
    return Measure(values, scale if scale and are_on(scale, values) else None)


def measures_of(cells: Iterable[ScoresAndScales]) -> dict[str, Measure]:
    """Tell what each score is that any cell has, in the order they appear in.

    >>> measures_of([({"by hand": 1}, {"by hand": (1, 5)}), ({"by hand": None}, {})])
    {'by hand': Measure(values=[1], scale=(1, 5))}
    """
    found: dict[str, list[tuple[Any, tuple[float, float] | None]]] = {}
    for scores, scales in cells:
        for name, value in scores.items():
            told = found.setdefault(name, [])
            if not is_missing(value):
                told.append((value, scales.get(name)))
    return {name: measure_of(name, told) for name, told in found.items() if told}


def kinds_of(cells: Iterable[ScoresAndScales]) -> dict[str, Kind]:
    """Tell the kind of each score that any cell has, in the order they appear in."""
    told = {name: kind_of(of.values, name, of.scale) for name, of in measures_of(cells).items()}
    return {name: kind for name, kind in told.items() if kind}


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value has a mean; yes and no are 1 and 0."""
    try:
        return isinstance(value, int | float) and abs(float(value)) <= LARGEST
    except OverflowError:
        return False  # it has too many digits to be counted with


def _distinct(values: Iterable[Any]) -> list[Any]:
    """Return each value once, yes apart from 1; all of them where some cannot be looked up."""
    given = list(values)
    try:
        return list({(type(value), value): value for value in given}.values())
    except TypeError:
        return given


def _is_mixed(values: Iterable[Any]) -> bool:
    """Whether values are yes or no in part, and in part numbers that are not 0 and 1."""
    there = list(values)
    return any(map(_is_yes_or_no, there)) and any(value not in (0, 1) for value in there)


def _is_yes_or_no(value: Any) -> bool:
    return isinstance(value, bool)


def is_missing(value: Any) -> bool:
    """Whether there is no value."""
    return value is None or (isinstance(value, int | float) and not is_number(value))
