"""What two sequences have in common where little differs, however often it repeats itself."""

from __future__ import annotations

from collections.abc import Sequence

_START = {1: 0}
_MOST_STEPS = 250_000
"""Words compared after which what differs is too much; that takes a fraction of a second."""
_TURN = 3  # words that take as long as to enter a diagonal


def common_stretches(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int, int]] | None:
    """Return the stretches that two sequences share, as places in both and how long each is.

    The fewest edits are found that make the one of the other (Myers), which takes the more work
    the more differs, not the longer both are.

    Returns:
        ``None`` where too much differs.

    >>> common_stretches("left a a a a left".split(), "right a a a a right".split())
    [(1, 1, 4)]
    """
    rounds: list[dict[int, int]] = []
    farthest, steps = _START, 0
    for edits in range(len(a) + len(b) + 1):
        reached: dict[int, int] = {}
        for diagonal in range(-edits, edits + 1, 2):
            at = begin = _begin(farthest, _neighbour(farthest, diagonal, edits), diagonal)
            while at < len(a) and at - diagonal < len(b) and a[at] == b[at - diagonal]:
                at += 1
            reached[diagonal] = at
            steps += _TURN + at - begin
            if at >= len(a) and at - diagonal >= len(b):
                return _stretches([*rounds, reached], diagonal)
            if steps > _MOST_STEPS:
                return None
        rounds.append(reached)
        farthest = reached
    return []


def _neighbour(farthest: dict[int, int], diagonal: int, edits: int) -> int:
    """Return the diagonal that leads farther into this one with one more edit."""
    below, above = diagonal - 1, diagonal + 1
    if diagonal == -edits:
        return above
    return above if diagonal != edits and farthest[below] < farthest[above] else below


def _begin(farthest: dict[int, int], neighbour: int, diagonal: int) -> int:
    """Return where a diagonal is entered: with an item more of ``a``, or of ``b``."""
    return farthest[neighbour] + (neighbour < diagonal)


def _stretches(rounds: list[dict[int, int]], diagonal: int) -> list[tuple[int, int, int]]:
    """Go back from the end to the start, and keep where both went on together."""
    found = []
    for edits in range(len(rounds) - 1, -1, -1):
        farthest = rounds[edits - 1] if edits else _START
        neighbour = _neighbour(farthest, diagonal, edits)
        begin, end = _begin(farthest, neighbour, diagonal), rounds[edits][diagonal]
        if end > begin:
            found.append((begin, begin - diagonal, end - begin))
        diagonal = neighbour
    return found[::-1]
