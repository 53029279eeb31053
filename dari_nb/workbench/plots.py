"""Pictures of scores, costs and times: Altair charts where Altair is, tables elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequestError
from .chart import shown_offline

if TYPE_CHECKING:
    import pandas as pd

HINT = "For a chart: pip install 'dari-nb[plot]'"

_WIDTH = 420
_ROW = 34
_COLOURS = ["#3b76d0", "#d9772b", "#2f9e77", "#b0519c", "#8a7a2f", "#c94f4f", "#5a8fa8", "#777777"]
"""Told apart by lightness as well as by hue, and with contrast on white and on dark."""

_INK = "#7d8590"
"""For axes and labels: a grey that reads on white and on the hosts' dark grounds."""


class PlainTable:
    """What a chart would show, as a table, with how to get the chart below it."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.columns = list(columns)
        self.rows = [list(row) for row in rows]

    @property
    def text(self) -> str:
        """The table alone."""
        return self._made()["text/plain"]

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as HTML, Markdown and plain text."""
        made = self._made()
        head, tail = made["text/html"][: -len("</div>")], "</div>"
        return {
            "text/html": f"{head}<p>{HINT}</p>{tail}",
            "text/markdown": f"{made['text/markdown']}\n\n{HINT}",
            "text/plain": f"{made['text/plain']}\n{HINT}",
        }

    def _made(self) -> dict[str, str]:
        from ..render import table

        return table(self.columns, self.rows)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()

    def __repr__(self) -> str:
        return self.to_mimebundle()["text/plain"]


def plot_scores(summary: pd.DataFrame) -> Any:
    """Draw the mean of a score with its interval, one line an LLM, the best on top.

    Args:
        summary: What :func:`dari_nb.scores.summary` returns.

    Returns:
        An ``altair.Chart``; without Altair a :class:`PlainTable`.

    Raises:
        InvalidRequestError: The frame lacks a column of a summary.

    >>> dari.plot_scores(dari.scores.summary(frame, "correct"))  # doctest: +SKIP
    """
    _need(summary, ["score", "tasks", "mean", "low", "high"])
    by = _first(summary)
    ordered = _named(summary, by).sort_values("mean", ascending=False, kind="stable")
    rows = [
        [str(r[by]), _number(r["mean"]), _range(r["low"], r["high"])]
        for r in ordered.to_dict("records")
    ]
    table = PlainTable([by, f"mean {_title(summary)}", "interval"], rows)
    alt = _altair()
    if alt is None:
        return table
    data = _plain(ordered)
    y = alt.Y(f"{by}:N", sort=data[by].tolist(), title=None)
    scale = _scale(alt, data, ["low", "mean", "high"])
    x = alt.X("mean:Q", title=_title(summary), scale=scale, axis=alt.Axis(tickCount=5))
    tips = [alt.Tooltip(name, format=".3~g") for name in ("mean", "low", "high")]
    base = alt.Chart(data).encode(y=y, tooltip=[by, *tips, "tasks:Q"])
    rule = base.mark_rule(strokeWidth=3, opacity=0.55, strokeCap="round").encode(
        x=alt.X("low:Q"), x2="high:Q", color=_colour(alt, by, data[by].tolist())
    )
    point = base.mark_circle(size=130, opacity=1).encode(
        x=x, color=_colour(alt, by, data[by].tolist())
    )
    text = base.mark_text(dy=-13, fontSize=12, color=_INK).encode(
        x="mean:Q", text=alt.Text("mean:Q", format=".2f")
    )
    chart = (rule + point + text).properties(width=_WIDTH, height=alt.Step(_ROW + 10))
    return _styled(chart, table)


def plot_cost(frame: pd.DataFrame, score: str, *, by: str = "llm_id") -> Any:
    """Draw the mean score against the mean cost of a cell, one point an LLM.

    Args:
        frame: One row a cell, such as ``batch.to_frame()``.
        score: The score's name.
        by: The column of the LLM.

    Returns:
        An ``altair.Chart``; without Altair a :class:`PlainTable`.

    Raises:
        InvalidRequestError: The frame lacks a column, or no cost is known yet.
    """
    from ..scores import summary

    _need(frame, [by, "cost_usd"])
    made = summary(_named(frame, by), score, by=by)
    known = made[made["cost_usd"].notna()]
    if known.empty:
        raise InvalidRequestError("No cost is known yet; costs come some minutes late.")
    rows = [
        [str(r[by]), f"${r['cost_usd']:.4g}", _number(r["mean"])]
        for r in known.sort_values("cost_usd").to_dict("records")
    ]
    table = PlainTable([by, "mean cost", f"mean {_title(made)}"], rows)
    alt = _altair()
    if alt is None:
        return table
    data = _plain(known)
    most = float(data["cost_usd"].max())
    cost = alt.X(
        "cost_usd:Q",
        title="mean cost of a task (US dollars)",
        scale=alt.Scale(domain=[0, 1.1 * most or 1], nice=False),
        axis=alt.Axis(format="$~g", tickCount=5),
    )
    tips = [alt.Tooltip("cost_usd:Q", format="$.4~g"), alt.Tooltip("mean:Q", format=".3~g")]
    # Points may lie anywhere, and names beside them on top of each other.
    colour = _colour(alt, by, data[by].tolist(), legend=alt.Legend(title=None))
    base = alt.Chart(data).encode(x=cost, tooltip=[by, *tips])
    scale = _scale(alt, data, ["low", "mean", "high"])
    y = alt.Y("mean:Q", title=_title(made), scale=scale, axis=alt.Axis(tickCount=5))
    rule = base.mark_rule(strokeWidth=2, opacity=0.45, strokeCap="round").encode(
        y=alt.Y("low:Q"), y2="high:Q", color=colour
    )
    point = base.mark_circle(size=150, opacity=1).encode(y=y, color=colour)
    chart = alt.layer(rule, point)
    return _styled(chart.properties(width=_WIDTH, height=280), table)


