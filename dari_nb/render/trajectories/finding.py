"""Where runs diverge, in sentences: what was counted and nothing more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...models import ToolCallItem
from ..calls.alignment import arguments_of, differing_in
from ..calls.words import subject_text
from ..plain.values import one_line
from ..plain.visible import visible_name
from ..plain.words import count_text
from .chance import LIKELY
from .splits import MOST_WAYS, Divergence, Split
from .trajectories import Rate, Trajectories, rate_of

_MOST_NAMED = 3
_LEAST = 2  # runs a side, that more is said than what was
_RARE = 1_000  # times: what comes less often than once in these
_VALUE = 40  # characters of an argument, or of what a call is about


@dataclass(frozen=True)
class Way:
    """What some runs did next.

    Attributes:
        does: What they did, after "whoever", such as ``called refund``.
        name: The same as a noun.
        rate: How many they are, and how many of them succeeded.
        numbers: Which they are, from 1.
    """

    does: str
    name: str
    rate: Rate
    numbers: Sequence[int] = ()


def finding(trajectories: Trajectories) -> list[str]:
    """Say in sentences where runs diverge, what was different before, and who succeeded.

    Where another step, or a call anywhere, tells more of who succeeded, it comes first. What stands
    in backticks is the name of a tool.
    """
    several = [f"These are runs of {trajectories.tasks} tasks."] if trajectories.tasks > 1 else []
    return [*several, *_telling(trajectories), *_divergence(trajectories), *_success(trajectories)]


def _telling(trajectories: Trajectories) -> Iterator[str]:
    split = trajectories.telling
    if split is None:
        return
    ones, others = trajectories.divided(split)
    where, does = _by(trajectories, split, ones[0].number - 1)
    one, other = rate_of(ones), rate_of(others)
    counts = f"({one.succeeded} of {one.runs})", f"({other.succeeded} of {other.runs})"
    if one.is_all and other.is_none:
        told = f"whoever {does} {counts[0]} succeeded, the others {counts[1]} did not"
    elif one.is_none and other.is_all:
        told = f"whoever {does} {counts[0]} did not succeed, the others {counts[1]} did"
    else:
        told = f"whoever {does}: {_counted(one)}; the others: {_counted(other)}"
    yield f"{where}: {told}{_surely(trajectories, [split.side])}."


def _by(trajectories: Trajectories, split: Split, place: int) -> tuple[str, str]:
    """Say what tells most, and what the runs of the one kind did, as that at a place did."""
    if split.row is None:
        return f"Whether {_code(split.tool)} is called at all tells most", "called it"
    call, where = trajectories.call(split.row, place), f"Step {split.row + 1} tells most"
    assert call is not None
    if split.argument is not None:
        where += f", in the arguments of {_code(call.tool_name)}"
        return where, _giving([call], [split.argument])[0]
    calls = [
        c
        for p in range(len(trajectories.runs))
        if (c := trajectories.call(split.row, p)) is not None
    ]
    return where, f"called {_about(calls)} there"


def _surely(trajectories: Trajectories, sides: Sequence[int]) -> str:
    """Say how sure it is that the clearest of some splits is no chance."""
    chance = trajectories.chance
    p = None if chance is None else chance.of(min(sides, key=chance.alone))
    if chance is None or p is None:
        return ""
    if not chance.can_differ:
        return f"; {count_text(chance.runs, 'run')} cannot tell it from chance"
    times = int(1 / p + 1e-6)
    often = f"1 time in {times:,}" if times <= _RARE else f"less than 1 time in {_RARE:,}"
    if p < LIKELY:
        return f"; chance does as much {often}"
    return "; it may be chance" + (f", which does as much {often}" if times > 1 else "")


def _divergence(trajectories: Trajectories) -> Iterator[str]:
    at, count = trajectories.first_divergence, len(trajectories.runs)
    if at is None:
        calls = len(trajectories.rows)
        same = f"make the same {count_text(calls, 'call')}" if calls != 1 else "make the same call"
        yield f"All {count} runs {same}." if calls else f"None of the {count} runs calls a tool."
        yield from _results(
            trajectories, len(trajectories.rows), "The same call gave other results"
        )
        return
    first = "They first diverge" if trajectories.telling else "They diverge"
    for number, divergence in enumerate(trajectories.divergences):
        where = (
            f"{'In what they call they diverge' if number else first} at step {divergence.row + 1}"
        )
        yield f"{where}{_ways_text(trajectories, divergence)}."
    yield from _results(trajectories, at - 1, "Before that the same call had given other results")


def _ways_text(trajectories: Trajectories, divergence: Divergence) -> str:
    """Say in which ways they diverge, and how surely these matter."""
    place, names, where = divergence.place, list[str](), ""
    if divergence.in_arguments:
        calls = [run.calls[place] for run in trajectories.runs]
        names = differing_in(calls)
        where = f" in the arguments of {_code(calls[0].tool_name)}"
    if not divergence.is_counted:
        listed = _listed([_name(name) for name in names if name])
        return f"{where}{f' ({listed})' if listed else ''}, in {len(divergence.groups)} ways"
    ways = []
    for places in divergence.groups.values():
        runs = [trajectories.runs[each] for each in places]
        given = [call for run in runs for call in run.calls[place : place + 1]]
        words = (
            _giving(given, names)
            if divergence.in_arguments
            else _calling(trajectories, given, place)
        )
        ways.append(Way(*words, rate_of(runs), [run.number for run in runs]))
    ways.sort(key=lambda way: (-(way.rate.share or 0), -way.rate.runs))
    return (
        f"{where}: {_outcome_text(trajectories, ways)}{_surely(trajectories, divergence.sides())}"
    )


def _calling(
    trajectories: Trajectories, calls: Sequence[ToolCallItem], place: int
) -> tuple[str, str]:
    if not calls:
        return (
            ("called nothing more", "no further call") if place else ("called no tool", "no call")
        )
    tool, subject, what = calls[0].tool_name, _subject(calls), _about(calls)
    later = (
        tool in names
        for trajectory in trajectories.keys
        if (names := [name for name, _ in trajectory[place:]]) and names[0] != tool
    )
    before = (
        call.tool_name == tool and subject in ("", _short(subject_text(call)))
        for run in trajectories.runs
        for call in run.calls[:place]
    )
    again = " again" if any(before) else ""
    return f"called {what}{again}{' first' if any(later) else ''}", what


def _about(calls: Sequence[ToolCallItem]) -> str:
    """Name the tool of some calls, and what they are about where that is the same."""
    return f"{_code(calls[0].tool_name)} {_subject(calls)}".rstrip()


def _subject(calls: Sequence[ToolCallItem]) -> str:
    about = {_short(subject_text(call)) for call in calls}
    return about.pop() if len(about) == 1 else ""


def _giving(calls: Sequence[ToolCallItem], names: Sequence[str]) -> tuple[str, str]:
    given = arguments_of(calls[0])
    parts = [
        f"{_name(name)} {_short(one_line(given[name]))}".strip()
        if name in given
        else f"no {_name(name)}"
        for name in names[:_MOST_NAMED]
    ]
    what = " · ".join(parts) + (" …" if len(names) > _MOST_NAMED else "")
    return f"gave {what}", what


def _outcome_text(trajectories: Trajectories, ways: Sequence[Way]) -> str:
    """Say who went which way and, as far as it is known, who succeeded."""
    all_, none = ([w for w in ways if getattr(w.rate, of)] for of in ("is_all", "is_none"))
    if len(all_) + len(none) == len(ways) and all_ and none:
        # From one run, or from runs of several tasks, nothing follows for others.
        if trajectories.tasks > 1 or min(_sum(all_).runs, _sum(none).runs) < _LEAST:
            if len(ways) <= MOST_WAYS:
                return "; ".join(map(_was, ways))
        elif len(all_) == 1:
            return (
                f"whoever {all_[0].does} ({_of(all_)}) succeeded, the others ({_of(none)}) did not"
            )
        elif len(none) == 1:
            return (
                f"whoever {none[0].does} ({_of(none)}) did not succeed, "
                f"the others ({_of(all_)}) did"
            )
    shown, rest = list(ways), list[Way]()
    if len(ways) > MOST_WAYS:
        by_size = sorted(ways, key=lambda way: -way.rate.runs)[: MOST_WAYS - 1]
        shown = [way for way in ways if way in by_size]
        rest = [way for way in ways if way not in by_size]
    total = _sum(ways)
    says = _runs if total.is_all or total.is_none or not total.known else _counted
    parts = [f"{way.name}: {says(way.rate)}" for way in shown]
    if rest:
        parts.append(f"{count_text(len(rest), 'other way')}: {says(_sum(rest))}")
    return "; ".join(parts)


def _was(way: Way) -> str:
    """Say what these runs did, and what came of it."""
    *first, last = map(str, way.numbers)
    names = f"runs {', '.join(first)} and {last}" if first else f"run {last}"
    if len(way.numbers) > _MOST_NAMED:
        names = count_text(len(way.numbers), "run")
    return f"{names} {way.does} and {'succeeded' if way.rate.is_all else 'did not succeed'}"


def _of(ways: Sequence[Way]) -> str:
    total = _sum(ways)
    return f"{total.succeeded} of {total.runs}"


def _sum(ways: Sequence[Way]) -> Rate:
    rates = [way.rate for way in ways]
    return Rate(*(sum(getattr(r, name) for r in rates) for name in ("runs", "known", "succeeded")))


def _runs(rate: Rate) -> str:
    return count_text(rate.runs, "run")


def _counted(rate: Rate) -> str:
    if not rate.known:
        return f"{_runs(rate)}, unknown"
    unknown = f", {rate.runs - rate.known} unknown" if rate.known < rate.runs else ""
    return f"{rate.succeeded} of {rate.known} succeeded{unknown}"


def _results(trajectories: Trajectories, rows: int, words: str) -> Iterator[str]:
    """Say at which of the first rows the same calls came to something else."""
    found = [row for row in range(rows) if trajectories.results_differ(row)]
    if not found:
        return
    named = [f"{row + 1} ({_code(trajectories.keys[0][row][0])})" for row in found[:_MOST_NAMED]]
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    yield f"{words} at step{'s' if len(found) > 1 else ''} {', '.join(named)}{more}."


def _success(trajectories: Trajectories) -> Iterator[str]:
    rate = rate_of(trajectories.runs)
    if not rate.known:
        yield "Nothing tells which of them succeeded."
        return
    of = f"{rate.succeeded} of {rate.known}"
    unknown = f", {rate.runs - rate.known} unknown" if rate.known < rate.runs else ""
    yield f"Success means that {trajectories.criterion}: {of}{unknown}."


def _listed(names: Sequence[str]) -> str:
    more = ["…"] if len(names) > _MOST_NAMED else []
    return ", ".join([*names[:_MOST_NAMED], *more])


def _code(tool: str) -> str:
    return f"`{_name(tool)}`"


def _name(text: str) -> str:
    return _short(visible_name(text)) or "tool"


def _short(text: str) -> str:
    # What stands in backticks is code.
    line = visible_name(text[: 8 * _VALUE]).replace("`", "'")
    return line if len(line) <= _VALUE else f"{line[: _VALUE - 1].rstrip()}…"
