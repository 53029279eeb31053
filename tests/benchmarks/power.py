"""How likely the differences that ``detectable`` tells are seen by ``paired_difference``.

Prints percent of drawn runs whose interval leaves out 0, for a power of 80 %, with the difference
in brackets. Tasks and tries are drawn one by one, as the help of ``detectable`` says, with its
correlations; in the row ``beta`` the tasks' rates are spread evenly from hard to easy instead, by a
beta distribution with the same correlations.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dari_nb.scores import detectable, paired_difference

Array = NDArray[np.float64]
Random = np.random.Generator

SIZES = tuple(product((10, 20, 50), (1, 3)))
RUNS = 4_000
DRAWS = 999
SD = 10.0
GRID = 20_000


class Kind(NamedTuple):
    """Values: what is told to ``detectable`` of them, and how runs of them are drawn.

    ``draw`` takes the random numbers, the difference, and the shape: runs, tasks, repeats.
    """

    told: dict[str, float]
    draw: Callable[[Random, float, tuple[int, int, int]], tuple[Array, Array]]


def measure() -> None:
    print("\n".join(table(RUNS)))


def table(runs: int) -> Iterator[str]:
    yield f"{'':14}" + "".join(f"{f'{tasks} x {repeats}':>16}" for tasks, repeats in SIZES)
    with ProcessPoolExecutor() as pool:
        for name in KINDS:
            cells = pool.map(partial(cell, name, runs=runs), *zip(*SIZES, strict=True))
            texts = (f"{power:.1f} ({gap:.2f})" for power, gap in cells)
            yield f"{name:14}" + "".join(f"{text:>16}" for text in texts)


def cell(name: str, tasks: int, repeats: int, *, runs: int = RUNS) -> tuple[float, float]:
    """Return the percent of runs in which the difference is seen, and the difference."""
    kind, random = (
        KINDS[name],
        np.random.default_rng(zlib.crc32(f"{name} {tasks} {repeats}".encode())),
    )
    gap = detectable(tasks, repeats, **kind.told).difference
    assert gap is not None
    above, below = kind.draw(random, gap, (runs, tasks, repeats))
    seen = [_is_seen(one, other) for one, other in zip(above, below, strict=True)]
    return 100 * float(np.mean(seen)), gap


def _is_seen(one: Array, other: Array) -> bool:
    found = paired_difference(
        dict(enumerate(one.tolist())), dict(enumerate(other.tolist())), draws=DRAWS
    )
    return found.low > 0


def _tries(rate: float, alike: float, correlation: float) -> Kind:
    """Tasks that come out the same each time, and coins; some are as hard for both columns."""

    def rates(hard: Array, of: float, repeats: int) -> Array:
        same = 1 if repeats == 1 else alike
        return np.where(hard < same * (1 - of), 0.0, np.where(hard > 1 - same * of, 1.0, of))

    return Kind(
        {"rate": rate, "alike": alike, "correlation": correlation}, _drawn(rate, correlation, rates)
    )


def _beta(rate: float, alike: float, correlation: float) -> Kind:
    """Tasks whose rates are beta; some are as hard for both columns."""
    from scipy import stats

    def rates(hard: Array, of: float, repeats: int) -> Array:
        size = 1 / alike - 1
        return np.asarray(stats.beta.ppf(hard, max(of, 1e-9) * size, max(1 - of, 1e-9) * size))

    return Kind(
        {"rate": rate, "alike": alike, "correlation": correlation}, _drawn(rate, correlation, rates)
    )


def _drawn(
    rate: float, correlation: float, rates: Callable[[Array, float, int], Array]
) -> Callable[[Random, float, tuple[int, int, int]], tuple[Array, Array]]:
    """Draw tries of two columns whose correlation is phi, or as near to it as rates allow.

    ``rates`` makes the rates of tasks from how hard they are, evenly from 0 to 1.
    """

    def draw(random: Random, gap: float, shape: tuple[int, int, int]) -> tuple[Array, Array]:
        tasks, pair = (*shape[:2], 1), _rates(rate, gap)
        even = (np.arange(GRID) + 0.5) / GRID
        turned = correlation < 0
        both = [
            rates(hard, of, shape[2])
            for of, hard in zip(pair, _of_one_mind(even, turned), strict=True)
        ]
        spread = float(np.sqrt(np.prod([of * (1 - of) for of in pair])))
        most = float(np.mean(both[0] * both[1]) - np.prod(pair)) / spread if spread else 1.0
        shared, hard = random.random(tasks) < correlation / most, random.random(tasks)
        found = []
        for of, alike in zip(pair, _of_one_mind(hard, turned), strict=True):
            own = rates(np.where(shared, alike, random.random(tasks)), of, shape[2])
            found.append((random.random(shape) < own).astype(float))
        return found[0], found[1]

    return draw


def _of_one_mind(hard: Array, turned: bool) -> tuple[Array, Array]:
    """How hard tasks are for both columns: as hard, or turned: easy for one, hard for the other."""
    return hard, 1 - hard if turned else hard


def _rates(rate: float, gap: float) -> tuple[float, float]:
    high = max(min(1, rate + gap / 2), gap)
    return high, high - gap


def _numbers(alike: float, correlation: float) -> Kind:
    """Normal values: a part that both columns share, one of the column's own, one of each try."""

    def draw(random: Random, gap: float, shape: tuple[int, int, int]) -> tuple[Array, Array]:
        tasks = (*shape[:2], 1)
        shared = abs(correlation)
        common = np.sqrt(shared) * random.normal(0, SD, tasks)
        found = [
            way * common
            + np.sqrt(alike - shared) * random.normal(0, SD, tasks)
            + np.sqrt(1 - alike) * random.normal(0, SD, shape)
            for way in (1, np.sign(correlation))
        ]
        return found[0] + gap, found[1]

    return Kind({"sd": SD, "alike": alike, "correlation": correlation}, draw)


KINDS = {
    "0/1": _tries(0.5, 0.5, 0.3),
    "0/1 at 0.8": _tries(0.8, 0.5, 0.3),
    "0/1, alike": _tries(0.6, 0.3, 0.3),
    "numbers": _numbers(0.5, 0.3),
    "beta": _beta(0.5, 0.5, 0.3),
}

if __name__ == "__main__":
    measure()
