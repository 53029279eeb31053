"""What is no flaw of a tape, and not what everybody expects of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from ...models import events as ev
from ..keys import is_keyed
from ..lines import DraftLine, EventLine, Mark, decoded
from ..recording import Never, Recording, counting, parents_of, repeats_ended, why_never
from ..summary import flat, place_named, prompt_of
from ..turns import Turn
from .drafted import drafted_otherwise
from .played_once import PlayedOnce

_ONLY_AGAIN = (
    "{turn}, {asked}, plays only for who asks {before} again: who asks it once gets {first}, from "
    "which {which} if it is not wanted"
)
_ONLY_IN_A_FORK = (
    "{turn}, {asked}, does not play for who asks all in one session, and asks {before} in no "
    "fork(), too: that gets {first}, from which {which} if it is not wanted"
)
_LEADS_NOWHERE = "nothing goes on; take that out"
_LEADS_NOT_THERE = "it does not come to that; take that out, with what goes on from it,"
_NO_REPEAT = (
    "{turn}, {asked}, is repetition {has} of a batch, and of repetition {lost} there is none, "
    "which is missing where a batch asks it: ask it again, or take that out"
)
_BEHIND_ENDED = (
    "{turn}, {asked}, stands behind the same, {ended}, which was ended: who asks once gets that. "
    "Ask it all in a new session, in the mode auto"
)
_SEEN_BEFORE = (
    "the question {mark} in {turn} stands behind the pieces of the answer, which is read before it "
    "is asked; put it in front of the first of them"
)
_DRAFTED_OTHERWISE = (
    "{turn}, {asked}: its drafts on {lines} say something else than its answer, and are shown "
    "while it plays; who has changed the answer by hand takes them out"
)
_SLASHED = (
    "line {line}: {what} holds {read}, which is what JSON reads in {words}: a backslash is written "
    "\\\\ there, so write {cured}"
)
_READ = {
    "\b": ("b", "a backspace"),
    "\f": ("f", "a form feed"),
    "\t": ("t", "a tab"),
    "\r": ("r", "a carriage return"),
    "\n": ("n", "a line's end"),
}
"""What JSON reads in a backslash and a letter."""
_IS_READ = re.compile(
    r"[\b\f][A-Za-z]*"
    r"|\t(?:imes|heta|au|anh|ext[a-z]*|ilde|frac|riangle[a-z]*|herefore)(?![A-Za-z])"
    r"|\r(?:ho|ight[a-z]*|angle|vert)(?![A-Za-z])"
    r"|\n(?:eq|abla|otin)(?![A-Za-z])"
)
"""Such a character with the rest of its word, where nobody means it: in words that TeX has."""
_REPEAT = "repeat"
"""The metadata in which a batch says which of several answers a turn is."""
_OWN_SESSION = "runs, players and pages have it in a session of its own"


def remarks_on(tape: Recording) -> Iterator[str]:
    """Say what is no flaw of a tape, and not what everybody expects of it.

    >>> [*remarks_on(Recording())]
    []
    """
    yield from split_in(tape)
    if _is_keyed(tape):
        yield from only_again_in(tape)
        yield from lost_repeats_in(tape)
    yield from after_ended_in(tape)
    yield from seen_before_in(tape)
    yield from drafted_otherwise_in(tape)


def _is_keyed(tape: Recording) -> bool:
    """Whether all that plays does so for what it asks, behind what it was asked behind."""
    is_parted = any(why is not Never.TWICE for why in why_never(tape.turns).values())
    return not is_parted and all(is_keyed(turn.line, turn.agent) for turn in tape.turns)


def split_in(tape: Recording) -> Iterator[str]:
    """Say which turns begin a session of their own in runs, players and pages, and none here.

    >>> [*split_in(Recording())]
    []
    """
    sessions = {turn.place: turn.line.session for turn in tape.for_others().turns}
    parents = parents_of(counted := counting(tape.turns))
    for turn in counted:
        session = turn.line.session
        if sessions.get(turn.place, session) == session:
            continue
        before = parents.get(id(turn))
        if before is None or sessions.get(before.place) != sessions[turn.place]:
            goes_on = f"goes on from {place_named(before)}" if before else "begins anew"
            yield f"{place_named(turn)}, {prompt_of(turn)}, {goes_on}: {_OWN_SESSION}"


def only_again_in(tape: Recording) -> Iterator[str]:
    """Say what goes on from a later answer alone, so that who asks once gets no further.

    >>> [*only_again_in(Recording())]
    []
    """
    for missed in PlayedOnce(tape).missed():
        if _REPEAT not in missed.before.line.metadata:
            number = missed.instead.number
            text = _ONLY_IN_A_FORK if missed.in_session else _ONLY_AGAIN
            yield text.format(
                turn=place_named(missed.turn),
                asked=prompt_of(missed.turn),
                before=prompt_of(missed.before),
                first=place_named(missed.instead) + (f" on line {number}" if number else ""),
                which=_LEADS_NOT_THERE if missed.leads_on else _LEADS_NOWHERE,
            )


def lost_repeats_in(tape: Recording) -> Iterator[str]:
    """Say of which task of a batch a repetition has gone, while a later one is there.

    >>> [*lost_repeats_in(Recording())]
    []
    """
    tasks = dict[str, list[Turn]]()
    for turn in sorted(counting(tape.turns), key=lambda one: one.line.take):
        if turn.line.parent is None:
            tasks.setdefault(turn.line.key, []).append(turn)
    for turns in tasks.values():
        # One that no batch has asked counts as the repetition in whose place it stands.
        there = {str(turn.line.metadata.get(_REPEAT, n)): turn for n, turn in enumerate(turns)}
        lost = next(n for n in range(len(there) + 1) if str(n) not in there)
        later = [has for has in there if has.isdecimal() and has not in map(str, range(lost))]
        if later:
            turn = there[later[0]]
            told = {"turn": place_named(turn), "asked": prompt_of(turn)}
            yield _NO_REPEAT.format(has=later[0], lost=lost, **told)


def after_ended_in(tape: Recording) -> Iterator[str]:
    """Say what stands behind the same that was ended, so that who asks once gets no answer.

    >>> [*after_ended_in(Recording())]
    []
    """
    counted = counting(tape.turns)
    parents = parents_of(counted)
    for turn in counted:
        before = parents.get(id(turn))
        if before is not None and repeats_ended(turn, before) and _is_first(before, counted):
            yield _BEHIND_ENDED.format(
                turn=place_named(turn), asked=prompt_of(turn), ended=place_named(before)
            )


def seen_before_in(tape: Recording) -> Iterator[str]:
    """Say which questions are asked when the answer has been written and is only not complete.

    >>> [*seen_before_in(Recording())]
    []
    """
    for turn in tape.turns:
        is_written, asking = False, list[Mark]()
        for line in turn.body:
            if isinstance(line, DraftLine):
                is_written, asking = is_written or line.draft == "text", []
            elif isinstance(line, Mark) and line.ask and is_written:
                asking.append(line)
            elif isinstance(line, EventLine):
                if line.event == ev.ASSISTANT_MESSAGE_COMPLETED:
                    for mark in asking:
                        name = flat(mark.mark)
                        yield _SEEN_BEFORE.format(mark=repr(name), turn=place_named(turn))
                is_written, asking = False, []


def drafted_otherwise_in(tape: Recording) -> Iterator[str]:
    """Say which answers are written otherwise, piece by piece, before they are there.

    >>> [*drafted_otherwise_in(Recording())]
    []
    """
    for turn in tape.turns:
        for first, last in drafted_otherwise(turn):
            yield _DRAFTED_OTHERWISE.format(
                turn=place_named(turn),
                asked=prompt_of(turn),
                lines=f"line {first}" if first == last else f"lines {first} to {last}",
            )


def backslashes_in(data: bytes) -> Iterator[str]:
    """Say which marks lost a backslash, as those who write LaTeX by hand forget to double it.

    Args:
        data: What is in the file of a tape.

    >>> [*backslashes_in(b'{"mark":"a","ask":"What is $x$?"}')]
    []
    """
    for number, line in enumerate(data.split(b"\n"), 1):
        told = None
        if b'"mark"' in line and b"\\" in line:
            with suppress(ValueError):
                told = decoded(line)
        if isinstance(told, Mark):
            question = f"the question of {flat(told.mark)!r}"
            for what, text in ("the name of a mark", told.mark), (question, told.ask or ""):
                if read := dict.fromkeys(_IS_READ.findall(text)):
                    words = [f"\\{_READ[one[0]][0]}{one[1:]}" for one in read]
                    yield _SLASHED.format(
                        line=number,
                        what=what,
                        read=", ".join(dict.fromkeys(_READ[one[0]][1] for one in read)),
                        words=", ".join(words),
                        cured=", ".join(f"\\{word}" for word in words),
                    )


def _is_first(turn: Turn, turns: Iterable[Turn]) -> bool:
    """Whether nothing answers what a turn asks where it was asked."""
    place = turn.line.key, turn.line.behind
    return not any(one.is_answer and (one.line.key, one.line.behind) == place for one in turns)
