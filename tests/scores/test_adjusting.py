"""P-values of comparisons, one or many at once, beside scipy and statsmodels."""

from __future__ import annotations

import gc
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from dari_nb.errors import InvalidRequestError
from dari_nb.frames import BatchCell, batch_frame
from dari_nb.scores import holm, mean, paired_difference, pass_rates, summary, win_rates

EXACT = {"rel": 1e-9, "abs": 1e-9}


@pytest.fixture
def nothing_to_collect():
    """Spare what collects all garbage at each call, as statsmodels does, from looking far."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("nothing_to_collect")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_holms_p_values_are_those_of_statsmodels(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(expected.tolist(), **EXACT)


def test_p_values_that_are_missing_stay_so_and_count_for_none() -> None:
    found = holm([0.02, None, 0.04, math.nan])
    assert (found[0], found[2]) == (0.04, 0.04)
    assert [math.isnan(p) for p in found] == [False, True, False, True]
    assert holm([]) == []


@pytest.mark.parametrize("wrong", [-0.1, 1.5, "small", math.inf])
def test_what_is_no_p_value_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidRequestError):
        holm([0.5, wrong])


@pytest.mark.parametrize("tasks", [2, 5, 9])
@pytest.mark.parametrize("apart", [0, 0.5, 40])
def test_a_difference_of_few_tasks_has_the_p_value_of_the_paired_t_test(tasks, apart) -> None:
    random = np.random.default_rng([tasks, int(10 * apart)])
    ones, others = random.normal(apart, 1, tasks), random.normal(0, 1, tasks)
    found = paired_difference(*({n: [v] for n, v in enumerate(of)} for of in (ones, others)))
    assert found.method == "t"
    assert found.p_value == pytest.approx(stats.ttest_rel(ones, others).pvalue, rel=1e-9)


@pytest.mark.parametrize(
    ("method", "is_yes_and_no"),
    [
        ("half-task", True),
        ("agresti-min", True),
        ("t", False),
        ("normal", False),
        ("bootstrap", False),
        ("bootstrap-t", False),
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_a_p_value_is_below_5_percent_where_the_95_percent_interval_leaves_out_0(
    method: str, is_yes_and_no: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    rates = (0.9, 0.45 + 0.1 * seed)
    drawn = [random.random((12, 2)) < rate for rate in rates]
    if not is_yes_and_no:
        drawn = [values * random.exponential(1, values.shape) for values in drawn]
    one, other = (dict(enumerate(values.astype(float).tolist())) for values in drawn)
    p_value = paired_difference(one, other, method=method).p_value
    wider, narrower = 1 - p_value / 2, 1 - min(1.5 * p_value, (1 + p_value) / 2)
    for level in (wider, narrower):
        found = paired_difference(one, other, method=method, level=level)
        assert (found.low > 0 or found.high < 0) == (level == narrower)


def test_a_tie_in_place_of_a_win_never_makes_a_difference_surer() -> None:
    for tasks in range(2, 30):
        wins = [
            paired_difference(
                {n: [1] for n in range(tasks)}, {n: [int(n < ties)] for n in range(tasks)}
            )
            for ties in range(tasks)
        ]
        p_values = [found.p_value for found in wins]
        assert p_values == sorted(p_values)


def test_what_has_no_interval_has_no_p_value() -> None:
    same = {n: [7.0] for n in range(4)}
    for found in (paired_difference(same, same), mean(same), paired_difference({}, {})):
        assert math.isnan(found.p_value)
    assert math.isnan(mean({"a": [1], "b": [0]}).p_value)


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(3)
    rates = {"small": 0.3, "middle": 0.6, "large": 0.95}
    return batch_frame(
        BatchCell(
            task_index=task,
            llm_id=llm,
            repeat=repeat,
            scores={"right": bool(random.random() < rate), "words": float(random.normal(rate))},
        )
        for llm, rate in rates.items()
        for task in range(9)
        for repeat in range(2)
    )


def test_several_llms_and_scores_are_adjusted_together(frame: pd.DataFrame) -> None:
    made = win_rates(frame, ["right", "words"], adjust="holm")
    assert made["score"].tolist() == ["right"] * 3 + ["words"] * 3
    expected = multipletests(made["p_value"], method="holm")[1]
    assert made["p_adjusted"].tolist() == pytest.approx(expected.tolist(), **EXACT)
    assert made["adjusted"].unique().tolist() == ["holm, of 6"]
    apart = [win_rates(frame, name) for name in ("right", "words")]
    told = ["win_rate", "difference_low", "p_value"]
    assert made[told].equals(pd.concat(apart, ignore_index=True)[told])


def test_the_frame_says_when_nothing_was_adjusted(frame: pd.DataFrame) -> None:
    made = win_rates(frame, "right")
    assert made["adjusted"].unique().tolist() == ["no, one of 3"]
    assert made["p_adjusted"].isna().all()
    for table in (summary, pass_rates):
        assert table(frame, "right")["adjusted"].unique().tolist() == ["no"]


def test_the_frame_says_how_each_interval_was_made_and_why(frame: pd.DataFrame) -> None:
    row = summary(frame, "right").iloc[0]
    assert (row["method"], row["why"]) == (
        "wilson-effective",
        "all values are 0 or 1, several a task",
    )
    row = summary(frame, "words", method="normal").iloc[0]
    assert (row["method"], row["why"]) == ("normal", "asked for")
    made = win_rates(frame, ["right", "words"])
    assert made["difference_method"].unique().tolist() == ["half-task", "t"]
    assert made["difference_why"].unique().tolist() == [
        "all values are 0 or 1",
        "other values than 0 and 1, fewer than 10 tasks",
    ]
    rates = pass_rates(frame, "right")
    assert rates["at_method"].tolist()[:2] == ["wilson-effective", "wilson-poisson"]
    one = summary(frame[frame["task_index"] == 0], "right").iloc[0]
    assert (one["method"], one["why"]) == ("none", "one task alone does not tell how others vary")


def test_a_way_to_adjust_that_there_is_not_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(InvalidRequestError, match="did you mean 'holm'"):
        win_rates(frame, "right", adjust="Holmes")
