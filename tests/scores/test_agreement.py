"""Agreement of a judge with people, counted again by statsmodels, by hand and by definition."""

from __future__ import annotations

import math
import re
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa, to_table

from dari_nb.errors import InvalidRequestError
from dari_nb.scores import Agreement, agreement, calibrated, mean

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


def test_the_worked_examples_of_two_textbooks_come_out() -> None:
    # 50 proposals, read by two: 20 times both say yes, 15 times both no, 5 and 10 times one.
    told = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    found = of([list(pair) for pair in told])
    assert found.exact.value == pytest.approx(0.7)
    assert found.kappa.value == pytest.approx((0.7 - 0.5) / 0.5, abs=1e-9)
    assert found.kappa_linear is None
    # Krippendorff's two observers of ten articles: o01 = 4, n0 = 14, n1 = 6, alpha = 1 - 19 * 4/84.
    ones, others = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    binary = of([list(pair) for pair in zip(ones, others, strict=True)])
    assert binary.alpha_nominal.value == pytest.approx(1 - 19 * 8 / (2 * 14 * 6), abs=1e-9)


def test_gaps_between_levels_count_as_they_are() -> None:
    table = [[1, 1]] * 5 + [[1, 2]] * 3 + [[1, 5]] * 2 + [[5, 5]] * 4
    values = [1, 2, 5]
    counts = pd.crosstab(
        *(pd.Categorical([p[n] for p in table], values) for n in (0, 1)), dropna=False
    )
    theirs = cohens_kappa(
        counts.to_numpy(), weights=abs(np.subtract.outer(values, values)), return_results=False
    )
    assert of(table).kappa_linear.value == pytest.approx(theirs, abs=1e-9)


def test_exact_agreement_is_a_share_with_the_interval_of_one() -> None:
    pairs = RATINGS[0]
    by_hand = mean({n: [one == other] for n, (one, other) in enumerate(pairs)}, kind="yes/no")
    found = of(pairs).exact
    assert (found.value, found.low, found.high) == (by_hand.value, by_hand.low, by_hand.high)


