"""A matrix in static output, in three forms that need nothing else."""

import re
from dataclasses import replace

import pytest

from dari_nb.render.matrix.cells import answers_text
from dari_nb.render.matrix.figures import (
    cell_facts,
    column_facts,
    matrix_head,
    peek_text,
)
from dari_nb.render.matrix.matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow
from dari_nb.render.matrix.static import static_matrix
from dari_nb.render.matrix.verdict import score_text

DONE = {"state": "completed", "text": "Yes, in **full**.", "latency_s": 3.2, "cost_usd": "0.0421"}
FAILED = {"state": "failed", "error": "provider returned 529", "attempts": 2}


def matrix(llms=("small", "large"), repeats=1, rows=2, **about):
    tasks = [MatrixRow(str(n), f"Task | {n}", {"tier": "gold"}) for n in range(rows)]
    columns = [MatrixColumn(llm, llm, llm) for llm in llms]
    cells = [
        MatrixCell(f"{t.id}/{c.id}/{k}", t.id, c.id, k, **(FAILED if c.id == "large" else DONE))
        for t in tasks
        for c in columns
        for k in range(repeats)
    ]
    return Matrix("refunds", "run", tasks, columns, cells, **about)


def rows_of(html):
    return re.findall(r"<tr>(.*?)</tr>", html)


def test_answers_that_begin_alike_are_counted_by_where_they_differ():
    said = "The answer that I would give is: "
    texts = [f"{said}seven.", f"{said}eight.", f"{said}eight."]
    cells = [
        MatrixCell(str(n), "r", "l", n, state="completed", text=text)
        for n, text in enumerate(texts)
    ]
    times = "\N{MULTIPLICATION SIGN}"
    assert answers_text(cells) == f"…eight. 2{times}, …seven. 1{times}"
    cells = [replace(cell, text=f"{said * 30}{cell.text}") for cell in cells]
    assert answers_text(cells) == f"…eight. 2{times}, …seven. 1{times}"


def test_a_cell_that_is_not_there_leaves_its_place_empty():
    whole = matrix()
    part = Matrix("t", "r", whole.rows, whole.columns, whole.cells[:-1])
    assert rows_of(static_matrix(part)["text/html"])[-1].endswith("<td></td>")
    assert static_matrix(part)["text/markdown"].splitlines()[-1].endswith("|  |")


def test_of_a_large_matrix_the_rest_is_counted():
    forms = static_matrix(matrix(rows=2_000))
    for form in forms.values():
        assert "… 1,500 more tasks not shown" in form
        assert len(form) < 300_000


def test_head_of_running_matrix_has_counts_and_totals():
    cells = [
        MatrixCell("1", "0", "s", state="completed", cost_usd="0.10"),
        MatrixCell("2", "0", "s", 1, state="running"),
        MatrixCell("3", "0", "s", 2, state="failed", cost_usd="0.205"),
    ]
    running = Matrix("t", "r", [MatrixRow("0", "x")], [MatrixColumn("s", "s")], cells, 72.0)
    head = matrix_head(running)
    assert (head.llm, head.state) == (
        "1 task \N{MULTIPLICATION SIGN} 1 LLM \N{MULTIPLICATION SIGN} 3",
        "running",
    )
    assert list(head.facts) == ["2 of 3", "1 failed", "1 min 12 s", "$0.305"]
    versions = [MatrixColumn(v, v, "s", version=v) for v in ("v1", "v2")]
    compared = Matrix("t", "r", [MatrixRow("0", "x")], versions, [])
    assert matrix_head(compared).llm.replace("\N{MULTIPLICATION SIGN}", "x") == (
        "1 task x 1 LLM x 2 versions"
    )


