"""What readers expected at the questions of a tape, kept as ratings are."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ...errors import InvalidRequestError
from ...models import parse_time
from ...scores.book import ScoreBook, book_in
from ...widgets.player.places import places_of
from .questions import OF, GivenAnswer, Questions, Saved, asked_as, path_from
from .saved import NAME, Reading

if TYPE_CHECKING:
    import pandas as pd

    from ...widgets.player.score import Score as Played

_NEVER = datetime.min.replace(tzinfo=UTC)
_LONGEST = 20_000
"""Characters of an answer that is kept."""
_begun: set[Path] = set()
"""The files in which answers are kept here."""

Given = tuple[Saved | None, str | None]
"""An answer, and the name of the file that it is in; both ``None`` where nobody has answered."""


class _Book(ScoreBook):
    _decoder = msgspec.json.Decoder(Saved)
    what = "answers"


class Answers:
    """The answers to the questions of a recording, in the file of scores and ratings.

    Args:
        score: The recording.
        path: The file; ``dari-scores.jsonl`` in the working folder when left out.
        tape: The file of its tape, if it has one.

    Raises:
        InvalidRequestError: The file is none of answers, such as a tape or a notebook, or cannot
            be read.
    """

    def __init__(
        self, score: Played, path: str | Path | None = None, tape: Path | None = None
    ) -> None:
        self._questions = Questions(score, tape, is_shared=path is None)
        self._score = score
        self._places = places_of(score)
        self._book = book_in(path, _Book)
        self._tape = path_from(self._book.path, tape) if tape else None
        self.texts()
        _begun.add(self._book.path)

    def texts(self) -> dict[str, str]:
        """What was answered last, by the marks' ids."""
        return {mark_id: str(score.value) for mark_id, score in self.given()}

    @property
    def before(self) -> str:
        """Say when a question was answered last, and how one begins anew; empty for never."""
        last = max((parse_time(score.at) or _NEVER for _, score in self.given()), default=_NEVER)
        if last == _NEVER:
            return ""
        return f"answered on {last:%b} {last.day}: view(answers='new.jsonl') asks again"

    @property
    def scope(self) -> str:
        """Tells the tape and this file from others, and names neither."""
        told = f"{self._tape}\0{self._book.path.absolute()}"
        return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]

    def keep(self, mark_id: str, text: str) -> None:
        """Keep an answer, beside all that were given before.

        Raises:
            InvalidRequestError: The file cannot be written, or the answer is too long.
        """
        text = text.strip()
        if len(text) > _LONGEST:
            raise InvalidRequestError(
                f"An answer has {_LONGEST:,} characters at most, and this one {len(text):,}: it is "
                "not kept. Make it shorter.",
                code="invalid_text",
            )
        _, mark = self._score.questions[mark_id]
        self._book.add(
            [
                Saved(
                    **self._places[mark_id].about(mark),
                    tape=self._tape,
                    run_id=f"{OF}{mark_id}",
                    # Tells the answers to a question apart, which are those of a whole class.
                    repeat=time.time_ns() // 1000,
                    name=NAME,
                    value=text,
                    by="person",
                )
            ]
        )

    def given(self) -> Iterator[tuple[str, Saved]]:
        """Give the answers in order of time, each with its question's id.

        Where a turn is answered otherwise by now, nobody has seen that: it is asked again.
        """
        scores = self._book.scores()
        answers = [one for one in scores if isinstance(one, Saved) and one.name == NAME]
        told = {id(one): GivenAnswer.by(one, self._book.path) for one in answers}
        found = self._questions.of_each(told.values())
        for answer in sorted(answers, key=lambda answer: answer.at):
            one = told[id(answer)]
            if (mark_id := found[one]) and not self._questions.is_former(one, mark_id):
                yield mark_id, answer


def frame_of(
    score: Played, tape: Path, paths: Iterable[str | Path] | str | Path | None
) -> pd.DataFrame:
    """Make a frame of all answers, and of the first question that nobody has answered.

    Later ones often tell what comes behind it, so they are in no frame either.

    Args:
        score: The recording.
        tape: The file of its tape.
        paths: One file or several, a pattern, or a folder; ``dari-scores.jsonl`` in the working
            folder when left out.

    Raises:
        InvalidRequestError: The one file that was named cannot be read, holds no line of answers or
            scores, or is not there where another file or folder has a name close to its; or a
            folder has none.
    """
    from ...frames.lists import ANSWERS

    nobody: list[Given] = [(None, None)]
    kept = defaultdict[str, list[Given]](list)
    reading = Reading(score, tape, paths, _begun)
    for mark_id, one, name in reading.answers():
        kept[mark_id].append((one, name))
    reading.say(stacklevel=3)
    asked = {*kept, score.open_question(kept)}
    return ANSWERS.frame(
        (score.turn_with(mark, turn), mark, one, one and asked_as(one, mark_id, mark), name)
        for mark_id, (turn, mark) in score.questions.items()
        if mark_id in asked
        for one, name in kept.get(mark_id, nobody)
    )