def plot_latency(frame: pd.DataFrame, *, by: str = "llm_id") -> Any:
    """Draw how long cells took: every cell as a dot, with quartiles and median, by LLM.

    Args:
        frame: One row a cell, such as ``batch.to_frame()``; ``seconds`` is what is drawn.
        by: The column of the LLM.

    Returns:
        An ``altair.LayerChart``; without Altair a :class:`PlainTable` of quantiles.

    Raises:
        InvalidRequestError: The frame lacks a column, or nothing has ended yet.
    """
    _need(frame, [by, "seconds"])
    ended = _named(frame[frame["seconds"].notna()], by)
    if ended.empty:
        raise InvalidRequestError("Nothing has ended yet, so there are no times to draw.")
    order = ended.groupby(by, observed=True, sort=False)["seconds"].median().sort_values().index
    table = PlainTable(
        [by, "median", "quartiles", "95 %", "cells"],
        [_quantiles(str(name), ended.loc[ended[by] == name, "seconds"]) for name in order],
    )
    alt = _altair()
    if alt is None:
        return table
    data = _jittered(_plain(ended[[by, "seconds"]]))
    names = [str(name) for name in order]
    y = alt.Y(f"{by}:N", sort=names, title=None)
    colour = _colour(alt, by, names)
    base = alt.Chart(data)
    seconds = alt.X("seconds:Q", title="seconds", axis=alt.Axis(tickCount=6))
    dots = base.mark_circle(size=26, opacity=0.4).encode(
        x=seconds,
        y=y,
        yOffset=alt.YOffset("jitter:Q", scale=alt.Scale(domain=[-1.6, 1.6])),
        color=colour,
        tooltip=[f"{by}:N", alt.Tooltip("seconds:Q", format=".2~f")],
    )
    # A box as wide as the dots' band hides nothing: it is only lines.
    quartiles = base.mark_rule(strokeWidth=3, strokeCap="round").encode(
        x="q1(seconds):Q", x2="q3(seconds):Q", y=y, color=colour
    )
    median = base.mark_tick(thickness=3, size=24).encode(x="median(seconds):Q", y=y, color=colour)
    chart = (dots + quartiles + median).properties(width=_WIDTH, height=alt.Step(_ROW + 20))
    return _styled(chart, table)


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


def _jittered(data: pd.DataFrame) -> pd.DataFrame:
    """Spread dots over their band, the same way each time."""
    import numpy as np

    return data.assign(jitter=np.random.default_rng(0).uniform(-1, 1, len(data)))


def _scale(alt: Any, data: pd.DataFrame, columns: list[str]) -> Any:
    if data[columns].min().min() >= 0 and data[columns].max().max() <= 1:
        return alt.Scale(domain=[0, 1])
    return alt.Scale(zero=False, nice=True, padding=12)


def _colour(alt: Any, by: str, names: list[str], legend: Any = None) -> Any:
    # In the order of the alphabet, so that an LLM has the same colour in every chart of a batch.
    domain = sorted(names)
    colours = [_COLOURS[n % len(_COLOURS)] for n in range(len(domain))]
    return alt.Color(f"{by}:N", legend=legend, scale=alt.Scale(domain=domain, range=colours))


def _styled(chart: Any, table: PlainTable) -> Any:
    styled = (
        chart.configure(background="transparent", font="system-ui, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=_INK,
            titleColor=_INK,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            titlePadding=10,
            labelPadding=6,
            domain=False,
            ticks=False,
            gridColor=_INK,
            gridOpacity=0.22,
        )
        .configure_axisY(labelLimit=220)
        .configure_legend(
            labelColor=_INK, labelFontSize=12, labelLimit=220, symbolOpacity=1, rowPadding=6
        )
    )
    return shown_offline(styled, table.text)


def _quantiles(name: str, seconds: pd.Series[Any]) -> list[str]:
    low, middle, high, most = (float(seconds.quantile(q)) for q in (0.25, 0.5, 0.75, 0.95))
    return [
        name,
        f"{middle:.2f} s",
        f"{low:.2f} to {high:.2f} s",
        f"{most:.2f} s",
        str(len(seconds)),
    ]


def _title(summary: pd.DataFrame) -> str:
    names = summary["score"].dropna().unique()
    return str(names[0]) if len(names) == 1 else "score"


def _first(summary: pd.DataFrame) -> str:
    return str(summary.columns[0])


def _number(value: Any) -> str:
    return "unknown" if math.isnan(value) else f"{value:.3g}"


def _range(low: float, high: float) -> str:
    return "unknown" if math.isnan(low) else f"{_number(low)} to {_number(high)}"


def _need(frame: pd.DataFrame, columns: list[str]) -> None:
    lacking = [name for name in columns if name not in frame]
    if lacking:
        raise InvalidRequestError(f"The frame has no column {lacking[0]!r}.")
