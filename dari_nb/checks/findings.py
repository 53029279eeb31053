"""What no longer holds of a tape, as a list that reads as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from ..tapes.summary import count_of

if TYPE_CHECKING:
    import pandas as pd

What = Literal["agent", "llm", "outcome", "tools", "answer", "score"]
_BY = ", by outcome and tools, and by answers of which something is expected"
"""What is compared: an answer may always be worded otherwise."""
COLUMNS = ("turn", "asked", "what", "recorded", "now")
_SHOWN = 200
"""Characters of a text that a report shows."""
_KINDS = get_args(What)


class Finding(NamedTuple):
    """Something that no longer holds.

    Attributes:
        turn: The turn, by its ordinals on the tape.
        line: Its line in the file.
        asked: What was asked.
        what: ``agent`` or ``llm``, which is gone; ``outcome``, an error that no longer occurs, or a
            new one; ``tools``, the tools that are called; ``answer``, which lacks what is expected;
            ``score``, which fell.
        recorded: As it was.
        now: As it is.

    >>> from dari_nb.checks import Finding
    >>> str(Finding("msg_1 of sess_1", 3, "Hi", "tools", "look", "no tool"))
    'line 3, msg_1 of sess_1: tools: look, and now no tool'
    """

    turn: str
    line: int | None
    asked: str
    what: What
    recorded: str
    now: str

    def __str__(self) -> str:
        where = f"line {self.line}, " if self.line else ""
        told = f"{where}{self.turn}: {self.what}: {_short(self.recorded)}, and now"
        return _visible(f"{told} {_short(self.now)}")


class Check(list[Finding]):
    """What no longer holds; empty where all does.

    Attributes:
        tape: The file.
        asked: How many turns were asked.
        held: How many of them came out as they were recorded.
        unasked: Turns that could not be asked, with the reason, by their ordinals; those whose
            agent or LLM is gone are among what no longer holds.

    >>> tape.check(d, report=None)
    lesson.tape: ...
    """

    def __init__(
        self,
        tape: str,
        findings: Iterable[Finding] = (),
        *,
        asked: int = 0,
        unasked: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(findings)
        self.tape = tape
        self.asked = asked
        self.held = asked - len({finding.turn for finding in self if finding.what in _KINDS[2:]})
        self.unasked = list(unasked)

    @property
    def holds(self) -> bool:
        """Whether all that was recorded was asked and still holds.

        >>> tape.check(d, report=None).holds
        True
        """
        return not self and not self.unasked

    @property
    def summary(self) -> str:
        """What came of it in a line; each turn of the tape is in one of its numbers.

        >>> tape.check(d, report=None).summary
        'lesson.tape: ...'
        """
        told = [f"{self.held} of {count_of(self.asked, 'turn')} came out as recorded{_BY}"]
        told = told if self.asked else ["nothing was asked"]
        gone = {finding.turn for finding in self if finding.what in _KINDS[:2]}
        if lacking := len(self.unasked) + len(gone):
            told.append(f"{count_of(lacking, 'turn')} could not be asked")
        return _visible(f"{self.tape}: {', '.join(told)}")

    def to_frame(self) -> pd.DataFrame:
        """Return it as a DataFrame of texts, one row a finding.

        >>> list(tape.check(d, report=None).to_frame())
        ['turn', 'asked', 'what', 'recorded', 'now']
        """
        from ..frames import text_frame

        return text_frame(
            {name: [str(getattr(one, name)) for one in self] for name in COLUMNS},
        )

    def to_markdown(self) -> str:
        """Return it as a report in Markdown.

        >>> print(tape.check(d, report=None).to_markdown())
        # lesson.tape, asked again
        <BLANKLINE>
        lesson.tape: ...
        """
        from ..render import table
        from ..render.markup.passive import passive

        parts = [f"# {passive(_visible(self.tape))}, asked again", f"{passive(self.summary)}."]
        if self:
            rows = [[_short(str(getattr(one, name))) for name in COLUMNS] for one in self]
            parts.append(table(COLUMNS, rows)["text/markdown"])
        parts += [f"- {passive(_visible(f'{turn}: {why}'))}" for turn, why in self.unasked]
        return "\n\n".join(parts)

    def __repr__(self) -> str:
        unasked = [_visible(f"{turn}: {why}") for turn, why in self.unasked]
        return "\n".join([*map(str, self), *unasked, self.summary])

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _visible(text: str) -> str:
    from ..render import visible_name

    return visible_name(text)
