"""The smallest difference that tasks are likely to show is that of the library's own test."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dari_nb.errors import InvalidRequestError
from dari_nb.scores import detectable, paired_difference

from ..benchmarks import power


@pytest.mark.parametrize(
    ("name", "tasks", "repeats"),
    [("0/1", 10, 1), ("0/1", 20, 3), ("0/1 at 0.8", 20, 1), ("0/1, alike", 10, 3)],
)
def test_a_difference_is_seen_as_often_as_it_is_said(name, tasks, repeats):
    assert power.cell(name, tasks, repeats, runs=3_000)[0] == pytest.approx(80, abs=2)


@pytest.mark.parametrize(
    ("tasks", "repeats", "told"),
    [
        (101, 2, {"rate": 0.9, "alike": 0.5, "correlation": 0.3}),
        (150, 1, {"rate": 0.95, "alike": 1.0, "correlation": 0.5, "level": 0.99}),
        (7, 30, {"rate": 0.98, "alike": 0.0, "correlation": 0.0}),
    ],
)
def test_many_tasks_and_many_repeats_near_an_end_show_as_often_as_it_is_said(tasks, repeats, told):
    """Each column's tries are drawn, and tested by what people call."""
    level, chances = told.pop("level", 0.95), told
    gap = detectable(tasks, repeats, level=level, **chances).difference
    draw = power._tries(**chances).draw
    above, below = draw(np.random.default_rng(2), gap, (800, tasks, repeats))
    known, seen = {}, 0
    for run in (above.sum(axis=2) - below.sum(axis=2)).astype(int).tolist():
        key = tuple(sorted(run))
        if key not in known:
            one, other = (
                {n: [k < way * by for k in range(repeats)] for n, by in enumerate(run)}
                for way in (1, -1)
            )
            known[key] = paired_difference(one, other, kind="yes/no", level=level).low > 0
        seen += known[key]
    assert 100 * seen / 800 == pytest.approx(80, abs=3.5)


@pytest.mark.parametrize(("tasks", "runs"), [(9, 3_000), (10, 3_000)])
def test_differences_of_numbers_are_seen_as_often_as_it_is_said(tasks, runs):
    gap = detectable(tasks, sd_of_differences=3).difference
    drawn = np.random.default_rng(8).normal(gap, 3, (runs, tasks))
    zeros = {task: [0.0] for task in range(tasks)}
    seen = [
        paired_difference({n: [v] for n, v in enumerate(run)}, zeros, draws=999).low > 0
        for run in drawn.tolist()
    ]
    assert 100 * np.mean(seen) == pytest.approx(80, abs=2)


def test_below_ten_tasks_numbers_are_as_the_textbook_says():
    for tasks, wanted in ((2, 0.8), (5, 0.8), (9, 0.95)):
        gap = detectable(tasks, sd_of_differences=2, power=wanted).difference
        ratio, far = gap / 2 * math.sqrt(tasks), stats.t.ppf(0.975, tasks - 1)
        assert stats.nct.sf(far, tasks - 1, ratio) == pytest.approx(wanted, abs=1e-3)


def won_and_lost(gap: float, phi: float = 0.3) -> tuple[float, float]:
    """How many tasks one of two columns wins alone, whose rates lie around a half, with this phi.

    Where the rates leave no room for that, all that the lower one wins the higher one does, too.
    """
    low, high = 0.5 - gap / 2, 0.5 + gap / 2
    both = min(low, low * high + phi * math.sqrt(low * (1 - low) * high * (1 - high)))
    return high - both, low - both


def test_pairs_with_the_correlation_that_it_says_are_seen_as_often():
    found = detectable(30)
    assert "0.3 of columns" in str(found)
    won, lost = won_and_lost(found.difference)
    drawn = np.random.default_rng(4).multinomial(30, (won, lost, 1 - won - lost), 2_000)
    known = {}
    for wins, losses, _ in drawn.tolist():
        if (wins, losses) not in known:
            one = {n: [n < wins] for n in range(30)}
            other = {n: [wins <= n < wins + losses] for n in range(30)}
            known[wins, losses] = paired_difference(one, other, kind="yes/no").low > 0
    seen = [known[wins, losses] for wins, losses, _ in drawn.tolist()]
    assert 100 * np.mean(seen) == pytest.approx(80, abs=2)


