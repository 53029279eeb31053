"""Blind, nothing that kernel and page tell each other says whose an answer is."""

import dataclasses

import pytest

from dari_nb.models import AssistantMessageItem, ToolCallItem, UserMessageItem, text_block
from dari_nb.render import Head
from dari_nb.render.matrix.matrix import Finding, Matrix, MatrixCell, MatrixColumn, MatrixRow, Mean
from dari_nb.widgets import MatrixView

LLMS = ("zephyrone", "quokkatwo")
TELLING = (
    "zephyr",
    "quokka",
    "vera",
    "sess_",
    "msg_",
    "right",
    "qual",
    "meh",
    "19:04",
    "1 min",
    "0.44",
    "12,345",
    "attempt",
    "77.125",
    "0.4375",
    "12345",
)
"""Names of LLMs, agent and scores, ids, a note of before, times, costs, tokens and attempts."""
TASKS = ("Why?", "When?", "Who?", "How?")


def cell_of(number, llm, repeat):
    failed = number == 1 and llm == "quokkatwo"
    return MatrixCell(
        f"{number}/{llm}/{repeat}",
        str(number),
        llm,
        repeat,
        "failed" if failed else "completed",
        session_id="sess_9",
        text=None if failed else f"Answer {91 if llm == 'zephyrone' else 27}",
        error="model quokkatwo overloaded" if failed else None,
        latency_s=77.125,
        cost_usd="0.4375",
        usage={"input_tokens": 12345},
        attempts=3,
        tool_calls=1,
        scores={"right": number in (0, 3) or llm == "zephyrone", "qual": number, "rating": 2},
        notes={"rating": "meh"},
    )


def board(repeats=2):
    mean = Mean("right", 0.5, 0.1, 0.9, values=6, tasks=3)
    return Matrix(
        "vera",
        "run_1",
        [MatrixRow(str(n), task) for n, task in enumerate(TASKS)],
        [MatrixColumn(llm, llm, llm, about="vera", means=[mean]) for llm in LLMS],
        [cell_of(n, llm, r) for n in range(4) for llm in LLMS for r in range(repeats)],
        seconds=77.125,
        findings=[Finding("right", dict.fromkeys(LLMS, mean), [], 0.95, 1, 1, 3)],
        notes=["quokkatwo is slow"],
    )


def transcript(cell_id):
    at = {"created_at": "2026-01-01T19:04:06Z", "message_id": "msg_1"}
    done = {**at, "status": "completed"}
    call = ToolCallItem(
        id="c", tool_name="find", completed_at="2026-01-01T19:04:07Z", result="found", **done
    )
    said = AssistantMessageItem(id="a", content=[text_block("Answer 27")], **done)
    cause = "model quokkatwo overloaded"
    failed = AssistantMessageItem(id="f", status="failed", error_message=cause, **at)
    items = [UserMessageItem(id="u", content=[text_block("Why?")], **at), call, said, failed]
    return items, Head("vera", cell_id.split("/")[1], "failed", ("1 min",))


class Held:
    """A view and all that it was told to keep or to watch."""

    def __init__(self, wire_of, **traits):
        self.matrix, self.kept, self.watched = board(), [], []
        self.view = MatrixView(
            lambda: self.matrix,
            transcript=transcript,
            rate=self.rate,
            watch=self.watched.append,
            **traits,
        )
        self.wire = wire_of(self.view)

    def rate(self, cell_id, name, value, note):
        self.kept.append((cell_id, name, value, note))
        self.put(cell_id, scores={name: value}, notes={name: note})

    def put(self, cell_id, *, scores=None, notes=None, **changes):
        def changed(cell):
            given = {"scores": {**cell.scores, **(scores or {})}}
            return dataclasses.replace(cell, **changes, **given, notes=notes or cell.notes)

        cells = [changed(cell) if cell.id == cell_id else cell for cell in self.matrix.cells]
        self.matrix = dataclasses.replace(self.matrix, cells=cells)

    def sent(self):
        """All that was sent to the page since the last time, and the state as it is saved."""
        told = [
            (data, [bytes(buffer) for buffer in buffers])
            for data, buffers in self.view.comm.published
        ]
        self.view.comm.published.clear()
        state = {n: v for n, v in self.view.get_state().items() if n not in ("_esm", "_css")}
        return f"{told} {state}"

    def cells(self):
        """The cells that a new page is told, by what is said in them."""
        self.wire.news()
        self.wire.say({"kind": "hello", "n": 0})
        return [cell for _, _, change in self.wire.news() for cell in change["cells"]]

    def columns(self):
        self.wire.news()
        self.wire.say({"kind": "hello", "n": 0})
        return self.wire.news()[0][2]["columns"]

    def rate_in_page(self, cell, value, name="rating"):
        body = {"cell": cell["id"], "name": name, "value": value, "note": "good"}
        return self.wire.ask("rate", body)


