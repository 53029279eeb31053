"""How often intervals hold what they are to: counted out for 0 and 1, drawn for other values.

Prints the tables that stand in ``help()`` of mean, paired_difference, win_rate and pass_at_k:
percent of all samples whose interval holds the truth, on average over rates, and where it is least.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product, repeat
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from dari_nb.scores import Estimate, mean, paired_difference, pass_at_k, pass_hat_k, win_rate

Array = NDArray[np.float64]
Tasks = dict[int, list[float]]

TASKS = (5, 10, 20, 50)
RATES = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
ALIKE = 0.3
"""How a task's tries go together: the correlation of two of them, and of those of two LLMs."""
RARE = 0.05
"""How often a task has what hardly any has."""
RUNS, FEWER_RUNS = 8_000, 1_000
"""How often values are drawn for the help, and for `make bench`."""
DRAWS = 999
_HARD = 200  # kinds of tasks, from hard to easy, into which a distribution of their rates is cut
_RARE = 1e-8  # outcomes that are rarer are left out


class Drawn(NamedTuple):
    """A distribution: how it is drawn, and its mean."""

    draw: Callable[[np.random.Generator, tuple[int, ...]], Array]
    mean: float


DRAWN = {
    "normal": Drawn(lambda random, shape: random.normal(0, 1, shape), 0),
    "uniform": Drawn(lambda random, shape: random.uniform(0, 1, shape), 0.5),
    "exponential": Drawn(lambda random, shape: random.exponential(1, shape), 1),
    "lognormal": Drawn(lambda random, shape: random.lognormal(0, 1, shape), float(np.exp(0.5))),
    "beta": Drawn(lambda random, shape: random.beta(0.5, 0.5, shape), 0.5),
    "half zeros": Drawn(
        lambda random, shape: (random.random(shape) < 0.5) * random.exponential(1, shape), 0.5
    ),
    "70 % zeros": Drawn(
        lambda random, shape: (random.random(shape) < 0.3) * random.exponential(1, shape), 0.3
    ),
}


class Cell(NamedTuple):
    """How often intervals hold: on average over rates, and where they do least, in percent."""

    average: float
    least: float

    def __str__(self) -> str:
        return f"{self.average:.1f} ({self.least:.1f})"


def measure() -> None:
    print_tables(FEWER_RUNS)


def print_tables(runs: int) -> None:
    with ProcessPoolExecutor() as pool:
        for title, rows in list(tables(pool, runs)):
            print(title)
            for name, cells in rows:
                print(f"    {name:16}" + "".join(f"{cell!s:>14}" for cell in cells), flush=True)


def tables(
    pool: ProcessPoolExecutor, runs: int
) -> Iterator[tuple[str, list[tuple[str, Iterable[object]]]]]:
    """Start each table; its title is the function in whose help it stands."""
    share = "{:.1f}".format
    for title, rows in ROWS.items():
        counted = [(name, pool.map(cell, TASKS)) for name, cell in rows.items()]
        yield title, [("tasks", TASKS), *counted]
    for title, numbers in NUMBERS.items():
        drawn = [
            (f"{tasks} x {label}", map(share, pool.map(cell, DRAWN, repeat(tasks), repeat(runs))))
            for label, cell in numbers.items()
            for tasks in TASKS
        ]
        yield title, [("", DRAWN), *drawn]
    for title, steady in STEADY.items():
        drawn = [
            (name, map(share, pool.map(cell, TASKS, repeat(runs)))) for name, cell in steady.items()
        ]
        yield title, [("tasks", TASKS), *drawn]


def of_tries(kind: str, repeats: int, alike: float, tasks: int) -> Cell:
    """Count out the ``mean``, pass@k (``at 2``) or pass^k (``hat 2``) of tries, at rates of it."""
    name, _, number = kind.partition(" ")
    k, counts = int(number or 1), np.arange(repeats + 1)
    ways = np.array([comb(c, k) for c in range(repeats + 1)])
    worth = {"mean": counts, "wins": counts, "at": comb(repeats, k) - ways[::-1], "hat": ways}[name]
    chances = np.array([_rated(rate, worth / worth[-1], repeats, alike) for rate in RATES])
    keys = sorted(set(worth.tolist()))
    summed = np.array([[row[worth == key].sum() for key in keys] for row in chances])
    successes = {key: int(counts[worth == key][-1 if name == "at" else 0]) for key in keys}
    estimate: Callable[[Tasks], Estimate] = {
        "mean": mean,
        "wins": lambda values: win_rate(values, {task: [0.5] for task in values}),
        "at": lambda values: pass_at_k(values, k),
        "hat": lambda values: pass_hat_k(values, k),
    }[name]

    def found(kinds: Sequence[int]) -> Estimate:
        return estimate({n: _tries(successes[key], repeats) for n, key in enumerate(kinds)})

    return _cell(keys, summed, tasks, found, np.array(RATES))


