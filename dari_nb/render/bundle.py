"""The saved form of a timeline."""

from __future__ import annotations

from collections.abc import Sequence

from ..models import TimelineItem
from .head import Head
from .limits import LIMITS, Cap, Limits
from .sheet import style
from .timeline import timeline_html
from .written import markdown, text

# The three forms lie in the notebook file together, and plain text is what hosts fall back to
# that show neither of the others: there a result is told by its beginning.
_BRIEF = LIMITS._replace(data=Cap(lines=6, chars=400))


def paper(
    items: Sequence[TimelineItem], head: Head | None = None, *, limits: Limits | None = LIMITS
) -> dict[str, str]:
    """Render a timeline as a MIME bundle that needs no kernel, no widget and no network.

    Args:
        items: Items in display order.
        head: What to say above them.
        limits: How much is shown of long contents; ``None`` shows everything.

    Returns:
        ``text/html`` with its style sheet, ``text/markdown``, and ``text/plain``, which has all
        that was said but only the beginning of long arguments and results.
    """
    return {
        "text/html": style() + timeline_html(items, head, limits=limits),
        "text/markdown": markdown(items, head, limits=limits),
        "text/plain": text(items, head, limits=_BRIEF if limits else None),
    }
