"""Characters that could hide or reorder text are shown as what they are; nothing is dropped."""

from __future__ import annotations

import re

# Terminal colours and cursor moves say nothing in static output; other escapes stay, made visible.
# A letter alone may be the first of a word.
_COLOURS = re.compile(r"\x1b\[(?:[0-?]+[ -/]*[@-~]|[mKJH])")
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# A name is short and one line, so marks without width have no business in it.
# But a joiner between two emoji is part of the one that they are shown as.
_EMOJI = "[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
_JOINS = f"(?:(?<={_EMOJI})|(?<={_EMOJI}\ufe0f))\u200d{_EMOJI}"
_INVISIBLE = re.compile(
    f"(?!{_JOINS})"
    "[\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u2028\u2029\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""Make control characters, bidi overrides and lone surrogates visible.

    Args:
        text: Any text; line ends become ``\n``, and terminal colours go.

    >>> visible("a\x00b\u202ec\x1b[31md")
    'a␀b[U+202E]cd'
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x1b" in text:
        text = _COLOURS.sub("", text)
    return _UNSAFE.sub(_picture, text)


def visible_name(text: str) -> str:
    r"""Do the same for a name: one line, and marks without width are visible too.

    >>> visible_name("a\u200db"), len(visible_name("\U0001f469\u200d\U0001f52c"))
    ('a[U+200D]b', 3)
    """
    return _INVISIBLE.sub(_code_point, " ".join(visible(text).split()))


def visible_lines(text: str) -> str:
    r"""Do the same for a page of plain text, whose spaces and line ends mean something.

    >>> visible_lines("1  a\u202e\n   b\x1b]0;c")
    '1  a[U+202E]\n   b␛]0;c'
    """
    return "\n".join(_INVISIBLE.sub(_code_point, line) for line in visible(text).split("\n"))


def bounded_name(text: str, most: int = 120) -> str:
    """Do the same for a name of any length: no more than so many characters of it."""
    shown = visible_name(text[: 2 * most])
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else _code_point(match)


def _code_point(match: re.Match[str]) -> str:
    return f"[U+{ord(match[0]):04X}]"
