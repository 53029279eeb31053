"""Secrets, taken out of what is to be written before it is written."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any

import msgspec

from ..._secret import known
from ...errors import InvalidRequestError
from .finding import SCRUBBED, SHORTEST, Secrets, Span
from .structured import Reference, in_one_text
from .views import written

_NAMED = re.compile(
    r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|(?:^|_)PAT|(?:^|_|PG)PASS)"
    r"(S?)(?:_?\d+)?$",
    re.IGNORECASE,
)
"""The names of variables that hold a secret, or, with an S, perhaps several."""
_NAMED_AT_TIMES = re.compile(
    r"(?:_(?:PWD|AUTH|CREDS|COOKIE|PW|SALT)|(?:^|_)DSN)(?:_?\d+)?$", re.IGNORECASE
)
"""Those of variables that hold a secret, or a folder, or the name of a method."""
_OF_PASSWORDS = re.compile(r"SECRET|PASS", re.IGNORECASE)
"""The names of those that may hold a word; a key or a token is no word."""
_WORD = r"(?:[A-Z]?[a-z]{2,20}|[A-Z]{2,20})"
_WORDS = re.compile(rf"{_WORD}(?:[_.-]?{_WORD})*|(?:19|20)\d\d-?[01]\d-?[0-3]\d")
"""Words such as ``customer_id``, without digits, and dates."""
_NO_SECRET = re.compile(r"[/.~]|[A-Za-z]:[\\/]|\D*$")
"""What folders and methods look like: passwords have a digit."""
_DIGIT = re.compile(r"\d")
_BETWEEN = re.compile(r"[\s,;]+")

_VARIABLE, _KEY = "the value of {}", "a key of this process"
Own = re.Pattern[str] | Mapping[str, Any] | None
"""What stays in a value: words of its own, or names of fields, with what stays in each."""
_SMALL, _MOST = 200, 1000
"""Bytes of a value, such as a status, that is looked at once; and how many of these are known."""


class _Known:
    """What is known to be secret, and what once was: whoever has read it may say it later.

    Args:
        keys: Gives the secrets that are known.
        variables: Where variables are looked up.

    Attributes:
        texts: The secrets, each with what gives it away, and that in words.
    """

    def __init__(self, keys: Callable[[], Iterable[str]], variables: Mapping[str, str]) -> None:
        self._keys = keys
        self._variables = variables
        self._looked_at: object = None
        self.texts: dict[tuple[str, str, str], None] = {}

    def look(self) -> None:
        """Take in what has come since the last time."""
        # Another thread may take a variable out meanwhile.
        variables = [(name, self._variables.get(name, "")) for name in [*self._variables]]
        keys = [*self._keys()]
        if (variables, keys) == self._looked_at:
            return
        self._looked_at = variables, keys
        for name, value in variables:
            for each in _held(name, value):
                self.texts[each, "variables", _VARIABLE.format(name)] = None
        self.texts |= dict.fromkeys((key, "keys", _KEY) for key in keys)


class Scrubber:
    """Takes secrets out of texts: known ones, those of variables, and what looks like one.

    What it has once seen in a variable, or among the keys, is secret as long as it lives.

    Args:
        patterns: More regular expressions of what is secret.
        keys: Gives the secrets that are known; those of this process by default.
        variables: Where variables are looked up whose names are those of secrets, such as
            ``API_KEY``, ``DB_PASSWORD`` or ``MY_TOKEN_2``; the environment by default.

    Attributes:
        counts: How many secrets were taken out, by kind.
        reasons: What they were or looked like, in words, such as ``the value of DB_PASSWORD``.

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
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.reasons: dict[str, None] = {}
        self._patterns = [compiled(pattern) for pattern in patterns]
        self._known = _Known(keys, os.environ if variables is None else variables)
        self._size = -1
        self.look()

    def look(self) -> bool:
        """Look again which secrets are known by now, and say whether there are more."""
        self._known.look()
        if len(self._known.texts) == self._size:
            return False
        texts = [*self._known.texts]
        self._size = len(texts)
        # What is both is told as a key, whichever was seen first.
        texts.sort(key=lambda one: one[1] == "keys")
        self._secrets = Secrets(texts, self._patterns)
        self._clean: set[bytes] = set()
        return True

    def apart(self) -> Scrubber:
        """The same, which counts for itself, and sees what the other one sees."""
        other = copy(self)
        other.counts, other.reasons = Counter(), {}
        other.look()
        return other

    def scrub(self, value: Any, own: Own = None) -> Any:
        """Take the secrets out of all texts of a JSON value, names of fields included.

        Args:
            value: The value.
            own: What is none in it, whatever it looks like; in a list, in each of its entries.
        """
        if isinstance(value, str):
            return self._scrubbed(value, own, iter(()))
        if self.is_clean(value):
            return value
        return self._scrubbed(value, own, self._secrets.spans_after_names(*in_one_text(value)))

    def is_clean(self, value: Any) -> bool:
        """Whether a look at all of a value at once is enough to see that no secret is in it."""
        if self._patterns or self._secrets.has_numbers:
            return False
        try:
            data = msgspec.json.encode(value)
        except UnicodeEncodeError:  # halves of characters
            return False
        if len(data) > _SMALL:
            return not self._secrets.glance.may_be_in(data, is_json=True)
        if data not in self._clean and not self._secrets.glance.may_be_in(data, is_json=True):
            if len(self._clean) >= _MOST:
                self._clean.clear()
            self._clean.add(data)
        return data in self._clean

    def _scrubbed(self, value: Any, own: Own, after_names: Iterator[list[Span]]) -> Any:
        if isinstance(value, str):
            more = next(after_names, [])
            is_own = isinstance(own, re.Pattern) and own.fullmatch(value)
            return value if is_own else self._cut_out([value], more)[0]
        if isinstance(value, Reference):
            return value
        if isinstance(value, Mapping):
            return self._object(value, own if isinstance(own, Mapping) else {}, after_names)
        if isinstance(value, list | tuple):
            return [self._scrubbed(entry, own, after_names) for entry in value]
        if self._secrets.has_numbers and isinstance(value, int | float):
            return self.text(str(value)) if self._secrets.spans(str(value)) else value
        return value

    def text(self, text: str) -> str:
        """Take the secrets out of a text."""
        return self.pieces([text])[0]

    def pieces(self, pieces: Sequence[str]) -> list[str]:
        """Cut the scrubbed text of pieces where they were cut; no secret passes in two of them.

        >>> Scrubber().pieces(["Use sk-proj-0123", "456789abcdef here"])
        ['Use [scrubbed]', ' here']
        """
        return self._cut_out(pieces)

    def _cut_out(self, pieces: Sequence[str], more: Sequence[Span] = ()) -> list[str]:
        whole = "".join(pieces)
        told = written(whole)
        if not more and self._is_plain(told):
            return list(pieces) if told is whole else [*([""] * (len(pieces) - 1)), told]
        spans = self._secrets.spans(told, more)
        self.counts.update(span.kind for span in spans)
        self.reasons |= dict.fromkeys(span.what for span in spans)
        # Where halves of characters were put together, places are others.
        lengths = [0] * (len(pieces) - 1) + [len(told)]
        if told is whole:
            lengths = [len(piece) for piece in pieces]
        return list(_cut(told, spans, lengths))

    def _is_plain(self, text: str) -> bool:
        """Whether a look at a text is enough to see that no secret is in it."""
        if self._patterns:
            return False
        return len(text) < SHORTEST or not self._secrets.glance.may_be_in(
            text.encode(), is_json=False
        )

    def _object(
        self, value: Mapping[str, Any], own: Mapping[str, Any], after_names: Iterator[list[Span]]
    ) -> dict[str, Any]:
        scrubbed: dict[str, Any] = {}
        for key, inner in value.items():
            name = first = key if key in own else self.text(str(key))
            while name in scrubbed:
                name = f"{first} {len(scrubbed) + 1}"
            scrubbed[name] = self._scrubbed(inner, own.get(key), after_names)
        return scrubbed


