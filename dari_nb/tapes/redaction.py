"""Secrets, replaced in whatever is to be written before it is written.

Redacted are keys that this process holds, values of environment variables with the name of a
secret, keys of known providers, values next to the name of a secret, and the user's patterns. Other
encodings than base64 and percent-encoding, archives, and secrets split across messages aren't
covered.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

from .._secret import known
from ..errors import InvalidRequestError
from .own_words import NAMES, WORDS
from .provider_keys import PROVIDER_KEYS

SCRUBBED = "[scrubbed]"
"""What stands in the place of a secret."""
SHORTEST = 8
"""Characters below which the value of a variable isn't taken for a secret."""
KINDS = ("keys", "variables", "providers", "patterns")
"""How a secret is found: held by this process, in a variable, by its form or name, by a pattern."""

_VARIABLES = re.compile(
    r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|(?:^|_|PG)PASS|_PAT)S?(?:_?\d+)?$",
    re.IGNORECASE,
)
_OF_PASSWORDS = re.compile("SECRET|PASS", re.IGNORECASE)
_WORDS_OR_DATE = re.compile(r"[A-Za-z_.-]+|(?:19|20)\d\d-?[01]\d-?[0-3]\d")
"""Values such as ``customer_id``, which a variable like ``SORT_KEY`` holds."""

_PASSWORDS = "passw(?:or)?d|passphrase|pwd|authorization"
_NAMES = (
    r"(?:api|access|secret|private|auth|subscription|account|signing|encryption|master)[-_]?key"
    rf"|token|secret|credentials?|{_PASSWORDS}"
)
_QUOTE = r"\\{0,4}[\"'`]?"
_VALUE = r"(?![\w.]{1,60}[(\[{])(?=[^\s\"'`\\]{0,80}\d)[^\s\"'`<>,;&(){}\[\]\\]{8,}"
_BEHIND_NAMES = (
    re.compile(
        rf"(?:{_NAMES}|sig){_QUOTE}\]?\s{{0,3}}(?:=>|:=|[:=])\s{{0,3}}{_QUOTE}"
        rf"(?:(?:basic|bearer|token)\s+)?({_VALUE})",
        re.IGNORECASE,
    ),
    re.compile(r"\bBearer\s+([\w.~+/-]{16,}=*)", re.IGNORECASE),
    re.compile(r"(?<![\w-])(?:set-)?cookie: {0,3}([^\r\n\"'`]{8,})", re.IGNORECASE),
    re.compile(r"://[^\s/?#@:\"'<>\[]*:([^\s/?#@\"'<>$*{\[]{6,})@"),
    re.compile(
        r"(-----BEGIN[A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END[A-Z ]*-----|\Z))", re.DOTALL
    ),
)
_FIELD = re.compile(rf"(?:{_NAMES}|cookies?)$", re.IGNORECASE)
_PASSWORD_FIELD = re.compile(rf"(?:{_PASSWORDS})$", re.IGNORECASE)
_FIELD_VALUE = re.compile(r"(?:(?:basic|bearer|token)\s+)?([^\s]{8,})", re.IGNORECASE)

_KEY, _VARIABLE = "a key of this process", "the value of {}"
_PROVIDER, _NAMED = "what looks like a provider's key", "a value next to the name of a secret"
_DECLARED = "what a declared pattern matches"


class _Span(NamedTuple):
    """Where a secret stands, the kind that found it, and that in words."""

    begin: int
    end: int
    kind: str
    what: str


class Reference(dict[str, Any]):
    """An object that isn't searched for secrets: it says where another text stands."""


