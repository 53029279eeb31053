"""The tables of coverage in the help of each estimate, a part of them counted and drawn anew."""

from __future__ import annotations

import inspect
import math
from functools import cache
from itertools import product

import numpy as np
import pytest
from scipy import optimize, special, stats

from dari_nb import scores
from dari_nb.scores import mean, paired_difference

from ..benchmarks import coverage

COUNTED = [
    (title, name)
    for title, rows in coverage.ROWS.items()
    for name in rows
    if name != "three, no ties"
]

MOST = 97.0
MOST_OF_SELDOM_APART = 97.85
"""Of two that find five tasks alike hard, and seldom differ; see :func:`held_by_any`."""


def most_of(name: str, tasks: int) -> float:
    """How often a row's interval may hold on average: 97 %, but for five tasks that tell little."""
    return MOST_OF_SELDOM_APART if (tasks, name) == (5, "one, alike") else MOST


def score_test(wins: int, losses: int, tasks: int, gap: float) -> float:
    """Tango's p of a difference: of the losses' chance that makes what was found the likeliest."""

    def unlikely(of_losses: float) -> float:
        chances = (of_losses + gap, of_losses, 1 - gap - 2 * of_losses)
        return -float(special.xlogy((wins, losses, tasks - wins - losses), chances).sum())

    least, most = max(0.0, -gap), (1 - gap) / 2
    of_losses = optimize.minimize_scalar(
        unlikely, bounds=(least, most), method="bounded", options={"xatol": 1e-12}
    ).x
    variance = tasks * (2 * of_losses + gap * (1 - gap))
    return float(2 * stats.norm.sf(abs(wins - losses - tasks * gap) / math.sqrt(variance)))


def held_by_any(tasks: int, below: float, alike: float) -> float:
    """What an interval holds on average that leaves out only what has a p below this."""
    outcomes = [(w, n) for w in range(tasks + 1) for n in range(tasks + 1 - w)]
    average = 0.0
    for one, other in product(coverage.RATES, repeat=2):
        lost, tied, won = coverage._gaps(one, other, 1, alike)
        for wins, losses in outcomes:
            counts = (wins, losses, tasks - wins - losses)
            if not is_left_out(wins, losses, tasks, round(one - other, 9), below):
                average += stats.multinomial.pmf(counts, tasks, (won, lost, tied))
    return 100 * average / len(coverage.RATES) ** 2


def is_left_out(wins: int, losses: int, tasks: int, gap: float, below: float) -> bool:
    if tells_apart(wins, losses, tasks):
        return not gap or score_test(wins, losses, tasks, gap) < below
    # What holds both 0 and the difference that was found holds all between them.
    is_between = min(0, wins - losses) <= gap * tasks <= max(0, wins - losses)
    return not is_between and score_test(wins, losses, tasks, gap) < below


@cache
def tells_apart(wins: int, losses: int, tasks: int) -> bool:
    one = {task: [float(task < wins)] for task in range(tasks)}
    other = {task: [float(wins <= task < wins + losses)] for task in range(tasks)}
    return paired_difference(one, other).p_value < 0.05


def rows_of(title: str) -> dict[str, list[str]]:
    """Read the tables in a function's help: the cells of each row by its name."""
    lines = (inspect.getdoc(getattr(scores, title)) or "").splitlines()
    tables = [line.strip() for line in lines if line.startswith("    ")]
    return {line[:16].strip(): line[16:].replace(" (", "(").split() for line in tables}


def test_every_row_of_the_tables_is_in_the_help() -> None:
    for title, rows in coverage.ROWS.items():
        assert {"tasks", *rows} <= set(rows_of(title))
    for title, cells in coverage.NUMBERS.items():
        lines = inspect.getdoc(getattr(scores, title)) or ""
        assert all(f"{tasks} x {name} " in lines for name in cells for tasks in coverage.TASKS)


@pytest.mark.parametrize(("title", "name"), COUNTED)
def test_the_table_has_what_is_counted_out(title: str, name: str) -> None:
    cells = [coverage.ROWS[title][name](tasks) for tasks in (5, 10)]
    assert rows_of(title)[name][:2] == [str(cell).replace(" (", "(") for cell in cells]
    for tasks, cell in zip((5, 10), cells, strict=True):
        assert 93 <= cell.average <= most_of(name, tasks)
        assert cell.least >= 90


@pytest.mark.parametrize(("below", "most"), [(0.1, 97.8), (0.05, 99.6)])
def test_five_tasks_alike_hard_are_held_no_less_by_any_interval_that_goes_with_a_test(
    below: float, most: float
) -> None:
    assert held_by_any(5, below, coverage.ALIKE) == pytest.approx(most, abs=0.05)
    said = " ".join((inspect.getdoc(paired_difference) or "").split())
    assert f"{most} %" in said


@pytest.mark.parametrize("title", coverage.ROWS)
def test_averages_are_near_95_but_for_five_tasks_that_tell_little_and_no_rate_is_below_90(
    title: str,
) -> None:
    for name, cells in rows_of(title).items():
        if name not in coverage.ROWS[title]:
            continue
        for tasks, cell in zip(coverage.TASKS, cells, strict=True):
            average, least = map(float, cell.rstrip(")").split("("))
            assert 93 <= average <= most_of(name, tasks), (name, cell)
            assert least >= 90, (name, cell)


def numbers_of(title: str, label: str) -> list[float]:
    lines = (inspect.getdoc(getattr(scores, title)) or "").splitlines()
    line = next(line for line in lines if line.strip().startswith(f"{label} "))
    return [float(cell) for cell in line.split()[3:]]


@pytest.mark.parametrize(("title", "repeats"), [("mean", "1"), ("paired_difference", "1")])
def test_the_table_has_what_is_drawn_of_other_values(title: str, repeats: str) -> None:
    cell = coverage.NUMBERS[title][repeats]
    told = dict(zip(coverage.DRAWN, numbers_of(title, f"5 x {repeats}"), strict=True))
    for name in ("normal", "lognormal"):
        assert cell(name, 5) == pytest.approx(told[name], abs=0.051)


def test_the_help_says_how_seldom_a_difference_to_a_steady_llm_is_held() -> None:
    [(title, rows)] = coverage.STEADY.items()
    [(name, cell)] = rows.items()
    told = dict(zip(coverage.TASKS, map(float, rows_of(title)[name]), strict=True))
    for tasks in (5, 10):
        assert cell(tasks) == pytest.approx(told[tasks], abs=0.051)
    assert told[5] < told[10] < told[20] < told[50] < 95


@pytest.mark.parametrize("label", ["20 x 1", "20 x 3", "50 x 1", "50 x 3"])
def test_from_20_tasks_on_other_values_hold_about_as_often_as_promised(label: str) -> None:
    assert all(93 <= cell <= 97 for cell in numbers_of("mean", label))


def test_a_difference_has_the_interval_of_the_mean_of_differences() -> None:
    random = np.random.default_rng(7)
    one, other = random.exponential(1, (2, 30, 1)).tolist()
    gaps = {n: [a[0] - b[0]] for n, (a, b) in enumerate(zip(one, other, strict=True))}
    found = paired_difference(dict(enumerate(one)), dict(enumerate(other)))
    assert found[:4] == mean(gaps)[:4]
