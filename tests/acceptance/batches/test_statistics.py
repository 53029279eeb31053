"""`dari.scores`: textbook methods equal scipy and statsmodels, and any interval is sound."""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa, to_table
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

import dari_nb as dari
from dari_nb import scores

bits = st.integers(0, 1)
grades = st.integers(-500, 500).map(lambda value: value / 100)
tries = st.lists(st.lists(bits, min_size=3, max_size=3), min_size=2, max_size=30)


def by_task(values):
    """Return values as those of tasks, with one try each or several."""
    return {n: value if isinstance(value, list) else [value] for n, value in enumerate(values)}


def ends(estimate):
    return estimate.low, estimate.high


def near(expected):
    return pytest.approx(expected, rel=1e-6, abs=1e-6)


def mcnemar_mid_p(wins, losses):
    """Fagerland, Lydersen and Laake (2013), equation 4."""
    fewer, discordant = min(wins, losses), wins + losses
    below = stats.binom.cdf(fewer, discordant, 0.5)
    return min(1, 2 * below - stats.binom.pmf(fewer, discordant, 0.5))


@given(st.integers(0, 40), st.integers(1, 40), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_equals_statsmodels(successes, failures, level):
    total = successes + failures
    for count in (successes, total - successes):
        found = scores.wilson(count, total, level=level)
        expected = proportion_confint(count, total, alpha=1 - level, method="wilson")
        assert ends(found) == near(expected)
        assert (found.value, found.tasks) == (count / total, total)


def test_wilson_has_textbook_value():
    """Newcombe (1998), table I: 81 of 263, and 15 of 148."""
    assert ends(scores.wilson(81, 263)) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert ends(scores.wilson(15, 148)) == pytest.approx((0.0624, 0.1605), abs=5e-5)


@given(st.lists(bits, min_size=2, max_size=40))
def test_mean_of_yes_and_no_is_wilson(values):
    found = scores.mean(by_task(values))
    assert ends(found) == near(proportion_confint(sum(values), len(values), method="wilson"))


@given(st.lists(st.lists(grades, min_size=1, max_size=3), min_size=1, max_size=7))
def test_mean_of_numbers_is_student(values):
    values = [*values, [0.51], [0.52]]  # at most nine tasks, and not all values 0 or 1
    means = [np.mean(of_task) for of_task in values]
    found = scores.mean(by_task(values))
    assert found.value == near(np.mean(means))
    assert ends(found) == near(tuple(stats.ttest_1samp(means, 0).confidence_interval()))


@given(st.lists(st.tuples(grades, grades), min_size=1, max_size=7))
def test_difference_of_numbers_is_paired_t(pairs):
    one, other = zip(*pairs, (0.51, 0.1), (0.52, 0.3), strict=True)
    found = scores.paired_difference(by_task(one), by_task(other))
    expected = stats.ttest_rel(one, other)
    assert ends(found) == near(tuple(expected.confidence_interval()))
    assert found.p_value == near(expected.pvalue)


@given(st.lists(st.tuples(bits, bits), min_size=3, max_size=40))
def test_difference_of_yes_and_no_has_mid_p(pairs):
    one, other = zip(*pairs, strict=True)
    wins, losses = pairs.count((1, 0)), pairs.count((0, 1))
    found = scores.paired_difference(by_task(one), by_task(other))
    assert found.value == near((wins - losses) / len(pairs))
    if wins != losses:
        assert found.p_value == near(mcnemar_mid_p(wins, losses))


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_pass_rates_count_all_choices(k):
    """The unbiased estimators count each choice of k of the tries."""
    tasks = by_task([list(values) for values in product([0, 1], repeat=4)])
    choices = {n: list(combinations(values, k)) for n, values in tasks.items()}
    some = np.mean([np.mean([any(choice) for choice in of]) for of in choices.values()])
    every = np.mean([np.mean([all(choice) for choice in of]) for of in choices.values()])
    assert scores.pass_at_k(tasks, k).value == near(some)
    assert scores.pass_hat_k(tasks, k).value == near(every)


def test_pass_rates_leave_out_tasks_with_few_tries():
    tasks = {"a": [1, 0, None], "b": [1]}
    found = scores.pass_at_k(tasks, 2)
    assert (found.value, found.tasks) == (1, 1)
    assert scores.pass_hat_k(tasks, 2).value == 0
    with pytest.raises(dari.errors.InvalidRequestError):
        scores.pass_at_k(tasks, 0)


@pytest.mark.parametrize("count", [1, 2, 7, 20])
def test_holm_equals_statsmodels(count):
    p_values = (np.random.default_rng(count).random(count) ** 3).tolist()
    assert scores.holm(p_values) == near(multipletests(p_values, method="holm")[1].tolist())


def test_holm_ignores_missing_values():
    assert scores.holm([0.01, None, 0.04, 0.03])[::2] == near([0.03, 0.06])
    with pytest.raises(dari.errors.InvalidRequestError) as refused:
        scores.holm([1.5])
    assert refused.value.code == "invalid_values"


RATINGS = [np.random.default_rng(seed).integers(1, 6, (40, 2)).tolist() for seed in range(2)]
RATINGS.append([[one, min(5, one + seed % 2)] for seed, (one, _) in enumerate(RATINGS[0])])


def agreement_of(pairs):
    one, other = zip(*pairs, strict=True)
    return scores.agreement(by_task(one), by_task(other))


@pytest.mark.parametrize("pairs", RATINGS)
def test_kappa_equals_statsmodels(pairs):
    table, _ = to_table(np.array(pairs), bins=np.arange(0.5, 6))
    squares = np.subtract.outer(range(5), range(5)) ** 2
    found = agreement_of(pairs)
    assert found.exact.value == near(np.mean([one == other for one, other in pairs]))
    assert found.kappa.value == near(cohens_kappa(table, return_results=False))
    assert found.kappa_quadratic.value == near(
        cohens_kappa(table, weights=squares, return_results=False)
    )
    for estimate in (found.exact, found.kappa, found.kappa_quadratic):
        assert estimate.low < estimate.value < estimate.high <= 1


@pytest.mark.parametrize("pairs", RATINGS)
def test_alpha_equals_its_definition(pairs):
    """Krippendorff's alpha: disagreement within cells over that of all values."""
    values = [value for pair in pairs for value in pair]
    distances = {
        "alpha_nominal": lambda one, other: one != other,
        "alpha_interval": lambda one, other: (one - other) ** 2,
    }
    found = agreement_of(pairs)
    for name, distance in distances.items():
        within = np.mean([distance(*pair) for pair in pairs])
        overall = np.mean([distance(*pair) for pair in combinations(values, 2)])
        assert getattr(found, name).value == near(1 - within / overall)


def test_kappa_has_textbook_value():
    """50 proposals and two readers: kappa is (0.7 - 0.5) / 0.5."""
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    found = agreement_of(pairs)
    assert (found.cells, found.exact.value, found.kappa.value) == (50, near(0.7), near(0.4))


def calibrated(judged, rated):
    """Return the calibrated mean of one column, with one cell a task."""
    frame = pd.DataFrame(
        {
            "task_index": range(len(judged)),
            "llm_id": "small",
            "score.judge.good": judged,
            "score.rating": rated,
        }
    )
    return scores.calibrated(frame, "judge.good").iloc[0]


def test_calibrated_mean_ignores_constant_bias():
    """A judge that adds one to each rating moves nothing, however many are not rated."""
    people = [1 + n % 4 for n in range(80)]
    judged = [value + 1 for value in people]
    found = calibrated(judged, [*people[:40], *[None] * 40])
    assert (found["mean"], found["judged"], found["rated"]) == (near(2.5), near(3.5), near(2.5))
    assert found["low"] < 2.5 < found["high"] < 3.5


def test_calibrated_mean_moves_towards_judge():
    """PPI++: rated answers happen to be worse than the others, which the judge sees."""
    people = [1 + n % 3 for n in range(40)] + [3 + n % 3 for n in range(80)]
    found = calibrated(people, [*people[:40], *[None] * 80])
    assert found["rated"] < found["mean"] < found["judged"] + 0.1
    assert found["low"] < np.mean(people) < found["high"]
    ignored = calibrated([n % 5 + 1 for n in range(120)], [*people[:40], *[None] * 80])
    assert ignored["mean"] == pytest.approx(np.mean(people[:40]), abs=0.2)


def test_calibrated_mean_needs_ratings():
    with pytest.raises(dari.errors.InvalidRequestError) as refused:
        calibrated([1, 2, 3] * 10, [1, 2, 3] * 3 + [None] * 21)
    assert refused.value.code == "too_few_ratings"


ESTIMATORS = {
    "mean": scores.mean,
    "pass_at_k": lambda tasks: scores.pass_at_k(tasks, 2),
    "pass_hat_k": lambda tasks: scores.pass_hat_k(tasks, 2),
}


@pytest.mark.parametrize("estimate", ESTIMATORS.values(), ids=ESTIMATORS)
@given(tries)
def test_interval_of_share_contains_estimate(estimate, values):
    found = estimate(by_task(values))
    if not math.isnan(found.low):
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.low < found.high


@pytest.mark.parametrize("estimate", ESTIMATORS.values(), ids=ESTIMATORS)
@given(tries)
def test_interval_narrows_with_tasks(estimate, values):
    few, many = estimate(by_task(values)), estimate(by_task(values * 4))
    assert many.value == near(few.value)
    if not math.isnan(few.low):
        assert many.high - many.low < few.high - few.low


@given(tries)
def test_mean_of_tries_is_symmetric(values):
    found = scores.mean(by_task(values))
    turned = scores.mean(by_task([[1 - value for value in of] for of in values]))
    assert turned.value == near(1 - found.value)
    assert ends(turned) == near((1 - found.high, 1 - found.low))


@given(st.lists(bits, min_size=2, max_size=30), st.integers(2, 5))
def test_copies_of_tries_add_no_certainty(values, copies):
    """Tasks are what varies: the same answer again says nothing about other tasks."""
    one, several = (scores.mean(by_task([[v] * n for v in values])) for n in (1, copies))
    assert several.value == near(one.value)
    assert several.high - several.low > 0.95 * (one.high - one.low)


@given(st.lists(st.tuples(bits, bits), min_size=2, max_size=30))
def test_difference_is_symmetric_and_bounded(pairs):
    one, other = map(by_task, zip(*pairs, strict=True))
    found, turned = scores.paired_difference(one, other), scores.paired_difference(other, one)
    assert turned.value == near(-found.value)
    if not math.isnan(found.low):
        assert -1 <= found.low <= found.value <= found.high <= 1
        assert ends(turned) == near((-found.high, -found.low))
        assert turned.p_value == near(found.p_value)


@given(st.lists(st.tuples(bits, bits), min_size=10, max_size=30))
def test_difference_narrows_with_tasks(pairs):
    few, many = (
        scores.paired_difference(*map(by_task, zip(*pairs * times, strict=True)))
        for times in (1, 4)
    )
    assert many.value == near(few.value)
    if not math.isnan(few.low):
        assert many.high - many.low < few.high - few.low


@given(st.lists(grades, min_size=10, max_size=25, unique=True))
def test_mean_of_many_numbers_contains_estimate(values):
    found = scores.mean(by_task(values))
    assert found.value == near(np.mean(values))
    assert found.low < found.value < found.high


def test_missing_values_count_for_nothing():
    found = scores.mean({"a": [1, None, math.nan], "b": [0], "c": [None]})
    assert (found.value, found.tasks, found.values) == (0.5, 2, 2)
    assert math.isnan(scores.mean({}).value)
    alone = scores.mean({"a": [1, 0]})
    assert alone.value == 0.5
    assert math.isnan(alone.low)
    assert math.isnan(alone.high)


@pytest.mark.parametrize("value", ["yes", math.inf, [1]])
def test_value_that_is_no_number_is_refused(value):
    with pytest.raises(dari.errors.InvalidRequestError) as refused:
        scores.mean({"a": [value]})
    assert refused.value.code in {code.code for code in dari.errors.CODES}


@pytest.fixture
def frame():
    """Three columns of eight tasks with three tries each, as a batch gives it."""
    random = np.random.default_rng(1)
    rows = [
        {
            "task_index": task,
            "llm_id": llm,
            "repeat": repeat,
            "score.exact": bool(random.random() < rate),
        }
        for llm, rate in (("a", 0.9), ("b", 0.5), ("c", 0.4))
        for task in range(8)
        for repeat in range(3)
    ]
    return pd.DataFrame(rows)


def column(frame, llm):
    return frame[frame["llm_id"] == llm].groupby("task_index")["score.exact"].agg(list).to_dict()


def test_summary_has_mean_of_each_column(frame):
    table = scores.summary(frame, "exact")
    assert table["llm_id"].tolist() == ["a", "b", "c"]
    for row in table.to_dict("records"):
        found = scores.mean(column(frame, row["llm_id"]))
        assert (row["mean"], row["low"], row["high"]) == near((found.value, *ends(found)))
        assert (row["tasks"], row["cells"]) == (8, 24)


def test_pass_rates_has_each_k(frame):
    table = scores.pass_rates(frame, "exact")
    assert table[["llm_id", "k"]].to_numpy().tolist() == [
        [llm, k] for llm in "abc" for k in (1, 2, 3)
    ]
    for row in table.to_dict("records"):
        tasks = column(frame, row["llm_id"])
        assert row["pass_at_k"] == near(scores.pass_at_k(tasks, row["k"]).value)
        assert row["pass_hat_k"] == near(scores.pass_hat_k(tasks, row["k"]).value)
    rates = table.groupby("llm_id")
    assert rates["pass_at_k"].is_monotonic_increasing.all()
    assert rates["pass_hat_k"].is_monotonic_decreasing.all()


def test_win_rates_compares_each_pair(frame):
    table = scores.win_rates(frame, "exact", adjust="holm")
    assert table[["llm_id", "other"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert table["p_adjusted"].tolist() == near(scores.holm(table["p_value"]))
    for row in table.to_dict("records"):
        one, other = column(frame, row["llm_id"]), column(frame, row["other"])
        wins = [stats.mannwhitneyu(one[task], other[task]).statistic / 9 for task in one]
        assert row["win_rate"] == near(np.mean(wins))
        found = scores.paired_difference(one, other)
        assert (row["difference"], row["p_value"]) == near((found.value, found.p_value))


def test_summary_of_unknown_score_is_refused(frame):
    with pytest.raises(dari.errors.InvalidRequestError) as refused:
        scores.summary(frame, "nosuch")
    assert refused.value.code == "score_not_found"
