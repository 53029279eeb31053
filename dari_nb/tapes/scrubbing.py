"""Secrets, taken out of what is to be written before it is written."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from .._secret import known
from ..errors import InvalidRequestError
from .provider_keys import FORMS

SCRUBBED = "[scrubbed]"
"""What stands where a secret stood."""
SHORTEST = 8
"""Characters below which the value of a variable is a word like any other, and no secret."""
KINDS = ("keys", "variables", "providers", "patterns")
"""What gives a secret away: this process knows it, a variable holds it, its form, a pattern."""

_NAMED = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+|\\u[0-9A-Fa-f]{4}|\\[\"\\/bfnrt]")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_DEEPEST = 4
"""How often a text may be encoded inside of another, such as JSON in JSON in an address."""
_BEGINNINGS = [begin for begin, _ in FORMS]


class _Span(NamedTuple):
    begin: int
    end: int
    kind: str


class Scrubber:
    """Takes secrets out of texts: known ones, those of variables, and what looks like one.

    Args:
        patterns: More regular expressions of what is secret.
        keys: Gives the secrets that are known; those of this process by default.
        variables: Where variables are looked up whose names end in ``KEY``, ``TOKEN``, ``SECRET``
            or ``PASSWORD``.

    Attributes:
        counts: How many secrets were taken out, by kind.

    Raises:
        InvalidRequestError: A pattern is no regular expression.

    >>> Scrubber().text("Use sk-proj-0123456789abcdef-0123 here")
    'Use [scrubbed] here'
    """

    def __init__(
        self,
        patterns: Sequence[str] = (),
        *,
        keys: Callable[[], Iterable[str]] = known,
        variables: Mapping[str, str] = os.environ,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._patterns = [compiled(pattern) for pattern in patterns]
        self._given = (patterns, keys, variables)
        self._keys = keys
        self._variables = variables
        self._values: list[tuple[str, str]] = []
        self._has_numbers = False
        self._looked_at: tuple[list[str], list[str]] | None = None
        self.look()

    def look(self) -> None:
        """Look again which secrets are known by now."""
        named = [value for name, value in self._variables.items() if _NAMED.search(name)]
        seen = (named, list(self._keys()))
        if seen == self._looked_at:
            return
        self._looked_at = seen
        found = {form: "variables" for value in named for form in _forms(value)}
        found |= {form: "keys" for key in seen[1] for form in _forms(key)}
        self._values = sorted(found.items(), key=lambda one: (-len(one[0]), one[0]))
        plain = map(re.escape, (*(form for form, _ in self._values), *_BEGINNINGS))
        self._hint = re.compile("|".join((*plain, _ENCODED.pattern)))
        # In JSON a text is escaped once more, and a backslash of its own is two.
        written = (msgspec.json.encode(form)[1:-1] for form, _ in self._values)
        begun = (begin.encode() for begin in _BEGINNINGS)
        hints = b"|".join((*map(re.escape, (*written, *begun)), rb"%[0-9A-Fa-f]{2}", rb"\\\\"))
        self._hint_in_json = re.compile(hints)
        self._has_numbers = any(_is_number(form) for form, _ in self._values)

    def apart(self) -> Scrubber:
        """The same, which counts for itself."""
        patterns, keys, variables = self._given
        return Scrubber(patterns, keys=keys, variables=variables)

    def scrub(self, value: Any) -> Any:
        """Take the secrets out of all texts of a JSON value, names of fields included."""
        if isinstance(value, str):
            return self.text(value)
        return value if self._is_clean(value) else self._scrubbed(value)

    def _is_clean(self, value: Any) -> bool:
        """Whether a look at all of a value at once is enough to see that no secret is in it."""
        if self._patterns or self._has_numbers:
            return False
        try:
            return self._hint_in_json.search(msgspec.json.encode(value)) is None
        except UnicodeEncodeError:  # halves of characters
            return False

    def _scrubbed(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return self._object(value)
        if isinstance(value, list | tuple):
            return [self._scrubbed(entry) for entry in value]
        if self._has_numbers and isinstance(value, int | float) and self._spans(str(value)):
            return self.text(str(value))
        return value

    def text(self, text: str) -> str:
        """Take the secrets out of a text."""
        if not self._patterns and (len(text) < SHORTEST or not self._hint.search(text)):
            return text if text.isascii() else _written(text)
        return "".join(self.pieces([text]))

    def pieces(self, pieces: Sequence[str]) -> list[str]:
        """Cut the scrubbed text of pieces where they were cut; no secret passes in two of them.

        >>> Scrubber().pieces(["Use sk-proj-0123", "456789abcdef here"])
        ['Use [scrubbed]', ' here']
        """
        whole = "".join(pieces)
        written = _written(whole)
        spans = self._spans(written)
        self.counts.update(span.kind for span in spans)
        # Where halves of characters were put together, places are others.
        lengths = [0] * (len(pieces) - 1) + [len(written)]
        if written is whole:
            lengths = [len(piece) for piece in pieces]
        return list(_cut(written, spans, lengths))

    def _object(self, value: Mapping[str, Any]) -> dict[str, Any]:
        scrubbed: dict[str, Any] = {}
        for key, inner in value.items():
            name = first = self.text(str(key))
            while name in scrubbed:
                name = f"{first} {len(scrubbed) + 1}"
            scrubbed[name] = self._scrubbed(inner)
        return scrubbed

    def _spans(self, text: str) -> list[_Span]:
        found = list(self._found(text))
        for plain, places in _views(text):
            found += [
                _Span(places[span.begin], places[span.end], span.kind)
                for span in self._found(plain)
            ]
        return _joined(sorted(found)) if found else found

    def _found(self, text: str) -> Iterator[_Span]:
        for form, kind in self._values:
            at = text.find(form)
            while at >= 0:
                yield _Span(at, at + len(form), kind)
                at = text.find(form, at + len(form))
        for begin, look in FORMS:
            if begin in text:
                for match in look.finditer(text):
                    yield _Span(match.start(), match.end(), "providers")
        for pattern in self._patterns:
            for match in pattern.finditer(text):
                if match.group():
                    yield _Span(match.start(), match.end(), "patterns")


def compiled(pattern: str) -> re.Pattern[str]:
    """Compile what somebody declared.

    Raises:
        InvalidRequestError: It is no regular expression.
    """
    try:
        return re.compile(pattern)
    except (re.error, TypeError) as error:
        raise InvalidRequestError(f"{pattern!r} is no regular expression: {error}.") from None


def _forms(secret: str) -> Iterator[str]:
    """The ways in which a secret stands in texts that are not encoded."""
    if len(secret.strip()) >= SHORTEST and secret not in SCRUBBED:
        for text in (_written(secret), _written(secret).strip()):
            yield text
            yield text.replace(" ", "+")


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("-").isdecimal()


def _written(text: str) -> str:
    """Put halves of characters together; what is left of them no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _views(text: str) -> Iterator[tuple[str, list[int]]]:
    """Undo what encodes characters, again and again: percents of addresses, and JSON in texts.

    With each text come the places of its characters, and of its end, in the one at first.
    """
    places = list(range(len(text) + 1))
    for _ in range(_DEEPEST):
        if not _ENCODED.search(text):
            return
        characters, at, new = list[str](), 0, list[int]()
        for match in _ENCODED.finditer(text):
            decoded = list(_decoded(match.group(), places[match.start() : match.end() + 1]))
            characters += [*text[at : match.start()], *(character for character, _ in decoded)]
            new += [*places[at : match.start()], *(place for _, place in decoded)]
            at = match.end()
        text = "".join(characters) + text[at:]
        places = new + places[at:]
        yield text, places


