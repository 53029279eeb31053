"""Blind, nothing that kernel and page tell each other says whose an answer is."""

import dataclasses
import json

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


def test_an_open_cell_tells_neither_times_nor_names_nor_why_it_failed(blind):
    [cell] = [cell for cell in blind.cells() if cell["state"] == "failed" and not cell["repeat"]]
    assert "failed" in cell["html"]
    opened = blind.wire.ask("cell", {"cells": [cell["id"]]})["body"]
    told = json.dumps(opened)
    assert "Answer 27" in told
    assert "Turn failed." in told
    assert not any(word in told for word in ("19:04", "1.0 s", "1 min", "msg_1", "vera", "quokka"))


def test_answers_are_counted_in_the_order_of_the_letters(held):
    for _ in range(12):
        held.view.blind = True
        cells = [cell for cell in held.cells() if cell["row"] == "0" and not cell["repeat"]]
        held.wire.say({"kind": "hello", "n": 0})
        [row] = [row for _, _, c in held.wire.news() for row in c["rows"] if row["id"] == "0"]
        first = "91" if "91" in cells[0]["html"] else "27"
        counts = row["html"].partition("</p>")[2]
        assert counts.index(f"Answer {first}") == min(
            counts.index(f"Answer {number}") for number in ("91", "27")
        )
        held.view.blind = False


def order_in(held):
    """Whose the columns are, told by what is said in their cells."""
    said = {}
    for cell in held.cells():
        if cell["row"] == "0" and not cell["repeat"]:
            said[cell["column"]] = "91" in cell["html"]
    return [said[column["id"]] for column in held.columns()]


def test_the_order_of_columns_is_drawn_each_time_and_stays_while_it_is_blind(held):
    orders = set()
    for _ in range(40):
        held.view.blind = True
        assert [column["html"].partition(" ")[0] for column in held.columns()] == ["A", "B"]
        order = order_in(held)
        held.put("2/quokkatwo/1", text=f"Answer {len(orders)}")
        held.view.flush()
        assert order_in(held) == order
        orders.add(tuple(order))
        held.view.blind = False
    assert len(orders) == 2


def test_two_views_of_a_matrix_have_orders_of_their_own(wire_of):
    pairs = set()
    for _ in range(60):
        views = [Held(wire_of, blind=True) for _ in range(2)]
        pairs.add(tuple(tuple(order_in(held)) for held in views))
        for held in views:
            held.view.close()
    assert len(pairs) == 4


def rows_in(held):
    [*_, (_, left)] = held.wire.found()
    return [row["id"] for row in left]


def test_rows_come_in_the_order_of_the_tasks_whatever_differs(held):
    assert rows_in(held) == ["1", "2", "0", "3"]
    held.view.blind = True
    assert rows_in(held) == ["0", "1", "2", "3"]
    assert held.view.same == ""


@pytest.mark.parametrize(
    ("name", "value", "rows"),
    [
        ("where", "right = no", []),
        ("where", "column = zephyrone", []),
        ("where", "latency_s > 1", []),
        ("where", "cost_usd = *", []),
        ("where", "overloaded", []),
        ("where", "meh", []),
        ("order", "-qual", ["0", "1", "2", "3"]),
        ("baseline", "zephyrone", ["0", "1", "2", "3"]),
        ("score", "qual", ["0", "1", "2", "3"]),
        ("where", "when", ["1"]),
        ("where", "state = failed", ["1"]),
    ],
)
def test_what_is_asked_for_from_python_finds_only_what_is_shown(blind, name, value, rows):
    setattr(blind.view, name, value)
    assert rows_in(blind) == rows
    for known in ("right", "qual", "zephyrone", "quokkatwo"):
        assert known not in blind.view.head + blind.view.against + blind.view.tools


def test_what_was_asked_for_before_comes_back_and_what_was_asked_blind_does_not(held):
    before = {"where": "right = no", "order": "-qual", "baseline": "zephyrone", "score": "qual"}
    for name, value in before.items():
        setattr(held.view, name, value)
    for _ in range(2):
        held.view.blind = True
        assert [getattr(held.view, name) for name in before] == [""] * 4
        held.view.where = "state = failed"
        held.view.blind = False
        assert {name: getattr(held.view, name) for name in before} == before


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


def test_a_rating_that_is_refused_shows_nothing_of_before(blind):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    blind.rate = refuse
    view = MatrixView(lambda: blind.matrix, rate=refuse, blind=True)
    blind.view, blind.wire = view, type(blind.wire)(view)
    assert "No space left" in blind.rate_in_page(blind.cells()[0], 5)["error"]
    assert not any(c["scores"] for c in blind.cells())
    view.close()


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


def test_ids_of_another_time_are_the_ids_of_nothing(held):
    held.view.blind = True
    before = held.cells()[0]["id"]
    held.view.blind = False
    held.view.blind = True
    for cell in (before, "0/zephyrone/0"):
        assert "no such cell" in held.wire.ask("cell", {"cells": [cell]})["error"]


def test_a_page_is_told_that_it_is_another_matrix(held):
    def numbers():
        return {
            data["content"].get("matrix")
            for data, _ in held.view.comm.published
            if data.get("content", {}).get("kind") == "news"
        }

    [first] = numbers()
    held.view.comm.published.clear()
    held.view.blind = True
    [second] = numbers()
    assert first != second


def test_repeats_columns_and_cells_that_come_later_are_blind_too(blind):
    columns = [*blind.matrix.columns, MatrixColumn("quokkatri", "quokkatri", "quokkatri")]
    more = MatrixCell("0/quokkatri/0", "0", "quokkatri", text="Answer 5", state="running")
    blind.matrix = dataclasses.replace(
        blind.matrix, columns=columns, cells=[*blind.matrix.cells, more]
    )
    blind.view.flush()
    assert [column["html"].partition(" ")[0] for column in blind.columns()] == ["A", "B", "C"]
    assert telling(blind.sent()) == []
