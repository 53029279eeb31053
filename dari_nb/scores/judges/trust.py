"""Whether a judge may stand for people: what two scores must be like, and what a kappa says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from ...errors import InvalidRequestError
from ...score_kinds import JUDGE, RATED, are_on
from ..estimate import Ends, Estimate
from ..intervals import can_leave_out
from .favour import Favour, each_at
from .pairing import OF_VALUES, Pairs

ENOUGH = 0.6
"""Kappa from which agreement is commonly called substantial."""
SMALL = 0.2
"""Of a standard deviation: a difference of means up to which it is commonly called small."""
FEW = 0.05
"""Of all: what may be missing and is commonly called of no consequence."""
_YES_AND_NO = (0, 1)
_FROM_YES = 0.75
"""How far up a scale answers are commonly called good: from 4 on of 1 to 5."""
_CALIBRATED = "calibrated() makes up for"
_MAY_FAVOUR = "whether it favours a column is open"
_UNHEARD = "and what it would say there is not known"


class Sides(NamedTuple):
    """The two of which one may stand for the other.

    Attributes:
        one: The name of the one.
        other: The name of the other.
        cells: Of how many cells both say something.
        unjudged: Of how many the other alone does.
        unrated: Of how many the one alone does.
        unvaried: Which of them, by name, say one and the same of every cell.
    """

    one: str
    other: str
    cells: int
    unjudged: int = 0
    unrated: int = 0
    unvaried: Sequence[str] = ()

    @property
    def telling(self) -> str:
        """What would tell more."""
        if self.unrated:
            return "more ratings"
        return (
            f"{self.one} of all" if self.unjudged else "all of them have both, so only more tasks"
        )

    @property
    def is_silent(self) -> bool:
        """Whether the one says nothing of more than a few that the other has."""
        return self.unjudged > FEW * (self.cells + self.unjudged)

    @property
    def silence(self) -> str:
        """Say of how many the one says nothing; empty of none."""
        if not self.unjudged:
            return ""
        of = self.cells + self.unjudged
        return f"{self.one} is missing for {self.unjudged} of {of} that have {self.other}"


def trust(
    of: Sides,
    name: str,
    kappa: Estimate,
    level: float,
    more: Excess | None = None,
    favours: Favours | None = None,
) -> str:
    """Say whether one may stand for the other, and never more than the intervals support.

    Args:
        of: The two.
        name: What the coefficient is called.
        kappa: The coefficient.
        level: Coverage of its interval.
        more: By how much the one gives more than the other; ``None`` where these are no numbers.
        favours: By how much more it gives to a column than to another, beside that.
    """
    one, other = of.one, of.other
    average = f"it {more.said} on average" if more else ""
    gives = _clauses(average)
    biases = gives if more and more.is_seen else ""
    if favours and favours.are_seen:
        biases += _clauses(f"it {favours.said}")
    silent = _clauses(of.silence)
    if math.isnan(kappa.value) or math.isnan(kappa.low):
        return f"{_unknown(of, kappa)}{biases}{silent}"
    ends = f"{100 * level:g} % interval {kappa.low:z.2f} to {kappa.high:z.2f}"
    figures = f"{name} {kappa.value:z.2f} ({ends}), where {ENOUGH} is commonly called enough"
    if kappa.low < ENOUGH:
        return f"{_finding_text(of, name, kappa)}: {figures}{biases}{silent}"
    ranks = f"{one} ranks answers as {other} does"
    lacking = favours.lacking if favours else ""
    if favours and favours.are_seen:
        told = _clauses(average, lacking)
        return f"{ranks}, but {favours.said}, which {_CALIBRATED}: {figures}{told}{silent}"
    apart = favours.apart if favours else ""
    told = _clauses(", ".join(filter(None, (average, apart))), lacking)
    may_favour = favours is not None and not favours.are_small
    beside = f", and {_MAY_FAVOUR}" if may_favour else ""
    would = f", and {of.telling} would tell whether that is chance"
    if more and more.is_seen:
        ranks += f", but {more.said}, which {_CALIBRATED}{beside}: {figures}"
        columns = _clauses(f"it gives {apart}" if apart else "", lacking)
        return f"{ranks}{columns}{would}{silent}" if may_favour else f"{ranks}{silent}"
    if of.is_silent:
        ranks += f" where it says anything, but {of.silence}, {_UNHEARD}{beside}: {figures}"
        return f"{ranks}{told if may_favour else gives}"
    if more is None or (more.is_small and not may_favour):
        return f"{one} may stand for {other}: {figures}{told}{silent}"
    what = _MAY_FAVOUR if more.is_small else "whether it gives more or less is open"
    return f"{ranks}, but {what}: {figures}{told}{would}{silent}"


def _clauses(*texts: str) -> str:
    return "".join(f"; {each}" for each in texts if each)


class Favours(NamedTuple):
    """By how much more one gives to a column than to another, beside what the other gives.

    Attributes:
        each: Of each two columns; those that are no chance come first.
        spread: The standard deviation of what the other gives.
        level: Coverage of all intervals together.
        unseen: Columns of which nothing is known.
    """

    each: Sequence[Favour]
    spread: float
    level: float
    unseen: Sequence[str] = ()

    @property
    def are_seen(self) -> bool:
        """Whether any of them is no chance."""
        return any(favour.is_seen for favour in self.each)

    @property
    def are_small(self) -> bool:
        """Whether all are commonly called small, wherever in their intervals they lie."""
        return not self.unseen and all(_is_small(of.found, self.spread) for of in self.each)

    @property
    def said(self) -> str:
        """Say the first, with its interval."""
        first = self.each[0]
        return f"favours {first.to} over {first.over} by {_figure(first.found.value)}{self._ends}"

    @property
    def apart(self) -> str:
        """Say the first, with its interval, where it may be chance."""
        if not self.each:
            return ""
        first = self.each[0]
        more = f"{_figure(first.found.value)} more"
        return f"to {first.to} {more} than to {first.over}{self._ends}"

    @property
    def lacking(self) -> str:
        """Say of which columns nothing is known."""
        return f"no cell of {' or '.join(self.unseen)} has both" if self.unseen else ""

    @property
    def _ends(self) -> str:
        low, high = self.each[0].found[1:3]
        return "" if math.isnan(low) else f" ({_figure(low)} to {_figure(high)}{self._together})"

    @property
    def _together(self) -> str:
        pairs = len(self.each)
        own = 100 * each_at(self.level, pairs)
        all_of = f"so that all {pairs} pairs of columns hold together at {100 * self.level:g} %"
        return f", at {own:.4g} %, {all_of}" if pairs > 1 else ""


class Excess(NamedTuple):
    """By how much one gives more than the other.

    Attributes:
        found: The mean of the differences.
        spread: The standard deviation of what the other gives.
        level: Coverage of the interval.
    """

    found: Estimate
    spread: float
    level: float

    @property
    def is_seen(self) -> bool:
        """Whether it is no chance; where all tasks say the same they must be enough for that."""
        if math.isnan(self.found.low):
            return self.found.value != 0 and can_leave_out(self.found.tasks, self.level)
        return self.found.low > 0 or self.found.high < 0

    @property
    def is_small(self) -> bool:
        """Whether it is commonly called small, wherever in its interval it lies."""
        return _is_small(self.found, self.spread)

    @property
    def said(self) -> str:
        """Say it, with its interval."""
        value, low, high = self.found[:3]
        sign = -1 if value < 0 else 1
        ends = sorted((sign * low, sign * high))
        told = "" if math.isnan(low) else f" ({_figure(ends[0])} to {_figure(ends[1])})"
        if not value:
            return f"gives neither more nor less{told}"
        return f"gives {_figure(abs(value))} {'less' if sign < 0 else 'more'}{told}"


def _is_small(found: Estimate, spread: float) -> bool:
    return all(abs(end) <= SMALL * spread for end in found[:3])


def _figure(number: float) -> str:
    is_usual = not number or 0.01 <= abs(number) < 1e6
    return f"{number:.2f}" if is_usual else f"{number:.2g}"


def _unknown(of: Sides, kappa: Estimate) -> str:
    """Say why there is no interval, and what would give one."""
    one, other = of.one, of.other
    if of.unvaried == (one,):
        return (
            f"{one} tells no cell from another, and {other} does: kappa is 0 in any case, and only "
            "scores that vary would tell whether it may stand for that"
        )
    missing = ", and only ratings that vary would tell" if of.unvaried else ""
    return f"Whether {one} may stand for {other} is not known: {kappa.why}{missing}"


def _finding_text(of: Sides, name: str, kappa: Estimate) -> str:
    one, other = of.one, of.other
    if kappa.high < 0:
        if name == "kappa":
            return f"{one} says another thing than {other} more often than chance would"
        return f"{one} is farther from {other} than chance would be"
    if kappa.high < ENOUGH:
        beyond = ", though they agree beyond chance" if kappa.low > 0 else ""
        return f"{one} may not stand for {other}{beyond}"
    said = (
        "they agree beyond chance" if kappa.low > 0 else "these cells do not even rule out chance"
    )
    what = "how far" if kappa.low > 0 else "more"
    return (
        f"Whether {one} may stand for {other} is open: {said}, and {of.telling} would tell {what}"
    )


def check_alike(pairs: Pairs, function: str = "agreement") -> None:
    """Raise ``InvalidRequestError`` if the two scores are of kinds or scales that cannot agree.

    Args:
        pairs: What both say.
        function: Which function has been called, and is to be called again.
    """
    ones, others = ([getattr(pair, which) for pair in pairs.whole] for which in ("one", "other"))
    texts = [_are_texts(values) for values in (ones, others)]
    has_numbers = not any(texts)
    one, other = pairs.scales
    are_apart = has_numbers and (_cannot(ones, others, other) or _cannot(others, ones, one))
    if texts[0] != texts[1] or are_apart:
        how = _how(pairs, ones, others, function)
    elif has_numbers and _are_off(pairs, ones, others):
        how = ""
    else:
        return
    both = zip((pairs.one, pairs.other), pairs.scales, (ones, others), strict=True)
    told = " and ".join(f"{name!r} {_holds(scale, values)}" for name, scale, values in both)
    how = how or (", under a name of its own" if has_numbers else "")
    raise InvalidRequestError(
        f"{told}: these cannot agree. Bring both to one scale first{how}.", code="not_comparable"
    )


def _are_off(pairs: Pairs, ones: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether the scales are known and differ, or the one that is known is left by the other."""
    one, other = pairs.scales
    if one and other:
        return one != other
    if one:
        return not are_on(one, others)
    return other is not None and not are_on(other, ones)


