"""Where secrets stand in texts, in whichever form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple
from unicodedata import normalize

from .glance import Glance
from .named import MORE, named
from .provider_keys import FORMS, WORDS, Form
from .views import (
    BREAK,
    View,
    folded,
    folded_places,
    in_base64,
    parted,
    unbroken,
    unfolded,
    views,
    written,
)

SHORTEST = 8
"""Characters below which the value of a variable is a word like any other, and no secret."""
KINDS = ("keys", "variables", "providers", "patterns")
"""What gives a secret away: this process knows it, a variable holds it, its form, a pattern."""

SCRUBBED = "[scrubbed]"
"""What stands where a secret stood."""

_DIGIT = re.compile(r"\d")
_LONG = 16
"""Characters of a secret of which a half is no word like any other."""
_LETTER = re.compile(r"[^\W\d_]")
_PATH = re.compile(r"(?:[A-Za-z]:|~|\.{0,2})[\\/][\w. -]+[\\/]")
"""Where files are, of which others are in the same folders."""
_SHORT_WORD = re.compile(r"\d{1,19}|[^\W\d]{1,19}|\w{1,11}")
"""What may stand in a longer word or number by chance."""


_SEAM = re.compile(r"[\r\n+]|\\[rn]")


_DECLARED = "what a declared pattern matches"
_NAMED = "what looks like a secret behind its name"


class Span(NamedTuple):
    """Where a secret stands, what gave it away, and that in words."""

    begin: int
    end: int
    kind: str
    what: str


class Secrets:
    """What is secret: texts that are known, keys of providers by their forms, and patterns.

    Args:
        texts: The texts, each with what gives it away, and that in words.
        patterns: Regular expressions of what is secret besides.
    """

    def __init__(self, texts: Iterable[tuple[str, str, str]], patterns: Sequence[re.Pattern[str]]):
        found = {form: (kind, what) for text, kind, what in texts for form in _forms(text)}
        cut = {form: _ends(form) for form in found}
        in_hex = {each: kind for form, kind in found.items() for each in _in_hex(form)}
        looked_for = sorted((found | in_hex).items(), key=lambda one: (-len(one[0]), one[0]))
        # A word in letters alone is a word like any other in another case.
        self._texts = {form: kind for form, kind in looked_for if not _DIGIT.search(form)}
        self._folded = {
            folded(form): (folded(begin), folded(end), kind)
            for form, kind in looked_for
            if _DIGIT.search(form)
            for begin, end in (cut.get(form, (form, form)),)
        }
        self._patterns = patterns
        self.has_numbers = any(map(_is_number, found))
        self.glance = Glance({end for ends in cut.values() for end in ends}, in_hex)

    def spans(self, text: str, more: Iterable[Span] = ()) -> list[Span]:
        """Find all secrets in a text, beside those that are found already."""
        found = [*more, *self._in_lines(text)]
        for plain, places in views(text):
            found += _moved(self._in_lines(plain), places)
        return _joined(sorted(found)) if found else found

    def spans_after_names(
        self, text: str, places: Sequence[tuple[int, int]]
    ) -> Iterator[list[Span]]:
        """For each of the texts that stand in one, what is secret in it because of a name."""
        found = [*named(text)]
        for begin, end in places:
            yield [
                Span(max(first, begin) - begin, min(last, end) - begin, "providers", _NAMED)
                for first, last in found
                if first < end and last > begin
            ]

    def _in_lines(self, text: str) -> Iterator[Span]:
        """Find secrets in a text, in lines that were broken, and in base64."""
        if not (self._patterns or self.glance.may_be_plain_in(text.encode(errors="replace"))):
            return
        found = list(self._found(text))
        yield from found
        if (lines := parted(text)) != text:
            yield from _provided(lines, FORMS)
        yield from (Span(*place, "providers", _NAMED) for place in named(text))
        yield from self._in_base64(text)
        ends = {span.begin: span.end for span in found}
        if view := unbroken(text):
            flat, places = view
            broken = [*self._found(flat, places), *self._in_base64(flat)]
            yield from _spread((_cut_short(one, text, view, ends) for one in broken), places)
        for view in unfolded(text):
            flat, places = view
            yield from _spread(self._known(flat, places), places)
            keys = (_cut_short(one, text, view, ends, MORE) for one in _provided(flat, WORDS))
            yield from _spread(keys, places)

    def _in_base64(self, text: str) -> Iterator[Span]:
        for run in in_base64(text):
            if self._patterns or self.glance.may_be_in_base64(run.standard.encode()):
                for skipped, plain in run.plain():
                    for span in self._found_in_bytes(plain):
                        begin, end = run.places(skipped, span.begin, span.end)
                        yield span._replace(begin=begin, end=end)

    def _found_in_bytes(self, text: str) -> Iterator[Span]:
        yield from self._found(text)
        if "\0" in text and (view := unbroken(text)):  # two bytes a character
            yield from _spread(self._found(*view), view[1])

    def _found(self, text: str, places: Sequence[int] = ()) -> Iterator[Span]:
        yield from self._known(text, places)
        yield from _provided(text, FORMS)
        for pattern in self._patterns:
            for match in pattern.finditer(text):
                if match.group():
                    yield Span(match.start(), match.end(), "patterns", _DECLARED)

    def _known(self, text: str, places: Sequence[int] = ()) -> Iterator[Span]:
        """Find what is known; where characters of a text were left out, words end, too."""
        for form, kind in self._texts.items():
            for at in _places(form, text):
                if _is_apart(form, text, at, at + len(form), places):
                    yield Span(at, at + len(form), *kind)
        yield from self._found_folded(text, places)

    def _found_folded(self, text: str, left: Sequence[int]) -> Iterator[Span]:
        plain = folded(text) if self._folded else ""
        places: Sequence[int] | None = None
        for form, (first, last, kind) in self._folded.items():
            for at, size in _parts(form, first, last, plain):
                places = folded_places(text) if places is None else places
                begin, end = places[at], places[at + size - 1] + 1
                if _is_apart(plain[at : at + size], text, begin, end, left):
                    yield Span(begin, end, *kind)


def _provided(text: str, forms: Sequence[Form]) -> Iterator[Span]:
    for what, begin, look in forms:
        if begin in text:
            for match in look.finditer(text):
                yield Span(*match.span(look.groups), "providers", what)


def _is_apart(form: str, text: str, begin: int, end: int, places: Sequence[int]) -> bool:
    """Whether a secret is no part of a longer word or number."""
    is_word = _SHORT_WORD.fullmatch(form) is not None
    return not (is_word and any(_goes_on(text, at, places) for at in (begin, end)))


def _goes_on(text: str, at: int, places: Sequence[int]) -> bool:
    """Whether a word goes on at a place: with letters of its own script, and nothing left out."""
    if not 0 < at < len(text) or (places and places[at] - places[at - 1] > 1):
        return False
    before, after = text[at - 1], text[at]
    return before.isalnum() and after.isalnum() and before.isascii() == after.isascii()


def _places(form: str, text: str) -> Iterator[int]:
    at = text.find(form)
    while at >= 0:
        yield at
        at = text.find(form, at + len(form))


def _parts(form: str, first: str, last: str, text: str) -> Iterator[tuple[int, int]]:
    """Where a form, or a part that begins or ends as it does, stands in a text; and its length."""
    for at in _places(first, text):
        yield at, _alike(form, text[at : at + len(form)])
    if first != form:
        for at in _places(last, text):
            end = at + len(last)
            size = _alike(form[::-1], text[max(end - len(form), 0) : end][::-1])
            yield end - size, size


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with alike, up to a space where one parts from it."""
    pairs = enumerate(zip(one, other, strict=False))
    size = next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
    return size if size == len(one) else len(one[:size].rstrip())


