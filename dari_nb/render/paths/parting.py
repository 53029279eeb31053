"""Where runs part, in sentences: what was counted and nothing more."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from ...models import ToolCallItem
from ..calls.tool_paths import arguments_of, differing_in
from ..plain.values import one_line
from ..plain.visible import visible_name
from ..plain.words import count_text, subject_text
from .paths import PathRun, Paths, Rate, rate_of

_MOST_WAYS = 4
_MOST_NAMED = 3
_LEAST = 2  # runs a side, that more is said than what was
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


def finding(paths: Paths) -> list[str]:
    """Say in sentences where runs part, what was different before, and who succeeded.

    What stands in backticks is the name of a tool.
    """
    several = [f"These are runs of {paths.tasks} tasks."] if paths.tasks > 1 else []
    return [*several, *_parting(paths), *_success(paths)]


def _parting(paths: Paths) -> Iterator[str]:
    at, count = paths.parts_at, len(paths.runs)
    if at is None:
        calls = len(paths.rows)
        same = f"make the same {count_text(calls, 'call')}" if calls != 1 else "make the same call"
        yield f"All {count} runs {same}." if calls else f"None of the {count} runs calls a tool."
        yield from _results(paths, len(paths.rows), "The same call gave other results")
        return
    before = at - 1
    if len({path[before][0] if before < len(path) else None for path in paths.keys}) > 1:
        yield f"They part at step {at}: {_told(paths, _by_tool(paths, before))}"
    else:
        yield from _in_arguments(paths, before)
    yield from _results(paths, before, "Before that the same call had given other results")


def _in_arguments(paths: Paths, before: int) -> Iterator[str]:
    calls = [run.calls[before] for run in paths.runs]
    names = differing_in(calls)
    tool = _code(calls[0].tool_name)
    ways = _ways(
        paths, before, lambda run: paths.keys[run][before], lambda given: _giving(given, names)
    )
    where = f"They part at step {before + 1} in the arguments of {tool}"
    if len(ways) > _MOST_WAYS:
        listed = _listed([_name(name) for name in names if name])
        yield f"{where}{f' ({listed})' if listed else ''}, in {len(ways)} ways."
    else:
        yield f"{where}: {_told(paths, ways)}"
    then = before
    while all(then < len(path) for path in paths.keys) and _is_same_tool(paths, then):
        then += 1
    if any(then < len(path) for path in paths.keys):
        row = min(r for r, row in enumerate(paths.rows) if then in row)
        told = _told(paths, _by_tool(paths, then))
        yield f"In what they call they part at step {row + 1}: {told}"


def _is_same_tool(paths: Paths, place: int) -> bool:
    return len({path[place][0] for path in paths.keys}) == 1


def _by_tool(paths: Paths, place: int) -> list[Way]:
    """Group runs by the tool of their call at a place; one whose path has ended calls none."""

    def tool(run: int) -> str | None:
        path = paths.keys[run]
        return path[place][0] if place < len(path) else None

    return _ways(paths, place, tool, lambda calls: _calling(paths, calls, place))


def _ways(
    paths: Paths,
    place: int,
    key: Callable[[int], Hashable],
    words: Callable[[Sequence[ToolCallItem]], tuple[str, str]],
) -> list[Way]:
    """Group runs by what they did at a place: the most successful first, then the largest."""
    groups: dict[Hashable, list[PathRun]] = {}
    for number, run in enumerate(paths.runs):
        groups.setdefault(key(number), []).append(run)
    ways = [
        Way(
            *words([call for run in runs for call in run.calls[place : place + 1]]),
            rate_of(runs),
            [run.number for run in runs],
        )
        for runs in groups.values()
    ]
    return sorted(ways, key=lambda way: (-(way.rate.share or 0), -way.rate.runs))


def _calling(paths: Paths, calls: Sequence[ToolCallItem], place: int) -> tuple[str, str]:
    if not calls:
        return (
            ("called nothing more", "no further call") if place else ("called no tool", "no call")
        )
    tool = calls[0].tool_name
    about = {_short(subject_text(call)) for call in calls}
    subject = about.pop() if len(about) == 1 else ""
    what = f"{_code(tool)} {subject}".rstrip()
    later = (
        tool in names
        for path in paths.keys
        if (names := [name for name, _ in path[place:]]) and names[0] != tool
    )
    before = (
        call.tool_name == tool and subject in ("", _short(subject_text(call)))
        for run in paths.runs
        for call in run.calls[:place]
    )
    again = " again" if any(before) else ""
    return f"called {what}{again}{' first' if any(later) else ''}", what


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


def _told(paths: Paths, ways: Sequence[Way]) -> str:
    """Say who went which way and, as far as it is known, who succeeded."""
    all_, none = ([w for w in ways if getattr(w.rate, of)] for of in ("is_all", "is_none"))
    if len(all_) + len(none) == len(ways) and all_ and none:
        # From one run, or from runs of several tasks, nothing follows for others.
        if paths.tasks > 1 or min(_sum(all_).runs, _sum(none).runs) < _LEAST:
            if len(ways) <= _MOST_WAYS:
                return f"{'; '.join(map(_was, ways))}."
        elif len(all_) == 1:
            return (
                f"whoever {all_[0].does} ({_of(all_)}) succeeded, the others ({_of(none)}) did not."
            )
        elif len(none) == 1:
            return (
                f"whoever {none[0].does} ({_of(none)}) did not succeed, "
                f"the others ({_of(all_)}) did."
            )
    shown, rest = list(ways), list[Way]()
    if len(ways) > _MOST_WAYS:
        by_size = sorted(ways, key=lambda way: -way.rate.runs)[: _MOST_WAYS - 1]
        shown = [way for way in ways if way in by_size]
        rest = [way for way in ways if way not in by_size]
    total = _sum(ways)
    says = _runs if total.is_all or total.is_none or not total.known else _counted
    parts = [f"{way.name}: {says(way.rate)}" for way in shown]
    if rest:
        parts.append(f"{count_text(len(rest), 'other way')}: {says(_sum(rest))}")
    return f"{'; '.join(parts)}."


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


def _results(paths: Paths, rows: int, words: str) -> Iterator[str]:
    """Say at which of the first rows the same calls came to something else."""
    found = [row for row in range(rows) if paths.results_differ(row)]
    if not found:
        return
    named = [f"{row + 1} ({_code(paths.keys[0][row][0])})" for row in found[:_MOST_NAMED]]
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    yield f"{words} at step{'s' if len(found) > 1 else ''} {', '.join(named)}{more}."


def _success(paths: Paths) -> Iterator[str]:
    rate = rate_of(paths.runs)
    if not rate.known:
        yield "Nothing tells which of them succeeded."
        return
    of = f"{rate.succeeded} of {rate.known}"
    unknown = f", {rate.runs - rate.known} unknown" if rate.known < rate.runs else ""
    yield f"Success means that {paths.criterion}: {of}{unknown}."


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
