"""In which order notes of both sides stand in a turn: by their places among its events first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

from ..lines import Mark, Note
from ..notes import Placed

Side = Literal["ours", "theirs"]


class Standing(NamedTuple):
    """A note that is kept, and where it stands on the tape before, ours, and theirs.

    Attributes:
        note: The note.
        at: Which note of each it is.
        there: What stands there, with its place among the events.
    """

    note: Note
    at: tuple[int | None, ...]
    there: tuple[Placed | None, ...]


def is_question(note: Note) -> bool:
    """Whether a note is a mark that asks something."""
    return isinstance(note, Mark) and note.ask is not None


def in_order(notes: Sequence[Standing], keeps: Side) -> tuple[list[Placed], list[Note]]:
    """Put notes in the order of both sides.

    A note stands at the place of the side that moved it over events, and an order of two holds
    within a place as the side has it that put them so. Where not all of that can hold, one side's
    arrangement does, with what the other one added.

    Args:
        notes: The notes: those that stood there before, then those of ours, then those of theirs.
        keeps: Whose arrangement holds then.

    Returns:
        The notes, and those of which each side has an arrangement of its own.
    """
    lead = 1 if keeps == "ours" else 2
    places, wrong = _places(notes, lead)

    def is_before(one: int, other: int) -> bool:
        here, there = places[one][:2], places[other][:2]
        return _is_before(notes[one], notes[other], lead) if here == there else here < there

    shared = [*places]
    order = sorted(shared, key=lambda one: sum(is_before(other, one) for other in shared))
    now = {one: number for number, one in enumerate(order)}
    for one, other in combinations(shared, 2):
        put = is_before(one, other), *_put_so(notes[one], notes[other])
        if any(is_first != (now[one] < now[other]) for is_first in put):
            wrong |= {one, other}
    if wrong:
        places = {at: there for at, one in enumerate(notes) if (there := one.there[lead])}
        order = sorted(places, key=lambda at: notes[at].at[lead] or 0)
    for at in range(len(notes)):
        if at not in places:
            places[at] = _place_of_added(at, notes, places)
            order.insert(_number_of(at, notes, [(one, places[one]) for one in order], places), at)
    return [(*places[at][:3], notes[at].note) for at in order], [
        notes[at].note for at in sorted(wrong)
    ]


def _places(notes: Sequence[Standing], lead: int) -> tuple[dict[int, Placed], set[int]]:
    """The places of the notes that both sides have, and which of them both moved."""
    places, wrong = dict[int, Placed](), set[int]()
    for at, one in enumerate(notes):
        was, ours, theirs = one.there
        if ours and theirs:
            places[at] = theirs if was and ours[:2] == was[:2] else ours
            if theirs[:2] not in (ours[:2], was and was[:2], places[at][:2]):
                wrong.add(at)
                places[at] = (ours, theirs)[lead - 1]
    return places, wrong


def _stand(one: Standing, other: Standing, number: int) -> tuple[bool, bool] | None:
    """Whether one stands before the other on a tape, and whether in the same place."""
    here, there = one.there[number], other.there[number]
    if here is None or there is None:
        return None
    return (one.at[number] or 0) < (other.at[number] or 0), here[:2] == there[:2]


def _put_so(one: Standing, other: Standing) -> Iterator[bool]:
    """Whether one stands before the other where a side has put them so, in one place."""
    was = _stand(one, other, 0)
    for now in (_stand(one, other, 1), _stand(one, other, 2)):
        if now and now != was and now[1]:
            yield now[0]


def _is_before(one: Standing, other: Standing, lead: int) -> bool:
    """Whether one stands before the other, of two in a place: as who put them so has them."""
    was = _stand(one, other, 0)
    sides = (lead, 3 - lead)
    stands = [now for number in sides if (now := _stand(one, other, number))]
    return next((now[0] for now in stands if now != was), stands[0][0] if stands else False)


def _place_of_added(at: int, notes: Sequence[Standing], places: dict[int, Placed]) -> Placed:
    """The place of a note that one side has: where it was added, that of what it stood behind.

    A question stays in front of what came then.
    """
    number = 1 if notes[at].there[1] else 2
    own = notes[at].there[number]
    assert own is not None
    note = notes[at].note
    if notes[at].there[0] is None and not is_question(note):
        behind = [
            (notes[one].at[number] or 0, one)
            for one in places
            if (stand := _stand(notes[one], notes[at], number)) and all(stand)
        ]
        return places[max(behind)[1]] if behind else own
    return own


def _number_of(
    at: int,
    notes: Sequence[Standing],
    order: Sequence[tuple[int, Placed]],
    places: dict[int, Placed],
) -> int:
    """Where a note goes in its place: behind all that it stood behind, as late as it may."""
    place = places[at][:2]
    number = 1 if notes[at].there[1] else 2
    first = sum(there[:2] < place for _, there in order)
    last = first + sum(there[:2] == place for _, there in order)
    behind, before = first, last
    for count, (one, _) in enumerate(order[first:last], first):
        stand = _stand(notes[one], notes[at], number) or _stand(notes[one], notes[at], 0)
        if stand and stand[0]:
            behind = count + 1
        elif stand:
            before = min(before, count)
    return max(behind, before)
