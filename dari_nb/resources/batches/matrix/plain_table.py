"""What a chart would show, as a table: where no chart can be drawn, and for whoever sees none."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

HINT = "For a chart: pip install 'dari-nb[plot]'"


class PlainTable:
    """What a chart would show, as a table, with how to get the chart below it."""

    def __init__(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = ""
    ) -> None:
        self.title = title
        self.columns = list(columns)
        self.rows = [list(row) for row in rows]

    @property
    def spoken(self) -> str:
        """What it shows in sentences: its title, and its figures line by line."""
        lines = [
            f"{name}: " + ", ".join(map(" ".join, zip(self.columns[1:], values, strict=True)))
            for name, *values in self.rows
        ]
        return ". ".join([self.title, *lines])

    @property
    def bare(self) -> str:
        """It as HTML that needs no style."""
        rows = [f"<tr>{''.join(f'<td>{escape(v)}</td>' for v in row)}</tr>" for row in self.rows]
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        caption = f"<caption>{escape(self.title)}</caption>"
        return f"<table>{caption}<tr>{head}</tr>{''.join(rows)}</table>"

    @property
    def text(self) -> str:
        """The table alone."""
        return self._made()["text/plain"]

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as HTML, Markdown and plain text."""
        made = self._made()
        head, tail = made["text/html"][: -len("</div>")], "</div>"
        return {
            "text/html": f"{head}<p>{HINT}</p>{tail}",
            "text/markdown": f"{made['text/markdown']}\n\n{HINT}",
            "text/plain": f"{made['text/plain']}\n{HINT}",
        }

    def _made(self) -> dict[str, str]:
        from ....render import table

        return table(self.columns, self.rows)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()

    def __repr__(self) -> str:
        return self.to_mimebundle()["text/plain"]
