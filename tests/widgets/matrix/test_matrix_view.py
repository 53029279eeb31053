"""What the kernel tells a page of a matrix, and what it answers."""

import dataclasses
import re
import time
from threading import Event

import pytest

from dari_nb.render.matrix.matrix import MatrixCell, MatrixRow
from dari_nb.widgets import MatrixView
from dari_nb.widgets.matrix import INTERVAL
from dari_nb.widgets.matrix.asked import Said
from dari_nb.widgets.matrix.changes import MESSAGE_CHARS, Changes


@pytest.fixture
def view(board, transcript):
    view = MatrixView(board.read, transcript=transcript)
    yield view
    view.close()


@pytest.fixture
def wire(view, wire_of):
    return wire_of(view)


def test_all_is_told_at_first_and_then_only_what_changed(board, view, wire):
    [(since, n, change)] = wire.news()
    assert (since, n) == (0, 1)
    assert [row["id"] for row in change["rows"]] == ["a", "b"]
    assert [cell["id"] for cell in change["cells"]] == ["a/small", "a/large", "b/small", "b/large"]
    board.put("b/small", state="completed", text="Closed.", latency_s=2.0)
    view.flush()
    view.flush()
    [(since, n, change)] = wire.news()
    assert (since, n) == (1, 2)
    assert change["rows"] == []
    assert [cell["id"] for cell in change["cells"]] == ["b/small"]
    assert "Closed." in change["cells"][0]["html"]
    assert "1 / 2" in change["columns"][0]["html"]


def test_a_page_that_missed_something_gets_each_cell_once_as_it_is_now(board, view, wire):
    for text in ("a", "ab", "abc"):
        board.put("a/small", state="running", text=text)
        view.flush()
    wire.news()
    wire.say({"kind": "hello", "n": 1})
    [(since, n, change)] = wire.news()
    assert (since, n) == (1, 4)
    assert [cell["id"] for cell in change["cells"]] == ["a/small"]
    assert "abc" in change["cells"][0]["html"]


@pytest.mark.parametrize("n", [0, 99, "x"])
def test_a_new_page_or_one_that_talks_nonsense_gets_everything(wire, n):
    wire.news()
    wire.say({"kind": "hello", "n": n})
    assert len(wire.cells()) == 4


def test_a_burst_is_read_and_told_a_few_times_a_second(board, view, wire):
    wire.news()
    reads, start = board.reads, time.monotonic()
    for number in range(500):
        board.put("a/small", state="running", text=str(number))
        view.changed()
    view.flush()
    most = (time.monotonic() - start) / INTERVAL + 3
    assert board.reads - reads <= most
    news = wire.news()
    assert len(news) <= most
    assert "499" in news[-1][2]["cells"][0]["html"]


def test_tasks_on_which_nothing_differs_are_folded_once_all_has_ended(board, view, wire):
    wire.news()
    for cell in board.matrix.cells:
        board.put(cell.id, state="completed", text="Yes.", scores={"right": cell.row != "b"})
    board.put("b/large", scores={"right": True})
    rows = [*board.matrix.rows, MatrixRow("c", "And Tuesday?")]
    more = [
        MatrixCell(f"c/{llm}", "c", llm, state="running", scores={"right": True})
        for llm in ("small", "large")
    ]
    board.matrix = dataclasses.replace(board.matrix, rows=rows, cells=[*board.matrix.cells, *more])
    view.flush()
    assert view.same == ""
    wire.news()
    for cell in more:
        board.put(cell.id, state="completed")
    view.flush()
    assert "2 tasks" in view.same
    told = [row for _, _, change in wire.news() for row in change["rows"]]
    assert [(row["id"], row["same"]) for row in told] == [("a", True), ("c", True)]


def test_without_a_loop_news_are_told_too(board, view, wire, make):
    wire.news()
    board.put("a/large", state="failed", error="overloaded")
    told = []
    view.changed()
    make.until(lambda: told.extend(wire.cells()) or told)
    assert told == ["a/large"]


def test_a_large_matrix_comes_in_messages_of_bounded_size_without_a_gap(board):
    cells = [
        MatrixCell(f"c{n}", "a", "small", n, state="completed", text=f"{n} " + "word " * 60)
        for n in range(5_000)
    ]
    matrix = dataclasses.replace(board.matrix, cells=cells)
    changes = Changes()
    messages = list(changes.take(matrix))
    assert len(messages) > 3
    assert [since for since, _, _ in messages] == [0, *(n for _, n, _ in messages[:-1])]
    assert messages[-1][1] == changes.n
    assert max(len(body) for _, _, body in messages) < 1_000_000
    again = list(changes.since(messages[0][1]))
    assert sum(len(body) for _, _, body in again) < sum(len(b) for _, _, b in messages[1:]) + 1_000
    assert list(changes.take(matrix)) == []
    assert MESSAGE_CHARS < 1_000_000


