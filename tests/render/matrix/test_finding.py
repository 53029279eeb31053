"""The sentence above a matrix says what the scores support, and no more."""

import math
from dataclasses import replace
from random import Random

import pytest

from dari_nb.render.matrix.alike import same_rows, same_text
from dari_nb.render.matrix.cells import answers_text, cell_html, column_html
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


LARGE, SMALL, TINY = ("large", 17 / 18, 18), ("small", 12 / 18, 18), ("tiny", 3 / 18, 18)


def test_where_the_interval_lies_above_0_one_did_better():
    said = finding_text(made(LARGE, SMALL, gaps=[(0.28, 0.05, 0.47)]))
    assert said == (
        "large did better than small on “right”: 17 of 18 against 12 of 18 (difference +0.28, "
        "95 % interval 0.05 to 0.47; paired by task, Agresti-Min). "
        "Their scores differ on 2 of 6 tasks."
    )


def test_in_html_no_number_is_parted_from_its_percent():
    matrix = made(LARGE, SMALL, TINY, gaps=[(0.28, 0.05, 0.47), (0.5, 0.3, 0.7)])
    html = finding_html(matrix)
    assert "95\N{NO-BREAK SPACE}%" in html
    assert " %" not in html
    assert " %" in finding_text(matrix)


@pytest.mark.parametrize("low", [0.0, -0.26, math.nan])
def test_where_it_does_not_the_tasks_do_not_settle_it(low):
    said = finding_text(made(LARGE, SMALL, gaps=[(0.28, low, 0.67)]))
    assert said.startswith(
        "On “right”, large has 17 of 18 and small 12 of 18; 6 tasks do not settle "
        "which does better (difference +0.28, "
    )
    assert said.endswith("). Their scores differ on 2 of 6 tasks.")
    assert "did better" not in said
    assert ("no interval can be given" in said) == math.isnan(low)
    assert ("interval 0 to 0.67, which includes 0; paired" in said) == (low == 0)


def test_each_of_many_columns_is_told_and_why_the_intervals_are_wider():
    level = {"level": 1 - 0.05 / 3, "many": 3}
    said = finding_text(
        made(LARGE, SMALL, TINY, gaps=[(0.28, -0.1, 0.6), (0.78, 0.3, 0.9)], **level)
    )
    assert said.startswith(
        "large did better than tiny on “right”: 17 of 18 against 3 of 18; 6 tasks do not settle it "
        "against small, 12 of 18 (difference to small +0.28, interval "
    )
    assert "; to tiny +0.78, interval 0.3 to 0.9; " in said
    assert "each at 98.33 %, so that all 3 comparisons hold together at 95 %" in said
    unsure = made(LARGE, SMALL, TINY, gaps=[(0.28, -0.1, 0.6), (0.78, -0.1, 0.9)], **level)
    said = finding_text(unsure)
    assert said.startswith(
        "On “right”, large has 17 of 18, small 12 of 18 and tiny 3 of 18; "
        "6 tasks do not settle which does best ("
    )


def test_numbers_that_are_no_counts_are_higher_and_not_better():
    columns = ("large", 33.333, 3), ("small", 20.3, 3)
    said = finding_text(made(*columns, gaps=[(13.0, 2.0, 24.0)], is_count=False))
    assert said.startswith("large is higher than small on “right”: 33.3 against 20.3 on average (")


def test_where_no_task_tells_them_apart_it_says_so():
    said = finding_text(made(LARGE, ("small", 17 / 18, 18), gaps=[(0, -0.3, 0.3)], differ=0))
    assert said.startswith("No task tells large and small apart on “right”: 17 of 18 each (")
    assert "settle" not in said


def test_that_only_some_tasks_are_compared_is_said():
    said = finding_text(made(LARGE, SMALL, gaps=[(0.28, 0.05, 0.47)], rows=11))
    assert said.endswith("Only the 6 tasks are compared on which all have “right”.")
    one = made(("large", 1, 1), ("small", 0, 1), gaps=[(1, 0.5, 1)], rows=2)
    said = finding_text(replace(one, findings=[replace(one.findings[0], tasks=1)]))
    assert said.endswith("Only one task is compared: that on which all have “right”.")


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


