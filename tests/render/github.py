"""What GitHub leaves of the HTML in a notebook, by its documented rules, and what one reads then.

It keeps a list of plain elements and attributes, unwraps all others, drops what scripts and style
sheets hold, knows no ``style`` and no ``class``, and prefixes each ``id``.
"""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser

KEPT = frozenset(
    """
    a abbr b bdo blockquote br caption cite code dd del details dfn div dl dt em figcaption figure
    h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p picture pre q rp rt ruby s samp small source
    span strike strong sub summary sup table tbody td tfoot th thead time tr tt ul var wbr
    """.split()  # noqa: SIM905
)
ATTRIBUTES = frozenset(
    """
    abbr align alt aria-hidden aria-label border colspan datetime dir headers height hspace id
    lang name open rel rowspan scope span start summary tabindex title type valign value vspace
    width
    """.split()  # noqa: SIM905
)
DROPPED = frozenset({"script", "style"})
VOID = frozenset({"br", "hr", "img", "wbr"})
BLOCKS = frozenset(
    "blockquote dd details div dl dt h3 h4 h5 h6 hr li ol p pre summary table tr ul br".split()  # noqa: SIM905
)


class GitHub(HTMLParser):
    """Reads HTML as GitHub's sanitiser does.

    Attributes:
        html: What is left.
        text: What a reader sees of it: blocks on lines of their own.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html, self.text = "", ""
        self._dropped = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._dropped += tag in DROPPED
        if tag not in KEPT:
            return
        self._break(tag)
        kept = "".join(
            f' {k}="{escape(v)}"' for k, v in (_attribute(pair, tag) for pair in attrs) if k
        )
        self.html += f"<{tag}{kept}>"

    def handle_endtag(self, tag: str) -> None:
        self._dropped -= tag in DROPPED
        if tag in KEPT and tag not in VOID:
            self._break(tag)
            self.html += f"</{tag}>"

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            self.html += escape(data, quote=False)
            self.text += data

    def _break(self, tag: str) -> None:
        if tag in BLOCKS and not self.text.endswith("\n"):
            self.text += "\n"
        elif tag in ("td", "th"):
            self.text += " "


def _attribute(pair: tuple[str, str | None], tag: str) -> tuple[str, str]:
    name, value = pair[0], pair[1] or ""
    if name == "id":
        return name, f"user-content-{value}"
    if name == "href" and tag == "a":
        is_known = value.startswith(("http:", "https:", "mailto:", "#"))
        return (name, value) if is_known else ("", "")
    return (name, value) if name in ATTRIBUTES else ("", "")


def github_html(html: str) -> str:
    """Return the HTML that GitHub shows."""
    return GitHub(html).html


def github_text(html: str) -> str:
    """Return the text that a reader sees on GitHub."""
    return GitHub(html).text
