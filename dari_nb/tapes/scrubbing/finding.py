"""Where secrets stand in texts, in whichever form."""

from __future__ import annotations

import re
import string
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple
from unicodedata import normalize

import msgspec

from . import named
from .provider_keys import COMMON, FORMS
from .views import BREAK, ENCODED, folded, folded_places, in_base64, plain_of, unbroken, views

SHORTEST = 8
"""Characters below which the value of a variable is a word like any other, and no secret."""
KINDS = ("keys", "variables", "providers", "patterns")
"""What gives a secret away: this process knows it, a variable holds it, its form, a pattern."""

SCRUBBED = "[scrubbed]"
"""What stands where a secret stood."""

_COMMON = [re.compile(form.encode()) for _, form in COMMON]
_BEGINNINGS = tuple({begin.encode(): None for begin, _ in FORMS})
_ENCODED_IN_JSON = re.compile(rb"%[0-9A-Fa-f]{2}|\\\\")
_ENCODED = re.compile(ENCODED.pattern.encode())
_ENDS_IN_JSON, _ENDS = (rb"\n", rb"\r"), (b"\n", b"\r")
"""What ends lines, in JSON and else."""
_IN_BASE64 = string.ascii_letters.encode() + string.digits.encode() + b"+/-_"
_MASK = bytes(ord("a") if byte in _IN_BASE64 else ord(" ") for byte in range(256))
_SHORT_RUN = b"a" * 10
"""What base64 of a secret has at least, whatever is around it."""
_LONG_RUN = b"a" * 24
"""What base64 of a provider's key has at least: the shortest one has eighteen characters."""
_STANDARD = bytes.maketrans(b"-_", b"+/")
_IN_HEX = string.hexdigits.encode()
_HEX_MASK = bytes(ord("h") if byte in _IN_HEX else ord(" ") for byte in range(256))
_HEX_RUN = b"h" * 2 * SHORTEST
"""What a secret has at least where its bytes are written as digits."""
_OF_WORDS = [begin for begin in _BEGINNINGS if begin.decode() not in dict(COMMON)]
_AROUND_WORDS = [begin for begin in _OF_WORDS if b" " in begin.translate(_MASK)]
_IN_WORDS = [begin for begin in _OF_WORDS if b" " not in begin.translate(_MASK)]
_DIGIT = re.compile(r"\d")
_SAFE = re.compile(r"[ !#-\[\]-~]+")
"""What is written the same in whichever case and spelling of the characters around it."""


class Span(NamedTuple):
    """Where a secret stands, and what gave it away."""

    begin: int
    end: int
    kind: str


class Secrets:
    """What is secret: texts that are known, keys of providers by their forms, and patterns.

    Args:
        texts: The texts, each with what gives it away.
        patterns: Regular expressions of what is secret besides.
    """

    def __init__(self, texts: Iterable[tuple[str, str]], patterns: Sequence[re.Pattern[str]]):
        found = {form: kind for text, kind in texts for form in _forms(text)}
        in_hex = {form.encode().hex(): kind for form, kind in found.items()}
        looked_for = sorted((found | in_hex).items(), key=lambda one: (-len(one[0]), one[0]))
        # A word in letters alone is a word like any other in another case.
        self._texts = {form: kind for form, kind in looked_for if not _DIGIT.search(form)}
        self._folded = {folded(form): kind for form, kind in looked_for if _DIGIT.search(form)}
        self._patterns = patterns
        self.has_numbers = any(map(_is_number, found))
        written = [msgspec.json.encode(form)[1:-1] for form in found]
        needles = {each.lower() for each in (*written, *(form.encode() for form in found))}
        self._needles = tuple(needles - {b""})
        self._pieces = tuple({_pieces(form) for form in found if not form.isascii()} - {()})
        self._in_hex = tuple(form.encode() for form in in_hex)
        self._cores = tuple({core for form in found for core in _cores(form.encode())})

    def may_be_in(self, data: bytes, *, is_json: bool) -> bool:
        """Whether a secret may be in a text, or in the JSON of a value: a fast look.

        Where it says no, there is none; what is found by patterns is not looked for.
        """
        if (_ENCODED_IN_JSON if is_json else _ENCODED).search(data):
            return True
        for end in _ENDS_IN_JSON if is_json else _ENDS:
            data = data.replace(end, b"")
        low = data.lower()
        if _one_is_in(self._needles, low) or any(look.search(data) for look in _COMMON):
            return True
        if named.may_be_in(low):
            return True
        if any(all(piece in low for piece in pieces) for pieces in self._pieces):
            return True
        mask = data.translate(_MASK)
        if _SHORT_RUN not in mask:
            return False
        return _one_is_in(_AROUND_WORDS, data) or self._may_be_in_words([*_runs(data, mask)])

    def _may_be_in_words(self, runs: list[bytes]) -> bool:
        words = b" ".join(runs)
        if _one_is_in(_IN_WORDS, words):
            return True
        if _HEX_RUN in words.translate(_HEX_MASK) and _one_is_in(self._in_hex, words.lower()):
            return True
        words = words.translate(_STANDARD)
        return _one_is_in(self._cores, words) or _hold_a_beginning(words.split())

    def spans(self, text: str) -> list[Span]:
        """Find all secrets in a text."""
        found = list(self._in_lines(text))
        for plain, places in views(text):
            found += _moved(self._in_lines(plain), places)
        return _joined(sorted(found)) if found else found

    def _in_lines(self, text: str) -> Iterator[Span]:
        """Find secrets in a text, in lines that were broken, and in base64."""
        found = list(self._found(text))
        yield from found
        yield from (Span(*place, "providers") for place in named.named(text))
        yield from self._in_base64(text)
        if view := unbroken(text):
            flat, places = view
            ends = {span.begin: span.end for span in found}
            broken = [*self._found(flat), *self._in_base64(flat)]
            for span in (_cut_short(one, flat, places, ends) for one in broken):
                yield Span(places[span.begin], places[span.end - 1] + 1, span.kind)

    def _in_base64(self, text: str) -> Iterator[Span]:
        for run in in_base64(text):
            if self._patterns or self._is_in(run.standard.encode()):
                for skipped, plain in run.plain():
                    for span in self._found(plain):
                        begin, end = run.places(skipped, span.begin, span.end)
                        yield Span(begin, end, span.kind)

    def _is_in(self, run: bytes) -> bool:
        return _one_is_in(self._cores, run) or _hold_a_beginning([run])

    def _found(self, text: str) -> Iterator[Span]:
        for form, kind in self._texts.items():
            for at in _places(form, text):
                yield Span(at, at + len(form), kind)
        yield from self._found_folded(text)
        for begin, look in FORMS:
            if begin in text:
                for match in look.finditer(text):
                    yield Span(*match.span(look.groups), "providers")
        for pattern in self._patterns:
            for match in pattern.finditer(text):
                if match.group():
                    yield Span(match.start(), match.end(), "patterns")

    def _found_folded(self, text: str) -> Iterator[Span]:
        plain = folded(text) if self._folded else ""
        places: Sequence[int] | None = None
        for form, kind in self._folded.items():
            for at in _places(form, plain):
                places = folded_places(text) if places is None else places
                yield Span(places[at], places[at + len(form) - 1] + 1, kind)


