"""A matrix in static output, in three forms that need nothing else."""

import re
from dataclasses import replace

import pytest

from dari_nb.render.matrix.cells import answers_text, row_html
from dari_nb.render.matrix.figures import (
    cell_facts,
    column_facts,
    matrix_head,
    peek_text,
    size_text,
)
from dari_nb.render.matrix.matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow
from dari_nb.render.matrix.static import static_matrix
from dari_nb.render.matrix.verdict import score_text
from dari_nb.widgets.matrix.tools import totals_html

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


def test_the_table_has_a_row_for_each_task_and_a_cell_for_each_llm(read):
    html = static_matrix(matrix())["text/html"].partition("</style>")[2]
    text = read(html).text
    head, *rows = rows_of(html)
    assert [head.count("<th"), *(row.count("<td") for row in rows)] == [3, 2, 2]
    assert "refunds" in text
    assert "2 tasks \N{MULTIPLICATION SIGN} 2 LLMs" in text
    assert "provider returned 529" in text
    assert "attempt 2" in text
    assert "Yes, in full.3.2 s · $0.0421" in text
    assert text.count("done") == 1


def test_thousands_are_told_apart_everywhere_and_notes_are_sentences():
    large = matrix(("small", "large", "third"), rows=1500)
    cells = [replace(c, state="running") if c.row == "1499" else c for c in large.cells]
    running = replace(large, cells=cells)
    for form in (
        static_matrix(running)["text/html"].partition("</style>")[2],
        totals_html(running),
    ):
        told = re.sub("<[^>]*>", "", form)
        for said in ("2,998 done", "1,499 failed", "4,497 of 4,500"):
            assert said in told
        assert not re.search(r"\b[1-9]\d{3} (done|failed|of)", told)
    twice = matrix(("small", "third"), 2, rows=1500)
    cells = [replace(c, text="No.") if c.repeat else c for c in twice.cells]
    static = static_matrix(replace(twice, cells=cells))
    for form in (static["text/html"], static["text/plain"]):
        assert re.search(r"… [\d,]+ more tasks not shown\. Answers that differ in white", form)


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


def test_what_is_known_of_a_task_stands_apart_from_its_text():
    row = MatrixRow("0", "How much is it? " * 9, {"expected": "88"})
    [text, known] = re.findall("<p[^>]*>(.*?)</p>", row_html(row, 0))
    assert "How much" in text
    assert "expected" not in text
    assert "expected 88" in known


def test_equal_repeats_are_one_cell_with_a_count_and_others_stand_below_each_other():
    _, *rows = rows_of(static_matrix(matrix(repeats=3))["text/html"])
    assert len(rows) == 2
    assert rows[0].count("<b>3\N{MULTIPLICATION SIGN}</b>") == 2
    mixed = matrix(repeats=3)
    cells = [replace(c, text="No.") if c.id == "0/small/1" else c for c in mixed.cells]
    _, *rows = rows_of(static_matrix(replace(mixed, cells=cells))["text/html"])
    assert len(rows) == 3
    # The task, and what came out the same each time, stand beside both outcomes.
    assert rows[0].count('rowspan="2"') == 2
    assert "2\N{MULTIPLICATION SIGN}" in rows[0]
    assert rows[1].startswith("<td><p>No. <b>1\N{MULTIPLICATION SIGN}</b></p>")


def test_repeats_of_one_llm_stand_beside_each_other():
    head, *rows = rows_of(static_matrix(matrix(("small",), repeats=3))["text/html"])
    assert re.findall(r"small · \d", head) == ["small · 0", "small · 1", "small · 2"]
    assert [row.count("<td>") for row in rows] == [3, 3]


def test_a_cell_that_is_not_there_leaves_its_place_empty():
    whole = matrix()
    part = Matrix("t", "r", whole.rows, whole.columns, whole.cells[:-1])
    assert rows_of(static_matrix(part)["text/html"])[-1].endswith("<td></td>")
    assert static_matrix(part)["text/markdown"].splitlines()[-1].endswith("|  |")


def test_markdown_is_one_table_whatever_stands_in_it():
    lines = static_matrix(matrix())["text/markdown"].splitlines()
    assert lines[0].startswith(
        "**refunds** · 2 tasks \N{MULTIPLICATION SIGN} 2 LLMs · 2 done · 2 failed"
    )
    bars = {len(re.findall(r"(?<!\\)\|", line)) for line in lines[4:]}
    assert bars == {4}
    assert lines[2] == "All 2 cells of **large** **failed**: provider returned 529"
    assert "0. Task \\| 0<br>tier gold" in lines[6]


def test_text_tells_each_cell_on_a_line():
    lines = static_matrix(matrix())["text/plain"].splitlines()
    assert lines[2:7] == [
        "All 2 cells of large failed: provider returned 529",
        "",
        "0  Task | 0  (tier gold)",
        "   small  3.2 s · $0.0421  Yes, in full.",
        "   large  failed · attempt 2  provider returned 529",
    ]


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
        (False, "no"),
        (3, "3"),
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
        ("It is 9 ** 9 ** 9, or 2 * 3 * 4.", "It is 9 ** 9 ** 9, or 2 * 3 * 4."),
        ("**Yes, `a*b*c`**, *all* ~~gone~~", "Yes, a*b*c, all gone"),
        ("*p < .05 and 5* more\ue000 `x`", "p < .05 and 5 more\ue000 `x`"),
        ("snake_case * 2 and `code`", "snake_case * 2 and code"),
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
        (r"$$2^{10} \approx 1.02 \times 10^{-3}$$", "2¹⁰ ≈ 1.02 x 10⁻³"),
        (r"$$\frac{1 + 2}{\pi} = \sqrt{x}$$", "(1 + 2)/π = √x"),
        ("$$6 = 6$$\n\n$$7 = 7$$", "6 = 6, 7 = 7"),
        ("It is \\(2 \\cdot 3\\).\n\n$$6 = 6$$", "It is 2 · 3. 6 = 6"),
        (r"$$\sum_{i} x_i$$ costs $5 or $6", r"$$\sum_{i} x_i$$ costs $5 or $6"),
    ],
)
def test_formulas_are_peeked_at_as_plain_text(text, shown):
    peek = peek_text(MatrixCell("c", "r", "l", state="completed", text=text))
    assert peek.replace("\N{MULTIPLICATION SIGN}", "x") == shown


def test_versions_are_counted_only_where_they_differ():
    def size(*columns):
        made = [MatrixColumn(f"{n}", "x", *column) for n, column in enumerate(columns)]
        text = size_text(Matrix("agent", "run", [MatrixRow("0", "Hi")], made, []))
        return text.replace("\N{MULTIPLICATION SIGN}", "x")

    assert size(("small", "v1")) == size((None, "v1")) == "1 task x 1 LLM"
    assert size(("small", "v1"), ("small", "v2")) == "1 task x 1 LLM x 2 versions"


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
