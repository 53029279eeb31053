"""Tool-call paths of several sessions, side by side: the same call, other arguments, only here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Literal, NamedTuple

from ...models import ToolCallItem
from ..plain.values import decoded, one_line

_NAME = 1_000_000  # a call of the same name outweighs any number of equal arguments
_SAME = 1_000
_MOST_PAIRS = 250_000  # calls of the one times those of the other that are weighed all at once
_STRETCH = 128

Key = tuple[str, str]
Kind = Literal["same", "other arguments", "only here"]


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
        given = [arguments_of(call) for call in self.calls if call is not None]
        names = dict.fromkeys(chain.from_iterable(given))
        return [n for n in names if len({one_line(a.get(n, _ABSENT)) for a in given}) > 1]


_ABSENT = "\0"


def aligned(paths: Sequence[Sequence[ToolCallItem]]) -> list[Step]:
    """Align paths by the names of the calls, then by their arguments.

    The first two are aligned, then each further one with what came of it.

    Args:
        paths: For each session its calls in order. Up to 500 calls each the alignment is the best
            there is; of longer ones it is the best of some 128 calls at a time, so that the work
            grows with their lengths.
    """
    rows: list[list[ToolCallItem | None]] = [[call] for call in paths[0]] if paths else []
    for width, path in enumerate(paths[1:], 1):
        absent: list[ToolCallItem | None] = [None] * width
        rows = [
            [*(absent if i is None else rows[i]), None if j is None else path[j]]
            for i, j in _pairs([_shown(row) for row in rows], path)
        ]
    return [Step(_kind(row), row) for row in rows]


def arguments_of(call: ToolCallItem) -> dict[str, Any]:
    """Return a call's arguments by name; what has no names has the empty one."""
    value = decoded(call.arguments)
    if value is None:
        return {}
    return (
        {str(key): part for key, part in value.items()} if isinstance(value, dict) else {"": value}
    )


def _shown(row: Sequence[ToolCallItem | None]) -> ToolCallItem:
    return next(call for call in row if call is not None)


def _pairs(
    a: Sequence[ToolCallItem], b: Sequence[ToolCallItem]
) -> Iterator[tuple[int | None, int | None]]:
    """Walk both paths, long ones a stretch at a time, of which the nearer half counts."""
    keys_a, keys_b = [_key(call) for call in a], [_key(call) for call in b]
    stretch = _STRETCH if len(a) * len(b) > _MOST_PAIRS else max(len(a), len(b))
    i = j = 0
    while i < len(a) and j < len(b):
        is_last = i + stretch >= len(a) and j + stretch >= len(b)
        from_a = from_b = 0
        for m, n in _best_pairs(keys_a[i : i + stretch], keys_b[j : j + stretch]):
            yield None if m is None else i + m, None if n is None else j + n
            from_a, from_b = from_a + (m is not None), from_b + (n is not None)
            if max(from_a, from_b) > stretch // 2 and not is_last:
                break
        i, j = i + from_a, j + from_b
    yield from ((rest, None) for rest in range(i, len(a)))
    yield from ((None, rest) for rest in range(j, len(b)))


def _best_pairs(a: Sequence[Key], b: Sequence[Key]) -> Iterator[tuple[int | None, int | None]]:
    """Walk both paths with the best common subsequence; what is only in ``a`` comes first."""
    best = _scores(a, b)
    i = j = 0
    while i < len(a) and j < len(b):
        # Never worse, and the paths stay together until they really part.
        if a[i] == b[j]:
            yield i, j
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            yield i, None
            i += 1
        elif best[i][j] == best[i][j + 1]:
            yield None, j
            j += 1
        else:
            yield i, j
            i, j = i + 1, j + 1
    yield from ((rest, None) for rest in range(i, len(a)))
    yield from ((None, rest) for rest in range(j, len(b)))


def _scores(a: Sequence[Key], b: Sequence[Key]) -> list[list[int]]:
    best = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in reversed(range(len(a))):
        name, arguments = a[i]
        row, below = best[i], best[i + 1]
        for j in reversed(range(len(b))):
            most = max(below[j], row[j + 1])
            if b[j][0] == name:
                most = max(most, below[j + 1] + _NAME + _SAME * (b[j][1] == arguments))
            row[j] = most
    return best


def _key(call: ToolCallItem) -> Key:
    return call.tool_name, _written(call)


def _written(call: ToolCallItem) -> str:
    return one_line(dict(sorted(arguments_of(call).items())))


def _kind(row: Sequence[ToolCallItem | None]) -> Kind:
    calls = [call for call in row if call is not None]
    if len(calls) < len(row):
        return "only here"
    return "same" if len({_written(call) for call in calls}) == 1 else "other arguments"