def _decoded(encoded: str, places: list[int]) -> Iterator[tuple[str, int]]:
    """Give each character that is encoded, with the place where it begins."""
    if encoded[0] == "\\":
        escaped = encoded[1]
        is_code = escaped == "u" and len(encoded) > 2
        yield (chr(int(encoded[2:], 16)) if is_code else _ESCAPED.get(escaped, escaped)), places[0]
        return
    at = 0
    for character in bytes.fromhex(encoded.replace("%", "")).decode("utf-8", "replace"):
        yield character, places[min(at, len(encoded) - 1)]
        at += 3 * (1 if character == "\ufffd" else len(character.encode()))


def _joined(spans: list[_Span]) -> list[_Span]:
    joined: list[_Span] = []
    for span in spans:
        if joined and span.begin < joined[-1].end:
            last = joined[-1]
            joined[-1] = last._replace(end=max(last.end, span.end))
        else:
            joined.append(span)
    return joined


def _cut(whole: str, spans: list[_Span], lengths: list[int]) -> Iterator[str]:
    """Cut a text with its secrets replaced; a cut inside of one comes after it."""
    at, cut = 0, 0
    rest = list(reversed(spans))
    for length in lengths:
        cut += length
        piece = ""
        while rest and rest[-1].begin < cut:
            span = rest.pop()
            piece += whole[at : span.begin] + SCRUBBED
            at = span.end
        piece += whole[at:cut]
        at = max(at, cut)
        yield piece
