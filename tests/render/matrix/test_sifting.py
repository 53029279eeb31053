"""What conditions, words and orders leave of a matrix, as a table."""

import json
from pathlib import Path

import pytest

from dari_nb.render.matrix.conditions import both, condition
from dari_nb.render.matrix.matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow
from dari_nb.render.matrix.sifting.offers import offers
from dari_nb.render.matrix.sifting.sifting import Wish, sift
from dari_nb.render.matrix.static import static_matrix

TABLE = Path(__file__).with_name("conditions.json")
TOLD = json.loads(TABLE.read_text(encoding="utf-8"))


def matrix():
    rows = [MatrixRow(name, label, values) for name, _, label, values in TOLD["rows"]]
    columns = [MatrixColumn(name, name, name) for name in TOLD["columns"]]
    cells = [
        MatrixCell(
            f"{row}/{column}/{repeat}",
            row,
            column,
            repeat,
            state=state,
            text=text,
            latency_s=seconds,
            cost_usd=cost,
            scores=scores,
        )
        for row, column, repeat, state, text, seconds, cost, scores in TOLD["cells"]
    ]
    return Matrix("desk", "run", rows, columns, cells)


def test_conditions_words_and_orders_leave_what_the_table_says():
    whole = matrix()
    for case in TOLD["cases"]:
        asked = {name: case.get(name, "") for name in ("where", "order", "baseline")}
        sifted = sift(whole, Wish(**asked, score=case.get("score", "right")))
        assert "".join(row.id for row in sifted.rows) == case["rows"], case
        if "cells" in case:
            assert sorted(cell.id for cell in sifted.cells) == sorted(case["cells"].split()), case


def test_where_nothing_is_left_it_is_said_why():
    whole = matrix()
    for where, _ in TOLD["none"]:
        assert sift(whole, Wish(where)).why, where


def test_every_condition_that_is_offered_can_be_read_and_leaves_something():
    offered = offers(matrix())
    assert {"right = no", "tier = gold", "differs = right", '"my topic" = "far away"'} < {*offered}
    for one in offered:
        assert sift(matrix(), Wish(one)).why in ("", f"nothing matches “{one}”")


def test_what_cannot_be_written_as_a_condition_is_not():
    assert condition("", "x") == both("a = 1", "") == ""
    assert condition("a:b", "*") == '"a:b" = "*"'


@pytest.mark.parametrize("name", ["*", 'the "large" one', '"'])
def test_every_name_can_be_asked_for_by_what_is_written_of_it(name):
    rows = [MatrixRow("a", "When?", {name: "yes"})]
    columns = [MatrixColumn("0", name, name), MatrixColumn("1", "small", "small")]
    cells = [MatrixCell(f"a/{n}/0", "a", str(n), 0, state="completed") for n in range(2)]
    named = Matrix("desk", "run", rows, columns, cells)
    for asked in (condition("column", name), condition(name, "yes") + " column != small"):
        sifted = sift(named, Wish(asked))
        assert [cell.id for cell in sifted.cells] == ["a/0/0"]
        assert sifted.why == ""
    assert len(sift(named, Wish("column = *")).cells) == 2


def test_static_output_shows_what_was_asked_for_in_its_order_and_says_so():
    static = static_matrix(matrix(), Wish("right = no", order="-number"))
    for form in static.values():
        assert "2 of 4 tasks: right = no · sorted by number, highest first" in form
        assert form.index("And on Monday?") < form.index("When is it open?")
        assert "so on" not in form.replace("<button", "")
    assert "<button" not in static["text/html"]


def test_what_was_asked_for_stays_text_in_static_output():
    html = static_matrix(matrix(), Wish("<img src=x onerror=alert(1)>"))["text/html"]
    assert "<img" not in html
