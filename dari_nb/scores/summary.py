"""Tables of the statistics: from a frame with one row a cell to one row an LLM, or a pair."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

from ..score_kinds import limits_of
from .adjusting import holm
from .checks import check_method, check_whole, checked_list
from .columns import (
    TASK,
    by_columns,
    kind_of_score,
    scale_note,
    scale_of_score,
    score_column,
    tasks_of,
)
from .comparisons import paired_difference, win_rate
from .intervals import DRAWS, LEVEL, Method
from .means import mean
from .repeats import pass_at_k, pass_hat_k

if TYPE_CHECKING:
    import pandas as pd

NOT_ADJUSTED = "no"
ADJUSTING = ("holm",)
_MOST_TRIES = 50


def summary(
    frame: Any,
    score: str | None = None,
    *,
    by: str | None = None,
    task: str = TASK,
    method: Method = "auto",
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Sum a score up: one row an LLM, with the mean over tasks and its interval.

    Args:
        frame: A batch, or a frame with one row a cell, such as ``batch.to_frame()``.
        score: The score's column, with or without ``score.`` before its name; the first one that
            is a number when left out.
        by: The column of the LLM, or whatever is compared; LLM and version when left out.
        task: The column of the task.
        method: How the interval is made; see :func:`mean`.
        level: Its coverage.
        draws: How many resamples the bootstrap takes.
        seed: What its random numbers start from.

    Returns:
        ``by`` (``llm_id``), ``score``, ``tasks``, ``cells``, ``missing`` (cells without the score),
        ``mean`` (in which each task counts once, however many of its cells have the score),
        ``low``, ``high``, ``method`` (how the interval was made), ``why`` (it was made so),
        ``adjusted`` (``no``: each interval holds by itself, not all of them together), and where
        the frame has them ``failed`` (how many of the missing cells did), ``cost_usd`` (mean of the
        cells whose cost is known, US dollars), ``unknown_costs`` (how many cells' is not) and
        ``median_latency_s`` (of work, without the queue), in the order in which LLMs first appear.
        No interval leaves the scale of the score where that is known: a ``rating``, and whole
        numbers of a judge, are from 1 to 5, and a batch and its frame know the scale that a judge
        was given, or a person in a view or a sample (``frame.attrs["scales"]``). A CSV file loses
        that, and so does ``pd.concat`` of frames that tell different ones; ``why`` then says so,
        and ``frame.attrs["scales"] = {"judge.h": (0, 100)}`` gives it back.

    Raises:
        InvalidRequestError: A column is missing, the score holds something else than numbers, or
            there is no such method.

    >>> dari.scores.summary(batch, "exact")[["llm_id", "cells", "mean"]].values.tolist()
    [['small', 2, 0.5], ['large', 2, 0.5]]
    """
    import pandas as pd

    frame, by = by_columns(frame, by)
    column, rows = score_column(frame, score, by, task), []
    kind = kind_of_score(frame, column)
    options = {"level": level, "draws": draws, "seed": seed, "kind": kind}
    scale = limits_of(kind, scale_of_score(frame, column))
    note = scale_note(frame, column)
    for group, cells in _groups(frame, by, task):
        found = mean(_by_task(cells, column, task), method=method, **options)  # type: ignore[arg-type]
        found = found.within(scale).with_note(note)
        rows.append(
            {
                by: group,
                "score": column.removeprefix("score."),
                "tasks": found.tasks,
                "cells": len(cells),
                "missing": len(cells) - found.values,
                "mean": found.value,
                "low": found.low,
                "high": found.high,
                "method": found.method,
                "why": found.why,
                "adjusted": NOT_ADJUSTED,
                **_typical(cells, column),
            }
        )
    known = _typical(frame, column)
    counts, words = ["tasks", "cells", "missing"], ["method", "why", "adjusted"]
    names = [by, "score", *counts, "mean", "low", "high", *words, *known]
    counts += [name for name in known if name in ("failed", "unknown_costs")]
    made = _typed(pd.DataFrame(rows, columns=names), [by, "score", *words], counts)
    if scale is not None:
        made.attrs["scales"] = {column.removeprefix("score."): list(scale)}
    return made


