"""P-values of comparisons, one or many at once, beside scipy and statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from dari_nb.errors import InvalidRequestError
from dari_nb.frames import BatchCell, batch_frame
from dari_nb.scores import mean, paired_difference, pass_rates, summary, win_rates

EXACT = {"rel": 1e-9, "abs": 1e-9}


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
@pytest.mark.parametrize("seed", [1])
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


def test_a_way_to_adjust_that_there_is_not_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(InvalidRequestError, match="did you mean 'holm'"):
        win_rates(frame, "right", adjust="Holmes")
