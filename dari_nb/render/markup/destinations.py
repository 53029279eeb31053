"""Where links lead, read in one look where brackets are opened and never closed."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_MOST_OPEN = 32
"""Round brackets in an address that are open at once; Markdown reads no address with more."""
_TOO_MANY = re.compile(rf"(?:[^\x00-\x20\x7f()\\]*\(){{{_MOST_OPEN + 1}}}")


def short_destinations(parser: MarkdownIt) -> None:
    """Let the parser give up at once where an address opens more brackets than one may.

    It would count them one by one, anew for each link of a text that is nothing but links.
    """
    from markdown_it import helpers

    def destination(text: str, start: int, end: int) -> Any:
        is_hopeless = not text.startswith("<", start) and _TOO_MANY.match(text, start, end)
        return helpers.parseLinkDestination(text, start, start if is_hopeless else end)

    parser.helpers = SimpleNamespace(  # type: ignore[assignment]
        parseLinkDestination=destination,
        parseLinkLabel=helpers.parseLinkLabel,
        parseLinkTitle=helpers.parseLinkTitle,
    )
