"""What is no flaw of a tape, and not what everybody expects of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..lines import DraftLine, EventLine, Mark
from ..recording import Recording, counting, parents_of, repeats_ended, why_never
from ..summary import flat, place_named, prompt_of
from ..turns import Turn
from .drafted import drafted_otherwise

_ONLY_AGAIN = (
    "{turn}, {asked}, plays only for who asks {before} again: who asks it once gets {first}{line}, "
    "from which nothing goes on; take that out if it is not wanted"
)
_BEHIND_ENDED = (
    "{turn}, {asked}, stands behind the same, {ended}, which was ended: who asks once gets that. "
    "Ask it all in a new session, in the mode auto, and adopt what is answered"
)
_SEEN_BEFORE = (
    "the question {mark} in {turn} stands behind the pieces of the answer, which is read before it "
    "is asked; put it in front of the first of them"
)
_DRAFTED_OTHERWISE = (
    "{turn}, {asked}: its drafts on {lines} say something else than its answer, and are shown "
    "while it plays; who has changed the answer by hand takes them out"
)
_ANSWERED = "assistant.message_completed"
_REPEAT = "repeat"
"""The metadata in which a batch says which of several answers a turn is."""
_OWN_SESSION = "runs, players and pages have it in a session of its own"


def remarks_on(tape: Recording) -> Iterator[str]:
    """Say what is no flaw of a tape, and not what everybody expects of it.

    >>> [*remarks_on(Recording())]
    []
    """
    yield from split_in(tape)
    yield from only_again_in(tape)
    yield from behind_ended_in(tape)
    yield from seen_before_in(tape)
    yield from drafted_otherwise_in(tape)


def split_in(tape: Recording) -> Iterator[str]:
    """Say which turns begin a session of their own in runs, players and pages, and none here.

    >>> [*split_in(Recording())]
    []
    """
    sessions = {turn.place: turn.line.session for turn in tape.for_others().turns}
    parents = parents_of(counting(tape.turns))
    for turn in tape.turns:
        session = turn.line.session
        if turn.line.new or sessions.get(turn.place, session) == session:
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
    counted = [turn for turn in counting(tape.turns) if not turn.line.new]
    never, parents = why_never(counted), parents_of(counted)
    played = [turn for turn in counted if id(turn) not in never]
    firsts, leads_to = dict[tuple[str, str | None], Turn](), dict[int, Turn]()
    for turn in sorted(played, key=lambda one: (not one.is_answer, one.line.take)):
        firsts.setdefault((turn.line.key, turn.line.behind), turn)
    for turn in played:
        if before := parents.get(id(turn)):
            leads_to.setdefault(id(before), turn)
    for before in played:
        first, behind = firsts[before.line.key, before.line.behind], leads_to.get(id(before))
        if behind is None or _REPEAT in before.line.metadata:
            continue
        if id(first) not in leads_to and first.answers != before.answers:
            told = {"asked": prompt_of(behind), "before": prompt_of(before)}
            line = f" on line {first.number}" if first.number else ""
            yield _ONLY_AGAIN.format(
                turn=place_named(behind), first=place_named(first), line=line, **told
            )


def behind_ended_in(tape: Recording) -> Iterator[str]:
    """Say what stands behind the same that was ended, so that who asks once gets no answer.

    >>> [*behind_ended_in(Recording())]
    []
    """
    counted = [turn for turn in counting(tape.turns) if not turn.line.new]
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
                if line.event == _ANSWERED:
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


def _is_first(turn: Turn, turns: Iterable[Turn]) -> bool:
    """Whether nothing answers what a turn asks where it was asked."""
    place = turn.line.key, turn.line.behind
    return not any(one.is_answer and (one.line.key, one.line.behind) == place for one in turns)