def of_pairs(
    compare: Callable[[Tasks, Tasks], Estimate], repeats: int, alike: float, tasks: int
) -> Cell:
    """Count out what compares tries of two LLMs, at each rate of the one with each of the other."""
    pairs = [(one, other) for one, other in product(RATES, RATES) if other <= one]
    keys = list(range(-repeats, repeats + 1))
    chances = np.array([_gaps(*pair, repeats, alike) for pair in pairs])
    gaps = np.array([one - other for one, other in pairs])
    truths = (1 + gaps) / 2 if compare is win_rate else gaps

    def found(gaps: Sequence[int]) -> Estimate:
        one = {n: _tries(max(gap, 0), repeats) for n, gap in enumerate(gaps)}
        other = {n: _tries(max(-gap, 0), repeats) for n, gap in enumerate(gaps)}
        return compare(one, other)

    weights = np.array([1 if one == other else 2 for one, other in pairs])
    return _cell(keys, chances, tasks, found, truths, weights)


def of_wins(repeats: int, tasks: int) -> Cell:
    """Draw win rates of values that are never equal, normal ones: at each rate so many runs."""
    held = []
    for rate in RATES:
        random = _seeded("wins", repeats, tasks, rate)
        ahead = stats.norm.ppf(rate) * np.sqrt(2)
        one = random.normal(ahead, 1, (RUNS // 4, tasks, repeats))
        other = random.normal(0, 1, one.shape)
        found = [win_rate(_by_task(a), _by_task(b)) for a, b in zip(one, other, strict=True)]
        held.append(100 * np.mean([_holds(estimate, rate) for estimate in found]))
    return Cell(float(np.mean(held)), float(min(held)))


def of_numbers(repeats: int, name: str, tasks: int, runs: int = RUNS) -> float:
    """Draw how often the interval of a mean of such values holds it, in percent."""
    values = _numbers(_seeded(name, repeats, tasks), name, runs, tasks, repeats)
    return _share_held(values, DRAWN[name].mean)


def of_differences(name: str, tasks: int, runs: int = RUNS) -> float:
    """Draw how often the interval of the mean difference of two alike LLMs holds it, in percent."""
    random = _seeded(name, tasks, "difference")
    one, other = (_numbers(random, name, runs, tasks, 1) for _ in range(2))
    return _share_held((one - other)[: runs // 2], 0)


def of_rare(tasks: int, runs: int = RUNS) -> float:
    """Draw how often the interval of the difference to a steady LLM holds 0, in percent.

    The other one has 1 on one task in twenty and else 0, and the steady one as much on average.
    """
    random, shape = _seeded("rare", tasks, "difference"), (runs // 2, tasks, 1)
    rare = (random.random(shape) < RARE).astype(np.float64)
    return _share_held(rare - random.normal(RARE, RARE / 100, shape), 0)


def _share_held(runs: Array, truth: float) -> float:
    found = [mean(_by_task(run), kind="number", draws=DRAWS) for run in runs]
    return 100 * float(np.mean([_holds(estimate, truth) for estimate in found]))


def _numbers(random: np.random.Generator, name: str, runs: int, tasks: int, repeats: int) -> Array:
    """Draw runs of tasks: each repeat has its task's value, or one time in three a new one."""
    task = DRAWN[name].draw(random, (runs, tasks, 1))
    anew = DRAWN[name].draw(random, (runs, tasks, repeats))
    return np.where(random.random(anew.shape) < 1 / 3, anew, task)


def _cell(
    keys: Sequence[int],
    chances: Array,
    tasks: int,
    found: Callable[[Sequence[int]], Estimate],
    truths: Array,
    weights: Array | None = None,
) -> Cell:
    """Count out all outcomes of tasks, each of a kind that has a key and chances by rate.

    One outcome stands for all with the same sum of keys and of their squares. Sign flips of repeats
    depend on each key: one by one, up to 20 tasks, averages differ by 0.013 at most.
    """
    held = np.zeros(len(truths))
    for kinds, likely in _outcomes(keys, chances, tasks):
        estimate = found(kinds)
        held += likely * [_holds(estimate, truth) for truth in truths]
    return Cell(100 * float(np.average(held, weights=weights)), 100 * float(held.min()))


def _outcomes(keys: Sequence[int], chances: Array, tasks: int) -> Iterator[tuple[list[int], Array]]:
    """Yield an outcome for each pair of sums, with the chances of the pair at each rate."""
    up = [(key - keys[0], key**2) for key in keys]
    most = (up[-1][0], max(square for _, square in up))
    likely = np.zeros((len(chances), tasks * most[0] + 1, tasks * most[1] + 1))
    likely[:, 0, 0] = 1
    steps = [likely[0] > 0]
    for done in range(tasks):
        width, height = done * most[0] + 1, done * most[1] + 1
        before, after = likely[:, :width, :height], np.zeros_like(likely)
        for chance, (s, q) in zip(chances.T, up, strict=True):
            after[:, s : s + width, q : q + height] += chance[:, None, None] * before
        likely = after
        steps.append((likely > 0).any(axis=0))
    for s, q in np.argwhere((likely > _RARE).any(axis=0)).tolist():
        yield _outcome(steps, up, keys, s, q), likely[:, s, q]


def _outcome(
    steps: list[NDArray[np.bool_]], up: list[tuple[int, int]], keys: Sequence[int], s: int, q: int
) -> list[int]:
    """Go back from two sums to tasks that have them."""
    kinds = []
    for step in reversed(steps[:-1]):
        place = next(n for n, (a, b) in enumerate(up) if a <= s and b <= q and step[s - a, q - b])
        kinds.append(keys[place])
        s, q = s - up[place][0], q - up[place][1]
    return kinds


def _rated(rate: float, worth: Array, repeats: int, alike: float) -> Array:
    """Return the chances of each count of successes where what they are worth has this mean."""

    def counts(of_try: float) -> Array:
        rates = _rates(of_try, alike)[:, None]
        return stats.binom.pmf(np.arange(repeats + 1), repeats, rates).mean(axis=0)

    of_try = optimize.brentq(lambda p: float(counts(p) @ worth) - rate, 0.01, 0.999)
    return counts(of_try)


def _gaps(one: float, other: float, repeats: int, alike: float) -> Array:
    """Return the chances of each difference of successes; what is hard for one is for the other."""
    counts = np.arange(repeats + 1)
    ours, theirs = (
        stats.binom.pmf(counts, repeats, _rates(rate, alike)[:, None]) for rate in (one, other)
    )
    both = np.einsum("ti,tj->ij", ours, theirs) / len(ours)
    return np.array([np.trace(both, -gap) for gap in range(-repeats, repeats + 1)])


def _rates(rate: float, alike: float) -> Array:
    """Return the rates of hard to easy tasks, whose mean this is."""
    if not alike:
        return np.array([rate])
    weight, places = (1 - alike) / alike, (np.arange(_HARD) + 0.5) / _HARD
    return np.asarray(stats.beta.ppf(places, rate * weight, (1 - rate) * weight))


def _tries(successes: int, repeats: int) -> list[float]:
    return [1.0] * successes + [0.0] * (repeats - successes)


def _by_task(values: Array) -> Tasks:
    return dict(enumerate(values.tolist()))


def _holds(estimate: Estimate, truth: float) -> bool:
    return bool(estimate.low - 1e-9 <= truth <= estimate.high + 1e-9)


def _seeded(*names: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr(names).encode()))


ROWS: dict[str, dict[str, Callable[[int], Cell]]] = {
    "mean": {
        "one repeat": partial(of_tries, "mean", 1, 0),
        "three repeats": partial(of_tries, "mean", 3, 0),
        "three, alike": partial(of_tries, "mean", 3, ALIKE),
    },
    "paired_difference": {
        "one repeat": partial(of_pairs, paired_difference, 1, 0),
        "one, alike": partial(of_pairs, paired_difference, 1, ALIKE),
        "three repeats": partial(of_pairs, paired_difference, 3, 0),
        "three, alike": partial(of_pairs, paired_difference, 3, ALIKE),
    },
    "win_rate": {
        "one repeat": partial(of_pairs, win_rate, 1, 0),
        "one, alike": partial(of_pairs, win_rate, 1, ALIKE),
        "one, no ties": partial(of_tries, "wins", 1, 0),
        "three, no ties": partial(of_wins, 3),
    },
    "pass_at_k": {
        "pass@2 of three": partial(of_tries, "at 2", 3, 0),
        "pass@2, alike": partial(of_tries, "at 2", 3, ALIKE),
        "pass@3 of three": partial(of_tries, "at 3", 3, 0),
        "pass^2 of three": partial(of_tries, "hat 2", 3, 0),
        "pass^2, alike": partial(of_tries, "hat 2", 3, ALIKE),
        "pass^3 of three": partial(of_tries, "hat 3", 3, 0),
    },
}
NUMBERS: dict[str, dict[str, Callable[..., float]]] = {
    "mean": {"1": partial(of_numbers, 1), "3": partial(of_numbers, 3)},
    "paired_difference": {"1": of_differences},
}
STEADY: dict[str, dict[str, Callable[..., float]]] = {
    "paired_difference": {"1 in 20 tasks": of_rare},
}

if __name__ == "__main__":
    print_tables(RUNS)
