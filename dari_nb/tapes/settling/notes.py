"""The notes that stand in one turn on both sides, merged as lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from heapq import heapify, heappop, heappush
from itertools import combinations
from typing import Any, Literal, NamedTuple

from msgspec import UNSET

from ..lines import Mark, Note, encoded
from ..notes import Placed

Side = Literal["ours", "theirs"]
Key = Callable[[Placed], object]


class Pair(NamedTuple):
    """A note as both sides have it, and as it is now."""

    ours: Note
    theirs: Note
    now: Note


class Notes(NamedTuple):
    """The notes of both sides, those that are otherwise on them, and those that both changed."""

    placed: list[Placed]
    otherwise: list[Pair]
    twice: list[Pair]


_BOTH, _BEHIND_A_QUESTION, _OURS, _THEIRS, _PLACES, _BEHIND, _IN_FRONT = range(7)
"""What an order of two notes comes from: what counts more comes first."""


class _Standing(NamedTuple):
    """A note that is kept, and where it stands on the tape before, ours, and theirs."""

    at: tuple[int | None, ...]
    placed: Placed


def _whole_there(placed: Placed) -> object:
    return placed[:2], encoded(placed[-1])


def _whole(placed: Placed) -> object:
    return encoded(placed[-1])


def _name(placed: Placed) -> object:
    return placed[-1].mark if isinstance(placed[-1], Mark) else None


def _ask(placed: Placed) -> object:
    return placed[-1].ask if isinstance(placed[-1], Mark) else None


_NAMED = _whole_there, _whole, _name


def notes_of_both(
    base: Sequence[Placed],
    ours: Sequence[Placed],
    theirs: Sequence[Placed],
    keeps: Side,
    stands: Side = "ours",
) -> Notes:
    """Merge notes: what only one side changed, moved, added or took out is as that side has it.

    Of a note that both changed otherwise, one is kept. What one side took out and the other changed
    stays.

    Args:
        base: The notes before both.
        ours: Those of our side.
        theirs: Those of the other side.
        keeps: Whose note is kept of one that both changed.
        stands: Where a note stands that both moved.
    """
    kept, otherwise, twice = list[_Standing](), list[Pair](), list[Pair]()
    for place in _told_apart(base, ours, theirs):
        old, my, its = (
            None if at is None else side[at]
            for at, side in zip(place, (base, ours, theirs), strict=True)
        )
        if my and its:
            chosen, is_twice = _one_of(old and old[-1], my[-1], its[-1], keeps)
            where = _changed(old and old[:-1], my[:-1], its[:-1])
            if where is UNSET:
                where = (my if stands == "ours" else its)[:-1]
            kept.append(_Standing(place, (*where, chosen)))
            if my[-1] != its[-1]:
                (twice if is_twice else otherwise).append(Pair(my[-1], its[-1], chosen))
        elif (there := my or its) and (old is None or there[-1] != old[-1]):
            kept.append(_Standing(place, there))
    return Notes([*_in_order(kept)], otherwise, twice)


def _told_apart(
    base: Sequence[Placed], ours: Sequence[Placed], theirs: Sequence[Placed]
) -> list[tuple[int | None, ...]]:
    """Where each note stands on the tape before, ours, and theirs.

    What both added is known before what stands in the place of another, so that a side which has
    notes of the other one by now still has them from there.
    """
    mine, other = (_same(base, side, (*_NAMED, _ask)) for side in (ours, theirs))
    new, come = _left(ours, mine.values()), _left(theirs, other.values())
    both = _same([ours[at] for at in new], [theirs[at] for at in come], _NAMED)
    added = {new[at]: come[its] for at, its in both.items()}
    known = {*mine}
    _add_replaced(mine, base, ours, {*added}, {*other})
    _add_replaced(other, base, theirs, {*added.values()}, known)
    back = {there: at for at, there in added.items()}
    for known_in, elsewhere, side, pairs in (
        (other, mine, theirs, back),
        (mine, other, ours, added),
    ):
        found = {**known_in}
        _add_replaced(found, base, side, set(), {*range(len(base))})
        alike = {was: at for was, at in found.items() if at in pairs and was not in elsewhere}
        known_in |= alike
        elsewhere |= {was: pairs[at] for was, at in alike.items()}
    return [
        *((at, mine.get(at), other.get(at)) for at in range(len(base))),
        *((None, at, added.get(at)) for at in _left(ours, mine.values())),
        *((None, None, at) for at in _left(theirs, [*other.values(), *added.values()])),
    ]


def _same(old: Sequence[Placed], new: Sequence[Placed], keys: Iterable[Key]) -> dict[int, int]:
    """Tell which of some notes is which of others, by the first key that is the same."""
    found = dict[int, int]()
    for key in keys:
        _pair(found, enumerate(map(key, old)), enumerate(map(key, new)))
    return found


def _add_replaced(
    found: dict[int, int],
    old: Sequence[Placed],
    new: Sequence[Placed],
    added: Set[int],
    elsewhere: Set[int],
) -> None:
    """Add notes in whose place as many others of their kind stand, behind the same one.

    A question that the other side has not either is another one there, with other answers.

    Args:
        found: Which notes are known.
        old: The notes before.
        new: Those of a side.
        added: Which of these both sides have added.
        elsewhere: Which notes the other side has of those before.
    """
    names = {at: was for was, at in found.items()}
    were = _behind(old, {was: was for was in found})
    asked = {at for at, (*_, note) in enumerate(old) if _is_question(note)}
    here = (each for each in were if each[0] not in asked - elsewhere)
    there = (each for each in _behind(new, names) if each[0] not in added)
    _pair(found, here, there, is_sure=False)


def _left(notes: Sequence[Placed], known: Iterable[int]) -> list[int]:
    taken = {*known}
    return [at for at in range(len(notes)) if at not in taken]


def _pair(
    found: dict[int, int],
    old: Iterable[tuple[int, object]],
    new: Iterable[tuple[int, object]],
    *,
    is_sure: bool = True,
) -> None:
    """Add notes that have the same key; where it is not sure, if as many have it on both sides."""
    here, there = dict[object, list[int]](), dict[object, list[int]]()
    for keys, free, taken in ((old, here, {*found}), (new, there, {*found.values()})):
        for at, key in keys:
            if key is not None and at not in taken:
                free.setdefault(key, []).append(at)
    for key, were in here.items():
        come = there.get(key, [])
        if is_sure or len(were) == len(come):
            found.update(zip(were, come, strict=False))


def _behind(notes: Sequence[Placed], names: Mapping[int, int]) -> Iterator[tuple[int, object]]:
    """What each note is, where it stands, and behind which one that has a name."""
    last: int | None = None
    for at, (events, lines, _, note) in enumerate(notes):
        last = names.get(at, last)
        yield at, (type(note), _is_question(note), events, lines, last)


def _one_of(old: Note | None, ours: Note, theirs: Note, keeps: Side) -> tuple[Note, bool]:
    """A note that both sides have, and whether both changed the same in it."""
    fields = {
        name: _changed(getattr(old, name, UNSET), getattr(ours, name), getattr(theirs, name))
        for name in ours.__struct_fields__
    }
    if UNSET in fields.values():
        return (ours if keeps == "ours" else theirs), True
    return type(ours)(**fields), False


def _changed(old: Any, ours: Any, theirs: Any) -> Any:
    """What one side has changed, or both alike; unset where both changed it otherwise."""
    if ours == theirs or theirs == old:
        return ours
    return theirs if ours == old else UNSET


def _in_order(kept: Sequence[_Standing]) -> Iterator[Placed]:
    """Give notes in the order of both sides, none in front of its place.

    Orders of two that contradict those that count more do not hold.
    """
    pairs = combinations(range(len(kept)), 2)
    orders = sorted(order for pair in pairs for order in _orders(*pair, kept))
    behind = [0] * len(kept)  # what stands behind each, as bits
    follows, waits = [list[int]() for _ in kept], [0] * len(kept)
    for *_, first, second in orders:
        if behind[second] >> first & 1 or behind[first] >> second & 1:
            continue
        for at, has in enumerate(behind):
            if at == first or has >> first & 1:
                behind[at] |= behind[second] | 1 << second
        follows[first].append(second)
        waits[second] += 1
    due = [(each.placed[:2], at) for at, each in enumerate(kept) if not waits[at]]
    heapify(due)
    place: tuple[int, int, int | None] | None = None
    while due:
        _, at = heappop(due)
        *_, note = placed = kept[at].placed
        if place is None or placed[:2] > place[:2]:
            place = placed[:3]
        yield (*place, note)
        for one in follows[at]:
            waits[one] -= 1
            if not waits[one]:
                heappush(due, (kept[one].placed[:2], one))


def _orders(one: int, other: int, kept: Sequence[_Standing]) -> Iterator[tuple[int, int, int, int]]:
    """How two notes stand to each other: how much that counts, how near they are, and both.

    The order of both sides counts most; then, what stood behind a question; then, what one side put
    otherwise, ours before theirs; then the places of both; then, behind what a note stood that only
    one side has. So settling once more, where ours is what came of it, changes nothing.
    """
    (at, placed), (its, there) = pair = kept[one], kept[other]
    was, ours, theirs = map(_is_before, at, its)
    near = abs(one - other)
    asks = [_is_question(each.placed[-1]) for each in pair]
    is_first = was if ours is theirs is None else theirs if ours is None else ours
    if ours is not None and theirs is not None and ours != theirs:
        is_first = not was if was is not None else asks[0] if asks[0] != asks[1] else ours
        counts = _OURS if is_first == ours else _THEIRS
    elif ours is theirs and ours is not None:
        counts = _BOTH
    elif asks[not is_first]:
        counts = _BEHIND_A_QUESTION
    else:
        is_everywhere = None not in (its if is_first else at)[1:]
        counts = _IN_FRONT if is_everywhere else _BEHIND
    if is_first is not None:
        yield (counts, near, *((one, other) if is_first else (other, one)))
    if placed[:2] != there[:2]:
        yield (_PLACES, near, *((one, other) if placed[:2] < there[:2] else (other, one)))


def _is_before(at: int | None, its: int | None) -> bool | None:
    return None if at is None or its is None else at < its


def _is_question(note: Note) -> bool:
    return isinstance(note, Mark) and note.ask is not None