def test_totals_and_fields_are_traits_that_do_not_grow(board, view):
    board.put("a/small", state="completed", scores={"reward": 1.0})
    view.flush()
    assert "1 of 4" in view.head
    assert 'aria-label="1 done, 3 to come"' in view.head
    assert 'label="differs = reward"' in view.tools
    assert "By tier" in view.tools
    board.matrix = dataclasses.replace(
        board.matrix,
        rows=[MatrixRow(str(n), "x" * 300) for n in range(500)],
        cells=[MatrixCell(str(n), str(n), "small") for n in range(500)],
    )
    view.flush()
    state = {name: v for name, v in view.get_state().items() if name not in ("_esm", "_css")}
    assert len(str(state)) < 5_000


def test_an_open_cell_is_its_transcript_as_fragments(view, wire):
    opened = wire.ask("cell", {"cells": ["a/large"]})["body"]
    assert "<strong>Task 0</strong> <span>large</span>" in opened["head"]
    assert [fragment["turn"] for fragment in opened["items"]] == ["m", "m"]
    assert "This is a/large." in opened["items"][1]["html"]
    assert opened["items"][1]["after"] == opened["items"][0]["id"]


def test_a_cell_tells_how_a_note_begins_and_all_of_it_is_in_what_is_opened(board, view, wire):
    view.rating = "rating"
    wire.say({"kind": "hello", "n": 0})
    wire.news()
    why = f"{'It is long. ' * 300}<b>BUT WRONG</b>"
    notes = {"judge.good": why, "rating": f"{'Too long. ' * 300}By hand."}
    wrong = {"judge.kind": "it gave no JSON"}
    board.put("a/large", scores={"judge.good": 2}, notes=notes, score_errors=wrong)
    view.flush()
    [(_, _, change)] = wire.news()
    [html] = [cell["html"] for cell in change["cells"]]
    assert "judge.good: It is long. " in html
    assert len(html) < 800
    *_, beside = wire.ask("cell", {"cells": ["a/large"]})["body"]["items"]
    assert "judge.good 2 “It is long. " in beside["html"]
    assert "&lt;b&gt;BUT WRONG&lt;/b&gt;”" in beside["html"]
    assert "judge.kind error: it gave no JSON" in beside["html"]
    # What is noted by hand stands in its field.
    assert "By hand." not in beside["html"]


def test_chosen_cells_are_compared(view, wire):
    html = wire.ask("compare", {"cells": ["a/small", "b/large"]})["body"]
    assert '<th scope="col">task 0 · small</th>' in html
    assert '<th scope="col">task 1 · large</th>' in html
    assert "<del>a/small</del>" in html
    assert "<ins>b/large</ins>" in html


