"""Agreement of a judge with people, counted again by statsmodels, by hand and by definition."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa, to_table

from dari_nb.errors import InvalidRequestError
from dari_nb.scores import Agreement, AgreementConclusion, agreement, calibrated

RATINGS = [
    (np.random.default_rng(seed).integers(1, 6, (40, 2)) // shrunk).tolist()
    for seed, shrunk in ((0, 1), (1, 1), (2, 3), (3, 2))
]


def of(pairs: list[list[int]]) -> Agreement:
    ones = {n: [one] for n, (one, _) in enumerate(pairs)}
    return agreement(ones, {n: [other] for n, (_, other) in enumerate(pairs)})


@pytest.mark.parametrize("pairs", RATINGS)
def test_kappa_is_that_of_statsmodels(pairs) -> None:
    values = sorted({value for pair in pairs for value in pair})
    assert values == list(range(values[0], values[-1] + 1))  # its weights are those of ranks
    table, _ = to_table(np.array(pairs) - values[0], bins=np.arange(len(values) + 1) - 0.5)
    found = of(pairs)
    for name, weights in {"kappa": None, "kappa_linear": "linear", "kappa_quadratic": "fc"}.items():
        squares = np.subtract.outer(values, values) ** 2
        given = {"weights": squares} if weights == "fc" else {"wt": weights}
        theirs = cohens_kappa(table, return_results=False, **given)
        assert getattr(found, name).value == pytest.approx(theirs, abs=1e-9)


def alpha_by_pairs(pairs: list[list[int]], kind: str) -> float:
    """Krippendorff's alpha as it is defined: disagreement within cells over that of all values."""
    values = sorted(value for pair in pairs for value in pair)

    def apart(one: int, other: int) -> float:
        low, high = min(one, other), max(one, other)
        if kind == "nominal":
            return float(one != other)
        if kind == "interval":
            return float((one - other) ** 2)
        between = sum(low <= value <= high for value in values)
        return (between - (values.count(low) + values.count(high)) / 2) ** 2 * (low != high)

    observed = np.mean([apart(*pair) for pair in pairs])
    expected = np.mean([apart(*pair) for pair in combinations(values, 2)])
    return float(1 - observed / expected)


@pytest.mark.parametrize("pairs", RATINGS)
@pytest.mark.parametrize("kind", ["nominal", "ordinal", "interval"])
def test_alpha_is_what_its_definition_says(pairs, kind) -> None:
    found = getattr(of(pairs), f"alpha_{kind}")
    assert found.value == pytest.approx(alpha_by_pairs(pairs, kind), abs=1e-9)


def test_where_all_say_the_same_kappa_is_unknown_and_says_why() -> None:
    found = of([[4, 4]] * 12)
    assert math.isnan(found.kappa.value)
    assert found.kappa.method == "none"
    assert found.exact.value == 1


@pytest.mark.filterwarnings("error")
def test_one_task_has_no_interval_and_says_why() -> None:
    found = agreement({"a": [1, 2, 3, 4, 5] * 4}, {"a": [1, 2, 3, 4, 4] * 4})
    assert found.kappa.value == pytest.approx(0.75)
    assert math.isnan(found.kappa.low)
    why = "one task alone does not tell how others vary"
    assert (found.kappa.method, found.alpha_ordinal.why) == ("none", why)
    assert found.conclusion == AgreementConclusion.UNKNOWN


def test_numbers_without_a_scale_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="60 different values"):
        of([[n, n] for n in range(60)])


def test_values_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(
        InvalidRequestError, match=r"'a' has 2 values in the one and 1 in the other"
    ):
        agreement({"a": [1, 2]}, {"a": [1]})


def test_it_shows_itself_as_a_table() -> None:
    found = of(RATINGS[0])
    assert list(found.to_frame()["measure"]) == [
        "exact",
        "kappa",
        "kappa_linear",
        "kappa_quadratic",
        "alpha_nominal",
        "alpha_ordinal",
        "alpha_interval",
        "difference",
    ]
    assert "kappa_quadratic" in repr(found)
    assert "<table" in found._repr_html_()


def frame_of(judged, rated, **columns) -> pd.DataFrame:
    made = {"task_index": range(len(judged)), "llm_id": "small"}
    return pd.DataFrame(made | {"score.judge.fits": judged, "score.right": rated} | columns)


SCALE = [1, 2, 3, 4, 5] * 6


