"""Pictures of scores, costs and times: Altair charts where Altair is, tables elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from ....errors import InvalidRequestError
from ....render.matrix.wording import method_text
from ....render.plain.words import count_text, figure_text
from ....score_kinds import scale_of
from .chart import INK, coloured, fitting_scale, mean_cost_text, styled
from .plain_table import PlainTable

if TYPE_CHECKING:
    import pandas as pd

    from .sheet import Sheet

    Source: TypeAlias = Sheet | pd.DataFrame

_ROW = 34
_NO_COST = (
    "No cost is known. Servers tell costs some minutes late; a local Dari only tells those of "
    "LLMs with prices (connect('local', prices=…)), and demo agents have none."
)

_MEAN, _INTERVAL, _COST = "mean_told", "interval_told", "cost_told"
"""Columns of numbers in words."""
_ALL = "told"
"""The column of all of them."""


def plot_scores(source: Source, score: str | None = None, *, by: str | None = None) -> Any:
    """Draw the mean of a score with its interval, a line for each LLM, in the batch's own order.

    Args:
        source: A batch, its frame (one row a cell), or what :func:`dari_nb.scores.summary` returns.
        score: The score's name; the first one that is a number when left out.
        by: The column of the LLM, or whatever is compared; LLM and version when left out.

    Returns:
        An ``altair.Chart``; without Altair a :class:`PlainTable`.

    Raises:
        InvalidRequestError: There is no such score or column, or no cell has a value.

    >>> dari.plot_scores(batch, "exact").save("scores.html")
    """
    summed, by = _summary(source, score, by)
    made = _named(summed, by)
    title, how = f"{_title(made)}: mean and interval", _method(made, summed is source, by)
    rows = [
        [str(r[by]), figure_text(r["mean"]), _range(r["low"], r["high"])]
        for r in made.to_dict("records")
    ]
    table = PlainTable([by, f"mean {_title(made)}", "interval"], rows, f"{title} ({how})")
    alt = _altair()
    if alt is None:
        return table
    data = _plain(_with_labels(made, by))
    names = data[by].tolist()
    y = alt.Y(f"{by}:N", sort=names, title=None)
    scale = fitting_scale(alt, data, ["low", "mean", "high"], _scale(summed))
    x = alt.X("mean:Q", title=_title(made), scale=scale, axis=alt.Axis(tickCount=5))
    methods = ["method:N"] if "method" in data else []
    base = alt.Chart(data).encode(
        y=y, tooltip=[by, *_tips(alt), "tasks:Q", *methods], description=_ALL
    )
    colour = coloured(alt, by, names)
    rule = base.mark_rule(strokeWidth=3, opacity=0.55, strokeCap="round").encode(
        x=alt.X("low:Q"), x2="high:Q", color=colour
    )
    point = base.mark_circle(size=130, opacity=1).encode(x=x, color=colour)
    text = base.mark_text(dy=-13, fontSize=12, color=INK, aria=False).encode(x="mean:Q", text=_MEAN)
    chart = (rule + point + text).properties(height=alt.Step(_ROW + 10))
    return styled(chart, table, title, how)


def plot_cost(source: Source, score: str | None = None, *, by: str | None = None) -> Any:
    """Draw the mean score against the mean cost of a cell, one point an LLM.

    Args:
        source: A batch, or its frame.
        score: The score's name; the first one that is a number when left out.
        by: The column of the LLM, or whatever is compared; LLM and version when left out.

    Returns:
        An ``altair.Chart``; without Altair a :class:`PlainTable`.

    Raises:
        InvalidRequestError: There is no such score or column, no cell has a value, or no cost is
            known.

    >>> frame = dari.batch_frame(batch).assign(cost_usd=0.01)
    >>> dari.plot_cost(frame, "exact").save("costs.html")
    """
    frame, by = _cells(source, by)
    _need(frame, ["cost_usd"])
    if frame["cost_usd"].isna().all():
        raise InvalidRequestError(_NO_COST, code="nothing_to_plot")
    summed, _ = _summary(frame, score, by)
    made = _named(summed, by)
    known = made[made["cost_usd"].notna()]
    rows = [
        [str(r[by]), mean_cost_text(r), figure_text(r["mean"])] for r in known.to_dict("records")
    ]
    told = _method(made, summed is source, by)
    title, how = f"{_title(made)} against cost", f"mean and interval, {told}"
    if unknown := int(summed["unknown_costs"].sum()):
        how += f"; cost unknown for {unknown:,} of {int(summed['cells'].sum()):,} cells"
    table = PlainTable([by, "mean cost", f"mean {_title(made)}"], rows, f"{title} ({how})")
    alt = _altair()
    if alt is None:
        return table
    data = _plain(_with_labels(known, by))
    most = float(data["cost_usd"].max())
    cost = alt.X(
        "cost_usd:Q",
        title="mean cost of a task (US dollars)",
        scale=alt.Scale(domain=[0, 1.1 * most or 1], nice=False),
        axis=alt.Axis(format="$,~r", tickCount=5),
    )
    tips = [alt.Tooltip(_COST, title="mean cost"), *_tips(alt)]
    # Points may lie anywhere, and names beside them on top of each other.
    colour = coloured(alt, by, _plain(made)[by].tolist(), legend=alt.Legend(title=None))
    scale = fitting_scale(alt, data, ["low", "mean", "high"], _scale(summed))
    base = alt.Chart(data).encode(x=cost, tooltip=[by, *tips], description=_ALL)
    y = alt.Y("mean:Q", title=_title(made), scale=scale, axis=alt.Axis(tickCount=5))
    rule = base.mark_rule(strokeWidth=2, opacity=0.45, strokeCap="round").encode(
        y=alt.Y("low:Q"), y2="high:Q", color=colour
    )
    point = base.mark_circle(size=150, opacity=1).encode(y=y, color=colour)
    return styled(alt.layer(rule, point).properties(height=280), table, title, how)


def plot_latency(source: Source, *, by: str | None = None) -> Any:
    """Draw how long cells took: every cell as a dot, with quartiles and median, by LLM.

    What they waited in a queue does not count.

    Args:
        source: A batch, or its frame; ``latency_s`` is what is drawn.
        by: The column of the LLM, or whatever is compared; LLM and version when left out.

    Returns:
        An ``altair.LayerChart``; without Altair a :class:`PlainTable` of quantiles.

    Raises:
        InvalidRequestError: The frame lacks a column, or nothing has ended yet.

    >>> dari.plot_latency(batch).save("latency.html")
    """
    frame, by = _cells(source, by)
    _need(frame, [by, "latency_s"])
    every = _named(frame, by)
    ended = every[every["latency_s"].notna()]
    if ended.empty:
        raise InvalidRequestError(
            "Nothing has ended yet, so there are no times to draw.", code="nothing_to_plot"
        )
    names = [str(name) for name in every[by].drop_duplicates()]
    order = [name for name in names if (ended[by] == name).any()]
    title, how = "seconds to the answer", "a dot a cell; median and quartiles; no queue"
    table = PlainTable(
        [by, "median", "quartiles", "95 %", "cells"],
        [_quantiles(name, ended.loc[ended[by] == name, "latency_s"]) for name in order],
        f"{title} ({how})",
    )
    alt = _altair()
    if alt is None:
        return table
    data = _jittered(_plain(ended[[by, "latency_s"]]))
    y = alt.Y(f"{by}:N", sort=order, title=None)
    colour = coloured(alt, by, names)
    base = alt.Chart(data)
    latency = alt.X("latency_s:Q", title="seconds", axis=alt.Axis(tickCount=6))
    dots = base.mark_circle(size=26, opacity=0.4, aria=False).encode(
        x=latency,
        y=y,
        yOffset=alt.YOffset("jitter:Q", scale=alt.Scale(domain=[-1.6, 1.6])),
        color=colour,
        tooltip=[f"{by}:N", alt.Tooltip("latency_s:Q", format=",.2~f")],
    )
    # A box as wide as the dots' band hides nothing: it is only lines.
    quartiles = base.mark_rule(strokeWidth=3, strokeCap="round").encode(
        x="q1(latency_s):Q", x2="q3(latency_s):Q", y=y, color=colour
    )
    median = base.mark_tick(thickness=3, size=24).encode(x="median(latency_s):Q", y=y, color=colour)
    chart = (dots + quartiles + median).properties(height=alt.Step(_ROW + 20))
    return styled(chart, table, title, how)


def _cells(source: Source, by: str | None) -> tuple[pd.DataFrame, str]:
    """Return one row a cell, or a summary that is given, and the column that is compared."""
    import pandas as pd

    from ....scores.columns import BY, by_columns

    if isinstance(source, pd.DataFrame) and _is_summary(source):
        return source, by or BY
    frame, by = by_columns(source, by)
    return frame, by


def _is_summary(frame: pd.DataFrame) -> bool:
    return "mean" in frame and "low" in frame


def _summary(source: Source, score: str | None, by: str | None) -> tuple[pd.DataFrame, str]:
    """Return a row for each LLM, of a summary that is given, or one that is made."""
    from ....scores import summary

    frame, by = _cells(source, by)
    if _is_summary(frame):
        _need(frame, [by, "score", "tasks", "mean", "low", "high"])
        return frame, by
    _need(frame, [by])
    made = summary(_named(frame, by), score, by=by)
    if made["mean"].isna().all():
        raise InvalidRequestError(
            f"No cell has a value of {_title(made)!r}, so there is nothing to draw.",
            code="nothing_to_plot",
        )
    return made, by


def _named(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """Give the agent's default LLM, which has no id, a name that can stand in a chart."""
    names = frame[by].astype(object)
    return frame.assign(**{by: names.where(names.notna(), "default")})


