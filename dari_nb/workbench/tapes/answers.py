"""What readers expected at the questions of a tape, kept as ratings are."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import InvalidRequestError
from ...scores import Score, ScoreBook
from ...tapes.reading import is_tape

if TYPE_CHECKING:
    import pandas as pd

    from ...widgets.player.score import Score as Played

_NAME = "answer"
_OF = "mark:"
_LONGEST = 20_000
"""Characters of an answer that are kept."""

Given = tuple[Score, str]
"""An answer, and the name of the file that it is in."""


class Answers:
    """The answers to the questions of a recording, in the file of scores and ratings.

    Args:
        score: The recording.
        path: The file; ``dari-scores.jsonl`` in the working folder when left out.

    Raises:
        InvalidRequestError: The file is a tape, or cannot be read.
    """

    def __init__(self, score: Played, path: str | Path | None = None) -> None:
        from ...scores.book import kept_in

        self._score = score
        self._book = kept_in(path)
        if is_tape(self._book.path):
            raise InvalidRequestError(f"{path} is a tape: keep answers in another file.")
        self.texts()

    def texts(self) -> dict[str, str]:
        """What was answered last, by the marks' ids."""
        return {score.run_id.removeprefix(_OF): str(score.value) for score in self._kept()}

    def keep(self, mark_id: str, text: str) -> None:
        """Keep an answer, beside all that were given before.

        Raises:
            InvalidRequestError: The file cannot be written.
        """
        turn, mark = self._score.questions[mark_id]
        note = f"{turn.line.session} {turn.line.turn}: {mark.mark}: {mark.ask}"
        self._book.add(
            [
                Score(
                    run_id=f"{_OF}{mark_id}",
                    # Tells the answers to a question apart, which are those of a whole class.
                    repeat=time.time_ns() // 1000,
                    name=_NAME,
                    value=text.strip()[:_LONGEST],
                    note=note,
                    by="person",
                )
            ]
        )

    @property
    def given(self) -> list[Given]:
        """All answers, each with the name of the file that it is in."""
        return [(score, self._book.path.name) for score in self._kept()]

    def _kept(self) -> Iterator[Score]:
        known: Any = self._score.questions
        answers = (score for score in self._book.scores() if score.name == _NAME)
        for score in sorted(answers, key=lambda score: score.at):
            if score.run_id.removeprefix(_OF) in known:
                yield score


def frame_of(score: Played, paths: Iterable[str | Path] | str | Path | None) -> pd.DataFrame:
    """Make a frame of all answers, and of the questions that nobody has answered.

    Args:
        score: The recording.
        paths: One file or several; ``dari-scores.jsonl`` in the working folder when left out.

    Raises:
        InvalidRequestError: A file that was named is not there, cannot be read, or holds no line
            of answers or scores.
    """
    from ...frames.lists import ANSWERS

    nobody: list[tuple[Score | None, str | None]] = [(None, None)]
    kept = defaultdict[str, list[tuple[Score | None, str | None]]](list)
    for path in [paths] if isinstance(paths, str | Path | None) else paths:
        if path is not None:
            _check_answers(path)
        for one, file in Answers(score, path).given:
            kept[one.run_id.removeprefix(_OF)].append((one, file))
    return ANSWERS.frame(
        (turn, mark, *given)
        for mark_id, (turn, mark) in score.questions.items()
        for given in kept.get(mark_id, nobody)
    )


def _check_answers(path: str | Path) -> None:
    if not isinstance(path, str | Path):
        raise InvalidRequestError(f"Answers are in a file or several, not in {path!r}.")
    book = ScoreBook(Path(path).expanduser())
    if not book.path.exists():
        several = " Several are a list: sorted(Path().glob('*.jsonl'))." if "*" in str(path) else ""
        raise InvalidRequestError(f"There is no file {path} with answers.{several}")
    if not book.scores() and book.damaged:
        raise InvalidRequestError(f"{path} holds no answers: no line of it can be read.")
