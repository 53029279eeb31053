"""Tool-call paths of several runs, side by side: the same call, other arguments, only here."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ...models import ToolCallItem
from ..plain.values import decoded, one_line

if TYPE_CHECKING:
    import numpy as np

    Scores = np.ndarray[Any, np.dtype[np.int64]]

# A call of the same name outweighs any number of equal arguments, and these how many paths have it.
_NAME = 10**12
_SAME = 10**6
_MOST_PAIRS = 1_000_000  # rows times calls that are weighed all at once
_STRETCH = 128

Key = tuple[str, str]
Kind = Literal["same", "other arguments", "only here"]
Pair = tuple[int | None, int | None]


class Step(NamedTuple):
    """One step of the paths.

    Attributes:
        kind: Whether all have this call, with the same arguments or others, or only some.
        calls: One for each session; ``None`` where it has no such call.

    >>> from dari_nb.models import ToolCallItem
    >>> from dari_nb.render.calls.tool_paths import aligned
    >>> one, other = [ToolCallItem(tool_name="add", arguments={"a": a}) for a in (1, 2)]
    >>> [step.kind for step in aligned([[one], [other]])]
    ['other arguments']
    """

    kind: Kind
    calls: list[ToolCallItem | None]

    def differing(self) -> list[str]:
        """Name the arguments that are not the same in all calls, in their order."""
        return differing_in([call for call in self.calls if call is not None])


_ABSENT = "\0"


def aligned(paths: Sequence[Sequence[ToolCallItem]]) -> list[Step]:
    """Align paths by the names of the calls, then by their arguments.

    The first two are aligned, then each further one with all that came before it. A call that no
    other path has shifts none of the others.

    Args:
        paths: For each session its calls in order. As long as a path times the steps so far are a
            million at most, it is aligned in the best way there is; beyond, it is the best of some
            128 calls at a time, so that the work grows with the lengths.
    """
    keys = [[key_of(call) for call in path] for path in paths]
    return steps_of(paths, keys, rows_of(keys))


def steps_of(
    paths: Sequence[Sequence[ToolCallItem]],
    keys: Sequence[Sequence[Key]],
    rows: Sequence[Sequence[int | None]],
) -> list[Step]:
    """Return rows as steps of calls."""
    return [
        Step(
            _kind([keys[p][i] for p, i in enumerate(row) if i is not None], len(paths)),
            [None if i is None else paths[p][i] for p, i in enumerate(row)],
        )
        for row in rows
    ]


def rows_of(paths: Sequence[Sequence[Key]]) -> list[list[int | None]]:
    """Align paths of keys; each row has the place in each path, or ``None``.

    What only one path calls pairs with nothing, so it is put in its place when all else is aligned.
    """
    counts = Counter(name for path in paths for name in {name for name, _ in path})
    shared = [[i for i, (name, _) in enumerate(path) if counts[name] > 1] for path in paths]
    rows = _rows([[path[i] for i in of_path] for path, of_path in zip(paths, shared, strict=True)])
    placed: list[list[int | None]] = [
        [None if i is None else shared[p][i] for p, i in enumerate(row)] for row in rows
    ]
    after: list[list[list[int | None]]] = [[] for _ in range(len(rows) + 1)]
    for p, path in enumerate(paths):
        at = {i: place for place, row in enumerate(placed, 1) if (i := row[p]) is not None}
        place = 0
        for i in range(len(path)):
            if i in at:
                place = at[i]
            else:
                after[place].append([i if other == p else None for other in range(len(paths))])
    made = after[0]
    for row, alone in zip(placed, after[1:], strict=True):
        made += [row, *alone]
    return made


def _rows(paths: Sequence[Sequence[Key]]) -> list[list[int | None]]:
    """Align each path with all that came before it; what is equal stands in the same rows."""
    rows: list[list[int | None]] = []
    profile: list[Counter[Key]] = []
    done: dict[tuple[Key, ...], int] = {}
    for width, path in enumerate(paths):
        twin = done.setdefault(tuple(path), width)
        if twin < width:
            pairs: list[Pair] = [(i, row[twin]) for i, row in enumerate(rows)]
        else:
            pairs = list(_pairs(profile, path))
        rows = [[*([None] * width if i is None else rows[i]), j] for i, j in pairs]
        profile = [Counter() if i is None else profile[i] for i, _ in pairs]
        for counts, (_, j) in zip(profile, pairs, strict=True):
            if j is not None:
                counts[path[j]] += 1
    return rows


def key_of(call: ToolCallItem) -> Key:
    """Return what makes calls the same: name and arguments, in whatever order these are."""
    return call.tool_name, one_line(dict(sorted(arguments_of(call).items())))


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
    return [n for n in names if len({one_line(a.get(n, _ABSENT)) for a in given}) > 1]


def _pairs(rows: Sequence[Counter[Key]], path: Sequence[Key]) -> Iterator[Pair]:
    """Walk rows and path, long ones a stretch at a time, of which the nearer half counts."""
    is_long = len(rows) * len(path) > _MOST_PAIRS
    stretch = _STRETCH if is_long else max(len(rows), len(path))
    i = j = 0
    while i < len(rows) and j < len(path):
        is_last = i + stretch >= len(rows) and j + stretch >= len(path)
        from_rows = from_path = 0
        for m, n in _best_pairs(rows[i : i + stretch], path[j : j + stretch]):
            yield None if m is None else i + m, None if n is None else j + n
            from_rows, from_path = from_rows + (m is not None), from_path + (n is not None)
            if max(from_rows, from_path) > stretch // 2 and not is_last:
                break
        i, j = i + from_rows, j + from_path
    yield from ((rest, None) for rest in range(i, len(rows)))
    yield from ((None, rest) for rest in range(j, len(path)))


def _best_pairs(rows: Sequence[Counter[Key]], path: Sequence[Key]) -> Iterator[Pair]:
    """Walk both, with the best pairs there are; what is only in the rows comes first.

    Of several that are as good it takes the one that pairs the earliest rows, with the earliest
    calls. So a call that pairs with nothing changes none of the pairs.
    """
    import numpy as np

    weights = _weights(rows, path)
    best = _best(weights)
    found = np.nonzero((weights + best[1:, 1:] == best[:-1, :-1]) & (weights > 0))
    ends = np.searchsorted(found[0], np.arange(1, len(rows) + 1)).tolist()
    places, sums = found[1].tolist(), best[found].tolist()
    begin = at = 0
    for i, end in enumerate(ends):
        first, now = bisect_left(places, at, begin, end), best.item(i, at)
        pair = next((places[k] for k in range(first, end) if sums[k] == now), None)
        begin = end
        if pair is None:
            yield i, None
            continue
        yield from ((None, j) for j in range(at, pair))
        yield i, pair
        at = pair + 1
    yield from ((None, j) for j in range(at, len(path)))


def _weights(rows: Sequence[Counter[Key]], path: Sequence[Key]) -> Scores:
    """Weigh each call of a path with each row: its name, its arguments, how many have these."""
    import numpy as np

    names = {name: number for number, (name, _) in enumerate(path)}
    placed: dict[Key, list[int]] = {}
    for j, key in enumerate(path):
        placed.setdefault(key, []).append(j)
    of_rows = np.array([names.get(next(iter(counts))[0], -1) for counts in rows])
    of_path = np.array([names[name] for name, _ in path])
    totals = np.array([counts.total() for counts in rows], dtype=np.int64)
    weights: Scores = (of_rows[:, None] == of_path[None, :]) * (_NAME + totals)[:, None]
    same = [
        (i, j, count)
        for i, counts in enumerate(rows)
        for key, count in counts.items()
        for j in placed.get(key, ())
    ]
    if same:
        at_rows, at_path, counts_same = np.array(same, dtype=np.int64).T
        weights[at_rows, at_path] = _NAME + _SAME + counts_same
    return weights


def _best(weights: Scores) -> Scores:
    """Return how much what is from each row and each call on can come to."""
    import numpy as np

    height, width = weights.shape
    # A call at a time: a path has fewer calls than there are rows.
    best = np.zeros((width + 1, height + 1), dtype=np.int64)
    columns = np.ascontiguousarray(weights.T)
    for j in reversed(range(width)):
        later = best[j + 1]
        most = np.maximum(later[:-1], columns[j] + later[1:])
        np.maximum.accumulate(most[::-1], out=most[::-1])
        best[j, :-1] = most
    return best.T


def _kind(keys: Sequence[Key], width: int) -> Kind:
    if len(keys) < width:
        return "only here"
    return "same" if len(set(keys)) == 1 else "other arguments"
