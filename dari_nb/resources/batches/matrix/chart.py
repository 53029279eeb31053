"""What charts have in common: their looks, and how they are shown as wide as their cell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from importlib.util import find_spec
from itertools import pairwise
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ....render.plain.words import figure_text
from .plain_table import PlainTable

if TYPE_CHECKING:
    import pandas as pd

INK = "#767b83"
"""For axes and labels: a grey that reads on white and on the hosts' dark grounds."""
_COLOURS = ["#3b76d0", "#d9772b", "#2f9e77", "#b0519c", "#8a7a2f", "#c94f4f", "#5a8fa8", "#777777"]
"""Told apart by lightness as well as by hue, and with contrast on white and on dark."""

_WIDTHS = (320, 460, 660, 940, 1340)
"""Pixels of a chart's drawings. The nearest one is seen, stretched by a fifth at most."""
_PICTURE, _NARROW = 660, 600
_LETTER = 7
_WIDER, _MARGIN = 0.15, 5
"""A browser's letters may be wider than those that a drawing was measured with."""
_MARK = re.compile(r'<(path|line) aria-label="([^"]*)"([^>]*)/>')
_TAG = re.compile(r"<[^>]*>")
_FOR_READERS = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
_SIZE = re.compile(r' width="[^"]*" height="[^"]*"')

_DRAWN = "application/vnd.vegalite.v5+json"
_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


def fitting_scale(
    alt: Any, data: pd.DataFrame, columns: list[str], known: tuple[float, float] | None = None
) -> Any:
    """Return the scale of values: the known one, or from 0 to 1 when all of them lie there."""
    if known is not None:
        return alt.Scale(domain=list(known), nice=False, zero=False)
    if data[columns].min().min() >= 0 and data[columns].max().max() <= 1:
        return alt.Scale(domain=[0, 1])
    return alt.Scale(zero=False, nice=True, padding=12)


def coloured(alt: Any, by: str, names: list[str], legend: Any = None) -> Any:
    """Return a colour for each name.

    It goes by all names in their order, so that an LLM has one colour in every chart of a batch.
    """
    colours = [_COLOURS[n % len(_COLOURS)] for n in range(len(names))]
    return alt.Color(f"{by}:N", legend=legend, scale=alt.Scale(domain=names, range=colours))


def styled(chart: Any, table: PlainTable, title: str, how: str) -> Any:
    """Give a chart its title, what is said of it to whoever cannot see it, and its looks."""
    told = {"text": title, "subtitle": how, "anchor": "start"}
    made = (
        # Drawn as SVG it is told to screen readers; a canvas is mute.
        chart.properties(
            width="container",
            autosize={"type": "fit-x", "contains": "padding"},
            title=told,
            description=table.spoken,
            usermeta={"embedOptions": {"renderer": "svg"}},
        )
        .configure(background="transparent", font="system-ui, sans-serif")
        # Saved as a picture it has no place whose width it could take.
        .configure_view(stroke=None, continuousWidth=_PICTURE)
        .configure_axis(
            labelColor=INK,
            titleColor=INK,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            titlePadding=10,
            labelPadding=6,
            domain=False,
            ticks=False,
            gridColor=INK,
            gridOpacity=0.22,
        )
        .configure_title(
            color=INK,
            subtitleColor=INK,
            fontSize=13,
            fontWeight=600,
            subtitleFontSize=12,
            offset=12,
        )
        .configure_axisX(labelSeparation=16, labelOverlap="greedy")
        .configure_axisY(labelLimit=220)
        .configure_legend(
            labelColor=INK, labelFontSize=12, labelLimit=220, symbolOpacity=1, rowPadding=6
        )
    )
    return _shown_offline(made, table)


