"""Means calibrated by ratings: the formula written plainly, and how often intervals hold."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from dari_nb.errors import InvalidRequestError
from dari_nb.scores import calibrated, calibrated_mean, mean


def by_the_formula(y: list[float], f: list[float], unrated: list[float]) -> list[float]:
    """The power-tuned estimate and its interval, for one cell a task, in so many words."""
    n, more = len(y), len(unrated)
    y_mean, f_mean, u_mean = sum(y) / n, sum(f) / n, sum(unrated) / more
    yy = sum((v - y_mean) ** 2 for v in y) / n**2
    ff = sum((v - f_mean) ** 2 for v in f) / n**2
    yf = sum((v - y_mean) * (w - f_mean) for v, w in zip(y, f, strict=True)) / n**2
    uu = sum((v - u_mean) ** 2 for v in unrated) / more**2
    of_judge = (ff * n**2 + uu * more**2) / (n + more - 2)
    spread = of_judge / n + of_judge / more
    apart = [(v - w) ** 2 for v, w in zip(y, f, strict=True) if v != w]
    third = sum(apart) / len(apart) / 6 / n**2
    yy, ff, yf = yy + third, ff + third, yf - third
    power = max(0, yf / spread)
    gap = f_mean - u_mean
    rest = (yy - 2 * power * yf + power**2 * ff) * n / (n - 2)
    variance = rest + power**2 * of_judge / more + rest * gap**2 / (n * spread)
    value = power * u_mean + sum(v - power * w for v, w in zip(y, f, strict=True)) / n
    reach = stats.t.ppf(0.975, n - 2) * sqrt(variance)
    return [value, value - reach, value + reach]


@pytest.mark.parametrize("seed", [0])
def test_point_and_interval_are_those_of_the_formula(seed) -> None:
    random = np.random.default_rng(seed)
    y = random.integers(1, 8, 25).astype(float)
    f = np.where(random.random(25) < 0.6, y, random.integers(1, 8, 25)).astype(float)
    unrated = random.integers(1, 8, 70).astype(float)
    judged = {n: [value] for n, value in enumerate([*f, *unrated])}
    rated = {n: [y[n] if n < 25 else None] for n in judged}
    found = calibrated_mean(judged, rated)
    assert list(found[:3]) == pytest.approx(by_the_formula(y, f, unrated), abs=1e-9)
    assert found.method == "ppi++"


def test_of_yes_and_no_it_is_an_interval_of_a_share() -> None:
    random = np.random.default_rng(3)
    y = (random.random(30) < 0.8).astype(float)
    f = np.where(random.random(30) < 0.8, y, 1 - y)
    unrated = (random.random(50) < 0.7).astype(float)
    rated = {n: [y[n] if n < 30 else None] for n in range(80)}
    found = calibrated_mean({n: [v] for n, v in enumerate([*f, *unrated])}, rated)
    value, low, _ = by_the_formula(y, f, unrated)
    error = (value - low) / stats.t.ppf(0.975, 28)
    wilson = proportion_confint(
        value * value * (1 - value) / error**2, value * (1 - value) / error**2, method="wilson"
    )
    assert list(found[:3]) == pytest.approx([value, *wilson], abs=1e-9)


def frame_of(rated: int, tasks: int = 60, llms=("small", "large")) -> pd.DataFrame:
    """One LLM that the judge is fair to, and one that it gives a point too many."""
    random = np.random.default_rng(0)
    rows = []
    for task in range(tasks):
        for llm in llms:
            rating = int(random.integers(1, 5))
            judged = rating + (llm == "large")
            rows.append((task, llm, judged, rating if task < rated else None))
    return pd.DataFrame(rows, columns=["task_index", "llm_id", "score.judge.good", "score.rating"])


def test_a_judge_that_likes_one_llm_more_moves_nothing() -> None:
    found = calibrated(frame_of(rated=30), "judge.good").set_index("llm_id")
    assert list(found["ratings"]) == [30, 30]
    gap = found["judged"] - found["mean"]
    assert gap["small"] == pytest.approx(0, abs=0.2)
    assert gap["large"] == pytest.approx(1, abs=0.2)
    assert (found["low"] < found["mean"]).all()
    assert (found["mean"] < found["high"]).all()


def test_too_few_ratings_are_refused_with_how_many_are_needed() -> None:
    with pytest.raises(InvalidRequestError, match="'small' has 12 ratings") as refused:
        calibrated(frame_of(rated=12), "judge.good")
    assert refused.value.code == "too_few_ratings"
    judged = {n: [1, 0, 1, 0] for n in range(20)}
    rated = {n: [1, 0, 1, 1] if n < 6 else [None] * 4 for n in judged}
    with pytest.raises(InvalidRequestError) as refused:
        calibrated_mean(judged, rated)
    assert refused.value.code == "too_few_ratings"
    frame = frame_of(rated=12).assign(
        **{"score.judge.good": pd.Series([None] * 120, dtype="Int64")}
    )
    with pytest.raises(InvalidRequestError, match="No cell is judged"):
        calibrated(frame, "judge.good")


@pytest.mark.parametrize(
    "names", [("rating", "judge.good"), ("good", "judge.good"), ("rating", "rating")]
)
def test_who_is_the_judge_and_who_are_people_is_not_exchanged(names: tuple[str, str]) -> None:
    frame = frame_of(rated=30)
    frame["score.good"], frame["score.hand"] = frame["score.judge.good"], frame["score.rating"]
    with pytest.raises(InvalidRequestError):
        calibrated(frame, *names)


def test_calibrated_judge_on_other_scale_is_refused() -> None:
    frame = frame_of(rated=30)
    frame["score.yes"] = frame["score.rating"].astype("Int64") >= 3
    with pytest.raises(InvalidRequestError) as refused:
        calibrated(frame, "judge.good", "yes")
    assert refused.value.code == "not_comparable"
    frame["score.good"] = frame["score.judge.good"] >= 4
    assert list(calibrated(frame, "good", "yes")["ratings"]) == [30, 30]


def test_where_all_is_rated_it_is_the_mean_of_the_ratings() -> None:
    frame = frame_of(rated=60)
    [small, _] = calibrated(frame, "judge.good").to_dict("records")
    own = frame[frame["llm_id"] == "small"]
    by_hand = mean(
        {
            task: [rating]
            for task, rating in zip(own["task_index"], own["score.rating"], strict=True)
        }
    )
    assert (small["mean"], small["low"]) == (by_hand.value, by_hand.low)
    assert small["why"].startswith("all cells are rated")


def test_versions_are_columns_of_their_own() -> None:
    one, other = frame_of(30, llms=("small",)), frame_of(30, llms=("small",))
    frame = pd.concat([one.assign(version_id="ver_1"), other.assign(version_id="ver_2")])
    assert list(calibrated(frame, "judge.good")["llm_id"]) == ["ver_1", "ver_2"]


def test_calibrated_constant_ratings_have_no_interval() -> None:
    frame = frame_of(rated=30, llms=("small",))
    frame["score.rating"] = frame["score.rating"].where(frame["score.rating"].isna(), 4)
    found = calibrated(frame, "judge.good")
    assert found.loc[0, "mean"] == 4
    assert np.isnan(found.loc[0, "low"])


def skipping(tasks: int = 60, rated: int = 60, llms=("small", "large")) -> pd.DataFrame:
    """Half of the answers are bad, and a judge that is right says nothing of most of these."""
    rows = [
        (n, llm, None if n % 2 and n % 10 != 1 else n % 2 == 0, n % 2 == 0 if n < rated else None)
        for n in range(tasks)
        for llm in llms
    ]
    frame = pd.DataFrame(rows, columns=["task_index", "llm_id", "score.judge.ok", "score.hand"])
    return frame.astype({"score.judge.ok": "boolean", "score.hand": "boolean"})


def test_answers_that_a_judge_skips_are_among_all() -> None:
    found = calibrated(skipping(), "judge.ok", "hand")
    assert found["mean"].tolist() == [0.5, 0.5]
    assert found[["cells", "unjudged", "ratings"]].to_numpy().tolist() == [[60, 24, 60]] * 2
    assert found["judged"].tolist() == pytest.approx([30 / 36] * 2)
    assert found.loc[0, "why"].startswith("all cells are rated: their mean")
    part = calibrated(skipping(rated=40), "judge.ok", "hand")
    assert part["mean"].tolist() == pytest.approx([0.5] * 2, abs=0.05)
    assert (part["high"] < 0.7).all()
    assert "40 of 60 cells are rated" in part.loc[0, "why"]
    assert "; 24 without a verdict count as the judge's mean of the others" in part.loc[0, "why"]


def test_calibrated_ignores_failures_and_columns_without_scores() -> None:
    frame = skipping().assign(status="completed", text="An answer.")
    frame.loc[frame["task_index"] % 10 == 3, ["status", "score.hand"]] = "failed", None
    found = calibrated(frame, "judge.ok", "hand")
    assert found["cells"].tolist() == [54, 54]
    assert found["why"].str.startswith("all cells are rated").all()
    frame.loc[frame["llm_id"] == "large", ["score.judge.ok", "score.hand"]] = None
    alone = calibrated(frame, "judge.ok", "hand")
    assert alone["llm_id"].tolist() == ["small"]