def _cut_short(
    span: Span, text: str, view: View, ends: dict[int, int], more: re.Pattern[str] = _DIGIT
) -> Span:
    """Leave out the next lines, which a form takes in as well where they begin with a word.

    A key goes on in the next line only where it is not whole, or where that looks like more of it.
    """
    if span.kind not in ("providers", "patterns"):
        return span
    flat, places = view
    inside = range(span.begin + 1, span.end)
    breaks = [at for at in inside if _SEAM.search(text, places[at - 1] + 1, places[at])]
    whole = ends.get(places[span.begin])
    if span.kind == "patterns":
        return span._replace(end=breaks[0]) if breaks and whole else span
    for at, after in pairwise([*breaks, span.end]):
        is_whole = whole or any(look.fullmatch(flat, span.begin, at) for *_, look in FORMS)
        if is_whole and not more.search(flat, at, after):
            return span._replace(end=at)
    return span


def _moved(spans: Iterable[Span], places: Sequence[int]) -> Iterator[Span]:
    return (one._replace(begin=places[one.begin], end=places[one.end]) for one in spans)


def _spread(spans: Iterable[Span], places: Sequence[int]) -> Iterator[Span]:
    """Where something stands in a text of which characters were left out."""
    return (one._replace(begin=places[one.begin], end=places[one.end - 1] + 1) for one in spans)


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        if joined and span.begin < joined[-1].end:
            last = joined[-1]
            joined[-1] = last._replace(end=max(last.end, span.end))
        else:
            joined.append(span)
    return joined


def _forms(secret: str) -> Iterator[str]:
    """The ways in which a secret stands in texts that are not encoded."""
    if len(secret.strip()) < SHORTEST or secret in SCRUBBED:
        return
    whole = written(secret)
    spelled = (whole, *(normalize(form, whole) for form in ("NFC", "NFD")))
    for text in dict.fromkeys(each for one in spelled for each in (one, one.strip())):
        yield from (text, text.replace(" ", "+"))
        flat = BREAK.sub("", text)
        if len(flat) >= SHORTEST:
            yield flat
        if not text.isascii():
            yield text.encode().decode("latin-1")  # as base64 is decoded here


def _ends(form: str) -> tuple[str, str]:
    """How a form begins and ends, as far as no ordinary words do.

    >>> _ends("zq8XvB21mmTT0aLpWW33"), _ends("held-by-a-variable")
    (('zq8XvB21mm', 'TT0aLpWW33'), ('held-by-a-variable', 'held-by-a-variable'))
    """
    if len(form) < _LONG or _PATH.match(form):
        return form, form
    return form[: _least(form)], form[-_least(form[::-1]) :]


def _least(form: str) -> int:
    """How many characters of a secret tell it: half of them, with a letter and a digit."""
    told = [look.search(form) for look in (_DIGIT, _LETTER)]
    return max(len(form) // 2, SHORTEST, *(match.end() if match else len(form) for match in told))


def _in_hex(secret: str) -> Iterator[str]:
    yield secret.encode().hex()
    yield secret.encode("utf-16-le").hex()[:-2]


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("-").isdecimal()