@pytest.mark.parametrize(
    ("what", "body", "words"),
    [
        ("cell", {"cells": ["x"]}, "There is no such cell"),
        ("cell", None, "Choose 1 to 1 cells"),
        ("cell", {"cells": [["a"]]}, "Choose 1 to 1 cells"),
        ("compare", {"cells": ["a/small"]}, "Choose 2 to 6 cells, not 1."),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_words(wire, what, body, words):
    assert words in wire.ask(what, body)["error"]


def test_a_rating_is_kept_by_whoever_keeps_them_and_shown_in_its_cell(board, wire_of):
    kept = []

    def keep(cell_id, name, value, note):
        kept.append((cell_id, name, value, note))
        board.put(cell_id, scores={name: value})

    view = MatrixView(board.read, rate=keep)
    wire = wire_of(view)
    wire.news()
    body = {"cell": "a/small", "name": "rating", "value": 4, "note": "good"}
    assert wire.ask("rate", body)["error"] is None
    assert kept == [("a/small", "rating", 4, "good")]
    assert view.rating == "rating"
    view.flush()
    assert "By rating, highest first" in view.tools


def test_ratings_are_kept_one_after_another_while_the_matrix_is_still_read(board, wire_of):
    kept, gate, reads = {}, Event(), []

    def keep(cell_id, name, value, note):
        kept[cell_id, name] = Said(value, note)

    def read():
        matrix = board.matrix
        reads.append(matrix)
        assert gate.wait(60) or len(reads) == 1
        return matrix

    gate.set()
    view = MatrixView(read, rate=keep, said=lambda *asked: kept.get(asked, Said()))
    wire = wire_of(view)
    wire.news()
    gate.clear()
    answers = [
        wire.ask("rate", {"cell": "a/small", "name": "rating", **part})["body"]
        for part in ({"value": 3}, {"note": "good"}, {"value": 5}, {"value": None})
    ]
    told = [(answer["value"], answer["note"]) for answer in answers]
    assert told == [(3, ""), (3, "good"), (5, "good"), (None, "good")]
    assert kept == {("a/small", "rating"): Said(None, "good")}
    board.put("a/small", notes={"rating": "good"})
    gate.set()
    view.flush()
    assert wire.stored()[-1] == answers[-1]["kept"] == 4


@pytest.mark.parametrize("answers", [("Yes.", "No.", "Yes.")])
def test_the_answer_to_a_rating_has_its_place_as_the_news_of_it_have(board, wire_of, answers):
    board.matrix = dataclasses.replace(
        board.matrix,
        cells=[
            MatrixCell(f"a/{llm}/{n}", "a", llm, n, state="completed", text=text, answer=text)
            for llm in ("small", "large")
            for n, text in enumerate(answers)
        ],
    )
    kept = {}

    def keep(cell_id, name, value, note):
        kept[cell_id, name] = Said(value, note)
        board.put(
            cell_id, scores={name: value} if value else {}, notes={name: note} if note else {}
        )

    view = MatrixView(board.read, rate=keep, said=lambda *asked: kept.get(asked, Said()))
    wire = wire_of(view)
    told = {cell["id"]: cell for _, _, change in wire.news() for cell in change["cells"]}
    ids = [f"a/small/{n}" for n in range(len(answers))]
    for cell_id, value in [*((one, 4) for one in ids), (ids[0], None), (ids[-1], 2)]:
        body = {"cell": cell_id, "name": "rating", "value": value}
        drawn = wire.ask("rate", body)["body"]["cells"]
        assert sorted(cell["id"] for cell in drawn) == ids
    view.flush()
    news = {cell["id"]: cell for _, _, change in wire.news() for cell in change["cells"]}
    assert {cell["id"]: cell["html"] for cell in drawn} == {
        one: {**told, **news}[one]["html"] for one in ids
    }
    assert any("rating 2" in cell["html"] for cell in drawn)


@pytest.mark.parametrize("value", [0, 6, []])
def test_a_rating_out_of_range_is_refused(board, wire_of, value):
    kept = []
    view = MatrixView(board.read, rate=lambda *rating: kept.append(rating))
    body = {"cell": "a/small", "name": "rating", "value": value, "note": ""}
    assert wire_of(view).ask("rate", body)["error"]
    assert kept == []


def test_a_rating_that_could_not_be_written_says_why(board, wire_of):
    def full(*_):
        raise OSError(28, "No space left on device")

    view = MatrixView(board.read, rate=full)
    answer = wire_of(view).ask("rate", {"cell": "a/small", "name": "rating", "value": 1})
    assert answer["error"] == "No space left on device."


def test_the_cells_in_sight_are_watched(board, wire_of):
    watched = []
    view = MatrixView(board.read, watch=watched.append)
    wire_of(view).say({"kind": "visible", "cells": ["a/small", 7, "b/small"]})
    wire_of(view).say({"kind": "visible"})
    assert watched == [["a/small", "b/small"], []]


def test_stop_is_offered_while_there_is_something_to_stop(board, view, wire):
    heard = []
    assert not view.busy
    view.on_stop(lambda: heard.append(1))
    assert view.busy
    wire.say({"kind": "request", "id": 1, "what": "stop", "body": None})
    assert heard == [1]
    for cell in board.matrix.cells:
        board.put(cell.id, state="completed")
    view.flush()
    assert not view.busy


HOSTILE = "<img src=x onerror=alert(1)>\" ' \u202e </td></table><script>alert(2)</script>"


def test_hostile_texts_stay_texts_in_every_field(board, wire_of):
    board.matrix = dataclasses.replace(
        board.matrix,
        title=HOSTILE,
        rows=[MatrixRow("a", HOSTILE, {HOSTILE: HOSTILE})],
        columns=[dataclasses.replace(board.matrix.columns[0], label=HOSTILE)],
        cells=[
            MatrixCell("c", "a", "small", state=HOSTILE, text=HOSTILE, scores={HOSTILE: HOSTILE})
        ],
    )
    view = MatrixView(board.read)
    [(_, _, change)] = wire_of(view).news()
    parts = [*change["columns"], *change["rows"], *change["cells"]]
    html = view.head + view.tools + "".join(part["html"] for part in parts)
    assert "<img" not in html
    assert "<script" not in html
    assert "</td>" not in html
    # The value of an option is the very name that rows are sorted by; nobody sees it.
    assert "\u202e" not in re.sub(r'value="[^"]*"', "", html)
    assert "&lt;img" in html


def test_what_is_left_is_told_when_something_else_is_asked_for_and_when_the_answer_changes(
    board, view, wire
):
    wire.found()
    view.where = "right = no"
    [(asked, left)] = wire.found()
    assert asked["where"] == "right = no"
    assert asked["why"]
    assert left == []
    board.put("b/large", state="completed", text="No.", scores={"right": False})
    view.flush()
    [(asked, left)] = wire.found()
    assert asked["why"] == ""
    assert left == [{"id": "b", "fit": [1], "marks": {}}]
    board.put("b/large", state="completed", text="No, no.", scores={"right": False})
    view.flush()
    assert wire.found() == []
    wire.say({"kind": "hello", "n": 0})
    assert wire.found() == [(asked, left)]


def test_in_which_columns_a_task_got_worse_is_told_in_the_order_of_the_tasks(board, view, wire):
    for cell in board.matrix.cells:
        board.put(cell.id, state="completed", text="x", scores={"right": cell.id != "b/large"})
    view.flush()
    wire.found()
    view.baseline = "small"
    [(asked, left)] = wire.found()
    assert (asked["baseline"], [row["id"] for row in left]) == ("small", ["b", "a"])
    assert [row["marks"] for row in left] == [{"1": "\N{BLACK DOWN-POINTING TRIANGLE} worse"}, {}]
