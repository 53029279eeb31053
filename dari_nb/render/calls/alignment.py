"""Tool calls of several runs, side by side: the same call, other arguments, only here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from ...models import ToolCallItem
from ..plain.values import decoded, one_line

if TYPE_CHECKING:
    import numpy as np

    Scores = np.ndarray[Any, np.dtype[np.int64]]

# A call of the same name outweighs any number of equal arguments, and these how many runs have it.
_NAME = 10**12
_SAME = 10**6
_MOST_PAIRS = 1_000_000  # rows times calls that are weighed all at once
_STRETCH = 128
_ENCODER = msgspec.json.Encoder(order="deterministic")

Key = tuple[str, bytes]
Kind = Literal["same", "other arguments", "only here"]
Pair = tuple[int, int]


class Step(NamedTuple):
    """One step of the runs.

    Attributes:
        kind: Whether all have this call, with the same arguments or others, or only some.
        calls: One for each session; ``None`` where it has no such call.

    >>> from dari_nb.models import ToolCallItem
    >>> from dari_nb.render.calls.alignment import aligned
    >>> one, other = [ToolCallItem(tool_name="add", arguments={"a": a}) for a in (1, 2)]
    >>> [step.kind for step in aligned([[one], [other]])]
    ['other arguments']
    """

    kind: Kind
    calls: list[ToolCallItem | None]

    def differing(self) -> list[str]:
        """Name the arguments that are not the same in all calls, in their order."""
        return differing_in([call for call in self.calls if call is not None])


def aligned(runs: Sequence[Sequence[ToolCallItem]]) -> list[Step]:
    """Align runs by the names of the calls, then by their arguments.

    The first two are aligned, then each further one with all that came before it. A call that no
    other run has shifts none of the others.

    Args:
        runs: For each session its calls in order. As long as a run times the steps so far are a
            million at most, it is aligned in the best way there is; beyond, it is the best of some
            128 calls at a time, so that the work grows with the lengths.
    """
    keys = [[key_of(call) for call in run] for run in runs]
    return steps_of(runs, keys, rows_of(keys))


def steps_of(
    runs: Sequence[Sequence[ToolCallItem]],
    keys: Sequence[Sequence[Key]],
    rows: Sequence[Sequence[int | None]],
) -> list[Step]:
    """Return rows as steps of calls."""
    return [
        Step(
            _kind([keys[p][i] for p, i in enumerate(row) if i is not None], len(runs)),
            [None if i is None else runs[p][i] for p, i in enumerate(row)],
        )
        for row in rows
    ]


def rows_of(runs: Sequence[Sequence[Key]]) -> list[list[int | None]]:
    """Align runs of keys; each row has the place in each run, or ``None``.

    What only one run calls pairs with nothing, so it is put in its place when all else is aligned.
    """
    counts = Counter(name for run in runs for name in {name for name, _ in run})
    shared = [[i for i, (name, _) in enumerate(run) if counts[name] > 1] for run in runs]
    rows = _rows([[run[i] for i in of_run] for run, of_run in zip(runs, shared, strict=True)])
    placed: list[list[int | None]] = [
        [None if i is None else shared[p][i] for p, i in enumerate(row)] for row in rows
    ]
    after: list[list[list[int | None]]] = [[] for _ in range(len(rows) + 1)]
    for p, run in enumerate(runs):
        at = {i: place for place, row in enumerate(placed, 1) if (i := row[p]) is not None}
        place = 0
        for i in range(len(run)):
            if i in at:
                place = at[i]
            else:
                after[place].append([i if other == p else None for other in range(len(runs))])
    made = after[0]
    for row, alone in zip(placed, after[1:], strict=True):
        made += [row, *alone]
    return made


class _Row:
    """Calls of one name beside each other: the place in each run, and how often each key."""

    __slots__ = ("counts", "name", "places")

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[int, int] = {}
        self.counts: Counter[Key] = Counter()


def _rows(runs: Sequence[Sequence[Key]]) -> list[list[int | None]]:
    """Align each run with all that came before it; what is equal stands in the same rows."""
    rows: list[_Row] = []
    done: dict[tuple[Key, ...], int] = {}
    for number, run in enumerate(runs):
        twin = done.setdefault(tuple(run), number)
        if twin < number:
            own = [row for row in rows if twin in row.places]
        else:
            rows, own = _merged(rows, run)
        for place, (row, key) in enumerate(zip(own, run, strict=True)):
            row.places[number] = place
            row.counts[key] += 1
    return [[row.places.get(number) for number in range(len(runs))] for row in rows]


def _merged(rows: Sequence[_Row], run: Sequence[Key]) -> tuple[list[_Row], list[_Row]]:
    """Give a run its rows; returns all rows, and those of its calls. New ones come last."""
    merged: list[_Row] = []
    own: list[_Row] = []
    i = j = 0
    for m, n in [*_pairs(rows, run), (len(rows), len(run))]:
        mine = [*(_Row(name) for name, _ in run[j:n]), *rows[m : m + 1]]
        merged += [*rows[i:m], *mine]
        own += mine
        i, j = m + 1, n + 1
    return merged, own


def key_of(call: ToolCallItem) -> Key:
    """Return what makes calls the same: name and arguments, in whatever order these are."""
    return call.tool_name, _compared(arguments_of(call))


def _compared(value: Any) -> bytes:
    """Write a value, so that equal ones are written alike: in JSON 1.0 is 1, and true is not."""
    try:
        value = _numbered(value)
        return _ENCODER.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return _sorted(value).encode(errors="surrogatepass")


def _numbered(value: Any) -> Any:
    """Return a value in which whole numbers are integers."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {str(key): _numbered(part) for key, part in value.items()}
    return [_numbered(part) for part in value] if isinstance(value, list) else value


