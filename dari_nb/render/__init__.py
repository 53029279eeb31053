"""Timeline items to HTML, Markdown and text: the only place that turns agent output into markup."""

from ._visible import visible_name
from .bundle import paper
from .console import terminal
from .fragments import item_html
from .head import Head, head_of
from .limits import LIMITS, Cap, Limits
from .question import arguments_html, arguments_text
from .sheet import style
from .table import facts, table
from .timeline import head_html, timeline_html
from .words import clock_text, count_text, duration_text, state_text
from .written import markdown, text

__all__ = [
    "LIMITS",
    "Cap",
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
    "paper",
    "state_text",
    "style",
    "table",
    "terminal",
    "text",
    "timeline_html",
    "visible_name",
]