def _holds(scale: Ends | None, values: Sequence[Any]) -> str:
    return "is on a scale of {:g} to {:g}".format(*scale) if scale else f"holds {_kind(values)}"


def _how(pairs: Pairs, ones: Sequence[Any], others: Sequence[Any], function: str) -> str:
    """Say how, where one is yes or no and the other is on a scale."""
    names, told = (pairs.one, pairs.other), (ones, others)
    are_scales = [
        not _are_zero_or_one(values) or (scale or _YES_AND_NO) != _YES_AND_NO
        for values, scale in zip(told, pairs.scales, strict=True)
    ]
    if sum(are_scales) != 1 or pairs.one == OF_VALUES[0] or any(map(_are_texts, told)):
        return ""
    place = are_scales.index(True)
    name, ways = names[place], []
    if names[1 - place].startswith(JUDGE) and not name.startswith(JUDGE):
        ways.append("rate yes or no, as batch.sample(40, name='by hand') and its rate(0, True) do")
    if scale := pairs.scales[place] or _seen_scale(told[place]):
        yes = scale[0] + _FROM_YES * (scale[1] - scale[0])
        both = ", ".join(map(repr, ["good" if each == name else each for each in names]))
        ways.append(
            "say from where on the scale is yes: frame = batch.to_frame(); frame['score.good'] = "
            f"frame['score.{name}'] >= {yes:g}; {function}(frame, {both})"
        )
    return f": {', or '.join(ways)}" if ways else ""


