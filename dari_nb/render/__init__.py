"""Timeline items to HTML, Markdown and text: the only place that turns agent output into markup."""

from .calls.question import arguments_html, arguments_text
from .page.sheet import style
from .page.table import facts, table
from .plain.limits import LIMITS, Cap, Limits
from .plain.visible import visible_name
from .plain.words import clock_text, count_text, duration_text, state_text
from .timeline.console import terminal
from .timeline.fragments import item_html
from .timeline.growing import GrowingItems
from .timeline.head import Head, head_of
from .timeline.silence import with_silence
from .timeline.static import noted, static_timeline
from .timeline.timeline import head_html, timeline_html
from .timeline.written import markdown, text

__all__ = [
    "LIMITS",
    "Cap",
    "GrowingItems",
    "Head",
    "Limits",
    "arguments_html",
    "arguments_text",
    "clock_text",
    "count_text",
    "duration_text",
    "facts",
    "head_html",
    "head_of",
    "item_html",
    "markdown",
    "noted",
    "state_text",
    "static_timeline",
    "style",
    "table",
    "terminal",
    "text",
    "timeline_html",
    "visible_name",
    "with_silence",
]