def test_a_correlation_that_rates_so_far_apart_cannot_have_is_told():
    found = detectable(10)
    low, high = 0.5 - found.difference / 2, 0.5 + found.difference / 2
    most = math.sqrt(low * (1 - high) / high / (1 - low))
    said = f"{most:.2g} of columns, the most that rates so far apart leave room for"
    assert said in str(found)
    assert "leave room" not in str(detectable(20))
    like = [{n: [n % 2] for n in range(10)}, {n: [n % 2 or n == 0] for n in range(10)}]
    assert "leave room" in str(detectable(10, like=like))


def phi_bound(midway, difference):
    """The most that 0 and 1 of two columns can be correlated: the lower one wins no task alone."""
    low, high = midway - difference / 2, midway + difference / 2
    return math.sqrt(low * (1 - high) / high / (1 - low))


@pytest.mark.parametrize("repeats", [2, 3, 10])
def test_a_correlation_below_what_rates_leave_room_for_is_not_said_to_be_theirs(repeats):
    found = detectable(30, repeats, rate=0.63, alike=0.25, correlation=0.23)
    told = float(found.assumption.split("of repeats and ")[1].split()[0])
    assert told < 0.23 < phi_bound(0.63, found.difference)
    assert found.assumption.endswith(
        f"{told:g} of columns, the most that is counted on where rates are so far apart and "
        "repeats have 0.25"
    )


def test_where_repeats_do_not_vary_rates_alone_leave_room_for_so_much():
    found = detectable(12, 3, rate=0.63, alike=1.0, correlation=0.9)
    most = phi_bound(0.63, found.difference)
    assert found.assumption.endswith(
        f"{most:.2g} of columns, the most that rates so far apart leave room for"
    )


def test_with_one_try_each_wins_and_losses_are_counted_out():
    """The power of ten tasks, summed over all outcomes of the three ways a task can end."""
    gap = detectable(10).difference
    won, lost = won_and_lost(gap)
    seen = 0.0
    for wins in range(11):
        for losses in range(11 - wins):
            one = {n: [n < wins] for n in range(10)}
            other = {n: [wins <= n < wins + losses] for n in range(10)}
            if paired_difference(one, other, kind="yes/no").low > 0:
                ties = 10 - wins - losses
                seen += stats.multinomial.pmf((wins, losses, ties), 10, (won, lost, 1 - won - lost))
    assert seen == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(
    ("tasks", "options"),
    [(1, {"sd": 3}), (3, {}), (4, {"repeats": 50}), (5, {"power": 0.99, "rate": 0.9})],
)
def test_too_few_tasks_have_no_number(tasks, options):
    found = detectable(tasks, **options)
    if found.difference is not None:
        assert tasks == 5
        return
    assert "can show no difference, however large" in str(found)
    assert str(found).endswith("give more tasks")


def test_more_of_anything_shows_less():
    shown = [detectable(n, r).difference for n, r in ((10, 1), (10, 3), (20, 3), (200, 3))]
    assert shown == sorted(shown, reverse=True)
    assert detectable(20, power=0.5).difference < detectable(20).difference
    assert detectable(20, level=0.99).difference > detectable(20).difference
    assert detectable(100).difference == pytest.approx(detectable(101).difference, rel=0.03)


def test_it_says_what_it_supposes():
    assert str(detectable(20, 3)) == (
        "20 tasks x 3 can show a difference of 0.28 or more (power 80 %; assumed: 0 or 1, midway "
        "at 0.5, correlation 0.5 of repeats and 0.3 of columns)"
    )
    assert "sd 10, correlation 0.5 of repeats and 0.3 of columns" in str(detectable(20, sd=10))
    assert "assumed" not in str(detectable(20, rate=0.7))


def test_what_lies_midway_is_what_the_difference_leaves_room_for():
    for rate, midway in ((0.99, "0.84"), (0.01, "0.16")):
        assert f"midway at {midway}, since {rate} leaves no room" in str(detectable(20, rate=rate))
    assert "midway at 0.7, correlation" in str(detectable(20, rate=0.7))


def test_a_thousand_repeats_are_as_many_as_a_batch_has():
    most = detectable(20, 1_000).difference
    assert 0.9 * detectable(20, 10).difference < most < detectable(20, 10).difference
    assert detectable(1_000_000, 1_000).difference < 0.001


