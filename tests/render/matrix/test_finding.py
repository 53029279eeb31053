"""The sentence above a matrix says what the scores support, and no more."""

import math
from dataclasses import replace

import pytest

from dari_nb.render.matrix.alike import same_rows, same_text
from dari_nb.render.matrix.cells import cell_html, column_html
from dari_nb.render.matrix.figures import matrix_head
from dari_nb.render.matrix.finding import finding_html, finding_markdown, finding_text
from dari_nb.render.matrix.matrix import (
    Finding,
    Gap,
    Matrix,
    MatrixCell,
    MatrixColumn,
    MatrixRow,
    Mean,
)
from dari_nb.render.matrix.sifting.sifting import Wish, sift
from dari_nb.render.matrix.static import static_matrix
from dari_nb.render.matrix.wording import number_text
from dari_nb.resources.batches.matrix.means import with_means


def made(
    *columns, gaps=(), level=0.95, differ=2, rows=6, is_count=True, states=("completed",), many=1
):
    """A matrix of columns told as ``(name, mean, values)``, the first one the best."""
    means = {name: Mean("right", mean, values=n, tasks=6, is_count=is_count)
             for name, mean, n in columns}  # fmt: skip
    told = [MatrixColumn(name, name, means=[mean]) for name, mean in means.items()]
    cells = [
        MatrixCell(f"{n}", "0", told[0].id, n, state=state, scores={"right": True})
        for n, state in enumerate(states)
    ]
    others = [
        Gap(other, *gap, "agresti-min") for other, gap in zip(list(means)[1:], gaps, strict=True)
    ]
    finding = Finding("right", means, others, level, many, differ, 6)
    tasks = [MatrixRow(str(n), "x") for n in range(rows)]
    return Matrix("t", "r", tasks, told, cells, findings=[finding] if others else [])


LARGE, SMALL = ("large", 17 / 18, 18), ("small", 12 / 18, 18)


def test_only_an_interval_without_0_makes_one_column_better():
    assert "did better" in finding_text(made(LARGE, SMALL, gaps=[(0.28, 0.05, 0.47)]))
    for low in (0.0, -0.26, math.nan):
        told = finding_text(made(LARGE, SMALL, gaps=[(0.28, low, 0.67)]))
        assert told
        assert "did better" not in told


def grid(**columns):
    """A matrix of columns, each told by what its cells are beside completed."""
    cells = [
        MatrixCell(f"{n}{column}", str(n), column, **{"state": "completed", **told})
        for column, all_told in columns.items()
        for n, told in enumerate(all_told)
    ]
    rows = [MatrixRow(str(n), "x") for n in range(len(next(iter(columns.values()))))]
    return with_means(Matrix("t", "r", rows, [MatrixColumn(c, c) for c in columns], cells))


YES, NO = {"scores": {"right": True}}, {"scores": {"right": False}}
DOWN = {"state": "failed", "error": "provider returned 529"}


def test_causes_of_failures_and_of_missing_scores_are_told():
    assert "provider returned 529" in finding_text(grid(small=[DOWN, DOWN], large=[YES, NO]))
    whole = grid(small=[DOWN, DOWN])
    assert "provider returned 529" in finding_text(whole)
    assert matrix_head(whole).state == "failed"
    wrong = {"scores": {"right": None}, "score_errors": {"right": "KeyError: 'x'"}}
    assert "KeyError: 'x'" in finding_text(grid(small=[YES, DOWN, NO], large=[YES, NO, wrong]))


def test_nothing_is_said_while_anything_runs():
    running = made(LARGE, SMALL, gaps=[(0.28, 0.05, 0.47)], states=("completed", "running"))
    assert finding_text(running) == finding_html(running) == finding_markdown(running) == ""


def test_without_scores_it_is_told_on_how_many_tasks_the_answers_differ():
    cells = [
        MatrixCell(f"{row}{llm}", row, llm, state="completed", text=text)
        for row, texts in {"0": ("a  b", "a\nb"), "1": ("a", "b")}.items()
        for llm, text in zip("xy", texts, strict=True)
    ]
    rows = [MatrixRow("0", "x"), MatrixRow("1", "y")]
    matrix = Matrix("t", "r", rows, [MatrixColumn("x", "x"), MatrixColumn("y", "y")], cells)
    said = finding_text(matrix)
    assert "1 of 2 tasks" in said
    assert all(said in form for form in static_matrix(matrix).values())


