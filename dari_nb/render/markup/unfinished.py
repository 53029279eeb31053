"""Markdown that is still being written: what is open at its end reads as what it will be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .prose import block_tokens

if TYPE_CHECKING:
    from markdown_it.token import Token

# A last line of marks alone may become anything: an item, a rule, a row, a heading above.
_MARKS = re.compile(r"[-+*_=#>|:`~$ \t]+|[ \t]*\d{1,9}[.)]?")
_HEADER_ROW = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.{1,2000}?)(?<!`)\1(?!`)", re.DOTALL)
_OPEN_CODE = re.compile(r"(?<!`)(`+)(?!`)([^`]*)\Z")
_OPEN_FORMULA = re.compile(
    r"(?:\$\$(?P<display>(?:(?!\$\$).)*)|\\[(\[](?P<bracket>(?:(?!\\[)\]]).)*)"
    r"|(?<![\\$\w])\$(?P<inline>[A-Za-z\\({|^_][^$\n]{0,200}))\Z",
    re.DOTALL,
)
_FORMULA = re.compile(
    r"\$\$.{1,2000}?\$\$|\\\(.{1,2000}?\\\)|\\\[.{1,2000}?\\\]"
    r"|(?<![\\$\w])\$(?! )[^$\n]+(?<! )\$(?!\d)",
    re.DOTALL,
)
_OPEN_LINK = re.compile(r"(?<!\w)!?\[(?P<words>(?![ xX]?\]\Z)[^\[\]\n]*)(?:\]|\]\([^()\n]*)?\Z")
_OPEN_ENTITY = re.compile(r"(?:&#?\w{0,31}|(?<!\\)\\)\Z")
_MARK = re.compile(r"\*{1,2}|_{1,2}|~~")
_HELD = "\ue000"  # holds the place of code and formulas


def finished(source: str) -> str:
    r"""Close what is open at the end of Markdown, and leave out half of a mark.

    >>> finished("It is **bo"), finished("see [the docs](https://exa"), finished("Yes\n-")
    ('It is **bo**', 'see the docs', 'Yes')
    >>> finished("| city | pop")
    '| city | pop |\n|---|---|'
    """
    before, line_end, last = source.rpartition("\n")
    if _MARKS.fullmatch(last) and (before.strip() or not last.strip().isdigit()):
        source = before + line_end
    tokens = block_tokens(source)
    leaf = next((token for token in reversed(tokens) if token.content or token.map), None)
    if leaf is None or leaf.type != "inline":
        return source
    said = source.rstrip()
    if not leaf.content:  # what is missing of a row is filled up with empty cells
        leaf = next((token for token in reversed(tokens) if token.content), leaf)
    if not leaf.content or not said.endswith(leaf.content.rpartition("\n")[2]):
        return source
    if header := _header(tokens, leaf):
        return f"{said}{header}"
    start = _start(said, leaf.content)
    return said[:start] + _closed(said[start:])


def _start(said: str, content: str) -> int:
    """Where the text of the last block begins, or of its last line where more stands around it."""
    if said.endswith(content):
        return len(said) - len(content)
    return len(said) - len(content.rpartition("\n")[2])


def _header(tokens: list[Token], leaf: Token) -> str:
    """What makes a table of the line that seems to be the first of one."""
    row = leaf.content.rpartition("\n")[2]
    is_text = tokens[-1].type == "paragraph_close" and tokens[-1].level == 0
    if not (is_text and row.startswith("|")):
        return ""
    is_closed = bool(re.search(r"(?<!\\)\|\Z", row))
    columns = len(_HEADER_ROW.findall(row)) - is_closed
    return f"{'' if is_closed else ' |'}\n|{'---|' * columns}"


def _closed(text: str) -> str:
    """Close what is open in the text of one block."""
    held: list[str] = []

    def take_out(match: re.Match[str]) -> str:
        held.append(match[0])
        return _HELD

    if _HELD in text:
        return text
    text = _FORMULA.sub(take_out, _CODE.sub(take_out, text))
    end = ""
    if code := _OPEN_CODE.search(text):
        text, end = text[: code.start()], _as_code(code[2], code[1])
    elif formula := _OPEN_FORMULA.search(text):
        tex = next(part for part in formula.groups() if part is not None)
        text, end = text[: formula.start()], _as_code(tex, "`")
    else:
        text = _OPEN_LINK.sub(lambda match: match["words"], text)
        text = _OPEN_ENTITY.sub("", text)
    text, closing = _emphasis(text, bool(end))
    kept = iter(held)
    return re.sub(_HELD, lambda _: next(kept), f"{text}{end}") + closing


def _as_code(source: str, ticks: str) -> str:
    source = source.replace("`", "").rstrip("\\ \n")
    return f"{ticks}{source}{ticks}" if source.strip() else ""


def _emphasis(text: str, goes_on: bool) -> tuple[str, str]:
    """Find the marks that are open; what has nothing to mark yet is left out."""
    open_: list[str] = []
    first: dict[str, int] = {}
    stop = len(text)
    for match in _MARK.finditer(text):
        mark, start, end = match[0], match.start(), match.end()
        before, after = text[max(start - 1, 0) : start], text[end : end + 1]
        follows = bool(after.strip()) or (goes_on and end == stop)
        if mark in first and before.strip():
            del open_[first[mark] :]
            first = {one: place for one, place in first.items() if place < len(open_)}
        elif end == stop and not goes_on and before != "\\":
            return text[:start].rstrip(), "".join(reversed(open_))
        elif follows and not before.isalnum() and before != "\\":
            first.setdefault(mark, len(open_))
            open_.append(mark)
    return (text if goes_on else text.rstrip()), "".join(reversed(open_))