def _shown_offline(chart: Any, table: PlainTable) -> Any:
    """Have a chart show itself without the network, unless the user chose a renderer of Altair's.

    Altair's own default loads Vega from a server on the web each time that a notebook is opened.
    """
    own = chart._repr_mimebundle_

    def bundle(*args: Any, **kwargs: Any) -> Any:
        import altair

        if altair.renderers.active != "default":
            return own(*args, **kwargs)
        return {**_bundle(chart.to_dict(), table), "text/plain": table.text}

    # Charts take attributes for parts of their specification.
    object.__setattr__(chart, "_repr_mimebundle_", bundle)
    return chart


def _bundle(spec: Mapping[str, Any], table: PlainTable) -> dict[str, Any]:
    """Return a chart as drawings, or for JupyterLab to draw where there is nothing to do that.

    JupyterLab draws Vega-Lite itself and has no width to give: a chart that asks for its place's
    gets 0 pixels when another chart is in the page, and is then drawn again without end.
    """
    if find_spec("vl_convert") is None:
        # What these charts use is the same in Vega-Lite 5 and 6.
        return {_DRAWN: {**spec, "$schema": _SCHEMA, "width": _PICTURE}}
    drawings = {width: _drawing(spec, table, width) for width in _WIDTHS}
    label = escape(table.spoken, quote=True)
    picture = drawings[_PICTURE].replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    seen = "".join(_fluid(drawing, width) for width, drawing in drawings.items())
    html = (
        f'<div class="dari-plot"><style>{_style()}</style>'
        f'<div role="img" aria-label="{label}">{seen}</div>{table.bare}</div>'
    )
    return {"text/html": html, "image/svg+xml": picture}


def _drawing(spec: Mapping[str, Any], table: PlainTable, width: int) -> str:
    """Draw a chart so wide, labels and all."""
    import vl_convert

    title, config = spec["title"], spec["config"]
    letters, limit = (width - 20) // _LETTER, min(220, width // 3)
    longest = min(limit, _LETTER * max((len(name) for name, *_ in table.rows), default=0))
    room = _MARGIN + round(_WIDER * longest)
    narrow = {"orient": "bottom", "columns": 2} if width < _NARROW else {}
    fitted = {
        **spec,
        "width": width,
        "padding": {"left": room, "right": room, "top": _MARGIN, "bottom": _MARGIN},
        "title": {
            **title,
            "text": wrap(title["text"], letters),
            "subtitle": wrap(title["subtitle"], letters),
        },
        "config": {
            **config,
            "axisY": {"labelLimit": limit},
            "legend": {**config["legend"], **narrow, "labelLimit": limit},
        },
    }
    return str(vl_convert.vegalite_to_svg(fitted))


def _fluid(drawing: str, width: int) -> str:
    """Have a drawing take the width that there is, and say what a mark is when it is pointed at."""
    pointed = _MARK.sub(r"<\1\3><title>\2</title></\1>", drawing)
    bare = _TAG.sub(lambda tag: _FOR_READERS.sub("", tag[0]), pointed)
    sized = _SIZE.sub("", bare, count=1)
    return sized.replace('class="marks"', f'class="dari-w{width}"', 1)


def _style() -> str:
    """Show the drawing whose width is nearest; where all style is stripped, the table is seen."""
    borders = [round((a * b) ** 0.5) for a, b in pairwise(_WIDTHS)]
    ranges = zip(_WIDTHS, [0, *borders], [*borders, 100_000], strict=True)
    rules = [
        f"@container (min-width:{low}px) and (max-width:{high - 0.01}px)"
        f"{{.dari-plot .dari-w{width}{{display:block}}}}"
        for width, low, high in ranges
    ]
    return (
        ".dari-plot{container-type:inline-size}"
        ".dari-plot svg{display:none;width:100%;height:auto}.dari-plot table{display:none}"
        + "".join(rules)
    )


def mean_cost_text(row: Mapping[Any, Any]) -> str:
    """Say what a cell has cost on average, and for how many that is not known."""
    unknown = f" ({row['unknown_costs']} of {row['cells']} unknown)" if row["unknown_costs"] else ""
    return f"${figure_text(row['cost_usd'])}{unknown}"
