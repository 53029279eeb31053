"""A matrix to change while a widget shows it, and a wire that reads what a page would get."""

import dataclasses
import json
import time
from typing import Any

import pytest

from dari_nb.models import AssistantMessageItem, UserMessageItem, text_block
from dari_nb.render import Head
from dari_nb.render.matrix.matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow


class Board:
    """A matrix of two tasks and two LLMs that a test fills."""

    def __init__(self) -> None:
        rows = [MatrixRow("a", "When is it open?", {"tier": "gold"}), MatrixRow("b", "And Monday?")]
        columns = [MatrixColumn("small", "small", "small"), MatrixColumn("large", "large", "large")]
        cells = [MatrixCell(f"{r.id}/{c.id}", r.id, c.id) for r in rows for c in columns]
        self.matrix = Matrix("librarian", "run_1", rows, columns, cells)
        self.reads = 0

    def read(self) -> Matrix:
        self.reads += 1
        return self.matrix

    def put(self, cell_id: str, **changes: Any) -> None:
        """Change one cell."""
        cells = [
            dataclasses.replace(cell, **changes) if cell.id == cell_id else cell
            for cell in self.matrix.cells
        ]
        self.matrix = dataclasses.replace(self.matrix, cells=cells)


class MatrixWire:
    """The page's side of a matrix."""

    def __init__(self, view: Any) -> None:
        self._view = view
        self._seen = 0

    def news(self) -> list[tuple[int, int, dict[str, Any]]]:
        """What was told since the last time: ``since``, ``n``, and the change."""
        found = self._sent("news")
        return [(head["since"], head["n"], json.loads(buffers[0])) for head, buffers in found]

    def stored(self) -> list[int]:
        """How many ratings had been kept when what was told since the last time was read."""
        return [head["kept"] for head, _ in self._sent("news")]

    def found(self) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """What was told since the last time of what is left: what was asked for, and the tasks."""
        return [(head, json.loads(buffers[0])) for head, buffers in self._sent("found")]

    def cells(self) -> list[str]:
        """The ids of the cells that were told since the last time."""
        return [cell["id"] for _, _, change in self.news() for cell in change["cells"]]

    def say(self, content: Any) -> None:
        message = {"content": {"data": {"method": "custom", "content": content}}, "buffers": []}
        self._view.comm.handle_msg(message)

    def ask(self, what: str, body: Any) -> dict[str, Any]:
        """Ask as the page does, and wait for the answer."""
        self._seen = len(self._view.comm.published)
        self.say({"kind": "request", "id": 1, "what": what, "body": body})
        deadline = time.monotonic() + 180
        while not (answers := self._sent("answer")):
            assert time.monotonic() < deadline, "no answer in 60 s"
            time.sleep(0.005)
        return answers[0][0]

    def _sent(self, kind: str) -> list[tuple[dict[str, Any], list[bytes]]]:
        new = self._view.comm.published[self._seen :]
        self._seen += len(new)
        custom = [(data["content"], b) for data, b in new if data.get("method") == "custom"]
        return [(content, buffers) for content, buffers in custom if content["kind"] == kind]


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def wire_of() -> type[MatrixWire]:
    return MatrixWire


@pytest.fixture
def transcript() -> Any:
    """The transcript of any cell: it says the cell's id."""

    def read(cell_id: str) -> Any:
        said = AssistantMessageItem(
            id="2", message_id="m", status="completed", content=[text_block(f"This is {cell_id}.")]
        )
        asked = UserMessageItem(id="1", message_id="m", content=[text_block("Who are you?")])
        return [asked, said], Head("librarian", "small", "completed", ("1 turn",))

    return read
