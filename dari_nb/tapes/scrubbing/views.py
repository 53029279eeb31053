"""Texts as they are meant: with nothing encoded, with no line ends inside of words.

Each view of a text comes with the places of its characters, and of its end, in that text.
"""

from __future__ import annotations

import binascii
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cached_property
from html import unescape
from itertools import chain, pairwise
from typing import NamedTuple, overload

View = tuple[str, Sequence[int]]

ENCODED = re.compile(
    r"(?:%[0-9A-Fa-f]{2})+|\\U000[0-9A-Fa-f]{5}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[0-3][0-7]{2}"
    r"|\\[!-/:-@\[-`{-~0Eabefnrtv]"
    r"|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});"
)
BREAK = re.compile(r"(?:[\r\n]|\\[rn])+")
"""Where a line ends, be it as JSON in a text has it."""
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
"""Unicode's property Default_Ignorable_Code_Point, which ``unicodedata`` does not have."""
OF_TERMINALS = r"(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|[()][0-9A-Z]|[78=>])"
INVISIBLE = rf"\x1b{OF_TERMINALS}|[\0{_IGNORABLE}]"
"""Colours of terminals, what has no width, and each second byte of UTF-16."""
_INVISIBLE = re.compile(INVISIBLE)
_SEAM = re.compile(rf"(?:[\r\n]|\\[rn]|{INVISIBLE})+")
_BEFORE, _AFTER = r"[ \t]{0,20}", r"[ \t]*"
_BEFORE_END = (rf"[\"']?{_BEFORE}[\\=|+]?", rf"{_BEFORE}[\\=|+]?", _BEFORE)
_SIGN = r"(?:[+-]|[ \t]*(?:[>#|+]|//))?"
_AFTER_END = (rf"{_SIGN}{_AFTER}[\"']?", f"{_SIGN}{_AFTER}", _AFTER)
_PUT_TOGETHER = rf"[\"']{_BEFORE}\+{_BEFORE}[\"']"
_FOLDED = [
    re.compile(rf"(?:{before}(?:\r?\n|\\[rn]|\r)+{after}|{_PUT_TOGETHER}|{INVISIBLE})+")
    for before in _BEFORE_END
    for after in _AFTER_END
]
"""Where a line ends and the next begins: with indents, quotes, and signs of differences and tables.

Each sign may be of the text itself instead, so it is read both ways.
"""
_SIGNS = " \t\"'\\=|+->#/"
"""All that may stand around the end of a line and belong to it."""
_SEAM_WITH_SIGNS = re.compile(
    rf"(?:{_SEAM.pattern}|{_PUT_TOGETHER})(?:(?!\\[rn])[{re.escape(_SIGNS)}])*"
)
_ESCAPED = dict(zip("0Eabefnrtv", "\0\x1b\a\b\x1b\f\n\r\t\v", strict=True))
_DEEPEST = 4
"""How often a text may be encoded inside of another, such as JSON in JSON in an address."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{11,}")
"""What may be base64 of eight bytes or more, in either alphabet."""
_STANDARD = str.maketrans("-_", "+/")
_GROUP = 4
"""Characters of base64 that are three bytes."""


def views(text: str) -> Iterator[View]:
    """Undo what encodes characters, again and again: in addresses, JSON, HTML and Markdown."""
    places = list(range(len(text) + 1))
    for _ in range(_DEEPEST):
        if not ENCODED.search(text):
            return
        characters, at, new = list[str](), 0, list[int]()
        for match in ENCODED.finditer(text):
            decoded = list(_decoded(match.group(), places[match.start() : match.end() + 1]))
            characters += [*text[at : match.start()], *(character for character, _ in decoded)]
            new += [*places[at : match.start()], *(place for _, place in decoded)]
            at = match.end()
        text = "".join(characters) + text[at:]
        places = new + places[at:]
        yield text, places


def _decoded(encoded: str, places: list[int]) -> Iterator[tuple[str, int]]:
    """Give each character that is encoded, with the place where it begins."""
    if encoded[0] == "&":
        yield from ((character, places[0]) for character in unescape(encoded))
        return
    if encoded[0] == "\\":
        escaped = encoded[1]
        if len(encoded) > 2:
            digits, base = (encoded[1:], 8) if escaped.isdigit() else (encoded[2:], 16)
            yield chr(min(int(digits, base), sys.maxunicode)), places[0]
        else:
            yield _ESCAPED.get(escaped, escaped), places[0]
        return
    at = 0
    for character in bytes.fromhex(encoded.replace("%", "")).decode("utf-8", "replace"):
        yield character, places[min(at, len(encoded) - 1)]
        at += 3 * (1 if character == "\ufffd" else len(character.encode()))


def unbroken(text: str) -> View | None:
    """A text as if all of it stood in one line; ``None`` where it does."""
    flat = _SEAM.sub("", text)
    return None if flat == text else (flat, _Left(_SEAM, text, flat))


def parted(text: str) -> str:
    """A text in which a line ends wherever something is invisible; all places stay."""
    return _INVISIBLE.sub(lambda match: "\n" * len(match[0]), text)


def unfolded(text: str) -> list[View]:
    """The same, without what begins lines: indents, and signs of quotations and differences."""
    between, seams = _apart(text)
    # Most seams come again and again, and most ways to read them give the same text.
    ways = [{seam: form.sub("", seam) for seam in dict.fromkeys(seams)} for form in _FOLDED]
    alike = {tuple(way.values()): number for number, way in enumerate(ways)}
    found: dict[str, re.Pattern[str]] = {}
    for number in alike.values():
        left = [*map(ways[number].__getitem__, seams), ""]
        flat = "".join(chain.from_iterable(zip(between, left, strict=True)))
        if flat != text:
            found[flat] = _FOLDED[number]
    return [(flat, _Left(form, text, flat)) for flat, form in found.items()]


def _apart(text: str) -> tuple[list[str], list[str]]:
    """Cut a text into what stands between seams, and the seams with all signs around them."""
    seams, end = list[tuple[int, int]](), 0
    for match in _SEAM_WITH_SIGNS.finditer(text):
        begin = end + len(text[end : match.start()].rstrip(_SIGNS))
        if seams and begin == end:
            begin = seams.pop()[0]
        end = match.end()
        seams.append((begin, end))
    cuts = [0, *chain.from_iterable(seams), len(text)]
    pieces = [text[begin:end] for begin, end in pairwise(cuts)]
    return pieces[::2], pieces[1::2]


class _Left(Sequence[int]):
    """The places of what is left of a text without its seams, sought when the first is wanted."""

    def __init__(self, seam: re.Pattern[str], text: str, flat: str) -> None:
        self._seam, self._text, self._size = seam, text, len(flat) + 1

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> int: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[int]: ...

    def __getitem__(self, at: int | slice) -> int | Sequence[int]:
        return self._places[at]

    @cached_property
    def _places(self) -> list[int]:
        places, at = list[int](), 0
        for match in self._seam.finditer(self._text):
            places += range(at, match.start())
            at = match.end()
        return [*places, *range(at, len(self._text) + 1)]


class Run(NamedTuple):
    """A piece of a text that may be base64.

    Attributes:
        begin: Where it stands.
        standard: The same in the standard alphabet.
    """

    begin: int
    standard: str

    def plain(self) -> Iterator[tuple[int, str]]:
        """What it may stand for, by how many characters come before its first group."""
        for skipped in range(_GROUP):
            yield skipped, plain_of(self.standard[skipped:]).decode("latin-1")

    def places(self, skipped: int, begin: int, end: int) -> tuple[int, int]:
        """Which characters hold the bytes from one to another, those that they share included."""
        at = self.begin + skipped
        return at + begin * _GROUP // 3, at - (-end * _GROUP // 3)


def in_base64(text: str) -> Iterator[Run]:
    """Give what may be base64 in a text."""
    for match in _BASE64.finditer(text):
        yield Run(match.start(), match.group().translate(_STANDARD))


def plain_of(run: str) -> bytes:
    """Decode base64 as far as it goes."""
    left = len(run) % _GROUP
    whole = run[:-1] if left == 1 else run + "=" * (-left % _GROUP)
    return binascii.a2b_base64(whole)


class _Folds(dict[int, str]):
    """What stands for a character where neither its case nor its spelling counts."""

    def __missing__(self, code: int) -> str:
        plain = unicodedata.normalize("NFD", chr(code)).casefold()
        return self.setdefault(code, unicodedata.normalize("NFD", plain))


_FOLDS = _Folds()


def folded(text: str) -> str:
    """A text in which neither case nor spelling counts: an accent is a character of its own.

    >>> folded("STRASSE") == folded("straße")
    True
    """
    return text.lower() if text.isascii() else text.translate(_FOLDS)


def folded_places(text: str) -> Sequence[int]:
    """The places in a text from which the characters of the folded one are."""
    if text.isascii():
        return range(len(text))
    return [at for at, one in enumerate(text) for _ in _FOLDS[ord(one)]]


def written(text: str) -> str:
    """Put halves of characters together; what is left of them no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