def win_rates(
    frame: Any,
    score: str | Sequence[str],
    *,
    by: str | None = None,
    task: str = TASK,
    adjust: Literal["holm"] | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare each two LLMs on the tasks that both have the score for; one row a pair and score.

    Args:
        frame: A batch, or a frame with one row a cell.
        score: The score's column, or several.
        by: The column of the LLM, or whatever is compared; LLM and version when left out.
        task: The column of the task.
        adjust: ``holm`` adjusts the p-values of all rows together, which are as many as there are
            pairs and scores: see :func:`holm`. Of twenty comparisons of equals one is below 0.05
            when they are not adjusted. A matrix widens its intervals instead, so that those of all
            pairs hold together (Bonferroni). That is stricter for all but the clearest pair, so
            that one may be below 0.05 here whose interval there still holds 0. Of yes and no, and
            of shares, it also names no better one where what that one lost, which failed or could
            not be scored, would leave it open if it counted as 0; here it counts for nothing.
        level: Coverage of each interval by itself; no interval is adjusted.
        draws: How many resamples a bootstrap takes.
        seed: What its random numbers start from.

    Returns:
        ``by`` (``llm_id``), ``other``, ``score``, ``tasks``, ``win_rate`` of the first over the
        other with ``win_low`` and ``win_high``, and ``difference`` of the first to the other with
        ``difference_low`` and ``difference_high``, each with how its interval was made and why:
        ``win_method``, ``win_why``, ``difference_method``, ``difference_why``. ``p_value`` is of
        the difference, made by ``p_method`` (``mid-p``, or as the interval), ``p_adjusted`` what is
        left of it (null when it was not adjusted), and ``adjusted`` says how: ``holm, of 3``, or
        ``no, one of 3``. See :func:`win_rate` and :func:`paired_difference`. No difference is told
        to be wider than the scale of the score, where that is known as in :func:`summary`. That of
        a judge is lost by a CSV file, and by ``pd.concat`` of frames that tell different ones;
        ``difference_why`` then says so, and ``frame.attrs["scales"] = {"judge.h": (0, 100)}``
        gives it back.

    Raises:
        InvalidRequestError: As in :func:`summary`, or there is no such way to adjust.

    >>> dari.scores.win_rates(batch, "score.exact", adjust="holm")["win_rate"].to_list()
    [0.5]
    """
    import pandas as pd

    check_method(adjust or "holm", ADJUSTING)
    frame, by = by_columns(frame, by)
    names = [score] if isinstance(score, str) else checked_list("scores' names", score)
    options = {"level": level, "draws": draws, "seed": seed}
    rows = [
        row
        for one in dict.fromkeys(score_column(frame, name, by, task) for name in names)
        for row in _pairs(frame, one, by, task, options)
    ]
    words = ["win_method", "win_why", "difference_method", "difference_why", "p_method"]
    columns = [by, "other", "score", "tasks", "win_rate", "win_low", "win_high", *words[:2]]
    columns += ["difference", "difference_low", "difference_high", *words[2:4], "p_value", words[4]]
    made = _typed(pd.DataFrame(rows, columns=columns), [by, "other", "score", *words], ["tasks"])
    return _adjusted(made, adjust)


def pass_rates(
    frame: Any,
    score: str,
    ks: Sequence[int] | None = None,
    *,
    by: str | None = None,
    task: str = TASK,
    passing: float = 1.0,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Tell how often some of k tries succeed, and all of them; one row an LLM and k.

    Args:
        frame: A batch, or a frame with one row a cell.
        score: The score's column.
        ks: Numbers of tries; from 1 to the most repeats that a task has, 50 at most, when left out.
        by: The column of the LLM, or whatever is compared; LLM and version when left out.
        task: The column of the task.
        passing: From which value on a try is a success.
        level: Coverage of the intervals.
        draws: How many resamples the bootstrap takes.
        seed: What its random numbers start from.

    Returns:
        ``by`` (``llm_id``), ``score``, ``k``, ``tasks`` (with at least k values), ``pass_at_k``,
        ``at_low``, ``at_high``, ``pass_hat_k``, ``hat_low``, ``hat_high``, each with how its
        interval was made and why: ``at_method``, ``at_why``, ``hat_method``, ``hat_why``; and
        ``adjusted``, ``no``: each interval holds by itself. See :func:`pass_at_k` and
        :func:`pass_hat_k`.

    Raises:
        InvalidRequestError: As in :func:`summary`.

    >>> dari.scores.pass_rates(batch, "score.exact")[["k", "pass_at_k"]].values.tolist()
    [[1, 0.5], [1, 0.5]]
    """
    import pandas as pd

    frame, by = by_columns(frame, by)
    column, rows = score_column(frame, score, by, task), []
    kind_of_score(frame, column)
    tried = None if ks is None else checked_list("numbers of tries, such as [1, 2]", ks)
    for k in tried or ():
        check_whole("k", k, 1)
    for group, cells in _groups(frame, by, task):
        tries = _by_task(cells, column, task)
        most = max((len(values) for values in tries.values()), default=0)
        for k in tried if tried is not None else range(1, min(most, _MOST_TRIES) + 1):
            options: dict[str, Any] = {"level": level, "draws": draws, "seed": seed}
            some = pass_at_k(tries, k, passing=passing, **options)
            every = pass_hat_k(tries, k, passing=passing, **options)
            name = column.removeprefix("score.")
            told = [(*found[:3], found.method, found.why) for found in (some, every)]
            rows.append((group, name, k, some.tasks, *told[0], *told[1], NOT_ADJUSTED))
    words = ["at_method", "at_why", "hat_method", "hat_why", "adjusted"]
    rates = ["pass_at_k", "at_low", "at_high", *words[:2]]
    rates += ["pass_hat_k", "hat_low", "hat_high", *words[2:]]
    made = pd.DataFrame(rows, columns=[by, "score", "k", "tasks", *rates])
    return _typed(made, [by, "score", *words], ["k", "tasks"])


def _pairs(
    frame: pd.DataFrame, column: str, by: str, task: str, options: dict[str, Any]
) -> Iterator[tuple[Any, ...]]:
    """Compare each two groups by one score."""
    kind, name = kind_of_score(frame, column), column.removeprefix("score.")
    scale = limits_of(kind, scale_of_score(frame, column))
    note = scale_note(frame, column)
    groups = [(group, _by_task(cells, column, task)) for group, cells in _groups(frame, by, task)]
    for (one, ones), (other, others) in combinations(groups, 2):
        won = win_rate(ones, others, **options)
        gap = paired_difference(ones, others, kind=kind, **options)
        gap = gap.within_width(scale).with_note(note)
        told = (*won[:3], won.method, won.why, *gap[:3], gap.method, gap.why)
        yield (one, other, name, won.tasks, *told, gap.p_value, gap.p_method)


def _adjusted(frame: pd.DataFrame, adjust: str | None) -> pd.DataFrame:
    """Add the adjusted p-values, and say of how many comparisons they are."""
    count = int(frame["p_value"].notna().sum())
    adjusted = holm(frame["p_value"].tolist()) if adjust else math.nan
    how = f"{adjust}, of {count}" if adjust else f"{NOT_ADJUSTED}, one of {count}"
    made = frame.assign(p_adjusted=adjusted, adjusted=how)
    return made.astype({"p_adjusted": "float64", "adjusted": "string"})


def _groups(frame: pd.DataFrame, by: str, task: str) -> list[tuple[Hashable, pd.DataFrame]]:
    told = frame.assign(**{task: tasks_of(frame, task)})
    return list(told.groupby(by, sort=False, observed=True, dropna=False))


def _by_task(cells: pd.DataFrame, column: str, task: str) -> dict[Hashable, list[Any]]:
    tasks: dict[Hashable, list[Any]] = {}
    for key, value in zip(cells[task], cells[column], strict=True):
        tasks.setdefault(key, []).append(value)
    return tasks


def _typical(cells: pd.DataFrame, column: str) -> dict[str, float]:
    """Return how many failed, what one costs on average, and how long half took at most."""
    found: dict[str, float] = {}
    if "status" in cells:
        found["failed"] = int(((cells["status"] == "failed") & cells[column].isna()).sum())
    if "cost_usd" in cells:
        found["cost_usd"] = float(cells["cost_usd"].mean())
        found["unknown_costs"] = int(cells["cost_usd"].isna().sum())
    if "latency_s" in cells:
        found["median_latency_s"] = float(cells["latency_s"].median())
    return found


def _typed(frame: pd.DataFrame, names: list[str], counts: list[str]) -> pd.DataFrame:
    kinds = dict.fromkeys(frame.columns, "float64")
    kinds |= {**dict.fromkeys(names, "string"), **dict.fromkeys(counts, "Int64")}
    return frame.astype(kinds)
