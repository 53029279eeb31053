"""A tape with what people look at it with."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import tapes
from ...errors import InvalidRequestError
from ...tapes import read_tape
from ...tapes.summary import slip_of
from ...tapes.tape import Speed

if TYPE_CHECKING:
    import pandas as pd

    from ...widgets.player.score import Score
    from ...widgets.view import AnyLayout
    from .player import Player

MOST = 1e9
"""Seconds and pixels beyond all use."""


@dataclass(frozen=True)
class Tape(tapes.Tape):  # noqa: D101
    __doc__ = tapes.Tape.__doc__

    def view(
        self,
        *,
        at: float = 0.0,
        speed: float | Speed | None = None,
        height: int = 0,
        answers: str | Path | None = None,
        layout: AnyLayout = None,
    ) -> Player:
        """Return it as a player: its turns as they happened, at the tape's own speed.

        It plays, stops, goes to any place and one item on or back; ``?`` lists its keys. It stops
        at each mark with a question, which is a line of its own in the file, in front of what is
        not to be seen yet, such as ``{"mark": "first guess", "ask": "What will it do now?"}``: the
        reader writes what they expect, and then sees. A mark without a question is a chapter: a
        place to go to. Marks and questions are Markdown. What comes behind a question that nobody
        has answered or skipped is in no output and no saved notebook, but in a page of
        :meth:`to_html`; what was answered is, where it was asked. Turns that never play are
        left out with a warning.

        It is an ipywidget, whose traits are ``at`` (seconds), ``playing``, ``speed``,
        ``idle_limit`` (seconds; ``None`` waits as long as it took, and 3 is where the tape says
        nothing) and ``height`` (pixels).

        Args:
            at: Where to begin, in seconds.
            speed: How many times as fast as it was recorded, ``real`` or ``instant``; as the tape
                when left out.
            height: Most pixels that the transcript takes; 0 leaves it to the page.
            answers: The file in which answers are kept, that of scores and ratings;
                ``dari-scores.jsonl`` in the working folder when left out. Name a new one to be
                asked everything again, such as in class what was answered at home. A file of
                another kind, such as a tape or a notebook, is left alone.
            layout: Its place and size, an ``ipywidgets.Layout`` or a dict of CSS.

        Raises:
            InvalidRequestError: A file cannot be read or is none for answers, or an argument is of
                no use.
            TapeError: It is no tape, or a line is broken.

        >>> player = tape.view(height=400)
        >>> player.close()
        """
        from .answers import Answers
        from .player import Player

        score = self._score()
        for name, value in (("at", at), ("height", height)):
            if not isinstance(value, int | float) or not 0 <= value < MOST:
                what = "seconds" if name == "at" else "pixels"
                raise InvalidRequestError(
                    f"{name} is {what} from 0, not {value!r}.", code="invalid_number"
                )
        for count, why in score.left_out.counted_never().items():
            warnings.warn(f"{count}: {why}.", stacklevel=2)
        return Player(
            *(score, Answers(score, answers, self.file)),
            again=f"{self._named}.view()",
            layout=layout,
            at=float(at),
            height=int(height),
            **self._pace(speed),
        )

    def answers(self, path: str | Path | Iterable[str | Path] | None = None) -> pd.DataFrame:
        """Return what readers expected at its questions, one row an answer.

        Of the questions that nobody has answered it has the first one: later ones, and what a
        question is called, often tell what comes behind it.

        Those who read a page made by :meth:`to_html` save their answers as a file each. A mark may
        get another name afterwards, or its question be corrected: answers are found by the other
        of the two, and by what their turn asks where another one is asked in front of it. Where the
        turn itself asks something else by now, it is another question. What was answered at another
        tape is of that one, as long as it is there; where it is gone, of one whose turn is answered
        in the same way. A warning tells what belongs to no question, or cannot be read, which
        answers were given when their turn was answered otherwise, and that the one file named is
        not there yet; what is in two files, such as a second download, counts once.

        Args:
            path: The file in which answers are kept, or several, a pattern such as
                ``"class/*.jsonl"``, or a folder: all ``*.jsonl`` in it and in its folders are read;
                ``dari-scores.jsonl`` in the working folder when left out.

        Returns:
            Columns ``session``, ``turn`` (the one that the question stands in or in front of),
            ``mark``, ``ask``, ``answer`` (``mark`` and ``answer`` are null where nobody has
            answered yet), ``answered_at`` (UTC), ``name``, which readers
            write on the page, or a code for one who did not, ``file``, the name of the answer's
            file, and ``asked_as``, what the question was when it was answered (null where it is the
            same).

        Raises:
            InvalidRequestError: The one file named cannot be read, holds no such lines, or is not
                there where another file or folder has a name close to its; or a folder has none.
            TapeError: It is no tape, or a line is broken.

        >>> tape.answers().columns.to_list()
        ['session', 'turn', 'mark', 'ask', 'answer', 'answered_at', 'name', 'file', 'asked_as']
        """
        from .answers import frame_of

        return frame_of(self._score(), self.file, path)

    def to_html(self, path: str | Path, *, title: str | None = None) -> Path:
        """Write it as one page with the player in it, which asks the network for nothing.

        The page holds all that is on the tape, also what comes behind its questions, and says so.
        Printed, it shows all up to the first question that is open. Turns that never play are left
        out with a warning.

        Args:
            path: The page; an earlier one is replaced, a file that is none of these pages is not.
                ``.html`` is added to a name that has no suffix.
            title: What stands at its top and in its tab, and begins the names of the files of
                answers; the name of the tape's file when left out.

        Returns:
            Where it is.

        Raises:
            InvalidRequestError: The tape cannot be read, the page cannot be written, the title is
                no text, or there is another file in its place, such as a tape or somebody's own
                page.
            TapeError: It is no tape, or a line is broken.

        >>> tape.to_html("lesson.html", title="Closures in Python").name
        'lesson.html'
        """
        from .page import written

        return written(self._score(), path, Path(self.path), title, **self._pace())

    def _pace(self, speed: float | Speed | None = None) -> dict[str, Any]:
        """How a player of it begins."""
        from ...widgets.player.view import FASTEST, IDLE_LIMIT

        idle_limit = IDLE_LIMIT if self.idle_limit is None else float(self.idle_limit)
        factor = self.factor if speed is None else replace(self, speed=speed).factor
        return {"speed": min(factor, FASTEST), "idle_limit": idle_limit}

    @property
    def _named(self) -> str:
        """Python that names it."""
        return f"dari.Tape({str(self.path)!r})"

    def _score(self) -> Score:
        from ...widgets.player.score import Score

        return Score.of(read_tape(self.file))


def held(tape: str | Path | tapes.Tape) -> Tape:
    """Return a tape as people hold it, given its file or another one that is used in the same way.

    Raises:
        InvalidRequestError: A setting is of no use.
    """
    if isinstance(tape, Tape):
        return tape
    if isinstance(tape, tapes.Tape):
        return Tape(**{field.name: getattr(tape, field.name) for field in fields(tape)})
    return Tape(tape)


def warn_of_slip(tape: Tape, stacklevel: int = 3) -> None:
    """Warn whoever puts in a tape that is new, where its name is perhaps a slip."""
    if slip := slip_of(tape.file):
        warnings.warn(slip, stacklevel=stacklevel)
