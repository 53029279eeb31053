"""A player in a cell: what is shown of it, and what stays of it in static output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...widgets import PlayerView
from ..connection import host
from ..display.staying import Staying
from ..display.subject import Subject
from ..display.words import Ending, closed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...models import TimelineItem
    from ...render import Head
    from ...widgets.player.score import Score
    from ...widgets.view import AnyLayout
    from .answers import Answers

_BEHIND = "It goes on behind this question, in a live notebook."


class Player(PlayerView):
    """Recorded turns in a cell; see :meth:`Tape.view`.

    >>> player = tape.view()
    >>> player.at, player.playing
    (0.0, False)
    >>> player.close()

    Args:
        score: What is played.
        answers: Where answers are kept.
        again: Python that shows it again.
        layout: Its place and size.
        **traits: Any of the attributes.

    Attributes:
        at: Where the reader is, in seconds of the whole; set it to go there, at most to the end of
            what may be seen. It is told here where playing ends, and not on the way.
            It is the value, too.
        playing: Whether it plays.
        speed: How many times as fast as it was recorded.
        idle_limit: Seconds that it waits at most for what comes next; ``None`` waits as long as it
            took.
        height: Most pixels that the transcript takes; 0 leaves it to the page.
    """

    _valued = "at"

    def __init__(
        self,
        score: Score,
        answers: Answers,
        *,
        again: str,
        layout: AnyLayout = None,
        **traits: Any,
    ) -> None:
        super().__init__(
            score,
            answers=answers.texts,
            keep=answers.keep,
            answered=answers.before,
            scope=answers.scope,
            layout=layout,
            **traits,
        )
        self._presentation = Staying(PlayerSubject(score, self._passed, again), self)

    def __repr__(self) -> str:
        turns = len(self._score.scenes)
        return f"<Player of {turns} turn{'' if turns == 1 else 's'}, {self._score.seconds:.0f} s>"

    def _replied(self) -> None:
        self._presentation.refresh()


class PlayerSubject(Subject):
    """Recorded turns, of which static output has those that may be seen.

    Args:
        score: What is played.
        passed: Gives what was answered by the marks' ids, with nothing for what was skipped.
        again: Python that shows it again.
    """

    def __init__(self, score: Score, passed: Callable[[], Mapping[str, str]], again: str) -> None:
        self._score = score
        self._passed = passed
        self._again = again

    def static_output(self, ending: Ending | None = None) -> dict[str, str]:
        """The transcript and its marks, up to the first question that nobody has passed."""
        from ...render import noted
        from ...render.page.fallback import joined
        from ...render.timeline.ends import ends

        output = joined([ends(items, head) for items, head in self._parts()])
        for note in [*self._notes(), *([ending.line] if ending else [])]:
            output = noted(output, note)
        return output

    def closed(self) -> Ending:
        """Say what shows it again."""
        return closed(how=self._again)

    def print(self) -> None:
        """Print what may be seen of it."""
        for items, head in self._parts():
            host.print_items(items, head)
        for note in self._notes():
            print(note.replace("`", ""))  # noqa: T201

    def _parts(self) -> list[tuple[list[TimelineItem], Head]]:
        """Items and head of each session that may be seen."""
        from ...render import Head

        return self._score.parts(self._passed()) or [([], Head("nothing recorded"))]

    def _notes(self) -> list[str]:
        """Notes below static output: of a question at its end, and of turns that are left out."""
        is_open = self._score.open_question(self._passed()) is not None
        return [*([_BEHIND] if is_open else []), *self._score.left_out.sentences()]