def _places(form: str, text: str) -> Iterator[int]:
    at = text.find(form)
    while at >= 0:
        yield at
        at = text.find(form, at + len(form))


def _cut_short(span: Span, flat: str, places: list[int], ends: dict[int, int]) -> Span:
    """Leave out the next lines, which a form takes in as well where they begin with a word.

    A key goes on in the next line only where it is not whole, or where that looks like more of it.
    """
    if span.kind not in ("providers", "patterns"):
        return span
    breaks = [at for at in range(span.begin + 1, span.end) if places[at] > places[at - 1] + 1]
    whole = ends.get(places[span.begin])
    if span.kind == "patterns":
        return span._replace(end=breaks[0]) if breaks and whole else span
    for at, after in pairwise([*breaks, span.end]):
        is_whole = whole or any(look.fullmatch(flat, span.begin, at) for _, look in FORMS)
        if is_whole and not _DIGIT.search(flat, at, after):
            return span._replace(end=at)
    return span


def _moved(spans: Iterable[Span], places: list[int]) -> Iterator[Span]:
    return (Span(places[span.begin], places[span.end], span.kind) for span in spans)


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


def _pieces(form: str) -> tuple[bytes, ...]:
    """What stands in a text that has this form, in whichever case and spelling."""
    return (
        tuple(piece.encode().lower() for piece in _SAFE.findall(form))
        if _DIGIT.search(form)
        else ()
    )


def _cores(secret: bytes) -> Iterator[bytes]:
    """What of a secret stands in base64 whatever is around it, for each place in a group."""
    for offset, skipped in enumerate((0, 2, 3)):
        whole = (offset + len(secret)) * 8 // 6
        yield b64encode(bytes(offset) + secret)[skipped:whole]


def _runs(data: bytes, mask: bytes) -> Iterator[bytes]:
    """Give what may be base64, of at least as many characters as a known secret has there."""
    end = 0
    while (begin := mask.find(_SHORT_RUN, end)) >= 0:
        end = mask.find(b" ", begin)
        end = len(mask) if end < 0 else end
        yield data[begin:end]


def _hold_a_beginning(runs: Iterable[bytes]) -> bool:
    """Whether pieces of base64 may hold a key of a provider."""
    texts = [run.decode() for run in runs if len(run) >= len(_LONG_RUN)]
    decoded = [plain_of(text[skipped:]) for text in texts for skipped in range(4)]
    return _one_is_in(_BEGINNINGS, b"\0".join(decoded))


def _one_is_in(needles: Iterable[bytes], data: bytes) -> bool:
    # A loop, since regular expressions try all of many words at each place.
    for needle in needles:  # noqa: SIM110
        if needle in data:
            return True
    return False


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("-").isdecimal()


def written(text: str) -> str:
    """Put halves of characters together; what is left of them no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