def _altair() -> Any | None:
    try:
        return import_module("altair")
    except ImportError:
        return None


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Make columns that every version of Altair reads: names as objects, numbers as floats."""
    plain = {
        name: frame[name].astype("float64" if frame[name].dtype.kind in "iufb" else object)
        for name in frame.columns
    }
    return frame.assign(**plain).reset_index(drop=True)


def _with_labels(data: pd.DataFrame, by: str) -> pd.DataFrame:
    """Say numbers in words beside them, since a format of Vega's fits some sizes only."""
    ranges = [_range(*each) for each in zip(data["low"], data["high"], strict=True)]
    means = [figure_text(mean) for mean in data["mean"]]
    told = {_MEAN: means, _INTERVAL: ranges}
    if "cost_usd" in data:
        told[_COST] = [mean_cost_text(row) for row in data.to_dict("records")]
    figures = zip(*told.values(), map(_lacks, data.to_dict("records")), strict=True)
    rows = zip(data[by], figures, strict=True)
    lines = [f"{name}: mean {', '.join([*of, *lacks])}" for name, (*of, lacks) in rows]
    return data.assign(**told, **{_ALL: lines})


def _tips(alt: Any) -> list[Any]:
    return [alt.Tooltip(_MEAN, title="mean"), alt.Tooltip(_INTERVAL, title="interval")]