def columns_of(tasks, repeats, *, alike=0.5, correlation=0.3, seed=3):
    """Two columns of normal values with these correlations."""
    draw = np.random.default_rng(seed).normal
    common = np.sqrt(correlation) * draw(0, 2, (tasks, 1))
    return [
        dict(
            enumerate(
                (
                    common
                    + np.sqrt(alike - correlation) * draw(0, 2, (tasks, 1))
                    + np.sqrt(1 - alike) * draw(0, 2, (tasks, repeats))
                ).tolist()
            )
        )
        for _ in range(2)
    ]


def test_earlier_values_tell_how_values_vary():
    columns = columns_of(2_000, 3)
    found, told = detectable(20, 3, like=columns), detectable(20, 3, sd=2)
    assert found.difference == pytest.approx(told.difference, rel=0.05)
    assert found.assumption == "variance of earlier values"
    one = detectable(20, 3, like=columns[:1])
    assert one.assumption == "variance of earlier values, correlation of columns assumed 0.3"
    first = [{task: values[:1] for task, values in column.items()} for column in columns]
    assert detectable(20, 1, like=first).assumption == "variance of earlier values"
    for form in (columns[0], pd.Series(columns[0]), iter(columns[:1])):
        assert detectable(20, 3, like=form) == one
    alone, three = (detectable(20, repeats, like=first) for repeats in (1, 3))
    assert three.difference == alone.difference
    assert three.assumption.endswith(", repeats not known to differ: as for one repeat")
    right = [
        {task: [v > 1 for v in values] for task, values in column.items()} for column in columns
    ]
    rate = np.mean([list(column.values()) for column in right])
    told = detectable(20, 1, rate=float(rate), correlation=0.19)
    assert detectable(20, 1, like=right).difference == pytest.approx(told.difference, rel=0.05)


def test_of_three_columns_those_two_tell_whose_difference_takes_most():
    (one, other), (wide, _) = columns_of(60, 1), columns_of(60, 1, seed=4)
    wide = {task: [5 * value for value in values] for task, values in wide.items()}
    found = detectable(20, like=[one, other, wide]).difference
    pairs = [[one, other], [one, wide], [other, wide]]
    told = [detectable(20, like=pair).difference for pair in pairs]
    assert found == max(told) > 2 * told[0]


def opposed(random, tasks, repeats, correlation, *, gap=0.0, midway=None):
    """Two columns of which one is good at what the other is not: normal values, or yes and no."""
    both = np.sqrt(-correlation) * random.normal(0, 1, (tasks, 1))
    found = []
    for way in (1, -1):
        own = np.sqrt(0.7 + correlation) * random.normal(0, 1, (tasks, 1))
        values = way * both + own + np.sqrt(0.3) * random.normal(0, 1, (tasks, repeats))
        if midway is None:
            values += way * gap / 2
        else:
            values = values < stats.norm.ppf(midway + way * gap / 2)
        found.append(dict(enumerate(values.tolist())))
    return found


@pytest.mark.parametrize(
    ("repeats", "correlation", "midway"),
    [
        (1, -0.3, None),
        (1, -0.7, None),
        (3, -0.6, None),
        (1, -0.3, 0.5),
        (1, -0.7, 0.5),
        (3, -0.6, 0.5),
        (1, -0.7, 0.7),
    ],
)
def test_of_columns_good_at_different_tasks_as_much_is_seen_as_is_said(
    repeats, correlation, midway
):
    random = np.random.default_rng(6)
    like = opposed(random, 500, repeats, correlation, midway=midway)
    gap = detectable(25, repeats, like=like).difference
    seen = []
    for _ in range(400):
        above, below = opposed(random, 25, repeats, correlation, gap=gap, midway=midway)
        seen.append(paired_difference(above, below, draws=499).low > 0)
    assert 75 <= 100 * np.mean(seen) <= 90


@pytest.mark.parametrize("midway", [None, 0.5])
def test_of_columns_that_are_said_to_be_good_at_different_tasks_it_is_the_same(midway):
    random = np.random.default_rng(8)
    like = opposed(random, 4000, 1, -0.6, midway=midway)
    of = {"sd": 1.0} if midway is None else {"rate": midway}
    pairs = [[column[task][0] for task in range(4000)] for column in like]
    correlation = round(float(np.corrcoef(*pairs)[0, 1]), 2)
    assert correlation < -0.3
    said = detectable(25, alike=0.7, correlation=correlation, **of)
    assert said.difference == pytest.approx(detectable(25, like=like).difference, rel=0.05)
    assert f"and {correlation:g} of columns" in said.assumption


