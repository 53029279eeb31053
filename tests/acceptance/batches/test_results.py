"""What came out of a batch: scores, tables, charts, conditions, comparisons."""

import json
import subprocess
import sys
from collections import Counter

import pytest
from IPython.core.formatters import DisplayFormatter

import dari_nb as dari
from dari_nb.local import ToolCall, ToolResult

LLMS = ["small", "large"]
TASKS = [{"prompt": f"Case {n}", "expected": "yes"} for n in range(8)]
WRONG = {"small": {0, 3, 6}, "large": {0, 1}}
"""The cases that an LLM answers with no."""
EXACT = {(f"Case {n}", llm): n not in WRONG[llm] for n in range(8) for llm in LLMS}


def exact(turn):
    return turn.text == turn.session.metadata["expected"]


def answer(case, llm):
    return "no" if case in WRONG[llm] else "yes"


@pytest.fixture
def batch(d, server):
    """Run eight tasks with two LLMs, which differ on the cases 1, 3 and 6; score them."""

    @server.agent("triage", llms=LLMS)
    def triage(prompt, turn):
        case = int(prompt.split()[1])
        yield ToolCall("look", {"case": case})
        yield ToolResult("seen")
        if turn.llm_id == "large" and case in WRONG["small"] - WRONG["large"]:
            yield ToolCall("check", {"case": case})
            yield ToolResult("checked")
        yield answer(case, turn.llm_id)

    batch = d.batches.run("triage", TASKS, LLMS).wait(60)
    batch.score("exact", exact)
    return batch


def cell_of(batch, text, llm):
    [cell] = [cell for cell in batch.cells if (cell.task.text, cell.llm) == (text, llm)]
    return cell


@pytest.fixture
def shown(capsys):
    """Return what a terminal shows of a view."""

    def shown(view):
        capsys.readouterr()
        DisplayFormatter().format(view)
        return capsys.readouterr().out

    return shown


def in_order(text, count):
    """Return the cases in the order in which a text names them."""
    return sorted(range(count), key=lambda case: text.rindex(f"Case {case}"))


def test_scores_are_in_every_table(batch):
    frame = batch.to_frame()
    assert len(frame) == 16
    scores = frame[["task", "llm_id", "score.exact"]].itertuples(index=False, name=None)
    assert {(task, llm): score for task, llm, score in scores} == EXACT
    pivot = batch.pivot("exact")
    assert pivot["small"].tolist() == [n not in WRONG["small"] for n in range(8)]
    assert batch.pivot("text")["large"].tolist() == [answer(n, "large") for n in range(8)]
    summary = batch.summary("exact").set_index("llm_id")
    assert summary["mean"].to_dict() == {"small": 5 / 8, "large": 6 / 8}
    assert summary["tasks"].to_dict() == {"small": 8, "large": 8}
    assert (summary["low"] < summary["mean"]).all()
    assert (summary["mean"] < summary["high"]).all()


def test_score_counts_errors_as_missing(batch):
    def fails(turn):
        if turn.text == "no":
            raise ValueError("no score")
        return 1.0

    batch.score("graded", fails)
    summary = batch.summary("graded").set_index("llm_id")
    assert summary["mean"].to_dict() == {"small": 1, "large": 1}
    assert summary["missing"].to_dict() == {"small": 3, "large": 2}


def test_score_again_replaces_values(batch):
    batch.score("exact", lambda turn: True)
    assert batch.summary("exact")["mean"].tolist() == [1, 1]
    batch.score("exact", None)
    with pytest.raises(dari.errors.InvalidRequestError) as missing:
        batch.summary("exact")
    assert missing.value.code in ("score_not_found", "missing_score")


def test_rating_is_stored_and_cleared(batch):
    cell = cell_of(batch, "Case 1", "small")
    batch.rate(cell, "rating", 4, "a bit short")
    batch.rate(cell, "rating", 3)
    assert cell.scores["rating"] == 3
    assert batch.to_frame()["score.rating"].dropna().tolist() == [3]
    assert batch.to_frame()["note.rating"].dropna().tolist() == ["a bit short"]
    for wrong in (6, "good"):
        with pytest.raises(dari.errors.InvalidRequestError) as refused:
            batch.rate(cell, "rating", wrong)
        assert refused.value.code in {code.code for code in dari.errors.CODES}
    batch.rate(cell, "rating", None, "")
    assert "rating" not in cell.scores


READER = """
import json, sys
import dari_nb as dari

d = dari.connect(base_url=sys.argv[1], api_key=sys.argv[2])
frame = d.batches[sys.argv[3]].wait().to_frame()
columns = ["task", "llm_id", "score.exact", "score.rating"]
print(frame[columns].astype(object).where(frame[columns].notna(), None).to_json(orient="values"))
"""


