"""Tables of the statistics, and the recorded runs counted again by other means."""

from __future__ import annotations

import sys
from collections import defaultdict
from math import comb
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dari_nb import plot_cost
from dari_nb.errors import InvalidRequestError
from dari_nb.frames import BatchCell, batch_frame, pivot
from dari_nb.scores import mean, pass_rates, summary, win_rates

from ..recorded import FILES, runs_of

Run = dict[str, Any]


@pytest.fixture(params=FILES, ids=lambda path: path.name, scope="module")
def runs(request: pytest.FixtureRequest) -> list[Run]:
    return runs_of(request.param)


@pytest.fixture(scope="module")
def frame(runs: list[Run]) -> pd.DataFrame:
    return batch_frame(
        BatchCell(
            task_index=run["task_id"],
            task=run["instruction"],
            llm_id=run["model"],
            repeat=run["trial"],
            cost_usd=None if run["user_cost_usd"] is None else str(run["user_cost_usd"]),
            scores={"reward": run["reward"]},
        )
        for run in runs
    )


def rewards(runs: list[Run], model: str) -> dict[int, list[float]]:
    found: dict[int, list[float]] = defaultdict(list)
    for run in runs:
        if run["model"] == model:
            found[run["task_id"]].append(run["reward"])
    return found


def test_each_task_of_the_recorded_runs_has_the_rewards_of_the_file(runs, frame) -> None:
    made = pivot(frame, "reward")
    for run in runs:
        assert (
            made.loc[(run["task_id"], run["instruction"]), (run["model"], run["trial"])]
            == (run["reward"])
        )
    assert made.notna().to_numpy().sum() == len(runs)


def test_the_summary_of_the_recorded_runs_is_that_of_the_file(runs, frame) -> None:
    made = summary(frame, "reward").set_index("llm_id")
    assert set(made.index) == {run["model"] for run in runs}
    for model, row in made.iterrows():
        own = [run for run in runs if run["model"] == model]
        assert row["mean"] == pytest.approx(sum(r["reward"] for r in own) / len(own), abs=1e-12)
        assert row["cells"] == len(own)
        assert row["tasks"] == len({run["task_id"] for run in own})
        assert row["missing"] == 0
        assert row["low"] <= row["mean"] <= row["high"]
        costs = [run["user_cost_usd"] for run in own if run["user_cost_usd"] is not None]
        assert row["cost_usd"] == pytest.approx(sum(costs) / len(costs))
        assert row["unknown_costs"] == len(own) - len(costs)


def test_of_how_many_cells_no_cost_is_known_is_told_where_costs_are(monkeypatch) -> None:
    made = batch_frame(
        BatchCell(task_index=n, llm_id="a", cost_usd=cost, scores={"right": n > 0})
        for n, cost in enumerate(["0.1", None, "0.3", None, None])
    )
    assert summary(made, "right")[["cost_usd", "unknown_costs"]].values.tolist() == [[0.2, 3]]
    [drawn] = plot_cost(made, "right").to_dict()["datasets"].values()
    assert drawn[0]["cost_told"] == "$0.2 (3 of 5 unknown)"
    monkeypatch.setitem(sys.modules, "altair", None)
    assert "$0.2 (3 of 5 unknown)" in str(plot_cost(made, "right"))


def test_pass_rates_of_the_recorded_runs_are_those_of_the_file(runs, frame) -> None:
    made = pass_rates(frame, "reward").set_index(["llm_id", "k"])
    for (model, k), row in made.iterrows():
        tries = [(len(v), int(sum(v))) for v in rewards(runs, model).values()]
        some = [1 - comb(n - c, k) / comb(n, k) for n, c in tries]
        every = [comb(c, k) / comb(n, k) for n, c in tries]
        assert row["pass_at_k"] == pytest.approx(sum(some) / len(some), abs=1e-12)
        assert row["pass_hat_k"] == pytest.approx(sum(every) / len(every), abs=1e-12)
    most = max(len(v) for run in runs for v in rewards(runs, run["model"]).values())
    assert made.index.get_level_values("k").max() == most


