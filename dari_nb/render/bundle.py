"""The saved form of a timeline."""

from __future__ import annotations

from collections.abc import Sequence

from ..models import TimelineItem
from .head import Head
from .limits import LIMITS, Cap, Limits
from .sheet import style
from .timeline import timeline_html
from .written import markdown, text

# The three forms lie in the notebook file together. The HTML is the one that is shown; the others
# hold all that was said, and tell arguments and results by their beginning.
_BRIEF = LIMITS._replace(data=Cap(lines=3, chars=200))


def paper(
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
        "text/markdown": markdown(items, head, limits=limits and _BRIEF),
        "text/plain": text(items, head, limits=limits and _BRIEF),
    }
