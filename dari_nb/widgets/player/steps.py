"""The steps of a recorded turn: what is seen at once, so that long drafts stay quick. No I/O."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import accumulate

from msgspec import UNSET

from ...models import events as ev
from ...tapes import DraftLine, EventLine, Mark, Turn

UNKNOWN_AFTER = 0.4
"""Seconds between the lines of a turn that was recorded without times."""
FRAME = 0.05
"""Seconds that lie between two steps of a draft at least, as between two batches of a live view."""
MOST_STEPS = 150
"""Steps that a draft has at most."""
MOST_CONVERTED = 300_000
"""Characters that all steps of a draft may convert: what is open of it is converted by each."""

Step = EventLine | list[DraftLine]
"""An event, or pieces of drafts that are seen together."""

_SHOWN = ("reasoning", "text")
_LOOKED_AT = (EventLine, DraftLine, Mark)
# What ends all blocks before it, lists too, once its first line is there: a paragraph or a heading
# behind an empty line.
_BREAK = re.compile(r"\n[ \t]*\n(?=((?:[^\W\d_]|#)[^\n]*\n))")


def steps_of(turn: Turn) -> Iterator[Step]:
    """Give the steps of a turn behind what was asked; see :func:`marked_steps`."""
    return (step for step in marked_steps(turn) if not isinstance(step, Mark))


def marked_steps(turn: Turn) -> Iterator[Step | Mark]:
    """Give the steps of a turn behind what was asked, and the marks between them.

    Pieces that come within a frame of each other are one step. Where a draft has more steps than
    it may have, neighbours become one, evenly. Events and marks part steps.
    """
    for draft in _drafts(turn):
        yield from _thinned(_frames(draft), _most([e for e in draft if isinstance(e, DraftLine)]))


def wait_of(step: Step, unknown: float = UNKNOWN_AFTER) -> float:
    """Seconds from the step before to this one, with which its last piece has come.

    Args:
        step: The step.
        unknown: What counts for a line that was recorded without times.
    """
    if not isinstance(step, list):
        return _after(step, unknown)
    seconds = 0.0
    for line in step:
        seconds += _after(line, unknown)
    return seconds


def settles(line: EventLine) -> bool:
    """Whether what was a draft is in the ledger now, or a new attempt has begun."""
    return line.event == ev.ASSISTANT_MESSAGE_COMPLETED or "attempt" in line.data


def _after(line: EventLine | DraftLine, unknown: float) -> float:
    return unknown if line.after is UNSET else line.after


def _drafts(turn: Turn) -> Iterator[list[EventLine | DraftLine | Mark]]:
    """Cut a turn behind the events that settle drafts."""
    part: list[EventLine | DraftLine | Mark] = []
    for entry in turn.body:
        if isinstance(entry, _LOOKED_AT):
            part.append(entry)
        if isinstance(entry, EventLine) and settles(entry):
            yield part
            part = []
    yield part


def _frames(entries: Sequence[EventLine | DraftLine | Mark]) -> list[Step | Mark]:
    frames: list[Step | Mark] = []
    since = 0.0
    for entry in entries:
        if not isinstance(entry, DraftLine):
            frames.append(entry)
            continue
        since += UNKNOWN_AFTER if entry.after is UNSET else entry.after
        if since < FRAME and frames and isinstance(last := frames[-1], list):
            last.append(entry)
        else:
            frames.append([entry])
            since = 0.0
    return frames


def _thinned(frames: Sequence[Step | Mark], most: int) -> Iterator[Step | Mark]:
    """Make so many steps of the frames of a draft, and one more for each event or mark in it."""
    count = [type(frame) for frame in frames].count(list)
    if count <= most:
        yield from frames
        return
    together: list[DraftLine] = []
    number = part = 0
    for frame in frames:
        is_new = not isinstance(frame, list) or number * most // count != part
        if is_new and together:
            yield together
            together = []
        if not isinstance(frame, list):
            yield frame
            continue
        part = number * most // count
        together += frame
        number += 1
    if together:
        yield together


def _most(pieces: Sequence[DraftLine]) -> int:
    """How many steps a draft may have: fewer where paragraphs, lists or tables are very long."""
    length = sum(len(piece.text) for piece in pieces)
    if len(pieces) * length <= MOST_CONVERTED:
        return MOST_STEPS
    sizes = {kind: _open_sizes([p for p in pieces if p.draft == kind]) for kind in _SHOWN}
    open_ = dict.fromkeys(_SHOWN, 0)
    converted = 0
    for piece in pieces:
        if piece.draft in open_:
            open_[piece.draft] = next(sizes[piece.draft])
        converted += sum(open_.values())
    return max(1, min(MOST_STEPS, MOST_CONVERTED * len(pieces) // max(1, converted)))


def _open_sizes(pieces: Sequence[DraftLine]) -> Iterator[int]:
    """Characters of a text that are open after each of its pieces, or a few more than that."""
    ends = list(accumulate(len(piece.text) for piece in pieces))
    found = _BREAK.finditer("".join(piece.text for piece in pieces))
    breaks = [(match.end(1), match.end()) for match in found]
    begins = [end - len(p.text) for end, p in zip(ends, pieces, strict=True) if p.anew]
    later = deque(sorted([*breaks, *((begin, begin) for begin in begins)]))
    begin = 0
    for end in ends:
        while later and later[0][0] <= end:
            begin = max(begin, later.popleft()[1])
        yield end - begin