class Scrubber:
    """Replaces secrets in texts and JSON values.

    A value that it has seen in a variable or among the keys stays a secret as long as it lives.

    Args:
        patterns: Regular expressions of further secrets.
        keys: Returns the secrets that are known; those of this process by default.
        variables: Variables by name; the environment by default.

    Attributes:
        counts: How many secrets were replaced, by kind.
        reasons: What they were, in words, such as ``the value of DB_PASSWORD``.

    Raises:
        InvalidRequestError: A pattern isn't a regular expression.

    >>> Scrubber().text("Use sk-proj-0123456789abcdef-0123 here")
    'Use [scrubbed] here'
    """

    def __init__(
        self,
        patterns: Sequence[str] = (),
        *,
        keys: Callable[[], Iterable[str]] = known,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.reasons: dict[str, None] = {}
        self._patterns = [compiled(pattern) for pattern in patterns]
        self._keys = keys
        self._variables = os.environ if variables is None else variables
        self._looked_at: object = None
        self._held: dict[str, tuple[str, str]] = {}
        self.look()

    def look(self) -> bool:
        """Look for new secrets in keys and variables, and return whether there are any."""
        # Another thread may delete a variable meanwhile.
        variables = [(name, self._variables.get(name, "")) for name in [*self._variables]]
        keys = [*self._keys()]
        if (variables, keys) == self._looked_at:
            return False
        self._looked_at, before = (variables, keys), len(self._held)
        found = {form: ("keys", _KEY) for key in keys for form in _forms(key)}
        for name, value in variables:
            if _holds_secret(name, value):
                found |= {
                    form: ("variables", _VARIABLE.format(name))
                    for form in _forms(value)
                    if form not in found
                }
        # A copy that shares the old one may be reading it.
        self._held = {**self._held, **found}
        return len(self._held) > before

    def apart(self) -> Scrubber:
        """Return one that knows the same secrets and counts for itself."""
        other = copy(self)
        other.counts, other.reasons = Counter(), {}
        other.look()
        return other

    def scrub(self, value: Any, field: str = "") -> Any:
        """Replace the secrets in all texts of a JSON value, names of fields included.

        Args:
            value: The value.
            field: The name of the field that holds it.
        """
        if isinstance(value, str):
            return value if WORDS.fullmatch(value) else self._replaced([value], field)[0]
        if isinstance(value, Reference):
            return value
        if isinstance(value, Mapping):
            return self._object(value)
        if isinstance(value, list | tuple):
            return [self.scrub(entry, field) for entry in value]
        if isinstance(value, int | float) and str(value) in self._held:
            return self.text(str(value))
        return value

    def text(self, text: str) -> str:
        """Replace the secrets in a text."""
        return self._replaced([text])[0]

    def pieces(self, pieces: Sequence[str]) -> list[str]:
        """Redact the joined text of pieces, and cut it where they were cut.

        >>> Scrubber().pieces(["Use sk-proj-0123", "456789abcdef here"])
        ['Use [scrubbed]', ' here']
        """
        return self._replaced(pieces)

    def _object(self, value: Mapping[str, Any]) -> dict[str, Any]:
        scrubbed: dict[str, Any] = {}
        # A header in a list: {"name": "x-api-key", "value": "…"}.
        header = str(value.get("name") or value.get("key") or "") if "value" in value else ""
        for key, inner in value.items():
            name = first = key if key in NAMES else self.text(str(key))
            while name in scrubbed:
                name = f"{first} {len(scrubbed) + 1}"
            scrubbed[name] = self.scrub(inner, header if key == "value" and header else str(key))
        return scrubbed

    def _replaced(self, pieces: Sequence[str], field: str = "") -> list[str]:
        whole = "".join(pieces)
        told = _joined_halves(whole)
        spans = _merged(sorted([*self._spans(told), *_in_field(told, field)]))
        if not spans and told is whole:
            return [*pieces]
        self.counts.update(span.kind for span in spans)
        self.reasons |= dict.fromkeys(span.what for span in spans)
        # If halves of characters were joined, places have moved.
        lengths = [0] * (len(pieces) - 1) + [len(told)]
        if told is whole:
            lengths = [len(piece) for piece in pieces]
        return list(_cut(told, spans, lengths))

    def _spans(self, text: str) -> Iterator[_Span]:
        for form, (kind, what) in self._held.items():
            at = text.find(form)
            while at >= 0:
                yield _Span(at, at + len(form), kind, what)
                at = text.find(form, at + len(form))
        for begin, look in PROVIDER_KEYS:
            if begin in text:
                yield from (
                    _Span(*match.span(), "providers", _PROVIDER) for match in look.finditer(text)
                )
        for look in _BEHIND_NAMES:
            yield from (_Span(*match.span(1), "providers", _NAMED) for match in look.finditer(text))
        for pattern in self._patterns:
            yield from (
                _Span(*match.span(), "patterns", _DECLARED)
                for match in pattern.finditer(text)
                if match.group()
            )


def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a declared pattern.

    Raises:
        InvalidRequestError: It isn't a regular expression.
    """
    try:
        return re.compile(pattern)
    except (re.error, TypeError) as error:
        raise InvalidRequestError(
            f"{pattern!r} isn't a regular expression: {error}.", code="invalid_pattern"
        ) from None


def _holds_secret(name: str, value: str) -> bool:
    found = _VARIABLES.search(name)
    return found is not None and bool(
        _OF_PASSWORDS.search(found[1]) or not _WORDS_OR_DATE.fullmatch(value)
    )


def _forms(secret: str) -> Iterator[str]:
    """Yield the spellings of a secret: plain, escaped, percent-encoded, in base64."""
    text = _joined_halves(secret).strip()
    if len(text) < SHORTEST or text in SCRUBBED:
        return
    yield text
    yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    yield from (quote(text, safe=""), quote(text), quote_plus(text))
    data = text.encode()
    for offset, skipped in enumerate((0, 2, 3)):
        encoded = b64encode(bytes(offset) + data).decode()
        core = encoded[skipped : (offset + len(data)) * 8 // 6]
        yield from (core, core.replace("+", "-").replace("/", "_"))


def _in_field(text: str, field: str) -> Iterator[_Span]:
    """Yield the value of a field that has the name of a secret."""
    if field in NAMES or SCRUBBED in text or not _FIELD.search(field):
        return
    match = _FIELD_VALUE.fullmatch(text)
    if match and (_PASSWORD_FIELD.search(field) or any(map(str.isdigit, match[1]))):
        yield _Span(*match.span(1), "providers", _NAMED)


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    merged: list[_Span] = []
    for span in spans:
        if merged and span.begin < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _cut(whole: str, spans: Sequence[_Span], lengths: Iterable[int]) -> Iterator[str]:
    """Cut a text with its secrets replaced; a cut inside of a secret comes after it."""
    at, cut = 0, 0
    rest = [*reversed(spans)]
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


def _joined_halves(text: str) -> str:
    """Join halves of characters, and replace those that are left: no file can hold them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
