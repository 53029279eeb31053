"""What is wrong with a line that is none, and what to do about it."""

from __future__ import annotations

import difflib
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

WIDE = (BOM_UTF16_LE, BOM_UTF16_BE)
"""What a text in UTF-16 begins with."""
NO_UTF8 = "it is no UTF-8 text: save the file as UTF-8"
_DEEP = "it is nested too deeply: no recording is; take the line out"
_MALFORMED = "it is no JSON: mend it, or take the line out"
_BROKEN = {
    "truncated": "it ends too early: a quote or a bracket is not closed, or it was broken in two",
    "range": "a number is too large to count with: write a smaller one",
}
"""What is wrong with JSON, by a word of the parser's."""
_HALF = re.compile(r"\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]..")
_HALVED = "a character is written by half, {half} without its other half: write both"
_QUOTES = re.compile("[\u2018-\u201f\u00ab\u00bb\u2039\u203a'`\u00b4]")
"""Marks that stand in place of the quotes of JSON, as word processors write them."""
_CURLY = re.compile("[\u201c-\u201f]")
_QUOTED = 'it has {quote} from character {at} on where JSON has straight quotes: write " instead'
_NO_NUMBER = re.compile("NaN|Infinity")
_NOT_COUNTED = "{word} is no number in JSON: write one, or take the field out"
_COMMA = "a comma stands behind it, and lines are not joined by commas: take the comma away"
_NEEDLESS = "there is a comma too many, character {at}, in front of {next}: take it out"
_NEEDLESS_COMMA = re.compile(r",\s*([]},])")
_ASKS_ALONE = '; a question needs a mark: {"mark":"first guess","ask":"What comes now?"}'
_SECOND = (
    "a second tape begins here: move it to a file of its own; or, to make one tape of both, take "
    'this line out, and the line {"scrubbed": …} above it, and give each session below it a name '
    "that none above has; then dari-local tape check says what stands twice"
)
_SLASHED = (
    "it is no JSON from character {at} on: a backslash is written \\\\ there, so write \\{word} "
    "for {word}"
)
_SLASH = re.compile(r"\\[A-Za-z]*")
_BYTE = re.compile(r"\(byte (\d+)\)")
_FIELD = re.compile(r"\$\.(\w+)")
_KEPT = 40
"""Characters of a value, and around a place, that are shown."""
_TEXT, _OBJECT, _YES_OR_NO = "a text", "an object", "true or false"
_NAME = "a text of at most 100 characters"
_COUNT = "a whole number from 1 to 1000000"
_WANTED = {
    "dari_tape": "the version of the format, a whole number",
    "times": _YES_OR_NO,
    **dict.fromkeys(("agent", "description", "event", "draft", "text", "mark"), _TEXT),
    **dict.fromkeys(("turn", "session", "key"), _NAME),
    "parent": f"{_NAME}, or null",
    "file": _TEXT,
    **dict.fromkeys(
        ("prompt", "default", "llm", "cost", "tool", "ask", "sha256", "base64"),
        "a text or null",
    ),
    "llms": "an object with an object for each LLM option",
    "take": _COUNT,
    "call": "a whole number or null",
    **dict.fromkeys(("new", "anew", "attached", "executable", "gone", "beside"), _YES_OR_NO),
    "size": "how many bytes there are, a whole number from 0, or null",
    "asked": "a text, or a list of content blocks, which are objects",
    **dict.fromkeys(("metadata", "more", "data"), _OBJECT),
    "after": "seconds since the line before, a number from 0 to 1000000000",
    "scrubbed": "an object with a whole number for each kind of secret",
}
"""What each field must be, in words."""


def no_kind(decoded: Mapping[str, Any], kinds: Iterable[str]) -> str:
    """Say that an object is a line of no kind."""
    if "dari_tape" in decoded:
        return _SECOND
    kinds = list(kinds)
    meant = (_suggested(name, kinds) for name in decoded if name not in _WANTED)
    hint = _ASKS_ALONE if "ask" in decoded else next(filter(None, meant), "")
    return f"it has none of the fields {', '.join(kinds)}, which tell what a line is{hint}"


def no_object(line: bytes, error: Exception) -> str:
    """Say why a line is no JSON object."""
    if isinstance(error, RecursionError):
        return _DEEP
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return NO_UTF8
    if not text.lstrip().startswith("{"):
        return f"a line is a JSON object, {{…}}, or a comment, # …, and no {_short(text.strip())}"
    if half := _HALF.search(text):
        return _HALVED.format(half=half[0])
    if _is_object(text.rstrip().removesuffix(",")):
        return _COMMA
    place = _BYTE.search(str(error))
    if place is None and "truncated" in str(error) and (other := _CURLY.search(text)):
        return _QUOTED.format(quote=other[0], at=other.start() + 1)
    if place is None:
        return next((why for word, why in _BROKEN.items() if word in str(error)), _MALFORMED)
    at = len(line[: int(place[1])].decode("utf-8", "ignore"))
    if "escape" in str(error) and (slash := _SLASH.match(text, text.rfind("\\", 0, at))):
        return _SLASHED.format(at=slash.start() + 1, word=slash[0])
    return _no_json(text, at)


def _no_json(text: str, place: int) -> str:
    """Say why a line is no JSON from a place on."""
    if other := _NO_NUMBER.match(text, place):
        return _NOT_COUNTED.format(word=other[0])
    if other := _QUOTES.match(text, place):
        return _QUOTED.format(quote=other[0], at=place + 1)
    if needless := _NEEDLESS_COMMA.match(text, len(text[:place].rstrip()) - 1):
        return _NEEDLESS.format(at=needless.start() + 1, next=needless[1])
    shown = "".join(filter(str.isprintable, text[:place][-_KEPT:]))
    return f"it is no JSON from character {place + 1} on: mend what stands behind {shown}"


def _is_object(text: str) -> bool:
    try:
        msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def no_line(
    decoded: Mapping[str, Any], kind: type[msgspec.Struct], why: str, kinds: Iterable[str]
) -> str:
    """Say why an object is no line of its kind."""
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for name in decoded:
        if name not in fields:
            # Without the field that is meant it may be taken for a line of another kind.
            hint = _suggested(name, fields) or _suggested(name, kinds)
            hint = hint or f": its fields are {', '.join(fields)}"
            return f"it has a field {_short(name)} that such a line has not{hint}"
    for name, field in fields.items():
        if field.required and name not in decoded:
            return f"it has no field {name}, which must be {_WANTED[name]}"
    found = _FIELD.search(why)
    name = found[1] if found else ""
    if name not in _WANTED:
        return "its fields are none that such a line has: take the line out"
    return f"{name} must be {_WANTED[name]}, and is {_short(decoded.get(name))}"


def _suggested(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _short(value: Any) -> str:
    """Write a value on one line, without what would move a cursor."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    shown = "".join(filter(str.isprintable, text))
    shown = shown if len(shown) <= _KEPT else f"{shown[: _KEPT - 1]}…"
    return repr(shown) if isinstance(value, str) else shown