def test_a_column_all_of_whose_cells_failed_is_named_with_the_cause():
    matrix = grid(small=[DOWN, DOWN], large=[YES, NO])
    said = finding_text(matrix).splitlines()
    assert said[0] == "All 2 cells of small failed: provider returned 529"
    assert said[1] == "“right” is there for large (1 of 2) alone: nothing to compare."
    assert "<b>small</b> <b>failed</b>" in finding_html(matrix)
    whole = grid(small=[DOWN, DOWN])
    assert finding_text(whole) == "All 2 cells failed: provider returned 529"
    assert matrix_head(whole).state == "failed"
    assert "2 failed" not in matrix_head(whole).facts


def test_what_counts_for_nothing_is_told_by_column_with_the_reason():
    wrong = {"scores": {"right": None}, "score_errors": {"right": "KeyError: 'x'"}}
    matrix = grid(small=[YES, DOWN, NO, {}], large=[YES, NO, wrong, YES], none=[{}] * 4)
    said = finding_text(matrix)
    assert (
        "; 1 of 4 cells of large could not be scored: KeyError: 'x'; 1 of 4 cells of small failed ("
    ) in said
    assert said.endswith(
        "Without “right”: small in 1 of 4 cells and none in all 4 cells (not scored)."
    )
    raised = grid(small=[wrong, wrong], large=[wrong, wrong])
    said = "Nothing has “right”: KeyError: 'x'. batch.score(\"right\", None) drops it."
    assert finding_text(raised) == said
    assert ": error" not in static_matrix(raised)["text/html"]
    other = {**wrong, "score_errors": {"right": "ValueError"}}
    assert "KeyError: 'x', and 1 other reason." in finding_text(grid(small=[wrong, other]))
    html = static_matrix(matrix)["text/html"]
    assert '<span title="KeyError: &#x27;x&#x27;">right: error</span>' in html
    both = grid(small=[YES, wrong], large=[NO, wrong])
    assert (
        "; 1 of 2 cells of small and 1 of 2 cells of large could not be scored: KeyError: 'x' ("
    ) in finding_text(both)


@pytest.mark.parametrize("good", [-5, 1])
def test_a_score_is_yes_or_no_in_all_columns_or_in_none(good):
    other = 7 if good == 1 else 1
    matrix = grid(
        small=[{"scores": {"n": good}}] * 8,
        large=[{"scores": {"n": good if n == 0 else other}} for n in range(8)],
    )
    assert not any(mean.is_count for column in matrix.columns for mean in column.means)
    assert {m.method for c in matrix.columns for m in c.means} <= {"t", "none"}
    forms = static_matrix(matrix)
    assert finding_text(matrix).startswith("large is higher than small on “n”: ")
    assert "✓" not in forms["text/plain"]
    assert "data-tint" not in forms["text/html"].partition("</style>")[2]


def test_every_score_is_told_and_of_many_those_that_tell_the_columns_apart():
    def cells(**scores):
        return [{"scores": scores}] * 8

    matrix = grid(small=cells(x=True, y=True), large=cells(x=True, y=False))
    first, second = finding_text(matrix).splitlines()
    assert first.startswith("No task tells small and large apart on “x”: 8 of 8 each")
    assert second.startswith("small did better than large on “y”: 8 of 8 against 0 of 8")
    same = dict.fromkeys("abcd", True)
    many = grid(small=cells(**same, y=True), large=cells(**same, y=False))
    lines = finding_text(many).splitlines()
    assert lines[0].startswith("small did better than large on “y”")
    assert "each at 99 %, so that all 5 comparisons hold" in lines[0]
    assert lines[-1] == "2 further scores: see the heads of the columns."
    raised = {"scores": {**same, "y": None}, "score_errors": {"y": "ZeroDivisionError"}}
    wrong = grid(small=cells(**same, y=True), large=[raised] * 8)
    lines = finding_text(wrong).splitlines()
    assert "Without “y”: large in all 8 cells (ZeroDivisionError)." in lines
    assert lines[-1] == "1 further score: see the heads of the columns."


def coins(seed, scores, columns="xy", tasks=30):
    """A matrix whose scores are pure chance, alike in all columns."""
    random = Random(seed)
    return grid(
        **{
            column: [
                {"scores": {name: random.random() < 0.5 for name in scores}} for _ in range(tasks)
            ]
            for column in columns
        }
    )


def test_what_is_said_of_several_scores_holds_together():
    two = finding_text(coins(1, "st")).splitlines()
    assert len(two) == 2
    assert all("each at 97.5 %, so that both comparisons hold together at 95 %" in t for t in two)
    six = finding_text(coins(1, "st", "xyz")).splitlines()
    assert all("each at 99.17 %, so that all 6 comparisons hold together" in text for text in six)
    apart = {"x": [{"scores": {"s": True}}] * 4, "y": [{"scores": {"s": True, "t": True}}] * 4}
    assert "95 % interval" in finding_text(grid(**apart))


