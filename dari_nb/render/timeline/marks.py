"""Marks of a recording in a timeline: what is said there or asked, and what a reader expected."""

from __future__ import annotations

from functools import lru_cache
from html import escape

from ...models import TimelineItem
from ..markup.prose import prose_html
from ..markup.sanitize import sanitize

_MOST_KEPT = 1000


class MarkItem(TimelineItem, frozen=True, kw_only=True):
    """A mark that was passed, or the question at which a recording ends for now.

    Attributes:
        text: What is said, or asked: Markdown.
        asks: Whether it asks something.
        expected: What a reader expected there, in plain text: empty for one who skipped the
            question, ``None`` where nobody has answered.
    """

    type: str = "mark"
    text: str = ""
    asks: bool = False
    expected: str | None = None

    @property
    def name(self) -> str:
        """What it is called where no style sheet tells it apart."""
        return "Question" if self.asks else "Mark"


def expected_text(answer: str) -> str:
    """Say what a reader expected at a question; nothing for one who skipped it.

    >>> expected_text("seven"), expected_text("")
    ('you expected: seven', 'skipped')
    """
    return f"you expected: {answer}" if answer.strip() else "skipped"


@lru_cache(_MOST_KEPT)
def said_html(text: str) -> str:
    """Render what a mark says as agents' texts are, sanitised.

    >>> said_html("**What** will `stock` give back?")
    '<p><strong>What</strong> will <code>stock</code> give back?</p>'
    """
    return sanitize(prose_html(text, line_breaks=True))


def mark_html(item: MarkItem) -> str:
    """Render a mark; it still has to pass the allow-list."""
    said = said_html(item.text)
    if item.expected is not None:
        rest = expected_text(escape(item.expected, quote=False)).replace("\n", "<br>")
        # It goes on in the line of a paragraph, and stands below anything else.
        line = said.removesuffix("</p>")
        end, dot = ("", "") if line == said else ("</p>", " · ")
        said = f'{line}<span class="c">{dot}{rest}</span>{end}'
    state = "" if item.asks else ' data-state="said"'
    return f'<div class="dari-passed"{state}><header><b>{item.name}</b></header>{said}</div>'