def test_pass_rates_of_very_many_repeats_are_those_of_the_first_ks() -> None:
    count = 20_000
    cells = (
        BatchCell(task_index=0, llm_id="one", repeat=n, scores={"ok": n % 2}) for n in range(count)
    )
    frame = batch_frame(cells)
    assert pass_rates(frame, "ok")["k"].to_list() == list(range(1, 51))
    [half] = pass_rates(frame, "ok", [count // 2 + 1])["pass_at_k"]
    assert half == 1


@pytest.fixture
def scored() -> pd.DataFrame:
    values = {
        "large": [True, True, False, True],
        "small": [True, False, False, None],
        "other": [None, None, None, None],
    }
    return batch_frame(
        BatchCell(
            task_index=task,
            llm_id=llm,
            scores={} if value is None else {"ok": value, "words": task, "tone": "dry"},
        )
        for llm, found in values.items()
        for task, value in enumerate(found)
    )


def test_llms_come_in_the_order_in_which_they_appear_and_missing_scores_are_told(scored) -> None:
    made = summary(scored, "ok")
    assert made["llm_id"].tolist() == ["large", "small", "other"]
    assert made["missing"].tolist() == [0, 1, 4]
    assert made["tasks"].tolist() == [4, 3, 0]
    assert made["mean"].tolist()[:2] == [0.75, pytest.approx(1 / 3)]
    assert made["mean"].isna().tolist() == [False, False, True]
    assert made["score"].unique().tolist() == ["ok"]


def test_the_default_llm_which_has_no_id_is_a_row_like_any_other(scored) -> None:
    nameless = scored.assign(llm_id=scored["llm_id"].where(scored["llm_id"] != "large"))
    made = summary(nameless, "ok")
    assert made["llm_id"].isna().tolist() == [True, False, False]
    assert made["mean"].tolist()[0] == 0.75


def test_the_interval_is_that_of_the_mean_by_task(scored) -> None:
    row = summary(scored, "score.ok", method="t", level=0.9).iloc[0]
    expected = mean({0: [1], 1: [1], 2: [0], 3: [1]}, method="t", level=0.9)
    assert (row["low"], row["high"]) == (expected.low, 1)


def test_win_rates_compare_each_two_on_common_tasks(scored) -> None:
    made = win_rates(scored, "ok")
    assert made[["llm_id", "other"]].to_numpy().tolist() == [
        ["large", "small"],
        ["large", "other"],
        ["small", "other"],
    ]
    first = made.iloc[0]
    assert first["tasks"] == 3
    assert first["win_rate"] == pytest.approx((0.5 + 1 + 0.5) / 3)
    assert first["difference"] == pytest.approx(1 / 3)
    assert made["win_rate"].isna().tolist() == [False, True, True]


def test_tables_have_the_same_dtypes_when_they_are_empty(scored) -> None:
    for table in (summary, win_rates, pass_rates):
        empty = table(scored.head(0), "ok")
        assert len(empty) == 0
        assert empty.dtypes.equals(table(scored, "ok").dtypes)


def test_any_column_can_be_what_is_compared(scored) -> None:
    renamed = scored.rename(columns={"llm_id": "model", "task_index": "question"})
    assert summary(renamed, "ok", by="model", task="question")["model"].tolist()[0] == "large"
    with pytest.raises(InvalidRequestError, match="no column 'llm_id'"):
        summary(renamed, "ok")


def test_scores_that_are_no_numbers_and_scores_that_are_not_there_are_refused(scored) -> None:
    with pytest.raises(InvalidRequestError, match="has no mean: it holds 'dry'"):
        summary(scored, "tone")
    with pytest.raises(
        InvalidRequestError, match=r"no score 'okay' \(did you mean 'ok'\?\): there is score.ok"
    ):
        summary(scored, "okay")
    with pytest.raises(InvalidRequestError, match="no scores yet: give some first"):
        summary(batch_frame([]), "ok")


@pytest.mark.parametrize(("good", "bad"), [(-5, 1), (1, 7)])
def test_a_score_has_one_method_whichever_values_an_llm_happens_to_have(good, bad) -> None:
    made = summary(
        batch_frame(
            BatchCell(
                task_index=n, llm_id=llm, scores={"n": good if n == 0 and llm == "a" else bad}
            )
            for n in range(8)
            for llm in "ab"
        ),
        "n",
    )
    assert made["method"].tolist() == ["t", "none"]
    assert made["low"].isna().tolist() == [False, True]


def test_rows_without_a_task_are_refused():
    frame = pd.DataFrame({"llm_id": ["a", "b"], "task_index": [None, 1], "score.ok": [1, 0]})
    for told in (
        summary,
        lambda frame: win_rates(frame, "ok"),
        lambda frame: pass_rates(frame, "ok"),
    ):
        with pytest.raises(InvalidRequestError, match="1 of 2 rows have no 'task_index'"):
            told(frame)


def test_yes_and_no_of_numpy_are_yes_and_no():
    frame = pd.DataFrame({"task_index": range(4), "llm_id": "a"})
    frame["score.ok"] = pd.Series([np.bool_(True), np.bool_(False), None, np.True_], dtype=object)
    told = summary(frame, "ok")
    assert (told["mean"].item(), told["missing"].item()) == (pytest.approx(2 / 3), 1)
    assert told["method"].item() == "wilson"
    assert pass_rates(frame, "ok")["pass_at_k"].item() == pytest.approx(2 / 3)


class _Answers:
    """Stands for a batch: what has a frame."""

    def to_frame(self) -> pd.DataFrame:
        rows = [(n, llm, float(n % 2)) for n in range(6) for llm in ("a", "b")]
        return pd.DataFrame(rows, columns=["task_index", "llm_id", "score.exact"])


@pytest.mark.parametrize("table", [summary, win_rates, pass_rates])
def test_what_has_a_frame_is_taken_for_it(table: Any) -> None:
    batch = _Answers()
    pd.testing.assert_frame_equal(table(batch, "exact"), table(batch.to_frame(), "exact"))


def test_why_an_interval_is_that_of_numbers_is_true_where_only_0_and_1_were_given():
    tasks = [{n: [v] for n, v in enumerate(of)} for of in ([0, 1, 1, 0], [0, 7, 7, 0])]
    told = [mean(of, kind="number").why for of in tasks]
    assert told == [
        "0 and 1 are some of many values, fewer than 10 tasks",
        "other values than 0 and 1, fewer than 10 tasks",
    ]


def test_an_interval_of_shares_and_of_their_differences_ends_where_these_do() -> None:
    tasks = range(12)
    cells = [(task, "a", 0.0 if task % 4 == 0 else 0.9) for task in tasks]
    cells += [(task, "b", 0.31 if task % 2 else 0.3) for task in tasks]
    frame = pd.DataFrame(cells, columns=["task", "llm_id", "score.part"])
    pair = win_rates(frame, "part", task="task").iloc[0]
    assert (pair["difference_low"], pair["difference_high"] < 1) == (-1.0, True)
    means = summary(frame, "part", task="task")
    assert means["low"].min() >= 0
    assert means["high"].max() <= 1
