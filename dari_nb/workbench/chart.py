"""How charts are shown where nothing can be fetched: as what JupyterLab draws, and as a picture."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

_DRAWN = "application/vnd.vegalite.v5+json"
"""What JupyterLab, Notebook 7 and VS Code draw by themselves."""
_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


def shown_offline(chart: Any, text: str) -> Any:
    """Have a chart show itself without the network, unless the user chose a renderer of Altair's.

    Altair's own default loads Vega from a server on the web each time that a notebook is opened.

    Args:
        chart: An Altair chart, which is returned.
        text: What it says, for terminals.
    """
    own = chart._repr_mimebundle_

    def bundle(*args: Any, **kwargs: Any) -> Any:
        import altair

        if altair.renderers.active != "default":
            return own(*args, **kwargs)
        return {"text/plain": text, **_bundle(chart)}

    # Charts take attributes for parts of their specification.
    object.__setattr__(chart, "_repr_mimebundle_", bundle)
    return chart


def _bundle(chart: Any) -> dict[str, Any]:
    # What these charts use is the same in Vega-Lite 5 and 6.
    drawn = {_DRAWN: {**chart.to_dict(), "$schema": _SCHEMA}}
    if find_spec("vl_convert") is None:
        return drawn
    from altair.utils.mimebundle import spec_to_mimebundle

    made = spec_to_mimebundle(chart.to_dict(), format="svg", mode="vega-lite")
    return {**drawn, "image/svg+xml": made["image/svg+xml"]}
