"""What differs: between two tapes, between two texts, and between what is asked and recorded."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, Literal, NamedTuple

import msgspec

from ..models import Content
from .keys import blocks_of, is_keyed
from .lines import Mark, Note, TurnLine
from .notes import noted
from .recording import Recording
from .turns import Turn
from .words import content_text, outcome_text

_WORDS = re.compile(r"\s*(?:\w+|[^\w\s])|\s+")
_KEPT = 12
"""Words that are shown on each side of what differs."""
_MANY = 2000
"""Words from which on those that come often are not looked for: it would take long."""
_MOVED = "a mark or comment stands elsewhere in it"
_DETAILS = "the same in words, and otherwise in details, such as tokens"
_EDITED = (
    "nothing but the key: the recorded prompt was edited, and its key still belongs to the old text"
)
_WORDS_ALIKE, _LETTERS_ALIKE = 0.5, 0.75
"""How much of two first prompts is the same where one is the other with changes."""
MOST_CHARACTERS = 20_000
"""Characters of a text that are compared word by word; of longer ones the beginning."""


What = Literal[
    "added", "removed", "asked otherwise", "behind another question", "answered otherwise"
]


class Difference(NamedTuple):
    """A turn that only one of two tapes has, or that was asked or answered otherwise.

    Attributes:
        what: ``added``, ``removed``, ``asked otherwise`` or ``answered otherwise``, or for the same
            question behind one that was asked otherwise ``behind another question``.
        turn: The turn, as the second tape has it where both do.
        old: As the first one has it, where both do.
    """

    what: What
    turn: Turn
    old: Turn | None = None

    def __str__(self) -> str:
        line = self.turn.line
        head = f"{self.what}: {line.turn} of {line.session}, {line.agent}"
        if self.old is None:
            return f"{head}: {text_asked(line.asked)}"
        if self.what == "answered otherwise":
            return f"{head}: {_answered_otherwise(self.old, self.turn)}"
        answered = "the same answer"
        if not is_same(self.old, self.turn):
            answered = f"answered otherwise: {_answered_otherwise(self.old, self.turn)}"
        asked = f"{text_asked(line.asked)}; the same question"
        if self.what == "asked otherwise":
            asked = "; ".join(gap_between(self.old, self.turn).splitlines())
        return f"{head}: {asked}; {answered}"


def _answered_otherwise(old: Turn, new: Turn) -> str:
    before, after = outcome_text(old), outcome_text(new)
    return words_between(before, after) if before != after else _DETAILS


def differences(old: Recording, new: Recording) -> list[Difference]:
    """Tell two tapes apart by their turns, whatever their order, times and notes.

    >>> differences(Recording(), Recording())
    []
    """
    before = {turn.place: turn for turn in old.turns}
    after = {turn.place: turn for turn in new.turns}
    come = [turn for place, turn in after.items() if place not in before]
    gone = [turn for place, turn in before.items() if place not in after]
    pairs = _in_place_of(gone, come)
    found = []
    for place, turn in after.items():
        other = before.get(place)
        if other is None:
            found.append(_come(turn, pairs.get(id(turn))))
        elif _asked(other) != _asked(turn):
            found.append(Difference("asked otherwise", turn, other))
        elif not is_same(other, turn):
            found.append(Difference("answered otherwise", turn, other))
    paired = {*map(id, pairs.values())}
    return [*found, *(Difference("removed", turn) for turn in gone if id(turn) not in paired)]


def _come(turn: Turn, old: Turn | None) -> Difference:
    if old is None:
        return Difference("added", turn)
    is_same_question = _asked(old)[1:] == _asked(turn)[1:]
    return Difference(
        "behind another question" if is_same_question else "asked otherwise", turn, old
    )


def _in_place_of(gone: Iterable[Turn], come: Iterable[Turn]) -> dict[int, Turn]:
    """The turn in whose place each came, by its ``id()``: asked of the same agent after the same.

    After the same is after what came in the place of the turn before, too. A first prompt has to be
    alike, and of the same session.
    """
    left = dict[Any, list[Turn]]()
    for turn in gone:
        left.setdefault(_stand(turn, turn.line.parent), []).append(turn)
    found, keys = dict[int, Turn](), dict[str, str]()
    for turn in come:
        parent = turn.line.parent
        there = left.get(_stand(turn, keys.get(parent, parent) if parent else None), [])
        if parent is None:
            there = [one for one in there if is_alike(one.line, turn.line)]
        old = nearest(there, turn.line)
        if old is not None:
            found[id(turn)] = old
            keys[turn.line.key] = old.line.key
            own = left[_stand(old, old.line.parent)]
            own[:] = [one for one in own if one is not old]
    return found


def _stand(turn: Turn, parent: str | None) -> tuple[str, str]:
    line = turn.line
    return line.agent, parent or line.session


def is_alike(old: TurnLine, new: TurnLine) -> bool:
    """Whether one prompt is another with changes."""
    one, other = (text_asked(line.asked)[:MOST_CHARACTERS] for line in (old, new))
    words = difflib.SequenceMatcher(None, one.split(), other.split())
    letters = difflib.SequenceMatcher(None, one, other)
    return words.ratio() >= _WORDS_ALIKE or letters.ratio() >= _LETTERS_ALIKE


def _asked(turn: Turn) -> Any:
    """What its key stands for, as long as nobody changes one without the other."""
    line = turn.line
    return line.parent, line.agent, line.llm, line.asked, turn.agent.prompt, _settings_of(turn)


def noted_otherwise(old: Recording, new: Recording) -> Iterator[str]:
    """Say where people have put other marks and comments, or other metadata, on two tapes.

    >>> list(noted_otherwise(Recording(tail=[Mark("who")]), Recording(tail=[Mark("who", "Who?")])))
    ['noted otherwise: at the end: mark who{+: Who?+}']
    """
    before = {turn.place: turn for turn in old.turns}
    for turn in new.turns:
        other = before.get(turn.place)
        if other is not None:
            line = turn.line
            head = f"{line.turn} of {line.session}, {line.agent}"
            yield from _noted_otherwise(head, _notes_of(other), _notes_of(turn))
            if _places(other) != _places(turn) and _notes_of(other) == _notes_of(turn):
                yield f"noted otherwise: {head}: {_MOVED}"
    yield from _noted_otherwise(
        "at the end", [*map(_note_text, old.tail)], [*map(_note_text, new.tail)]
    )


def _noted_otherwise(head: str, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    pairs = [
        pair
        for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new).get_opcodes()
        if kind != "equal"
        for pair in zip_longest(old[a:b], new[c:d], fillvalue="")
    ]
    if pairs:
        yield f"noted otherwise: {head}: {'; '.join(words_between(*pair) for pair in pairs)}"


def _notes_of(turn: Turn) -> list[str]:
    known = turn.line.metadata
    told = f"metadata {msgspec.json.encode(known, order='deterministic').decode()}"
    return [*map(_note_text, turn.notes), *([told] if known else [])]


def _note_text(note: Note) -> str:
    if isinstance(note, Mark):
        return f"mark {note.mark}" + (f": {note.ask}" if note.ask else "")
    return note.text


def _places(turn: Turn) -> list[int]:
    """Before which event each note stands: between drafts, it moves when they are cut otherwise."""
    return [-1] * len(turn.before) + [events for events, *_ in noted(turn.body)]


def is_same(turn: Turn, other: Turn) -> bool:
    """Whether the same came of two turns, at whatever times."""
    return [(e.event, e.data) for e in turn.events] == [(e.event, e.data) for e in other.events]


def text_asked(asked: str | Content) -> str:
    """What is asked as one text: what is no text by its name or type."""
    return content_text(blocks_of(asked))


def words_between(old: str, new: str) -> str:
    """Show what differs between two texts, word by word.

    >>> words_between("What is a closure?", "What is a monad?")
    'What is a[- closure-]{+ monad+}?'
    >>> words_between("So it is.", "So it was, I think.")
    'So it[- is-]{+ was, I think+}.'
    """
    return "".join(
        both if both else (f"[-{gone}-]" if gone else "") + (f"{{+{come}+}}" if come else "")
        for both, gone, come in _pieces(old, new)
    )


def quoted(old: str, new: str) -> str:
    """Show two texts, each whole but for what is the same far from what differs.

    >>> quoted("What is a closure?", "What is a monad?")
    'asked “What is a monad?”, recorded “What is a closure?”'
    """
    pieces = [*_pieces(old, new)]
    recorded, asked = ("".join(both + own[at] for both, *own in pieces) for at in (0, 1))
    return f"asked “{asked}”, recorded “{recorded}”"


def _pieces(old: str, new: str) -> Iterator[tuple[str, str, str]]:
    """Give two texts in pieces: what is the same, or else what went and what came."""
    before, after = (_WORDS.findall(text[:MOST_CHARACTERS]) for text in (old, new))
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=len(before) > _MANY)
    steps = matcher.get_opcodes()
    for place, (kind, a, b, c, d) in enumerate(steps):
        if kind != "equal":
            yield "", "".join(before[a:b]), "".join(after[c:d])
        elif b - a <= 2 * _KEPT:
            yield "".join(before[a:b]), "", ""
        else:
            head = before[a : a + _KEPT] if place or len(steps) == 1 else []
            tail = before[b - _KEPT : b] if place < len(steps) - 1 else []
            yield f"{''.join(head)} … {''.join(tail)}", "", ""


def nearest(turns: Iterable[Turn], asked: TurnLine) -> Turn | None:
    """Find the turn that is most like one which is asked.

    Those of the same agent come first, then those that ask the same, then those in the same place:
    after the same turn.
    """
    text = text_asked(asked.asked)[:MOST_CHARACTERS]

    def likeness(turn: Turn) -> tuple[bool, bool, bool, float]:
        line = turn.line
        words = text_asked(line.asked)[:MOST_CHARACTERS]
        is_in_place, is_of_it = line.parent == asked.parent, line.agent == asked.agent
        alike = difflib.SequenceMatcher(None, words, text).quick_ratio()
        return is_of_it, words == text, is_in_place, alike

    return max(turns, key=likeness, default=None)


def gap_between(
    recorded: Turn, asked: Turn, describe: Callable[[str, str], str] = words_between
) -> str:
    """Say what differs between a recorded turn and what is asked, without what came of it.

    Args:
        recorded: The recorded turn.
        asked: What is asked.
        describe: Says how two texts differ.
    """
    old, new = recorded.line, asked.line
    found = [
        f"{what}: {describe(str(before), str(after))}"
        for what, before, after in (
            ("the agent", old.agent, new.agent),
            ("the LLM", old.llm, new.llm),
            ("the settings of the LLM", *map(_settings_of, (recorded, asked))),
            ("the text", text_asked(old.asked), text_asked(new.asked)),
        )
        if before != after
    ]
    if old.agent == new.agent and recorded.agent.prompt != asked.agent.prompt:
        found.append("the prompt or the tools of the agent")
    if old.parent != new.parent:
        found.append("what came before it in the session")
    if not found and not is_keyed(old, recorded.agent):
        found.append(_EDITED)
    return "\n".join(found) or "an attached file"


def _settings_of(turn: Turn) -> str:
    settings = turn.agent.llms.get(turn.line.llm or "", {})
    return msgspec.json.encode(settings, order="deterministic").decode()
