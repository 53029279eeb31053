"""Static output below views that live: seen only when they are gone, as in a reopened notebook."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .sheet import SCOPE, style

_SHEET = re.compile(rf"<style>{re.escape(SCOPE)}\{{.*?</style>", re.DOTALL)
"""The style sheet of one static output. What agents write can hold none: it is cleaned of all."""
_CHILD = ".jp-OutputArea-child"
# Drawn from what a notebook has saved of it; one that lost its kernel later says so itself.
_SAVED = ".jupyter-widgets-disconnected:not(.dari-gone)"
_LIVES = f".dari-view:not({_SAVED},.dari-view:not(.widget-box){_SAVED} *)"
_VIEW, _STATIC = f"{_CHILD}:has({_LIVES})", f"{_CHILD}:has(.dari-kept)"
# An Output may hold other things, too; what it has of ours is either a view or static output.
_OUTPUT = ".widget-output"
_HELD = f"{_CHILD}:has({_OUTPUT} [class^=dari])"
# JupyterLab's place for a widget, unless that was closed or could not be found: it is empty until a
# kernel tells of the widget, which one that is busy does not do.
_PLACE = ">.lm-Panel:not(.jupyter-widgets,.lm-mod-hidden)"
_STYLE = (
    # A view that cannot come back leaves a line that says so: nobody is to see it, in print either.
    f"<style>{_CHILD}:not(:has({_LIVES},{_OUTPUT})):has(+{_CHILD} .dari-kept){{display:none}}"
    # The view lives, or is about to: its static output is out of sight.
    f"@media screen{{:is({_VIEW},{_HELD},{_CHILD}:has({_PLACE}>:not({_SAVED})))+{_STATIC}"
    "{display:none}"
    # Perhaps the view comes, so static output waits a little.
    f"{_CHILD}:has({_PLACE})+{_CHILD} .dari-kept{{animation:dari-late 2s;overflow:hidden}}"
    "@keyframes dari-late{from,to{max-height:0;visibility:hidden}}}"
    # A view prints what is in sight of it, its static output all there is.
    f"@media print{{{_VIEW}:not(:has({_OUTPUT})):has(+{_CHILD} .dari-kept>.dari),"
    f"{_CHILD}:has({_OUTPUT})+{_STATIC}{{display:none}}}}"
    "</style>"
)


def fallback(bundles: Sequence[dict[str, str] | None]) -> dict[str, str]:
    """Make a MIME bundle the static output of the views in the output before it.

    Args:
        bundles: The static output of each view; ``None`` while there is none.
    """
    made = joined([bundle for bundle in bundles if bundle is not None])
    html = f'{_STYLE}<div class="dari-kept">{made["text/html"]}</div>'
    return {**made, "text/html": html}


def joined(bundles: Sequence[dict[str, str]]) -> dict[str, str]:
    r"""Put MIME bundles below each other, as one with one style sheet.

    >>> joined([{"text/html": "<p>a</p>", "text/plain": "a"}, {"text/plain": "b"}])
    {'text/html': '<p>a</p>', 'text/plain': 'a\n\nb'}
    """
    kinds = dict.fromkeys(["text/html", "text/plain", *(kind for each in bundles for kind in each)])
    made = {kind: "\n\n".join(each[kind] for each in bundles if kind in each) for kind in kinds}
    if len(bundles) > 1:
        # A page tries all rules of all style sheets on each element.
        html = _SHEET.sub("", made["text/html"])
        made["text/html"] = style(html) + html if html != made["text/html"] else html
    return made