@pytest.mark.parametrize(
    ("frame", "names"),
    [
        (frame_of(SCALE, SCALE), ("judge.fits",)),
        (frame_of(SCALE, SCALE), ("fits", "right")),
        (frame_of(SCALE, SCALE, task_index=float("nan")), ("judge.fits", "right")),
        (frame_of([[1]] * 30, SCALE), ("judge.fits", "right")),
    ],
)
def test_what_agreement_cannot_be_told_of_is_refused_in_one_sentence(frame, names) -> None:
    with pytest.raises(InvalidRequestError):
        agreement(frame, *names)


@pytest.mark.parametrize("by", ["nope"])
def test_what_is_compared_by_is_a_column(by) -> None:
    with pytest.raises(InvalidRequestError, match="has no column"):
        calibrated(frame_of(SCALE, SCALE), "judge.fits", "right", by=by)


def judged_and_rated(tasks: int, repeats: int, more: float, seed: int = 0) -> Agreement:
    """Let people rate 1 to 5, and a judge near that, which gives so much more than they do."""
    random = np.random.default_rng(seed)
    rated = np.clip(np.rint(random.normal(3, 1.2, (tasks, repeats))), 1, 5)
    off = random.random((tasks, repeats))
    step = np.where(off < abs(more), math.copysign(1, more), 0)
    noise = np.where(random.random((tasks, repeats)) < 0.2, random.choice([-1, 1], off.shape), 0)
    judged = np.clip(rated + step + noise, 1, 5)
    return agreement(dict(enumerate(judged.tolist())), dict(enumerate(rated.tolist())))


def coded(call) -> str:
    with pytest.raises(InvalidRequestError) as refused:
        call()
    return refused.value.code


@pytest.mark.parametrize("cells", [1, 9])
def test_agreement_of_fewer_than_ten_cells_is_refused(cells) -> None:
    assert coded(lambda: of([[n % 5, n % 5] for n in range(cells)])) == "too_few_ratings"


@pytest.mark.parametrize("name", ["judge.kind"])
def test_agreement_of_missing_score_is_refused(name) -> None:
    frame = frame_of(SCALE, SCALE)
    assert coded(lambda: agreement(frame, name, "right")) == "score_not_found"


@pytest.mark.parametrize(
    ("judged", "rated"),
    [
        (SCALE, [n % 2 == 0 for n in range(30)]),
        (SCALE, [0, 1] * 15),
        (SCALE, [0.1, 0.9] * 15),
        ([n % 2 == 0 for n in range(30)], SCALE),
        (SCALE, ["good", "bad"] * 15),
    ],
)
def test_agreement_of_different_kinds_is_refused(judged, rated) -> None:
    frame = frame_of(judged, rated)
    assert coded(lambda: agreement(frame, "judge.fits", "right")) == "not_comparable"


def alike(values: list, cells: int) -> list[list]:
    """Let both say the same of each cell, one value after the other."""
    return [[values[n % len(values)]] * 2 for n in range(cells)]


def columns_of(*columns: list[list], tasks: str = "own") -> pd.DataFrame:
    """Put what a judge and people say of several LLMs into a frame, of own tasks or the same."""
    rows = [
        (n if tasks == "same" else 1000 * place + n, f"llm-{place}", one, other)
        for place, pairs in enumerate(columns)
        for n, (one, other) in enumerate(pairs)
    ]
    return pd.DataFrame(rows, columns=["task_index", "llm_id", "score.judge.ok", "score.hand"])


def leaning(cells: int, every: int, to: int) -> list[list]:
    """Let a judge say the same as people, and each so many times 1, or 0, of whatever it is."""
    return [[to if every and n % every < 2 else n % 2, n % 2] for n in range(cells)]


def test_conclusion_of_equal_scores_is_agrees() -> None:
    for values in ([1, 2, 3, 4, 5], [4, 5], [0, 1], [True, False], ["a", "b"]):
        assert of(alike(values, 60)).conclusion == AgreementConclusion.AGREES
        assert of(alike(values, 16)).conclusion == AgreementConclusion.OPEN


def test_conclusion_of_texts_uses_kappa_alone() -> None:
    found = agreement(frame_of(["a", "b"] * 30, ["a", "b"] * 30), "judge.fits", "right")
    assert (found.difference, found.by_column, found.between_columns) == (None, {}, {})
    assert found.conclusion == AgreementConclusion.AGREES


@pytest.mark.parametrize("more", [-0.6])
def test_conclusion_of_shifted_scores_is_biased(more) -> None:
    found = judged_and_rated(80, 3, more)
    assert found.kappa_quadratic.low > 0.6
    assert 0.3 < math.copysign(1, more) * found.difference.value < 0.7
    assert found.conclusion == AgreementConclusion.BIASED


