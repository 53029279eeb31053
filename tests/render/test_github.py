"""Static output where all style is taken away: it still reads in order, with who said what.

GitHub keeps a list of plain elements and attributes of the HTML in a notebook, unwraps all other
elements, drops what scripts and style sheets hold, has no ``style`` and no ``class``, and prefixes
each ``id``. The class below does the same.
"""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser

from dari_nb.models import AssistantMessageItem, text_block
from dari_nb.render import head_of, static_timeline

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


def seen(items, head=None):
    return GitHub(static_timeline(items, head)["text/html"])


def lines(text):
    """The lines that one sees."""
    return [" ".join(line.split()) for line in text.split("\n") if line.strip()]


def test_a_session_reads_in_order_with_who_said_what(conversation):
    page = seen(conversation, head_of(conversation, "tour", llm="small", cost="0.0421"))
    assert lines(page.text) == [
        "tour small failed 2 turns · 2 calls · 5.0 s · $0.0421",
        "#",
        "You 18:40:04",
        "Book HAT083",
        "Attached: file_7",
        "search JFK · SEA 1 item · 0.3 s +1.0 s",
        "Arguments",
        '{"origin": "JFK", "destination": "SEA"}',
        "Result",
        '[{"flight": "HAT083"}]',
        "book HAT083 failed · 2.0 s +2.0 s certificates cannot be split",
        "Arguments",
        '{"flight": "HAT083"}',
        "Error",
        "certificates cannot be split",
        "tour +5.0 s",
        "Shall I use the card?",
        "#",
        "You 18:41:00",
        "Yes",
        "Turn failed. provider returned 529",
    ]


def test_a_formula_can_be_read_where_mathml_is_stripped():
    content = [text_block(r"So $\frac{a}{b}$ it is")]
    page = seen([AssistantMessageItem(id="1", status="completed", content=content)])
    assert r"So ab $\frac{a}{b}$  it is" in page.text


def test_the_link_to_a_turn_leads_to_its_anchor(conversation):
    html = seen(conversation).html
    assert '<a href="#dari-msg_1" title="Link to this turn">#</a>' in html
    # GitHub's own script finds the prefixed anchor for the link without the prefix.
    assert seen(conversation[:1]).html.count("<a ") == 1
    assert "class=" not in html
    assert "style" not in html