def test_scores_are_read_by_new_process(server, batch, folder):
    batch.rate(cell_of(batch, "Case 2", "large"), "rating", 5)
    assert (folder / "dari-scores.jsonl").is_file()
    command = [sys.executable, "-c", READER, server.url, server.api_key, batch.run_id]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    read = {(task, llm): scores for task, llm, *scores in json.loads(done.stdout)}
    rated = {("Case 2", "large"): 5}
    assert read == {cell: [score, rated.get(cell)] for cell, score in EXACT.items()}


def test_plot_draws_means_and_intervals(batch):
    chart = batch.plot("exact").to_dict()
    drawn = {
        (row["llm_id"], row["mean"], row["low"], row["high"])
        for rows in chart["datasets"].values()
        for row in rows
    }
    summary = batch.summary("exact")[["llm_id", "mean", "low", "high"]]
    assert drawn == {tuple(row) for row in summary.itertuples(index=False)}


@pytest.mark.parametrize(
    ("where", "cells"),
    [
        ("exact = no", {cell for cell, is_exact in EXACT.items() if not is_exact}),
        ("exact = yes", {cell for cell, is_exact in EXACT.items() if is_exact}),
        ("Case 3", {("Case 3", "small"), ("Case 3", "large")}),
    ],
)
def test_where_selects_cells(batch, where, cells):
    batch.view(where=where)
    selected = batch.selection.to_frame()
    assert set(selected[["task", "llm_id"]].itertuples(index=False, name=None)) == cells


@pytest.mark.parametrize("where", ["nosuch = 1", "exact <", "exact = perhaps"])
def test_invalid_where_is_refused(batch, where):
    with pytest.raises(dari.errors.InvalidRequestError) as refused:
        batch.view(where=where)
    assert refused.value.code == "invalid_where"


def test_selection_follows_view(batch):
    assert len(batch.selection) == 0
    view = batch.view()
    view.selection = [cell_of(batch, "Case 3", "small"), cell_of(batch, "Case 3", "large")]
    assert [cell.text for cell in batch.selection] == ["no", "yes"]
    view.selection = []
    assert len(batch.selection) == 0


def test_baseline_shows_regressions_first(batch, shown):
    assert in_order(shown(batch.view(baseline="large")), 8)[:3] == [3, 6, 1]
    with pytest.raises(dari.errors.InvalidRequestError) as refused:
        batch.view(baseline="nosuch")
    assert refused.value.code == "column_not_found"


def test_compare_opens_first_difference(batch):
    compared = batch.compare("small", "large").cells
    assert [(cell.task.text, cell.llm) for cell in compared] == [
        ("Case 1", "small"),
        ("Case 1", "large"),
    ]


@pytest.mark.parametrize(("case", "divergence"), [("Case 2", None), ("Case 3", 2)])
def test_compare_aligns_tool_calls(batch, case, divergence):
    comparison = batch.compare(cell_of(batch, case, "small"), cell_of(batch, case, "large"))
    assert comparison.first_divergence == divergence


def test_trajectories_show_where_runs_diverge(batch):
    found = batch.trajectories()
    assert found.first_divergence == 2
    frame = found.to_frame()
    assert frame[frame["step"] == 1]["tool_name"].tolist() == ["look", "look"]
    assert frame[frame["step"] == 2]["tool_name"].dropna().tolist() == ["check"]
    assert frame.groupby("step")["diverges"].first().to_dict() == {1: False, 2: True}
    clusters = found.clusters()
    assert clusters[["runs", "succeeded", "calls"]].to_numpy().tolist() == [[1, 1, 2], [1, 0, 1]]


def test_compared_batches_pair_tasks(d, server, batch, shown):
    @server.agent("triage", llms=LLMS)
    def changed(prompt):
        return "no" if prompt == "Case 5" else "yes"

    new = d.batches.run("triage", [*TASKS[:0:-1], "Case 8"], LLMS).wait(60)
    new.score("exact", lambda turn: turn.text == "yes")
    compared = dari.compare_batches(batch, new)
    frame = compared.to_frame()
    assert Counter(frame["run_id"]) == {batch.run_id: 16, new.run_id: 16}
    shared = [f"Case {n}" for n in range(1, 8)]
    assert Counter(frame["task"]) == dict.fromkeys(shared, 4) | {"Case 0": 2, "Case 8": 2}
    assert (frame.groupby("task")["task_index"].nunique() == 1).all()
    assert in_order(shown(compared.view()), 9)[0] == 5  # the only regression
