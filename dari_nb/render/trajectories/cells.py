"""The cells of a table of trajectories: one line at each step, the full text on demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ...models import ToolCallItem
from ..calls.alignment import arguments_of, differing_in, key_of
from ..calls.words import is_failed, subject_text
from ..matrix.verdict import ABSENT
from ..plain.limits import Cap, cut
from ..plain.values import one_line
from ..plain.visible import visible_name
from .trajectories import Cluster, Trajectories, come_of

_VALUE = 60  # characters of an argument that are seen
_MOST_NAMES = 3
_REST = Cap(lines=60, chars=2_000)
_FOLDS = 3  # steps alike that are worth a fold
_ALONE = 6  # steps of one cluster alone that are

Look = Literal["same", "differs", "alone", "absent"]


@dataclass(frozen=True)
class Said:
    """What a cell says.

    Attributes:
        look: What the call is to the one that most have.
        words: What it says of the call.
        came: What came of it, where that is something else.
        rest: The words in full, where they are cut.
        run: The place of the run whose call it is.
        call: The place of the call in it; ``None`` where there is none.
    """

    look: Look
    words: str
    came: str = ""
    rest: str = ""
    run: int = 0
    call: int | None = None

    @property
    def text(self) -> str:
        """All of it on one line."""
        return " · ".join(filter(None, (self.words, self.came)))


@dataclass(frozen=True)
class Line:
    """A step, or several that are folded into one line.

    Attributes:
        first: The number of the step, from 1.
        last: That of the last one that is folded into it; the same for a single one.
        tool: The name of the tool.
        about: What most call it with; of several the tools.
        cells: What it is in each cluster; none for several that are alike.
        mark: What the finding says of it: that the runs diverge here, or that it tells most.
        failed: Whether what most call has failed.
        rest: What most call it with, in full, where that is cut.
        folded: What is folded: the steps as they would be alone.
        where: Of steps that one cluster alone has: its place.
    """

    first: int
    last: int
    tool: str
    about: str
    cells: Sequence[Said] = ()
    mark: str = ""
    failed: bool = False
    rest: str = ""
    folded: Sequence[Line] = ()
    where: int | None = None

    @property
    def number(self) -> str:
        """The step, or from which to which."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def lines(trajectories: Trajectories) -> Iterator[Line]:
    """Say all steps; those next to each other that are alike, or of one alone, are folded."""
    made = [_line(trajectories, row) for row in range(len(trajectories.rows))]
    at = 0
    while at < len(made):
        kind = _fold_kind(made[at])
        end = at
        while kind is not None and end < len(made) and _fold_kind(made[end]) == kind:
            end += 1
        if kind is not None and end - at >= (_FOLDS if kind < 0 else _ALONE):
            yield _folded(made[at:end], None if kind < 0 else kind)
            at = end
        else:
            yield from made[at : max(end, at + 1)]
            at = max(end, at + 1)


def _fold_kind(line: Line) -> int | None:
    """Which cluster alone a step is of; -1 where all have it alike."""
    looks = [cell.look for cell in line.cells]
    if line.mark:
        return None
    if all(look == "same" for look in looks):
        return -1
    there = [place for place, look in enumerate(looks) if look != "absent"]
    return there[0] if len(there) == 1 and len(looks) > 1 else None


def _folded(folded: Sequence[Line], where: int | None) -> Line:
    tools = ", ".join(dict.fromkeys(line.tool for line in folded))
    return Line(folded[0].first, folded[-1].last, "", tools, folded=folded, where=where)


def _line(trajectories: Trajectories, row: int) -> Line:
    usual = trajectories.usual(row)
    shown = trajectories.call(row, usual)
    assert shown is not None
    step = trajectories.steps[row]
    differing = step.differing() if step.kind != "same" else []
    about = subject_text(shown)
    return Line(
        first=row + 1,
        last=row + 1,
        tool=_short(shown.tool_name) or "tool",
        about=about,
        rest=_whole(_texts(shown, list(arguments_of(shown)))) if about.endswith("…") else "",
        cells=[
            _said(trajectories, row, cluster, usual, differing) for cluster in trajectories.clusters
        ],
        mark=_mark(trajectories, row),
        failed=is_failed(shown),
    )


def _mark(trajectories: Trajectories, row: int) -> str:
    parts = ["they diverge here"] if trajectories.first_divergence == row + 1 else []
    tells = (
        ["tells most"]
        if trajectories.telling is not None and trajectories.telling.row == row
        else []
    )
    return ", ".join([*parts, *tells])


def _said(
    trajectories: Trajectories, row: int, cluster: Cluster, usual: int, differing: Sequence[str]
) -> Said:
    run = cluster.runs[0]
    call, shown = trajectories.call(row, run), trajectories.call(row, usual)
    if call is None or shown is None:
        return Said("absent", ABSENT, run=run)
    place = trajectories.rows[row][run]
    came = _outcome(trajectories, row, cluster, shown)
    if trajectories.is_same_call(row, run, usual):
        is_full = trajectories.steps[row].kind != "only here"
        words = "same" if is_full else "called"
        return Said("same" if is_full else "alone", words, came, run=run, call=place)
    words, rest = _arguments(call, [n for n in differing if n in differing_in([call, shown])])
    return Said("differs", words, came, rest, run, place)


def _arguments(call: ToolCallItem, names: Sequence[str]) -> tuple[str, str]:
    """Say the arguments that differ, and all of them in full where that is cut."""
    texts = _texts(call, names)
    short = [f"{visible_name(name)} {_short(text)}".strip() for name, text in texts]
    is_cut = len(texts) > _MOST_NAMES or any(len(text) > _VALUE for _, text in texts)
    more = f" · and {len(texts) - _MOST_NAMES} more" if len(texts) > _MOST_NAMES else ""
    return " · ".join(short[:_MOST_NAMES]) + more, _whole(texts) if is_cut else ""


def _texts(call: ToolCallItem, names: Sequence[str]) -> list[tuple[str, str]]:
    given = arguments_of(call)
    return [(name, one_line(given[name]) if name in given else "not given") for name in names]


def _whole(texts: Sequence[tuple[str, str]]) -> str:
    whole = "\n".join(f"{name}: {text}".removeprefix(": ") for name, text in texts)
    shown, note = cut(whole, _REST)
    return f"{shown}\n{note}" if note else shown


def _outcome(trajectories: Trajectories, row: int, cluster: Cluster, shown: ToolCallItem) -> str:
    """Say what came of a call in a cluster, where it is not what came of the one shown."""
    calls = [call for run in cluster.runs if (call := trajectories.call(row, run)) is not None]
    others = [call for call in calls if come_of(call) != come_of(shown)]
    if not others:
        return ""
    some = f" in {len(others)} of {len(calls)}" if len(others) < len(calls) else ""
    if all(is_failed(call) and not is_failed(shown) for call in others):
        return f"✗ failed{some}"
    if all(is_failed(shown) and not is_failed(call) for call in others):
        return f"✓ did not fail{some}"
    # Whoever asks for something else is given something else.
    is_result_told = key_of(calls[0]) == key_of(shown) and all(
        call.result is not None for call in (shown, *others)
    )
    return f"other result{some}" if is_result_told else ""


def _short(text: str) -> str:
    line = visible_name(text[: 4 * _VALUE])
    return line if len(line) <= _VALUE else f"{line[: _VALUE - 1].rstrip()}…"
