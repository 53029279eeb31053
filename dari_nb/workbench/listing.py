"""Lists of resources that read as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

SHOWN = 50
"""Rows shown; the list itself has all."""


class Listing(list[T]):
    """A list; shown in a notebook, it is a table."""

    def __init__(self, rows: Iterable[T], columns: Mapping[str, Callable[[T], str]]) -> None:
        super().__init__(rows)
        self._columns = columns

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as HTML, Markdown and plain text."""
        from ..render import table

        cells = [[take(row) for take in self._columns.values()] for row in self[:SHOWN]]
        return table(list(self._columns), cells, left_out=max(0, len(self) - SHOWN))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.to_mimebundle()["text/plain"])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()
