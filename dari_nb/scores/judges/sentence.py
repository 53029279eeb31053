"""A table with a sentence above it."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd


class SentenceFrame(pd.DataFrame):
    """A frame that, shown as it was returned, begins with what it says in one sentence.

    What is cut from it or computed with it is a plain frame.
    """

    _metadata = ["sentence"]  # noqa: RUF012 - where pandas looks for it

    sentence: str = ""

    @classmethod
    def of(cls, frame: pd.DataFrame, sentence: str) -> SentenceFrame:
        """Put a sentence above a frame."""
        made = cls(frame)
        made.sentence = sentence
        return made

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    def __repr__(self) -> str:
        return f"{self.sentence}\n{super().__repr__()}"

    def _repr_html_(self) -> Any:
        return f"<p>{escape(self.sentence)}</p>{super()._repr_html_()}"  # type: ignore[misc]