@pytest.fixture
def held(wire_of):
    held = Held(wire_of)
    yield held
    held.view.close()


@pytest.fixture
def blind(held):
    held.view.blind = True
    held.view.comm.published.clear()
    return held


def telling(text):
    return [word for word in TELLING if word in text.lower()]


def test_a_page_is_sent_nothing_that_tells_whose_an_answer_is(held):
    assert telling(held.sent())
    held.view.active, held.view.selection = "0/zephyrone/0", ["0/zephyrone/0", "2/quokkatwo/0"]
    held.view.comm.published.clear()
    held.view.blind = True
    assert (held.view.active, held.view.selection) == (None, [])
    held.put("0/quokkatwo/0", text="Answer 42")
    held.view.flush()
    one, *_, other = held.cells()
    held.wire.ask("cell", {"cells": [one["id"]]})
    held.wire.ask("compare", {"cells": [one["id"], other["id"]]})
    held.view.active, held.view.selection = "0/zephyrone/0", ["0/zephyrone/0", "2/quokkatwo/0"]
    sent = held.sent()
    assert "Answer 42" in sent
    assert telling(sent) == []


def order_in(held):
    """Whose the columns are, told by what is said in their cells."""
    said = {}
    for cell in held.cells():
        if cell["row"] == "0" and not cell["repeat"]:
            said[cell["column"]] = "91" in cell["html"]
    return [said[column["id"]] for column in held.columns()]


def test_the_order_of_columns_is_drawn_each_time_and_stays_while_it_is_blind(held):
    orders = set()
    for _ in range(20):
        held.view.blind = True
        assert [column["html"].partition(" ")[0] for column in held.columns()] == ["A", "B"]
        order = order_in(held)
        held.put("2/quokkatwo/1", text=f"Answer {len(orders)}")
        held.view.flush()
        assert order_in(held) == order
        orders.add(tuple(order))
        held.view.blind = False
    assert len(orders) == 2


def rows_in(held):
    [*_, (_, left)] = held.wire.found()
    return [row["id"] for row in left]


def test_rows_come_in_the_order_of_the_tasks_whatever_differs(held):
    assert rows_in(held) == ["1", "2", "0", "3"]
    held.view.blind = True
    assert rows_in(held) == ["0", "1", "2", "3"]
    assert held.view.same == ""


def test_a_rating_lands_at_its_run_and_is_the_only_one_that_is_seen(blind):
    [cell] = [c for c in blind.cells() if c["row"] == "2" and "91" in c["html"]][:1]
    assert all(not c["scores"] and not c["notes"] for c in blind.cells())
    assert blind.rate_in_page(cell, 5)["error"] is None
    assert blind.kept == [("2/zephyrone/0", "rating", 5, "good")]
    blind.view.flush()
    rated = {c["id"]: (c["scores"], c["notes"]) for c in blind.cells() if c["scores"]}
    assert rated == {cell["id"]: ({"rating": 5}, {"rating": "good"})}
    blind.view.where = "rating = 5"
    assert rows_in(blind) == ["2"]
    assert "rating, highest first" in blind.view.tools
    blind.view.blind = False
    shown = {c["id"]: c["scores"]["rating"] for c in blind.cells()}
    assert (shown["2/zephyrone/0"], shown["2/quokkatwo/0"]) == (5, 2)
    blind.view.blind = True
    assert not any(c["scores"] for c in blind.cells())


def test_what_a_page_opens_chooses_and_watches_are_the_real_cells(blind):
    blind.put("1/zephyrone/1", state="running")
    blind.view.flush()
    cells = blind.cells()
    [running] = [cell["id"] for cell in cells if cell["state"] == "running"]
    blind.view.set_state({"active": running, "selection": [running]})
    assert blind.view.active == "1/zephyrone/1"
    assert blind.view.selection == ["1/zephyrone/1"]
    blind.wire.say({"kind": "visible", "cells": [running]})
    assert blind.watched[-1] == ["1/zephyrone/1"]
    assert blind.view.get_state()["active"] == running
    blind.view.blind = False
    assert blind.view.get_state()["selection"] == ["1/zephyrone/1"]