class Unscrubbed(Scrubber):
    """Takes nothing out, for what is looked at as a whole when all of it is there."""

    def __init__(self) -> None:
        super().__init__(keys=tuple, variables={})

    def scrub(self, value: Any, own: Own = None) -> Any:
        """The value as it is."""
        return value

    def pieces(self, pieces: Sequence[str]) -> list[str]:
        """The pieces as they are."""
        return [*pieces]


def _held(name: str, value: str) -> Iterator[str]:
    """Give the secrets that a variable holds."""
    if found := _NAMED.search(name):
        if _OF_PASSWORDS.search(found[0]) or not _WORDS.fullmatch(value):
            yield value
        if found[1]:
            yield from (each for each in _BETWEEN.split(value) if _DIGIT.search(each))
    elif _NAMED_AT_TIMES.search(name) and not _NO_SECRET.match(value):
        yield value


def compiled(pattern: str) -> re.Pattern[str]:
    """Compile what somebody declared.

    Raises:
        InvalidRequestError: It is no regular expression.
    """
    try:
        return re.compile(pattern)
    except (re.error, TypeError) as error:
        raise InvalidRequestError(
            f"{pattern!r} is no regular expression: {error}.", code="invalid_pattern"
        ) from None


def _cut(whole: str, spans: list[Span], lengths: list[int]) -> Iterator[str]:
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