HOSTILE = "<img src=x onerror=1>|`](javascript:1) \u202e *b*"


def test_hostile_names_stay_text(read):
    columns = (HOSTILE, 1.0, 6), (HOSTILE + "2", 0.5, 6)
    matrix = made(*columns, gaps=[(0.5, 0.1, 0.9)])
    page = read(finding_html(matrix))
    assert page.roots == 1
    assert page.text.count("onerror=1") == 2
    assert "<img" not in finding_markdown(matrix)
    assert "\u202e" not in finding_text(matrix)


def scored(*rows):
    """A matrix of two columns; a row is told by the scores of its two cells."""
    cells = [
        MatrixCell(f"{n}{llm}", str(n), llm, state="completed", text=f"{n}{llm}",
                   scores={} if value is None else {"right": value})
        for n, values in enumerate(rows)
        for llm, value in zip("xy", values, strict=True)
    ]  # fmt: skip
    tasks = [MatrixRow(str(n), f"task {n}") for n in range(len(rows))]
    return Matrix("t", "r", tasks, [MatrixColumn("x", "x"), MatrixColumn("y", "y")], cells)


def test_rows_that_differ_come_first_and_the_others_are_one_line_that_opens():
    matrix = scored((True, True), (True, False), (True, True), (False, False))
    same = same_rows(matrix)
    assert [row.id for row in same] == ["0", "2", "3"]
    forms = static_matrix(matrix)
    words = same_text(matrix, same)
    assert f"<summary>{words}</summary>" in forms["text/html"]
    for form in (forms["text/html"].partition("</style>")[2], *list(forms.values())[1:]):
        assert [form.index(f"task {n}") for n in (1, 0, 2, 3)] == sorted(
            form.index(f"task {n}") for n in range(4)
        )


def test_a_measure_makes_no_difference_where_a_score_judges():
    matrix = scored((True, True), (True, False), (True, True))
    cells = [replace(c, scores={**c.scores, "words": n}) for n, c in enumerate(matrix.cells)]
    assert [row.id for row in same_rows(replace(matrix, cells=cells))] == ["0", "2"]
    only = [replace(c, scores={"words": 7 + (n == 5)}) for n, c in enumerate(matrix.cells)]
    assert [row.id for row in same_rows(replace(matrix, cells=only))] == ["0", "1"]


@pytest.mark.parametrize(
    "rows",
    [
        [(True, True), (True, True)],  # nothing would be left
        [(True, False), (True, True)],  # no room would be saved
        [(True, False), (None, None), (True, True)],  # their answers differ
    ],
)
def test_no_row_is_folded_where_that_would_hide_something_or_save_nothing(rows):
    assert same_rows(scored(*rows)) == []


def test_a_score_is_a_sign_a_word_and_a_tint():
    html = static_matrix(scored((True, False)))["text/html"]
    assert '<td data-tint="yes"><p>0x</p><small><span class="dari-yes">✓ right</span>' in html
    assert '<td data-tint="no"><p>0y</p><small><span class="dari-no">✗ not right</span>' in html
    points = MatrixCell("c", "r", "l", state="completed", scores={"points": 12})
    assert cell_html(points, kinds={}) == "<small><span>points 12</span></small>"


def test_bars_of_all_columns_have_one_scale():
    means = [Mean("words", 20.0, 10.0, 30.0), Mean("words", 50.0)]
    columns = [MatrixColumn(str(n), str(n), means=[mean]) for n, mean in enumerate(means)]
    first, second = (column_html(column, [], columns) for column in columns)
    assert 'd="M0.0 5H100.0"' in first
    assert 'd="M50.0 1V9"' in first
    assert "10 to 30" in first
    assert 'd="M200.0 1V9"' in second
    assert "dari-range" not in second


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.004, "0.004"), (0.0, "0"), (99.95, "100"), (1234.5, "1,234"), (math.nan, "unknown")],
)
def test_numbers_are_short(value, text):
    assert number_text(value) == text


def test_what_differs_by_a_rating_alone_comes_after_what_differs_by_what_judges():
    def cell(exact, rating):
        return {"text": "a", "scores": {"exact": exact, "rating": rating}}

    matrix = grid(
        x=[cell(True, 3), cell(True, 4), cell(True, 3), cell(True, 4)],
        y=[cell(True, 5), cell(False, 4), cell(True, 3), cell(True, 4)],
    )
    assert [row.id for row in sift(matrix, Wish()).rows] == ["1", "0", "2", "3"]