def _jittered(data: pd.DataFrame) -> pd.DataFrame:
    """Spread dots over their band, the same way each time."""
    import numpy as np

    return data.assign(jitter=np.random.default_rng(0).uniform(-1, 1, len(data)))


def _quantiles(name: str, seconds: pd.Series[Any]) -> list[str]:
    low, middle, high, most = (float(seconds.quantile(q)) for q in (0.25, 0.5, 0.75, 0.95))
    return [
        name,
        f"{middle:.2f} s",
        f"{low:.2f} to {high:.2f} s",
        f"{most:.2f} s",
        str(len(seconds)),
    ]


def _method(made: pd.DataFrame, is_given: bool, by: str) -> str:
    """Say how the intervals were made, and over how many tasks; the level of those made here."""
    told = set(made["method"].dropna()) if "method" in made else set()
    words = " or ".join(method_text(str(method)) for method in sorted(told - {"none"}))
    level = "" if is_given or not words else "95 %, "
    over = _over(made, by)
    return f"{level}{words or 'no interval'}{over}{_why_none(made)}"


def _over(made: pd.DataFrame, by: str) -> str:
    """Say over how many tasks means are: of each by itself where that differs, or cells lack it."""
    rows = made.to_dict("records")
    tasks = [count_text(int(row["tasks"]), "task") for row in rows]
    is_one = len(set(tasks)) == 1
    own = zip(rows, [[]] * len(rows) if is_one else [[text] for text in tasks], strict=True)
    said = [(row[by], [*over, *_lacks(row)]) for row, over in own]
    lines = [f"; {name}: {', '.join(parts)}" for name, parts in said if parts]
    return "".join([f", over {tasks[0]}" if is_one else "", *lines])


def _lacks(row: Mapping[Any, Any]) -> list[str]:
    """Say how many cells count for nothing because they failed, or have no such score."""
    failed, missing, cells = (int(row.get(name, 0)) for name in ("failed", "missing", "cells"))
    counts = [(failed, "failed"), (missing - failed, f"without “{row['score']}”")]
    return [f"{n:,} of {count_text(cells, 'cell')} {what}" for n, what in counts if n]


def _why_none(summary: pd.DataFrame) -> str:
    """Say why there are no intervals, where there are none."""
    lacking = summary[summary["low"].isna() & summary["mean"].notna()]
    whys = lacking["why"].dropna().unique() if "why" in summary else ()
    return "".join(f"; unknown: {why}" for why in whys)


def _scale(summary: pd.DataFrame) -> tuple[float, float] | None:
    """Return the scale of a score, where that is known: its intervals end there."""
    name = _title(summary)
    known = summary.attrs.get("scales", {}).get(name)
    return scale_of(name, summary["mean"].dropna().tolist(), known)


def _title(summary: pd.DataFrame) -> str:
    names = summary["score"].dropna().unique()
    return str(names[0]) if len(names) == 1 else "score"


def _range(low: float, high: float) -> str:
    return "unknown" if math.isnan(low) else f"{figure_text(low)} to {figure_text(high)}"


def _need(frame: pd.DataFrame, columns: list[str]) -> None:
    lacking = [name for name in columns if name not in frame]
    if lacking:
        raise InvalidRequestError(
            f"The frame has no column {lacking[0]!r}.", code="column_not_found"
        )
