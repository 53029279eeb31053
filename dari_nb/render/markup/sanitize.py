"""The allow-list that every fragment passes last, whatever made it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..plain.visible import visible
from .pictures import picture_of

if TYPE_CHECKING:
    from nh3 import Cleaner


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


LINK_SCHEMES = frozenset({"http", "https", "mailto"})

MATH_TAGS = _names("""
    annotation math menclose mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot
    mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none
    semantics
""")
MATH_ATTRIBUTES = _names("""
    accent accentunder columnalign columnlines depth display displaystyle encoding fence form height
    largeop linebreak linethickness lspace mathvariant maxsize minsize movablelimits notation
    rowlines rspace scriptlevel separator stretchy symmetric voffset width
""")
_TAGS = _names("""
    a b blockquote br code dd details div dl dt em h3 h4 h5 h6 header hr li ol p pre s small span
    strong summary table tbody td th thead time tr ul
""")
_CLASSES = {
    "blockquote": {"dari-user"},
    "details": {"dari-call", "dari-rest", "dari-thought"},
    "div": {"dari-answer", "dari-error", "dari-passed", "dari-pending"},
    "p": {"dari-more", "dari-files"},
    "small": {"r"},
    "span": set(_names("k s n1 c f r y q p m")),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "details": {"data-state", "open"},
    "div": {"data-state"},
    "math": {"title"},
    "ol": {"start"},
    "pre": {"title"},
    "summary": {"data-gist"},
    "td": {"align"},
    "th": {"align", "colspan"},
    "time": {"datetime", "title"},
}
# Where text of any writing may stand, it may say that it finds its own direction.
_DIRECTED = _names("blockquote h3 h4 h5 h6 li ol p table tbody td th thead tr ul")


def is_link(url: str) -> bool:
    """Whether a reader may be led there; relative addresses would lead into the notebook's host.

    >>> is_link("https://example.org/a"), is_link("javascript:alert(1)"), is_link("/api/x")
    (True, False, False)
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return False
    scheme = parts.scheme.lower()
    return scheme in LINK_SCHEMES and (scheme == "mailto" or bool(parts.netloc))


_FIRST_BREAK = re.compile(r'<pre(?: [a-z]+="[^"]*")*>\n')


def sanitize(html: str) -> str:
    """Keep only known tags, attributes, classes and link schemes, and balance the tags.

    Texts are kept where their tags go. Links open in a new tab and pass nothing on; there is no
    ``style``, ``id`` or handler in the result, whatever the input, and the only ``src`` is a
    picture that came along.
    """
    clean = _cleaner("<img " in html).clean(html)
    # A page takes no first line break of a block for its text, so one that is text needs another.
    clean = _FIRST_BREAK.sub("\\g<0>\n", clean)
    # Entities may have brought in what was made visible before.
    return visible(clean)


@cache
def _cleaner(with_pictures: bool) -> Cleaner:
    """Make the cleaner; looking at each URL costs time, so it is done only where it must be."""
    import nh3

    attributes = _ATTRIBUTES | {
        tag: set(MATH_ATTRIBUTES | _ATTRIBUTES.get(tag, set())) for tag in MATH_TAGS
    }
    attributes |= {tag: attributes.get(tag, set()) | {"dir"} for tag in _DIRECTED}
    if with_pictures:
        attributes["img"] = {"src", "alt"}
    return nh3.Cleaner(
        tags=set(_TAGS | MATH_TAGS) | ({"img"} if with_pictures else set()),
        clean_content_tags=set(),
        attributes=attributes,
        attribute_filter=_checked if with_pictures else None,
        allowed_classes=_CLASSES,
        url_schemes=set(LINK_SCHEMES) | ({"data"} if with_pictures else set()),
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _checked(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if picture_of(value) else None
    if name == "href" and value.strip()[:5].lower() == "data:":
        return None
    return value