def test_a_column_tells_what_it_came_to():
    cells = [
        MatrixCell(
            "1", "0", "s", state="completed", latency_s=2.0, cost_usd="0.01", scores={"ok": True}
        ),
        MatrixCell("2", "1", "s", state="completed", latency_s=4.0, scores={"ok": False, "w": "x"}),
        MatrixCell("3", "2", "s", state="failed"),
    ]
    assert column_facts(cells) == ["2 / 3", "$0.01 so far, unknown for 1 of 2", "median 3.0 s"]
    assert cell_facts(cells[2]) == []
    assert cell_facts(replace(cells[2], cost_usd="0")) == ["$0"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1234, "0.123"),
        ("x" * 40, "x" * 23 + "…"),
        ({"a": 1}, "{'a': 1}"),
    ],
)
def test_scores_are_short(value, text):
    assert score_text(value) == text


@pytest.mark.parametrize(
    ("text", "peek"),
    [
        ("# Title\n\n- one\n- two", "Title one two"),
        ("I cannot compute `9 ** 9 ** 9`.", "I cannot compute 9 ** 9 ** 9."),
        ("*p < .05 and 5* more\ue000 `x`", "p < .05 and 5 more\ue000 `x`"),
        ("x" * 300, "x" * 199 + "…"),
        (None, ""),
    ],
)
def test_a_peek_is_one_line_without_marks(text, peek):
    assert peek_text(MatrixCell("c", "r", "l", state="completed", text=text)) == peek


HOSTILE = "<img src=x onerror=1>|`](javascript:1) \u202e</td></table><script>1</script>\n# x"


def test_hostile_texts_stay_texts(read):
    cells = [
        MatrixCell("c", "r", "l", state=HOSTILE, text=HOSTILE, scores={HOSTILE: HOSTILE}),
        MatrixCell("d", "r", "l", 1, state="failed", error=HOSTILE),
    ]
    rows, columns = [MatrixRow("r", HOSTILE, {HOSTILE: HOSTILE})], [MatrixColumn("l", HOSTILE)]
    forms = static_matrix(Matrix(HOSTILE, "r", rows, columns, cells))
    page = read(forms["text/html"].partition("</style>")[2])
    assert page.roots == 1
    assert page.text.count("onerror=1") >= 6
    for form in forms.values():
        assert "\u202e" not in form
    assert "<img" not in forms["text/markdown"]
    assert "<script" not in forms["text/markdown"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            r"$$\left(121 + 2 \times 50\right) \times 1.19 \approx 263$$",
            "(121 + 2 x 50) x 1.19 ≈ 263",
        ),
        (r"$$\frac{1 + 2}{\pi} = \sqrt{x}$$", "(1 + 2)/π = √x"),
        (r"$$\sum_{i} x_i$$ costs $5 or $6", r"$$\sum_{i} x_i$$ costs $5 or $6"),
    ],
)
def test_formulas_are_peeked_at_as_plain_text(text, shown):
    peek = peek_text(MatrixCell("c", "r", "l", state="completed", text=text))
    assert peek.replace("\N{MULTIPLICATION SIGN}", "x") == shown


def test_of_a_long_task_the_first_lines_are_seen_and_all_of_it_is_told(read):
    story = "You want to change your flight. " * 25
    long = replace(matrix(), rows=[MatrixRow("0", story), MatrixRow("1", "1", {"asked": story})])
    html = static_matrix(long)["text/html"].partition("</style>")[2]
    for row in re.findall(r'<th scope="row">(.*?)</th>', html):
        [title] = {*re.findall(r'<p title="(.*?)">', row)}
        text = re.sub("<.*?>", "", row)
        assert title.count("change your flight") == text.count("change your flight") > 7
    endless = replace(long, rows=[MatrixRow("0", "a"), MatrixRow("1", "b", {"log": "x" * 10**6})])
    assert len(static_matrix(endless)["text/html"]) < 10**5
    assert "title=" not in rows_of(static_matrix(matrix())["text/html"])[1]


def test_calls_are_told_where_any_cell_has_some():
    def said(*calls):
        cells = [replace(c, tool_calls=n) for c, n in zip(matrix().cells, calls, strict=True)]
        return static_matrix(replace(matrix(), cells=cells))

    assert all("call" not in form.partition("</style>")[2] for form in said(0, 0, 0, 0).values())
    assert "0 calls" not in said(0, 0, 0, 0)["text/plain"]
    assert said(0, 2, 0, 0)["text/plain"].count("0 calls") == 3
