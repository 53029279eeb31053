"""The allow-list that every fragment passes last, whatever made it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ._visible import visible

if TYPE_CHECKING:
    from nh3 import Cleaner


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


LINK_SCHEMES = frozenset({"http", "https", "mailto"})

MATH_TAGS = _names("""
    math menclose mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms
    mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none
""")
MATH_ATTRIBUTES = _names("""
    accent accentunder columnalign columnlines depth display displaystyle fence form height
    largeop linebreak linethickness lspace mathvariant maxsize minsize movablelimits notation
    rowlines rspace scriptlevel separator stretchy symmetric voffset width
""")
_TAGS = _names("""
    a b blockquote br code dd details div dl dt em h3 h4 h5 h6 header hr li ol p pre s small span
    strong summary table tbody td th thead time tr ul
""")
_CLASSES = {
    "blockquote": {"dari-user"},
    "details": {"dari-call"},
    "div": {"dari-answer", "dari-error", "dari-pending"},
    "p": {"dari-more", "dari-files"},
    "span": {"k", "s", "n1", "c", "f"},
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
    "th": {"align"},
    "time": {"datetime"},
}


def sanitize(html: str) -> str:
    """Keep only known tags, attributes, classes and link schemes, and balance the tags.

    Texts are kept where their tags go. Links open in a new tab and pass nothing on; there is no
    ``style``, ``src``, ``id`` or handler in the result, whatever the input.
    """
    # Entities may have brought in what was made visible before.
    return visible(_cleaner().clean(html))


@cache
def _cleaner() -> Cleaner:
    import nh3

    attributes = _ATTRIBUTES | {
        tag: set(MATH_ATTRIBUTES | _ATTRIBUTES.get(tag, set())) for tag in MATH_TAGS
    }
    return nh3.Cleaner(
        tags=set(_TAGS | MATH_TAGS),
        clean_content_tags=set(),
        attributes=attributes,
        allowed_classes=_CLASSES,
        url_schemes=set(LINK_SCHEMES),
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