def _sorted(value: Any) -> str:
    """Write what JSON cannot hold, or no integer of the encoder can."""
    try:
        return json.dumps(value, sort_keys=True, default=str)
    except (TypeError, ValueError, RecursionError):
        return one_line(value)


def arguments_of(call: ToolCallItem) -> dict[str, Any]:
    """Return a call's arguments by name; what has no names has the empty one."""
    value = decoded(call.arguments)
    if value is None:
        return {}
    return (
        {str(key): part for key, part in value.items()} if isinstance(value, dict) else {"": value}
    )


def differing_in(calls: Sequence[ToolCallItem]) -> list[str]:
    """Name the arguments that are not the same in all of these calls, in their order."""
    given = [arguments_of(call) for call in calls]
    names = dict.fromkeys(chain.from_iterable(given))
    return [n for n in names if len({_compared(a[n]) if n in a else None for a in given}) > 1]


def _pairs(rows: Sequence[_Row], run: Sequence[Key]) -> list[Pair]:
    """Pair rows with calls, long ones a stretch at a time, of which the nearer half counts."""
    if len(rows) * len(run) <= _MOST_PAIRS:
        return _best_pairs(rows, run)
    half = _STRETCH // 2
    pairs: list[Pair] = []
    i = j = 0
    while i < len(rows) and j < len(run):
        found = _best_pairs(rows[i : i + _STRETCH], run[j : j + _STRETCH])
        if i + _STRETCH >= len(rows) and j + _STRETCH >= len(run):
            return pairs + [(i + m, j + n) for m, n in found]
        near = [(m, n) for m, n in found if max(m, n) <= half]
        pairs += [(i + m, j + n) for m, n in near]
        # Up to the next pair, and no farther than half: of the rows first, then of the run.
        m, n = near[-1] if near else (-1, -1)
        beyond = found[len(near)] if len(near) < len(found) else (_STRETCH, _STRETCH)
        if max(m, n) < half:
            m, n = (half, n) if beyond[0] > half else (beyond[0] - 1, half)
        i, j = i + m + 1, j + n + 1
    return pairs


def _best_pairs(rows: Sequence[_Row], run: Sequence[Key]) -> list[Pair]:
    """Give the best pairs there are.

    Of several that are as good it takes the one that pairs the earliest rows, with the earliest
    calls. So a call that pairs with nothing changes none of the pairs.
    """
    if not rows or not run:
        return []
    weights = _weights(rows, run)
    best = _best(weights)
    pairs: list[Pair] = []
    at = 0
    for m in range(len(rows)):
        left = best.item(at, m)
        if not left:
            break
        # A pair is as good without the calls before it only while what is left stays the same.
        for n in range(at, len(run)):
            if best.item(n, m) < left:
                break
            weight = weights.item(n, m)
            if weight and weight + best.item(n + 1, m + 1) == left:
                pairs.append((m, n))
                at = n + 1
                break
    return pairs


def _weights(rows: Sequence[_Row], run: Sequence[Key]) -> Scores:
    """Weigh each call of a run with each row: its name, its arguments, how many have these."""
    import numpy as np

    names = {name: number for number, (name, _) in enumerate(run)}
    placed: dict[Key, list[int]] = {}
    for n, key in enumerate(run):
        placed.setdefault(key, []).append(n)
    of_rows = np.array([names.get(row.name, -1) for row in rows])
    of_run = np.array([names[name] for name, _ in run])
    totals = np.array([len(row.places) for row in rows], dtype=np.int64)
    weights: Scores = np.where(of_run[:, None] == of_rows, _NAME + totals, 0)
    same: list[tuple[int, int, int]] = []
    for m, row in enumerate(rows):
        for key in placed.keys() & row.counts.keys():
            same += [(n, m, row.counts[key]) for n in placed[key]]
    if same:
        at_run, at_rows, counts = np.array(same, dtype=np.int64).T
        weights[at_run, at_rows] = _NAME + _SAME + counts
    return weights


def _best(weights: Scores) -> Scores:
    """Return how much what is from each call and each row on can come to."""
    import numpy as np

    width, height = weights.shape
    best = np.zeros((width + 1, height + 1), dtype=np.int64)
    for n in reversed(range(width)):
        later, most = best[n + 1], best[n, :-1]
        np.add(weights[n], later[1:], out=most)
        np.maximum(most, later[:-1], out=most)
        np.maximum.accumulate(most[::-1], out=most[::-1])
    return best


def _kind(keys: Sequence[Key], width: int) -> Kind:
    if len(keys) < width:
        return "only here"
    return "same" if len(set(keys)) == 1 else "other arguments"
