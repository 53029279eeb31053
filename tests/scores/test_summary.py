"""Tables of the statistics, and the recorded runs counted again by other means."""

from __future__ import annotations

from collections import defaultdict
from math import comb
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.frames import BatchCell, batch_frame
from dari_nb.scores import pass_rates, summary, win_rates

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


def test_yes_and_no_of_numpy_are_yes_and_no():
    frame = pd.DataFrame({"task_index": range(4), "llm_id": "a"})
    frame["score.ok"] = pd.Series([np.bool_(True), np.bool_(False), None, np.True_], dtype=object)
    told = summary(frame, "ok")
    assert (told["mean"].item(), told["missing"].item()) == (pytest.approx(2 / 3), 1)
    assert told["method"].item() == "wilson"
    assert pass_rates(frame, "ok")["pass_at_k"].item() == pytest.approx(2 / 3)
