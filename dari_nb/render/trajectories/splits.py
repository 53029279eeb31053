"""In which ways runs are of two kinds: by what they call, at a step or at all, and how."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from ..calls.alignment import Key

MOST_WAYS = 4
"""Ways that are told one by one."""
_LEAST = 2
"""Runs a side, that it is looked for: from one run nothing follows for others."""
_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])

Groups = Mapping[Any, Sequence[int]]
"""Runs, by what they do; runs are their places from 0."""


class Divergence(NamedTuple):
    """Where runs diverge: a step at which they do several things.

    Attributes:
        row: The place of the step, from 0.
        place: That of the calls in the runs of the runs.
        groups: The runs by what they do there.
        in_arguments: Whether they call the same with other arguments.
    """

    row: int
    place: int
    groups: Groups
    in_arguments: bool

    @property
    def is_counted(self) -> bool:
        """Whether it is said how many succeeded in each way."""
        return not self.in_arguments or len(self.groups) <= MOST_WAYS

    def sides(self) -> list[int]:
        """Each of the groups beside all others."""
        return [side_of(places) for places in self.groups.values()]


class Split(NamedTuple):
    """In which way runs are of two kinds: at a step, or by whether they call a tool at all.

    Attributes:
        row: The place of the step, from 0; ``None`` where it is a call anywhere.
        side: Those of the one kind: a number whose bits, the lowest first, are the runs.
        argument: The argument of which they give one value; ``None`` for those that call at all.
        tool: The tool that those call anywhere.
    """

    row: int | None
    side: int
    argument: str | None = None
    tool: str = ""


def divergences(
    runs: Sequence[Sequence[Key]], rows: Sequence[Sequence[int | None]], row: int
) -> Iterator[Divergence]:
    """Say where runs diverge that are alike before a step: there, and in what they call.

    Args:
        runs: The calls of each run.
        rows: The steps, with the place of the call of each run.
        row: The first step that is not the same for all.
    """
    place = row
    if _is_one_tool(runs, place):
        yield Divergence(row, place, _groups([run[place] for run in runs]), True)
        while _is_one_tool(runs, place):
            place += 1
        if all(place >= len(run) for run in runs):
            return
        row = min(r for r, places in enumerate(rows) if place in places)
    tools = [run[place][0] if place < len(run) else None for run in runs]
    yield Divergence(row, place, _groups(tools), False)


def _is_one_tool(runs: Sequence[Sequence[Key]], place: int) -> bool:
    return len({run[place][0] if place < len(run) else None for run in runs}) == 1 and any(
        place < len(run) for run in runs
    )


def splits_of(
    runs: Sequence[Sequence[Key]], rows: Sequence[Sequence[int | None]]
) -> Iterator[Split]:
    """Say how each step splits runs, and each tool, with two or more on each side."""
    everyone, most = side_of(range(len(runs))), len(runs) - _LEAST
    for row, places in enumerate(rows):
        if len(places) - places.count(None) < _LEAST:
            continue
        keys = [None if i is None else run[i] for run, i in zip(runs, places, strict=True)]
        there = _groups(keys)
        if len(there) == 1:
            continue
        own = list[Split]()
        absent = side_of(there.pop(None, ()))
        if absent:
            own.append(Split(row, everyone ^ absent))
        if len(there) > 1:
            own += _by_argument(row, there)
        yield from (split for split in own if _LEAST <= split.side.bit_count() <= most)
    for tool, side in _by_tool(runs).items():
        if _LEAST <= side.bit_count() <= most:
            yield Split(None, side, tool=tool)


def _by_tool(runs: Sequence[Sequence[Key]]) -> dict[str, int]:
    """Find the runs that call each tool, wherever they do."""
    sides: dict[str, int] = {}
    for place, run in enumerate(runs):
        for tool in {tool for tool, _ in run}:
            sides[tool] = sides.get(tool, 0) | 1 << place
    return dict(sorted(sides.items()))


def _by_argument(row: int, there: Groups) -> Iterator[Split]:
    """Split the calls of a step by the value of each argument."""
    sides: dict[tuple[str, Any], int] = {}
    arguments = [key[1] for key in there]
    given: list[Mapping[str, Any]]
    try:
        given = [_DECODER.decode(each) for each in arguments]
    except msgspec.DecodeError:  # such as half a character, which JSON can hold
        given = [_read(each) for each in arguments]
    told = [(values, side_of(places)) for values, places in zip(given, there.values(), strict=True)]
    for name in dict.fromkeys(name for values, _ in told for name in values):
        for values, side in told:
            value = name, bytes(values[name]) if name in values else None
            sides[value] = sides.get(value, 0) | side
    yield from (Split(row, side, name) for (name, _), side in sides.items())


def _read(arguments: bytes) -> Mapping[str, Any]:
    try:
        return {name: json.dumps(value).encode() for name, value in json.loads(arguments).items()}
    except ValueError:
        return {}  # too deep to be told apart


def side_of(places: Iterable[int]) -> int:
    """Return runs as a number whose bits, the lowest first, are these."""
    return sum(1 << place for place in places)


def _groups(does: Sequence[Any]) -> dict[Any, list[int]]:
    groups: dict[Any, list[int]] = {}
    for place, what in enumerate(does):
        groups.setdefault(what, []).append(place)
    return groups
