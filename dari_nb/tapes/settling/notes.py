"""The notes that stand in one turn on both sides, merged as lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple

from msgspec import UNSET

from ..lines import Mark, Note, encoded
from ..notes import Placed
from .order import Side, Standing, in_order, is_question

Key = Callable[[Placed], object]


class Pair(NamedTuple):
    """A note as both sides have it, and as it is now."""

    ours: Note
    theirs: Note
    now: Note


class Notes(NamedTuple):
    """The notes of both sides, and what is to be told of them.

    Attributes:
        placed: The notes with their places.
        otherwise: Those that are otherwise on both sides.
        twice: Those that both changed.
        moved: Those of which each side has an arrangement of its own.
        back: Those that stay though one side took them out, and which.
    """

    placed: list[Placed]
    otherwise: list[Pair]
    twice: list[Pair]
    moved: list[Note]
    back: list[tuple[Side, Note]]


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
) -> Notes:
    """Merge notes: what only one side changed, moved, added or took out is as that side has it.

    Of a note that both changed otherwise, one is kept. What one side took out and the other changed
    stays.

    Args:
        base: The notes before both.
        ours: Those of our side.
        theirs: Those of the other side.
        keeps: Whose note is kept of one that both changed, and whose arrangement where both cannot.
    """
    kept, otherwise, twice = list[Standing](), list[Pair](), list[Pair]()
    back = list[tuple[Side, Note]]()
    for place in _matched(base, ours, theirs):
        there = old, my, its = tuple(
            None if at is None else side[at]
            for at, side in zip(place, (base, ours, theirs), strict=True)
        )
        if my and its:
            chosen, is_twice = _one_of(old and old[-1], my[-1], its[-1], keeps)
            kept.append(Standing(chosen, place, there))
            if my[-1] != its[-1]:
                (twice if is_twice else otherwise).append(Pair(my[-1], its[-1], chosen))
        elif (one := my or its) and (old is None or one[-1] != old[-1]):
            kept.append(Standing(one[-1], place, there))
            if old:
                back.append(("theirs" if my else "ours", one[-1]))
    placed, moved = in_order(kept, keeps)
    return Notes(placed, otherwise, twice, moved, back)


def _matched(
    base: Sequence[Placed], ours: Sequence[Placed], theirs: Sequence[Placed]
) -> list[tuple[int | None, ...]]:
    """Where each note stands on the tape before, ours, and theirs.

    What both added is known before what stands in the place of another.
    """
    mine, other = (_same(base, side, (*_NAMED, _ask)) for side in (ours, theirs))
    new, come = _left(ours, mine.values()), _left(theirs, other.values())
    both = _same([ours[at] for at in new], [theirs[at] for at in come], _NAMED)
    added = {new[at]: come[its] for at, its in both.items()}
    known = {*mine}
    _add_replaced(mine, base, ours, {*added}, {*other})
    _add_replaced(other, base, theirs, {*added.values()}, known)
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
    were = _placed_after(old, {was: was for was in found})
    asked = {at for at, (*_, note) in enumerate(old) if is_question(note)}
    here = (each for each in were if each[0] not in asked - elsewhere)
    there = (each for each in _placed_after(new, names) if each[0] not in added)
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


def _placed_after(
    notes: Sequence[Placed], names: Mapping[int, int]
) -> Iterator[tuple[int, object]]:
    """What each note is, where it stands, and behind which one that has a name."""
    last: int | None = None
    for at, (events, lines, _, note) in enumerate(notes):
        last = names.get(at, last)
        yield at, (type(note), is_question(note), events, lines, last)


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