def test_what_is_told_by_columns_good_at_different_tasks_is_what_their_differences_tell():
    above, below = opposed(np.random.default_rng(6), 60, 1, -0.6)
    sd = np.std([above[task][0] - below[task][0] for task in above], ddof=1)
    told = detectable(25, like=[above, below]).difference
    assert told == pytest.approx(detectable(25, sd_of_differences=sd).difference, rel=1e-6)


@pytest.mark.parametrize("elsewhere", [2.0, 10.0, 30.0])
def test_what_one_column_has_where_the_other_has_none_tells_nothing_of_their_difference(elsewhere):
    random = np.random.default_rng(9)
    one, other = ({task: [random.normal(10, 1)] for task in range(15)} for _ in range(2))
    more = {task: [elsewhere + task / 100] for task in range(15, 25)}
    told = detectable(15, like=[one | more, other])
    assert told == detectable(15, like=[one, other])
    sd = np.std([one[task][0] - other[task][0] for task in one], ddof=1)
    assert told.difference == pytest.approx(
        detectable(15, sd_of_differences=sd).difference, rel=1e-6
    )


def test_a_correlation_below_0_that_rates_leave_no_room_for_is_told():
    like = [{n: [n % 10 not in lost] for n in range(50)} for lost in ([1, 2], [3, 4])]
    found = detectable(30, like=like)
    low, high = 0.8 - found.difference / 2, 0.8 + found.difference / 2
    least = -math.sqrt((1 - low) * (1 - high) / low / high)
    said = f"correlation {least:.2g} of columns, the least that rates so far apart leave room for"
    assert said in found.assumption


@pytest.mark.parametrize("tasks", [6, 12, 30, 100])
@pytest.mark.parametrize("more", [0, 1, 0.1])
@pytest.mark.parametrize("repeats", [1, 3])
def test_columns_that_never_differ_do_not_tell_that_none_ever_will(tasks, more, repeats):
    one = {task: [math.sin(task)] * repeats for task in range(tasks)}
    other = {task: [value + more for value in values] for task, values in one.items()}
    found, alone = detectable(20, repeats, like=[one, other]), detectable(20, repeats, like=one)
    assert found.difference == pytest.approx(alone.difference, rel=1e-6)
    assert found.assumption == "variance of earlier values, correlation of columns assumed 0.3"


@pytest.mark.parametrize("more", [0, 0.5])
@pytest.mark.parametrize("missing", [[0], [1, 7, 12], [*range(10)]])
def test_columns_of_which_one_lacks_values_are_compared_on_the_tasks_of_both(more, missing):
    one = {task: [2 + task % 5 / 2 + task % 3] for task in range(20)}
    other = {task: [value + more for value in of] for task, of in one.items()}
    lacking = {task: of for task, of in other.items() if task not in missing}
    found = detectable(20, like=[one, lacking])
    assert found.assumption == "variance of earlier values, correlation of columns assumed 0.3"
    assert found.difference == pytest.approx(detectable(20, like=one).difference, rel=0.3)


def test_what_a_few_missing_values_leave_is_what_the_difference_varies_by():
    for seed in range(20):
        one, other = columns_of(40, 1, alike=0.97, correlation=0.96, seed=seed)
        lacking = {task: of for task, of in other.items() if task > 4}
        whole, part = (detectable(40, like=[one, of]).difference for of in (other, lacking))
        assert part == pytest.approx(whole, rel=0.3)


def test_what_is_assumed_is_said_once_and_in_short():
    one = {n: [n % 3 > 0, n % 4 > 0] for n in range(12)}
    told = detectable(8, 2, like=[one]).assumption
    begins = "variance of earlier values, correlation of columns assumed "
    assert re.fullmatch(rf"{begins}0\.\d\d\d?, the most that .*", told)
    two = [{n: [n % 7 > 1] for n in range(24)}, {n: [n % 7 > 1 and n != 20] for n in range(24)}]
    told = detectable(20, 3, like=two).assumption
    assert told.count("repeats not known to differ: as for one repeat") == 1


