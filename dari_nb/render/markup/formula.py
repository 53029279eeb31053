"""TeX to MathML, checked and trimmed; what can not be converted stays as its source."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from xml.etree import ElementTree

from .sanitize import MATH_ATTRIBUTES, MATH_TAGS

_DEEPEST = 100  # levels; nobody reads more, and browsers lay out no more than some hundreds
_LONGEST = 4_000  # characters; beyond this it is no formula, and conversion is not linear
_LENGTHS = frozenset({"width", "height", "depth", "voffset", "lspace", "rspace", "minsize"})
_NUMBER = re.compile(r"(-?\d*\.?\d+) *([a-z%]*)")
_MOST_EM, _MOST_PX = 20, 200
_NAMESPACE = re.compile(r"^\{.*\}")
_ALIGNED = re.compile(r"\\(begin|end)\{(?:aligned|split|gathered|align|gather|equation)\*?\}")


@lru_cache(maxsize=512)
def math_html(tex: str, *, display: bool = False) -> str:
    """Convert TeX to a ``math`` element with the source as its title.

    Args:
        tex: The source without its delimiters.
        display: Whether it stands on its own line.

    Returns:
        MathML, or the source in ``code`` when it is not understood as a whole.
    """
    tree = _tree(tex) if len(tex) <= _LONGEST else None
    if tree is None:
        return f"<code>{escape(tex.strip(), quote=False)}</code>"
    block = ' display="block"' if display else ""
    # Browsers hide an annotation by themselves; where MathML is stripped, it is what can be read.
    mark = "$$" if display else "$"
    source = f" {mark}{escape(tex.strip(), quote=False)}{mark} "
    return (
        f'<math{block} title="{escape(tex.strip())}"><semantics><mrow>{_inner(tree)}</mrow>'
        f'<annotation encoding="application/x-tex">{source}</annotation></semantics></math>'
    )


def _tree(tex: str) -> ElementTree.Element | None:
    from latex2mathml.converter import convert

    # The converter knows the layout of `matrix`, but not that of the aligned family.
    source = _ALIGNED.sub(r"\\\1{matrix}", tex)
    try:
        tree = ElementTree.fromstring(convert(source))  # noqa: S314 - no document type can occur
    except Exception:  # noqa: BLE001 - the converter raises whatever comes its way
        return None
    is_whole = all(_is_known(element) for element in tree.iter())
    return tree if is_whole and not _is_deeper(tree, _DEEPEST) else None


def _is_known(element: ElementTree.Element) -> bool:
    # An unknown command comes back as an identifier that starts with its backslash.
    is_command = (element.text or "").startswith("\\")
    return _name(element) in MATH_TAGS and not is_command and all(map(_is_modest, element.items()))


def _is_modest(attribute: tuple[str, str]) -> bool:
    # A space or a rule of a thousand lines would push all that follows out of sight.
    name, value = attribute
    number = _NUMBER.match(value) if name in _LENGTHS else None
    if number is None:
        return True
    return abs(float(number[1])) <= (_MOST_EM if number[2] in ("em", "ex", "") else _MOST_PX)


def _is_deeper(tree: ElementTree.Element, levels: int) -> bool:
    level = [tree]
    for _ in range(levels):
        level = [child for element in level for child in element]
    return bool(level)


def _inner(element: ElementTree.Element) -> str:
    return escape(element.text or "", quote=False) + "".join(_outer(child) for child in element)


def _outer(element: ElementTree.Element) -> str:
    name, inner = _name(element), _inner(element)
    if name == "mrow" and len(element) == 1 and not element.attrib:
        return inner
    known = (f' {k}="{escape(v)}"' for k, v in element.attrib.items() if k in MATH_ATTRIBUTES)
    return f"<{name}{''.join(known)}>{inner}</{name}>"


def _name(element: ElementTree.Element) -> str:
    return _NAMESPACE.sub("", element.tag)