@pytest.mark.parametrize(
    "pairs",
    [
        [[n % 5, n % 4] for n in range(60)],
        [[n % 2, 1 - n % 2] for n in range(60)],
        [[5 - n % 5, n % 5 + 1] for n in range(50)],
    ],
)
def test_conclusion_of_unrelated_or_reversed_scores_is_disagrees(pairs) -> None:
    assert of(pairs).conclusion == AgreementConclusion.DISAGREES


def test_conclusion_of_few_cells_is_open() -> None:
    assert of([[n % 2, n % 2 if n % 3 else 0] for n in range(12)]).kappa.high > 0.6
    assert of([[n % 2, n % 2 if n % 3 else 0] for n in range(12)]).conclusion == "open"
    assert of([[4, 4], *alike([5], 19)]).conclusion == "open"
    shifted = judged_and_rated(20, 1, 0.15, seed=3)
    assert shifted.kappa_quadratic.low > 0.6
    assert shifted.conclusion == "open"


def test_conclusion_of_judge_without_scores_for_many_is_open() -> None:
    few = of([*alike([0, 1], 120), *[[None, 0]] * 6])
    assert (few.unjudged, few.conclusion) == (6, AgreementConclusion.AGREES)
    many = of([*alike([0, 1], 120), *[[None, 0]] * 52])
    assert (many.unjudged, many.conclusion) == (52, AgreementConclusion.OPEN)


@pytest.mark.parametrize(
    ("judged", "rated"), [([5], [5]), ([1, 2, 3, 4, 5], [5]), (["a", "b"], ["a"])]
)
def test_conclusion_of_constant_score_is_unknown(judged, rated) -> None:
    found = of([[judged[n % len(judged)], rated[n % len(rated)]] for n in range(50)])
    assert math.isnan(found.kappa.low)
    assert found.conclusion == AgreementConclusion.UNKNOWN
    if len(judged) + len(rated) > 2:
        assert found.kappa.value == 0


@pytest.mark.parametrize("tasks", ["own", "same"])
def test_between_columns_of_judge_that_favors_one_is_biased(tasks) -> None:
    frame = columns_of(leaning(120, 10, 1), leaning(120, 10, 0), tasks=tasks)
    found = agreement(frame, "judge.ok", "hand")
    assert found.difference.value == 0
    assert found.conclusion == AgreementConclusion.BIASED
    [(columns, favored)] = found.between_columns.items()
    assert (columns, favored.value) == (("llm-0", "llm-1"), pytest.approx(0.2))
    by_column = {name: of.value for name, of in found.by_column.items()}
    assert by_column == {"llm-0": pytest.approx(0.1), "llm-1": pytest.approx(-0.1)}
    assert found.to_frame().tail(3)["cells"].tolist() == [120, 120, 240]
    pooled = agreement(frame.assign(all=1), "judge.ok", "hand", by="all")
    assert (pooled.between_columns, pooled.conclusion) == ({}, AgreementConclusion.AGREES)


def test_between_columns_of_unrated_column_is_left_out() -> None:
    frame = columns_of(alike([0, 1], 100), [[n % 2, None] for n in range(100)])
    found = agreement(frame, "judge.ok", "hand")
    assert [of.values for of in found.by_column.values()] == [200, 0]
    assert found.between_columns == {}
    assert found.conclusion == AgreementConclusion.OPEN


@pytest.mark.parametrize(("tasks", "same"), [(20, True), (40, False)])
def test_between_columns_interval_equals_scipy(tasks, same) -> None:
    random = np.random.default_rng(7)
    apart = [random.integers(-1, 2, tasks), random.integers(0, 3, tasks)]
    rated = random.integers(2, 4, tasks)
    columns = [np.stack([rated + gap, rated], axis=1).tolist() for gap in apart]
    frame = columns_of(*columns, tasks="same" if same else "own")
    [found] = agreement(frame, "judge.ok", "hand").between_columns.values()
    if same:
        expected = stats.ttest_rel(*apart).confidence_interval()
    else:
        error = np.sqrt((apart[0].var(ddof=1) + apart[1].var(ddof=1)) / tasks)
        reach = stats.t.ppf(0.975, tasks - 1) * error
        expected = [found.value - reach, found.value + reach]
    assert found[1:3] == pytest.approx(tuple(expected), abs=1e-9)
