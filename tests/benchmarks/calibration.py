"""How often the interval of a calibrated mean holds it, where judges agree with so many ratings.

Prints the table that stands in ``help()`` of calibrated_mean: percent of all samples.
"""

from __future__ import annotations

import operator
import zlib
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dari_nb.scores import calibrated_mean

Array = NDArray[np.float64]

AGREEING = (0.5, 0.6, 0.7, 0.8, 0.9)
SIZES = ((20, 60), (20, 200))
"""How many cells are rated, and how many are not."""
RUNS = 500
SCALES = {
    "half yes": (0.5, 0.5),
    "80 % yes": (0.2, 0.8),
    "90 % yes": (0.1, 0.9),
    "1 to 5": (0.1, 0.2, 0.3, 0.25, 0.15),
    "mostly 5": (0.03, 0.07, 0.15, 0.35, 0.4),
}
"""How often each rating is given, from the worst on."""
KIND = ("half yes", "1 to 5", "mostly 5")
"""Ratings that leave room for judges that only err by saying one better."""
SKIPPED = 0.7
"""How many of the ratings below the best a judge says nothing of, where it skips some."""
_KEPT = 2 / 3


class Sample(NamedTuple):
    """Ratings that people would give and what a judge says, tasks down and repeats across."""

    ratings: Array
    judged: Array


def measure() -> None:
    print("\n".join(f"    {line}" for line in table(RUNS)))


def table(runs: int) -> list[str]:
    head = f"{'agreement':24}" + "".join(f"{share:>8}" for share in AGREEING)
    rows = [partial(row, name, *size, 1, runs) for name in SCALES for size in SIZES]
    # Tasks with three repeats that are alike, and judges that err to one side or skip much.
    rows += [partial(row, name, 20, 40, 3, runs) for name in SCALES]
    rows += [partial(row, name, 20, 200, 1, runs, is_kind=True) for name in KIND]
    rows += [partial(row, name, 20, 200, 1, runs, skipped=SKIPPED) for name in KIND]
    with ProcessPoolExecutor() as pool:
        return [head, *pool.map(operator.call, rows)]


def row(
    name: str,
    rated: int,
    others: int,
    repeats: int,
    runs: int,
    *,
    is_kind: bool = False,
    skipped: float = 0,
) -> str:
    label = f"{name}{', kind' * is_kind}{', skips' * (skipped > 0)}, {rated} + {others}"
    label += f" x {repeats}" if repeats > 1 else ""
    cells = (
        coverage(name, share, rated, others, repeats, runs, is_kind=is_kind, skipped=skipped)
        for share in AGREEING
    )
    return f"{label:24}" + "".join(f"{cell:8.1f}" for cell in cells)


def coverage(
    name: str,
    share: float,
    rated: int,
    others: int,
    repeats: int = 1,
    runs: int = RUNS,
    *,
    is_kind: bool = False,
    skipped: float = 0,
) -> float:
    """Draw samples and count those whose interval holds the mean that all ratings have."""
    random = np.random.default_rng(zlib.crc32(repr((name, share, rated, others, repeats)).encode()))
    chances = np.array(SCALES[name])
    truth = float(chances @ np.arange(len(chances)))
    held = 0
    for _ in range(runs):
        sample = drawn(random, chances, share, rated + others, repeats, is_kind=is_kind)
        if skipped:
            sample = _with_skipped(random, sample, skipped)
        low, high = interval(sample, rated)
        held += low - 1e-9 <= truth <= high + 1e-9
    return 100 * held / runs


def interval(sample: Sample, rated: int) -> tuple[float, float]:
    judged = dict(enumerate(sample.judged.tolist()))
    given = {n: row if n < rated else [None] * len(row) for n, row in _rows(sample.ratings)}
    found = calibrated_mean(judged, given)
    return found.low, found.high


def _rows(values: Array) -> list[tuple[int, list[float]]]:
    return list(enumerate(values.tolist()))


def drawn(
    random: np.random.Generator,
    chances: Array,
    share: float,
    tasks: int,
    repeats: int,
    *,
    is_kind: bool = False,
) -> Sample:
    """Draw ratings, repeats mostly as their task's first, and a judge that says another one.

    A kind judge says the next better one, where there is one.
    """
    levels = np.arange(len(chances))
    first = random.choice(levels, (tasks, 1), p=chances)
    anew = random.choice(levels, (tasks, repeats), p=chances)
    is_kept = np.concatenate(
        [np.ones((tasks, 1), bool), random.random((tasks, repeats - 1)) < _KEPT], axis=1
    )
    ratings = np.where(is_kept, first, anew)
    if is_kind:
        errs = random.random(ratings.shape) < (1 - share) / (1 - chances[-1])
        better = ratings + (errs & (ratings < len(levels) - 1))
        return Sample(ratings.astype(float), better.astype(float))
    errs = random.random((tasks, 1)) >= share
    apart = random.integers(1, len(levels), (tasks, repeats))
    judged = np.where(
        np.where(is_kept, errs, random.random((tasks, repeats)) >= share),
        (ratings + np.where(is_kept, apart[:, :1], apart)) % len(levels),
        ratings,
    )
    return Sample(ratings.astype(float), judged.astype(float))


def _with_skipped(random: np.random.Generator, sample: Sample, share: float) -> Sample:
    """Have the judge say nothing of so many of the ratings below the best."""
    is_skipped = (sample.ratings < sample.ratings.max()) & (
        random.random(sample.ratings.shape) < share
    )
    return sample._replace(judged=np.where(is_skipped, np.nan, sample.judged))


if __name__ == "__main__":
    measure()
