"""What readers expected at the questions of a tape, kept as ratings are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from ...scores import Score
    from ...widgets.player.score import Score as Played

_NAME = "answer"
_OF = "mark:"
_LONGEST = 20_000
"""Characters of an answer that are kept."""


class Answers:
    """The answers to the questions of a recording, in the file of scores and ratings.

    Args:
        score: The recording.
        path: The file; ``dari-scores.jsonl`` in the working folder when left out.
    """

    def __init__(self, score: Played, path: str | Path | None = None) -> None:
        from ...scores.book import kept_in

        self._score = score
        self._book = kept_in(path)

    def texts(self) -> dict[str, str]:
        """What was answered, by the marks' ids."""
        return {score.run_id.removeprefix(_OF): str(score.value) for score in self._kept()}

    def keep(self, mark_id: str, text: str) -> None:
        """Keep an answer.

        Raises:
            InvalidRequestError: The file cannot be written.
        """
        from ...scores import Score

        turn, mark = self._score.questions[mark_id]
        note = f"{turn.line.session} {turn.line.turn}: {mark.mark}: {mark.ask}"
        run_id, value = f"{_OF}{mark_id}", text[:_LONGEST]
        self._book.add([Score(run_id=run_id, name=_NAME, value=value, note=note, by="person")])

    def frame(self) -> pd.DataFrame:
        """Make a frame of all questions, each with what was answered, if anything was."""
        from ...frames.lists import ANSWERS

        kept = {score.run_id.removeprefix(_OF): score for score in self._kept()}
        return ANSWERS.frame(
            (turn, mark, kept.get(mark_id))
            for mark_id, (turn, mark) in self._score.questions.items()
        )

    def _kept(self) -> Iterator[Score]:
        known: Any = self._score.questions
        for score in self._book.scores():
            if score.name == _NAME and score.run_id.removeprefix(_OF) in known:
                yield score