def test_intervals_hold_the_truth_for_few_cells_and_repeats() -> None:
    random = np.random.default_rng(5)
    chances = np.full((3, 3), 0.2 / 6)
    np.fill_diagonal(chances, 0.8 / 3)
    truth, held = 1 - 0.2 / (2 / 3), []
    for _ in range(300):
        said = random.choice(9, (20, 2), p=chances.ravel())
        said = np.where(random.random((20, 2)) < 0.5, said[:, :1], said)
        ones = dict(enumerate((said // 3).tolist()))
        found = agreement(ones, dict(enumerate((said % 3).tolist()))).kappa
        held.append(found.low <= truth <= found.high)
    assert 0.93 <= np.mean(held) <= 0.99


def test_two_who_never_differ_are_not_certain_to_agree() -> None:
    found = of([[n % 3, n % 3] for n in range(12)])
    assert found.kappa.value == 1
    assert 0.3 < found.kappa.low < 0.75
    assert found.kappa.high == 1


def test_where_all_say_the_same_kappa_is_unknown_and_says_why() -> None:
    found = of([[4, 4]] * 12)
    assert math.isnan(found.kappa.value)
    assert "one and the same" in found.kappa.why
    assert found.exact.value == 1


@pytest.mark.filterwarnings("error")
def test_one_task_has_no_interval_and_says_why() -> None:
    found = agreement({"a": [1, 2, 3, 4, 5] * 4}, {"a": [1, 2, 3, 4, 4] * 4})
    assert found.kappa.value == pytest.approx(0.75)
    assert math.isnan(found.kappa.low)
    why = "one task alone does not tell how others vary"
    assert (found.kappa.method, found.alpha_ordinal.why) == ("none", why)
    assert found.sentence == f"Whether the one may stand for the other is not known: {why}"


@pytest.mark.parametrize("size", [1e-200, 1e99])
def test_how_large_numbers_are_does_not_matter(size) -> None:
    pairs = RATINGS[0]
    found, sized = of(pairs), of([[one * size, other * size] for one, other in pairs])
    for name in ("kappa_linear", "kappa_quadratic", "alpha_interval"):
        assert getattr(sized, name)[:3] == pytest.approx(getattr(found, name)[:3])


def test_few_cells_are_refused_with_how_many_are_needed() -> None:
    frame = pd.DataFrame(
        {
            "task_index": range(12),
            "score.judge.helpful": [1, 2, 3] * 4,
            "score.rating": [1, 2, 3, *[None] * 9],
        }
    )
    with pytest.raises(
        InvalidRequestError, match=r"3 cells have both 'judge.helpful' and 'rating'; 10 "
    ):
        agreement(frame, "judge.helpful", "rating")
    with pytest.raises(InvalidRequestError, match=r"no score 'judge.kind'"):
        agreement(frame, "judge.kind", "rating")
    unrated = frame.drop(columns="score.rating")
    with pytest.raises(
        InvalidRequestError,
        match=r"no score 'rating': there is .*\. Rate answers by hand first, as batch.sample\(20\)",
    ):
        agreement(unrated, "judge.helpful", "rating")


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


@pytest.mark.parametrize(("one", "other"), list(product([True, 1, 1.0], [1, True])))
def test_yes_and_one_are_the_same(one, other) -> None:
    assert of([[one, other], [0, False]] * 6).exact.value == 1


def test_where_all_cells_have_both_only_more_tasks_would_tell_more() -> None:
    pairs = [[n % 2, n % 2 if n % 3 else 0] for n in range(14)]
    assert "all of them have both, so only more tasks would tell" in of(pairs).sentence
    found = of([*pairs, [1, None]])
    assert (found.cells, found.lacking) == (14, 1)
    assert "and more ratings would tell" in found.sentence


def test_it_says_how_yes_or_no_and_a_scale_come_to_agree() -> None:
    frame = frame_of([n % 2 == 0 for n in range(30)], SCALE)
    with pytest.raises(InvalidRequestError, match=r"rate\(0, True\)") as told:
        agreement(frame, "judge.fits", "right")
    assert "frame['score.good'] = frame['score.right'] >= 4" in str(told.value)
    frame["score.good"] = frame["score.right"] >= 4
    assert agreement(frame, "judge.fits", "good").cells == 30


def frame_of(judged, rated, **columns) -> pd.DataFrame:
    made = {"task_index": range(len(judged)), "llm_id": "small"}
    return pd.DataFrame(made | {"score.judge.fits": judged, "score.right": rated} | columns)


SCALE = [1, 2, 3, 4, 5] * 6


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
def test_scores_of_kinds_that_cannot_agree_are_refused(judged, rated) -> None:
    with pytest.raises(InvalidRequestError, match="these cannot agree"):
        agreement(frame_of(judged, rated), "judge.fits", "right")


def test_values_that_are_ranked_alike_may_be_of_two_scales() -> None:
    random = np.random.default_rng(1)
    ones = random.integers(1, 6, 40)
    others = 10 * np.minimum(ones, 4) + random.integers(0, 2, 40)
    found = of(list(zip(ones.tolist(), others.tolist(), strict=True)))
    assert found.ranks == pytest.approx(stats.spearmanr(ones, others).statistic)
    assert f"(Spearman {found.ranks:.2f}), so they may be of two scales" in found.sentence
    assert "two scales" not in of(list(zip(ones.tolist(), ones.tolist(), strict=True))).sentence
    assert math.isnan(of([[1, n % 3] for n in range(20)]).ranks)


@pytest.mark.parametrize(
    ("frame", "names", "why"),
    [
        (frame_of(SCALE, SCALE), ("judge.fits",), "Name the second score, too"),
        (frame_of(SCALE, SCALE), ("fits", "right"), "did you mean 'judge.fits'"),
        (
            frame_of(SCALE, SCALE, task_index=float("nan")),
            ("judge.fits", "right"),
            "30 of 30 rows have no 'task_index'",
        ),
        (
            frame_of(SCALE, SCALE, task_index=[[1]] * 30),
            ("judge.fits", "right"),
            "The column 'task_index' holds a list",
        ),
        (frame_of([[1]] * 30, SCALE), ("judge.fits", "right"), "A cell holds a list"),
        (frame_of(SCALE, [{"a": 1}] * 30), ("judge.fits", "right"), "A cell holds a dict"),
        (
            pd.concat([frame_of(SCALE, SCALE), frame_of(SCALE, SCALE)["score.right"]], axis=1),
            ("judge.fits", "right"),
            "2 columns 'score.right': leave one",
        ),
    ],
)
def test_what_agreement_cannot_be_told_of_is_refused_in_one_sentence(frame, names, why) -> None:
    with pytest.raises(InvalidRequestError, match=why):
        agreement(frame, *names)


@pytest.mark.parametrize("by", ["nope", ["llm_id"]])
def test_what_is_compared_by_is_a_column(by) -> None:
    with pytest.raises(InvalidRequestError, match="has no column"):
        calibrated(frame_of(SCALE, SCALE), "judge.fits", "right", by=by)


def test_numbers_that_nobody_can_count_with_are_counted() -> None:
    judged = pd.Series([*SCALE[:-2], math.inf, 10**400], dtype=object)
    found = agreement(frame_of(judged, SCALE), "judge.fits", "right")
    assert (found.cells, found.left_out) == (28, 2)
    assert "2 values are no finite numbers and left out" in repr(found).splitlines()[0]
    table = calibrated(frame_of(judged, SCALE), "judge.fits", "right")
    assert "2 values are no finite numbers and left out" in table.loc[0, "why"]


@pytest.mark.parametrize(
    ("pairs", "begins"),
    [
        ([[n % 5, n % 5] for n in range(60)], "the one may stand for the other: kappa 1.00"),
        ([[n % 2, n % 2] for n in range(60)], "the one may stand for the other: kappa 1.00"),
        ([[n % 5, n % 4] for n in range(60)], "the one may not stand for the other: kappa_q"),
        (
            [[n % 2, n % 2 if n % 3 else 0] for n in range(12)],
            "Whether the one may stand for the other is",
        ),
        ([[1, 1]] * 20, "Whether the one may stand for the other is not known"),
        ([[n % 2, 1 - n % 2] for n in range(60)], "the one says another thing than the other"),
    ],
)
def test_its_first_sentence_says_whether_a_judge_can_be_trusted(pairs, begins) -> None:
    found = of(pairs)
    assert repr(found).startswith(begins)
    assert begins in found._repr_html_()


def judged_and_rated(tasks: int, repeats: int, more: float, seed: int = 0) -> Agreement:
    """Let people rate 1 to 5, and a judge near that, which gives so much more than they do."""
    random = np.random.default_rng(seed)
    rated = np.clip(np.rint(random.normal(3, 1.2, (tasks, repeats))), 1, 5)
    off = random.random((tasks, repeats))
    step = np.where(off < abs(more), math.copysign(1, more), 0)
    noise = np.where(random.random((tasks, repeats)) < 0.2, random.choice([-1, 1], off.shape), 0)
    judged = np.clip(rated + step + noise, 1, 5)
    return agreement(dict(enumerate(judged.tolist())), dict(enumerate(rated.tolist())))


def test_a_lenient_judge_ranks_as_people_do_and_may_not_stand_for_them() -> None:
    found = judged_and_rated(80, 3, 0.6)
    assert found.kappa_quadratic.low > 0.6
    assert 0.3 < found.difference.low < found.difference.high < 0.7
    value, low, high = (f"{number:.2f}" for number in found.difference[:3])
    gives = f"but gives {value} more ({low} to {high}), which calibrated() makes up for: kappa_quad"
    assert found.sentence.startswith(f"the one ranks answers as the other does, {gives}")
    assert "may stand" not in found.sentence


def test_a_stern_judge_is_told_of_as_one_that_gives_less() -> None:
    found = judged_and_rated(80, 3, -0.6)
    low, high = sorted(abs(number) for number in found.difference[1:3])
    assert f"less ({low:.2f} to {high:.2f}), which calibrated()" in found.sentence


def test_a_judge_without_a_bias_may_stand_for_people_and_tells_how_far_off_it_is() -> None:
    found = judged_and_rated(80, 3, 0.0)
    assert found.difference.low < 0 < found.difference.high
    assert found.sentence.startswith("the one may stand for the other: kappa_quadratic 0.9")
    assert "commonly called enough; it gives 0.0" in found.sentence


def test_twenty_ratings_do_not_tell_whether_a_judge_gives_more() -> None:
    found = judged_and_rated(20, 1, 0.15, seed=3)
    assert found.kappa_quadratic.low > 0.6
    assert found.difference.low < 0 < found.difference.high
    assert found.sentence.startswith(
        "the one ranks answers as the other does, but whether it gives more or less is open: kappa"
    )
    assert "only more tasks would tell whether that is chance" in found.sentence


def test_one_more_for_each_answer_is_a_bias_though_nothing_varies() -> None:
    found = of([[n % 5 + 1, n % 5] for n in range(100)])
    assert "may stand" not in found.sentence
    assert found.difference.low > 0.9
    far = of([[(n % 2) * 4 + 1, (n % 2) * 4] for n in range(100)])
    assert "as the other does, but gives 1.00 more (0.94 to 1.00), which" in far.sentence


def test_a_judge_of_yes_and_no_that_says_yes_too_often_is_told() -> None:
    pairs = [[1 if n % 10 == 0 else n % 2, n % 2] for n in range(200)]
    assert "the other does, but gives 0.10 more (" in of(pairs).sentence
    assert of([[n % 2, n % 2] for n in range(200)]).sentence.startswith("the one may stand for")


def test_texts_have_no_difference() -> None:
    found = agreement(frame_of(["a", "b"] * 30, ["a", "b"] * 30), "judge.fits", "right")
    assert found.difference is None
    assert found.sentence.startswith("judge.fits may stand for right: kappa 1.00")


def alike(values: list, cells: int) -> list[list]:
    """Let both say the same of each cell, one value after the other."""
    return [[values[n % len(values)]] * 2 for n in range(cells)]


SCALES = {"1 to 5": [1, 2, 3, 4, 5], "4 or 5": [4, 5], "0 or 1": [0, 1], "yes": [True, False]}


@pytest.mark.parametrize("cells", [10, 16, 20])
@pytest.mark.parametrize("values", SCALES.values(), ids=SCALES)
def test_a_few_cells_that_are_the_same_show_no_judge_that_may_stand(values, cells) -> None:
    found = of(alike(values, cells))
    assert "the one may stand for the other:" not in found.sentence
    assert "is open: " in found.sentence
    assert "only more tasks would tell" in found.sentence
    assert found.difference.low < 0 < found.difference.high


@pytest.mark.parametrize("values", SCALES.values(), ids=SCALES)
def test_many_cells_that_are_the_same_do_and_tell_how_far_off_it_may_be(values) -> None:
    found = of(alike(values, 50))
    reach = (max(values) - min(values)) * (1 - 0.1 ** (1 / 50))
    assert found.difference[:3] == pytest.approx((0, -reach, reach))
    gives = f"it gives neither more nor less (-{reach:.2f} to {reach:.2f}) on average"
    assert found.sentence.startswith("the one may stand for the other: kappa 1.00")
    assert found.sentence.endswith(gives)


def test_what_two_levels_are_called_does_not_matter_to_the_sentence() -> None:
    for cells in (10, 16, 20, 22, 50):
        told = {of(alike(values, cells)).sentence for values in ([0, 1], [4, 5], [True, False])}
        assert len(told) == 1


@pytest.mark.parametrize("cells", range(10, 60))
def test_a_cell_that_differs_makes_nobody_surer(cells) -> None:
    same = alike([1, 2, 3, 4, 5], cells)
    apart = [[2, 1], *same[1:]]
    if "may stand for the other:" in of(apart).sentence:
        assert "may stand for the other:" in of(same).sentence


@pytest.mark.parametrize("cells", [10, 20, 50])
@pytest.mark.parametrize(
    ("judged", "rated", "says"),
    [
        ([5], [5], "not known: both say one and the same of every cell"),
        ([True], [True], "not known: both say one and the same of every cell"),
        ([4], [5], "not known: both say one and the same of every cell"),
        ([1, 2, 3, 4, 5], [5], "not known: the other says one and the same of every cell"),
        ([5, 5, 5, 5, 4], [5], "not known: the other says one and the same of every cell"),
        ([5, 5, 5, 5, 4], [2], "not known: the other says one and the same of every cell"),
        ([0, 1], [1], "not known: the other says one and the same of every cell"),
        (["a", "b"], ["a"], "not known: the other says one and the same of every cell"),
        ([4], [1, 2, 3, 4, 5], "the one tells no cell from another, and the other does"),
        ([1], [0, 1], "the one tells no cell from another, and the other does"),
    ],
)
def test_who_says_one_and_the_same_of_every_cell_tells_nothing_of_agreement(
    judged, rated, says, cells
) -> None:
    found = of([[judged[n % len(judged)], rated[n % len(rated)]] for n in range(cells)])
    assert says in found.sentence
    missing = "ratings" if len(rated) == 1 else "scores"
    assert f"only {missing} that vary would tell" in found.sentence
    assert math.isnan(found.kappa.low)
    assert "may not stand" not in found.sentence
    if len({*judged}) + len({*rated}) > 2:
        kappas = (found.kappa, found.kappa_linear, found.kappa_quadratic)
        assert {kappa.value for kappa in kappas if kappa is not None} == {0}


@pytest.mark.parametrize("cells", [10, 20, 50])
def test_ratings_that_hardly_vary_do_not_rule_out_chance(cells) -> None:
    found = of([[4, 4], *alike([5], cells - 1)])
    assert "is open: these cells do not even rule out chance" in found.sentence


@pytest.mark.parametrize("cells", [1, 2, 5])
def test_fewer_cells_than_ten_tell_nothing(cells) -> None:
    with pytest.raises(InvalidRequestError, match=f"{cells} cells? ha.* both .*10 are needed"):
        of(alike([1, 2, 3, 4, 5], cells))


def test_what_a_few_large_tasks_have_in_common_may_be_chance() -> None:
    levels = list(range(1, 41)) * 3
    rated = dict.fromkeys(range(4), levels)
    found = agreement({task: [n + 1 for n in levels] for task in rated}, rated)
    assert found.difference.low < 0 < found.difference.high
    assert "whether it gives more or less is open" in found.sentence
    assert "it gives 1.00 more (-17.51 to 17.51) on average" in found.sentence


def test_a_judge_that_turns_a_scale_around_is_told() -> None:
    found = of([[5 - n % 5, n % 5 + 1] for n in range(50)])
    assert found.sentence.startswith(
        "the one is farther from the other than chance would be: kappa"
    )


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


@pytest.mark.parametrize("tasks", ["own", "same"])
def test_a_judge_that_favours_a_column_may_not_stand_for_people(tasks) -> None:
    frame = columns_of(leaning(120, 10, 0), leaning(120, 10, 1), tasks=tasks)
    found = agreement(frame, "judge.ok", "hand")
    assert found.difference.value == 0
    assert found.kappa.low > 0.6
    assert "may stand" not in found.sentence
    [favour] = found.favours
    assert (favour.to, favour.over) == ("llm-1", "llm-0")
    assert favour.found.value == pytest.approx(0.2)
    low, high = favour.found[1:3]
    says = f"but favours llm-1 over llm-0 by 0.20 ({low:.2f} to {high:.2f}), which calibrated()"
    assert f"judge.ok ranks answers as hand does, {says}" in found.sentence
    assert {name: of.value for name, of in found.by_column.items()} == {
        "llm-0": pytest.approx(-0.1),
        "llm-1": pytest.approx(0.1),
    }
    rows = found.to_frame().set_index("measure").loc[["difference in llm-0", "difference in llm-1"]]
    assert rows["cells"].tolist() == [120, 120]


def test_a_judge_that_favours_one_of_many_columns_is_told_at_a_level_for_all() -> None:
    frame = columns_of(leaning(120, 0, 0), leaning(120, 6, 1), leaning(120, 0, 0))
    found = agreement(frame, "judge.ok", "hand")
    assert "but favours llm-1 over llm-0 by 0.17" in found.sentence
    assert "at 98.33 %, so that all 3 pairs of columns hold together at 95 %" in found.sentence
    assert [favour.is_seen for favour in found.favours] == [True, True, False]


def test_versions_are_told_apart_by_agreement_too() -> None:
    frame = columns_of(leaning(120, 10, 0), leaning(120, 10, 1), tasks="same")
    frame = frame.assign(version_id=frame["llm_id"].str.replace("llm", "ver"), llm_id="small")
    assert "favours ver-1 over ver-0" in agreement(frame, "judge.ok", "hand").sentence
    pooled = agreement(frame, "judge.ok", "hand", by="llm_id")
    assert (pooled.favours, pooled.sentence[:23]) == ((), "judge.ok may stand for ")


@pytest.mark.parametrize(("cells", "may"), [(40, False), (100, True)])
def test_whether_a_judge_favours_a_column_is_open_until_enough_is_rated(cells, may) -> None:
    frame = columns_of(alike([0, 1], cells), alike([0, 1], cells))
    said = agreement(frame, "judge.ok", "hand").sentence
    assert said.startswith("judge.ok may stand for hand") == may
    assert ("but whether it favours a column is open" in said) != may
    assert "to llm-0 0.00 more than to llm-1 (-0." in said


def test_a_column_of_which_nobody_rated_an_answer_leaves_it_open() -> None:
    frame = columns_of(alike([0, 1], 100), [[n % 2, None] for n in range(100)])
    found = agreement(frame, "judge.ok", "hand")
    assert found.unseen == ("llm-1",)
    assert found.sentence.startswith(
        "judge.ok ranks answers as hand does, but whether it favours a column is open: kappa 1.00"
    )
    assert "; no cell of llm-1 has both, and more ratings would tell" in found.sentence


def generous(cells: int, every: int) -> list[list]:
    """Let a judge say what people do of 1 to 4, and each so many times one more."""
    return [[n % 4 + 1 + (n % every == 0), n % 4 + 1] for n in range(cells)]


def test_a_judge_that_gives_more_and_may_favour_a_column_is_told_to_do_both() -> None:
    said = agreement(columns_of(generous(20, 3), generous(20, 3)), "judge.ok", "hand").sentence
    assert re.match(
        r"judge.ok ranks answers as hand does, but gives 0\.35 more \(0\.\d\d to 0\.\d\d\), which "
        r"calibrated\(\) makes up for, and whether it favours a column is open: kappa_quadratic ",
        said,
    )
    assert "; it gives to llm-0 0.00 more than to llm-1 (-" in said
    assert said.endswith("so only more tasks would tell whether that is chance")
    one = agreement(columns_of(generous(20, 3)), "judge.ok", "hand").sentence
    assert "but gives 0.35 more (" in one
    assert "column" not in one


def test_a_judge_that_gives_more_and_was_not_rated_in_a_column_is_told_to_do_both() -> None:
    frame = columns_of(generous(60, 3), [[n % 4 + 1, None] for n in range(60)])
    said = agreement(frame, "judge.ok", "hand").sentence
    assert "makes up for, and whether it favours a column is open: " in said
    assert "; no cell of llm-1 has both, and more ratings would tell" in said
    frame = columns_of(leaning(120, 10, 0), leaning(120, 10, 1), [[n % 2, None] for n in range(60)])
    said = agreement(frame, "judge.ok", "hand").sentence
    assert "but favours llm-1 over llm-0 by 0.20" in said
    assert said.endswith("; no cell of llm-2 has both")


def test_a_judge_that_is_silent_of_many_may_favour_a_column_too() -> None:
    pairs = [[None if n % 9 == 0 else n % 2, n % 2] for n in range(40)]
    said = agreement(columns_of(pairs, pairs), "judge.ok", "hand").sentence
    assert "and what it would say there is not known, and whether it favours a column is" in said


@pytest.mark.parametrize(("tasks", "same"), [(20, True), (40, True), (40, False)])
def test_the_interval_of_a_favour_is_that_of_students_tests(tasks, same) -> None:
    random = np.random.default_rng(7)
    off = [random.integers(-1, 2, tasks), random.integers(0, 3, tasks)]
    rated = random.integers(2, 4, tasks)
    columns = [np.stack([rated + gap, rated], axis=1).tolist() for gap in off]
    frame = columns_of(*columns, tasks="same" if same else "own")
    [favour] = agreement(frame, "judge.ok", "hand").favours
    if same:
        theirs = stats.ttest_rel(off[1], off[0]).confidence_interval()
    else:
        error = np.sqrt((off[0].var(ddof=1) + off[1].var(ddof=1)) / tasks)
        reach = stats.t.ppf(0.975, tasks - 1) * error
        theirs = [favour.found.value - reach, favour.found.value + reach]
    assert favour.found[1:3] == pytest.approx(tuple(theirs), abs=1e-9)


@pytest.mark.parametrize(("sizes", "errs"), [((30, 30), 0.3), ((40, 10), 0.3), ((30, 30, 30), 0.1)])
def test_a_judge_that_treats_columns_alike_is_seldom_said_to_favour_one(sizes, errs) -> None:
    random, seen = np.random.default_rng(2), 0
    for _ in range(200):
        columns = []
        for size in sizes:
            rated = random.integers(0, 2, size)
            kind = np.maximum(rated, random.random(size) < errs)
            columns.append(np.stack([kind, rated], axis=1).tolist())
        favours = agreement(columns_of(*columns), "judge.ok", "hand").favours
        seen += favours[0].is_seen
    assert seen <= 16


def test_answers_without_a_verdict_are_counted_and_too_many_leave_it_open() -> None:
    pairs = alike([0, 1], 120)
    few = of([*pairs, *[[None, 0]] * 6])
    assert few.sentence.startswith("the one may stand for the other")
    assert few.sentence.endswith("; the one is missing for 6 of 126 that have the other")
    many = of([*pairs, *[[None, 0]] * 52])
    assert (many.unjudged, many.lacking) == (52, 52)
    assert "may stand" not in many.sentence
    assert many.sentence.startswith(
        "the one ranks answers as the other does where it says anything, but the one is missing "
        "for 52 of 172 that have the other, and what it would say there is not known: kappa 1.00"
    )
    open_ = of([*alike([0, 1], 14), *[[None, 0]] * 10])
    assert "is open" in open_.sentence
    assert open_.sentence.endswith("; the one is missing for 10 of 24 that have the other")


@pytest.mark.parametrize(
    ("judged", "rated", "says"),
    [
        (
            [1, None, 0, None] * 15,
            [*[1, 0] * 9, *[None] * 42],
            r"9 of 18 with 'right' lack 'judge.fits' .*sample\(20, name='right'\) draws 2 or more",
        ),
        ([1, None, None] * 9, [1, 0, 0] * 9, r"have 'judge.fits' given to more .*again=True"),
        ([1, 0] * 4, [1, 0] * 4, "there are not so many answers, so run more tasks"),
    ],
)
def test_too_few_cells_with_both_say_what_brings_more(judged, rated, says) -> None:
    with pytest.raises(InvalidRequestError, match=says):
        agreement(frame_of(judged, rated), "judge.fits", "right")


def test_what_comes_to_nothing_is_nothing_and_has_no_sign() -> None:
    for size in range(10, 48):
        said = np.random.default_rng(size).integers(0, 3, size).tolist()
        found = of([[2, other] for other in [*said, 0, 1]])
        assert (found.kappa.value, found.kappa_quadratic.value) == (0, 0)
        assert "-0.00" not in found._repr_html_()
    pairs = [[0, 1], [1, 0], [1, 1]] * 33 + [[0, 0]] * 32
    found = of(pairs)
    assert -0.005 < found.alpha_nominal.value < 0
    assert "-0.00" not in found._repr_html_()