@pytest.mark.parametrize("scores", ["s", "stu", "stuv"])
def test_pure_chance_did_better_about_as_seldom_as_the_level_says(scores):
    claims = ["did better" in finding_text(coins(seed, scores)) for seed in range(400)]
    # Two standard errors of what 400 draws show.
    assert sum(claims) / 400 < 0.05 + 2 * math.sqrt(0.05 * 0.95 / 400)


def test_a_single_column_has_its_mean():
    matrix = made(("small", 2 / 3, 18))
    interval = Mean("right", 2 / 3, 0.23, 0.93, 18, 6, "wilson", is_count=True)
    told = Matrix("t", "r", matrix.rows, [MatrixColumn("small", "small", means=[interval])],
                  matrix.cells)  # fmt: skip
    assert finding_text(told) == (
        "“right”: 12 of 18 (mean 0.67, 95 % interval 0.23 to 0.93 by task, Wilson), over 6 tasks."
    )
    assert finding_text(matrix) == "“right”: 12 of 18, over 6 tasks."


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
    said = "Nothing is scored yet; the answers differ on 1 of 2 tasks."
    assert finding_text(matrix) == said
    forms = static_matrix(matrix)
    assert f'<p class="dari-finding">{said}</p>' in forms["text/html"]
    assert all("Nothing is scored yet" in form for form in forms.values())


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
    words = "3 tasks on which “right” is the same: 2 ✓ right · 1 ✗ not right"
    assert same_text(matrix, same) == words
    forms = static_matrix(matrix)
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


def test_one_rating_makes_no_difference_between_equal_answers():
    matrix = scored((None, None), (None, None), (None, None))
    cells = [replace(cell, text=f"answer {int(cell.row) // 2} {cell.column * (cell.row == '2')}")
             for cell in matrix.cells]  # fmt: skip
    cells[0] = replace(cells[0], scores={"rating": 4}, notes={"rating": "a bit short"})
    told = replace(matrix, cells=cells)
    assert [row.id for row in same_rows(told)] == ["0", "1"]
    forms = static_matrix(told)
    assert "<span>rating 4</span> <q>a bit short</q>" in forms["text/html"]
    assert all("a bit short" in form for form in forms.values())


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


def test_tasks_that_were_not_sent_are_told_as_that_and_none_differs_by_it():
    unsent = {"state": "unsent"}
    both, told = {"text": "a"}, {"text": "b"}
    matrix = grid(x=[both, both, both, unsent, unsent], y=[told, both, unsent, unsent, unsent])
    same = same_rows(matrix)
    assert [row.id for row in same] == ["1", "2", "3", "4"]
    said = "1 task with one answer everywhere · 1 task sent once · 2 tasks not sent"
    assert same_text(matrix, same) == said
    assert same_text(matrix, same[2:]) == "2 tasks not sent"


def test_why_a_cell_failed_is_no_answer_that_is_counted():
    said = {"text": "high"}
    failed = {"state": "failed", "text": None, "error": "small-1 at http://127.0.0.1 refused"}
    cells = grid(a=[said], b=[failed], c=[said], d=[failed]).cells
    assert answers_text(cells) == ""
    more = grid(a=[said], b=[failed], c=[said], d=[failed], e=[{"text": "low"}]).cells
    assert answers_text(more) == "high 2\N{MULTIPLICATION SIGN}, low 1\N{MULTIPLICATION SIGN}"


def test_what_differs_by_a_rating_alone_comes_after_what_differs_by_what_judges():
    def cell(exact, rating):
        return {"text": "a", "scores": {"exact": exact, "rating": rating}}

    matrix = grid(
        x=[cell(True, 3), cell(True, 4), cell(True, 3), cell(True, 4)],
        y=[cell(True, 5), cell(False, 4), cell(True, 3), cell(True, 4)],
    )
    assert [row.id for row in sift(matrix, Wish()).rows] == ["1", "0", "2", "3"]


def test_what_failed_is_said_once_however_many_scores_there_are():
    both = {"scores": {"right": True, "kind": False}}
    matrix = grid(x=[both] * 6, y=[*[both] * 5, DOWN])
    said = finding_text(matrix)
    assert said.count("1 of 6 cells of y failed") == said.count("failed") == 1
    assert said.index("failed") < said.index("“kind”")