@pytest.mark.parametrize("repeats", [1, 3])
def test_what_two_values_are_called_does_not_matter_to_what_can_be_shown(repeats):
    columns = columns_of(200, repeats)
    right = [{n: [int(v > 1) for v in of] for n, of in column.items()} for column in columns]
    stars = [{n: [2 + 3 * v for v in of] for n, of in column.items()} for column in right]
    for tasks in (5, 20):
        found, told = (detectable(tasks, repeats, like=of) for of in (right, stars))
        assert told.difference == pytest.approx(3 * found.difference, rel=1e-9)


def test_what_lies_midway_of_two_values_is_told_in_them():
    right = {n: [int(n % 20 > 0)] for n in range(100)}
    stars = {n: [2 + 3 * v for v in of] for n, of in right.items()}
    rate, mean = (
        re.search(r"midway at (\S+), since (\S+) leaves", detectable(20, like=of).assumption)
        for of in (right, stars)
    )
    assert (rate[2], mean[2]) == ("0.95", "4.85")
    assert float(mean[1]) == pytest.approx(2 + 3 * float(rate[1]), abs=0.02)


def test_comparisons_that_hold_together_take_a_larger_difference():
    one, three = detectable(30, 3), detectable(30, 3, comparisons=3)
    assert three.difference > one.difference
    assert three.difference == detectable(30, 3, level=1 - 0.05 / 3).difference
    assert str(three).endswith("of columns; of 3 comparisons together: comparisons=3)")
    assert "together" not in str(one)
    assert detectable(30, sd=2, comparisons=1) == detectable(30, sd=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tasks": 0}, "tasks must be at least 1"),
        ({"repeats": 1.5}, "repeats must be at least 1"),
        ({"power": 1}, "power is a number between 0 and 1, not 1"),
        ({"power": None}, "power is a number between 0 and 1, not None"),
        ({"power": 0.05}, "power=0.05 is what chance alone shows at level=0.95: give more"),
        ({"rate": 1.2}, "rate is a number between 0 and 1, not 1.2"),
        ({"rate": math.nan}, "rate is a number between 0 and 1"),
        ({"sd": 0}, r"sd is a number from 1e-100 to 1e\+100, not 0"),
        ({"sd": "wide"}, r"sd is a number from 1e-100 to 1e\+100, not 'wide'"),
        ({"rate": 0.5, "sd": 1}, "not both"),
        ({"alike": 0.2, "correlation": 0.4}, "correlation=0.4 is further from 0 than alike=0.2"),
        ({"alike": 0.2, "correlation": -0.4}, "correlation=-0.4 is further from 0 than alike=0.2"),
        ({"correlation": -0.6}, "correlation=-0.6 of columns is further from 0 than the 0.5"),
        ({"correlation": -1.1}, "correlation is a number from -1 to 1, not -1.1"),
        ({"sd_of_differences": 1, "alike": 0.2}, "sd_of_differences says it all: leave alike out"),
        ({"like": [{"a": [1]}], "sd": 1}, "like says it all: leave sd out"),
        ({"like": [{"a": [1], "b": [0]}]}, "like tells nothing of how values vary"),
        ({"like": [{task: [1] for task in range(9)}]}, "like tells nothing of how values vary"),
        ({"like": {"a": [1]}}, "like tells nothing of how values vary"),
        ({"like": 5}, "a list of columns"),
        ({"tasks": 10**9}, "tasks is 1,000,000 at most"),
        ({"repeats": 10**9}, "repeats is 1,000 at most"),
        ({"comparisons": 10**30}, "comparisons is 10,000 at most"),
        ({"comparisons": 0}, "comparisons must be at least 1"),
        ({"repeats": 20_000}, "repeats is 1,000 at most"),
        ({"rate": 1.0}, "rate is a number between 0 and 1, not 1.0"),
        ({"rate": 0.0}, "rate is a number between 0 and 1, not 0.0"),
        ({"sd": 1, "alike": 1, "correlation": 1}, "no two columns ever differ"),
        ({"sd": 1e-320}, r"sd is a number from 1e-100 to 1e\+100, not 1e-320"),
        ({"sd": 1e308}, r"sd is a number from 1e-100 to 1e\+100, not 1e\+308"),
        ({"sd": 10**400}, "not one of so many digits"),
        ({"sd_of_differences": 1e308}, r"from 1e-100 to 1e\+100, not 1e\+308"),
        ({"correlation": 0.9}, "give alike, the correlation of repeats, too"),
        ({"level": 95}, "level must be between 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused(options, message):
    with pytest.raises(InvalidRequestError, match=message):
        detectable(**{"tasks": 20, **options})
