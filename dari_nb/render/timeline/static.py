"""The saved form of a timeline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from ...models import TimelineItem
from ..page.sheet import style
from ..plain.limits import LIMITS, Cap, Limits
from .head import Head
from .timeline import timeline_html
from .written import markdown, text

# The three forms lie in the notebook file together. The HTML is the one that is shown; the others
# hold all that was said, and tell arguments and results by their beginning.
BRIEF = LIMITS._replace(data=Cap(lines=3, chars=200))
"""Limits of the forms that are text."""


def static_timeline(
    items: Sequence[TimelineItem], head: Head | None = None, *, limits: Limits | None = LIMITS
) -> dict[str, str]:
    """Render a timeline as a MIME bundle that needs no kernel, no widget and no network.

    Args:
        items: Items in display order.
        head: What to say above them.
        limits: How much is shown of long contents; ``None`` shows everything.

    Returns:
        ``text/html`` with its style sheet, ``text/markdown`` and ``text/plain``; the last two
        have all that was said, but only the beginning of long arguments and results.
    """
    html = timeline_html(items, head, limits=limits)
    return {
        "text/html": style(html) + html,
        "text/markdown": markdown(items, head, limits=limits and BRIEF),
        "text/plain": text(items, head, limits=limits and BRIEF),
    }


def noted(bundle: dict[str, str], note: str | None) -> dict[str, str]:
    r"""Say something below static output; what stands in backticks is code.

    >>> noted({"text/plain": "42"}, "It goes on: `turn.follow()` shows it.")["text/plain"]
    '42\nIt goes on: turn.follow() shows it.\n'
    """
    if not note:
        return bundle
    said = re.sub("`([^`]*)`", r"<code>\1</code>", escape(note, quote=False))
    added = {"text/markdown": f"\n{note}\n", "text/plain": f"\n{note.replace('`', '')}\n"}
    forms = {kind: f"{form}{added.get(kind, '')}" for kind, form in bundle.items()}
    if "text/html" in bundle:
        output = bundle["text/html"].partition("</style>")[2].removesuffix("</div>")
        html = f'{output}<p class="dari-more">{said}</p></div>'
        forms["text/html"] = style(html) + html
    return forms