def _seen_scale(values: Sequence[Any]) -> Ends | None:
    """Return the scale of ratings, where whole numbers are from its one end to the other."""
    ends = float(min(values)), float(max(values))
    return ends if ends == RATED and not any(value % 1 for value in values) else None


def _are_texts(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _cannot(ones: Sequence[Any], numbers: Sequence[Any], scale: Ends | None) -> bool:
    """Whether the ones say yes or no and the numbers do not, or end where these only begin."""
    if any(isinstance(value, str) for value in (*ones, *numbers)):
        return False
    if _are_yes_or_no(ones):
        return (scale or _YES_AND_NO) != _YES_AND_NO or not _are_zero_or_one(numbers)
    return bool(max(ones) <= 1 < max(numbers) and min(ones) < 1 <= min(numbers))


def _are_zero_or_one(values: Sequence[Any]) -> bool:
    return all(value in (0, 1) for value in values)


def _are_yes_or_no(values: Sequence[Any]) -> bool:
    return all(isinstance(value, bool) for value in values)


def _kind(values: Sequence[Any]) -> str:
    if _are_texts(values):
        return "texts"
    if _are_yes_or_no(values):
        return "yes or no"
    numbers = [value for value in values if not isinstance(value, str)]
    return f"numbers from {min(numbers):g} to {max(numbers):g}"
