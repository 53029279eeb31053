"""What is secret because of the name before it: headers, fields, variables, parameters.

What stands behind a name must look like a key or a password, so that words about one stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_OF_PASSWORDS = r"passw(?:or)?d|passphrase|secret|(?<![A-Za-z])pwd|(?<=[A-Za-z0-9]_)pass"
_OF_KEYS = (
    r"(?:api|access|secret|private|auth|subscription|master|encryption|signing|account)[-_]?key"
    r"|(?:access|refresh|auth|api|bearer|session|security|id)[-_]?token"
    r"|(?<![A-Za-z0-9_-])token|authorization"
)
_OF_VARIABLES = r"[A-Z0-9]_(?:KEY|TOKEN|SECRET|AUTH|CREDENTIALS?)"
_IS = r"[\"'`]?\]?[ \t]{0,3}(?:=>|:=|[:=])[ \t]{0,3}[\"'`]?"
_NO_CODE = (
    r"(?![\w.]{1,60}[(\[{])(?!(?:~|\.{0,2})/[\w.-]+/)"
    r"(?![\w./~-]{1,80}\.(?:pem|key|json|pub)\b)"
)
"""Calls of functions, and paths of files, are no secrets."""
_OF_KEY = r"[A-Za-z0-9_.~+/%=-]"
_KEY = rf"({_NO_CODE}(?={_OF_KEY}{{0,80}}?\d)(?={_OF_KEY}{{0,80}}?[A-Za-z]){_OF_KEY}{{16,}})"
_PASSWORD = rf"({_NO_CODE}(?=[^\s\"'`<>]{{0,80}}?\d)[^\s\"'`<>$,;&(){{}}\[\]\\]{{8,}})"
_SCHEME = r"(?:(?:token|apikey|api-key|key)[ \t]{1,3})?"
_BASIC = r"((?=[A-Za-z0-9][a-z]*[A-Z0-9+/=])[A-Za-z0-9+/]{8,}={0,2})"
_NETRC = r"(?:machine\s{1,20}\S{1,255}|default)\s{1,20}login\s{1,20}\S{1,255}\s{1,20}password"

_FORMS = (
    re.compile(rf"(?:(?i:{_OF_KEYS})|{_OF_VARIABLES}){_IS}(?i:{_SCHEME}){_KEY}"),
    re.compile(rf"(?i:{_OF_PASSWORDS}){_IS}{_PASSWORD}"),
    re.compile(rf"(?i:authorization){_IS}(?i:basic)[ \t]{{1,3}}{_BASIC}"),
    re.compile(rf"{_NETRC}\s{{1,20}}([^\s\"'\\]{{4,}})"),
    re.compile(r"[?&;]sig=([A-Za-z0-9%+/=_-]{20,})"),  # Azure
)
_IN_NAMES = tuple(
    b"key token secret passw passphrase _pass pwd _auth authorization credential sig=".split()
)
_MAY_BE = re.compile(
    rb"(?:key|token|secret|passw(?:or)?d|pass|passphrase|pwd|authorization|auth|credentials?|sig)"
    rb"[\\\"'`]*\]?(?: |\t|\\t){0,3}(?:=>|:=|[:=])(?: |\t|\\t){0,3}[\\\"'`]*"
    rb"(?:(?:basic|token|apikey|api-key|key)(?: |\t|\\t)|[^\s\"'`<>]{0,400}?\d)"
)


def may_be_in(low: bytes) -> bool:
    """Whether a secret with a name may be in a text, or in JSON, in small letters: a fast look."""
    # A loop, since this is asked of every event.
    for name in _IN_NAMES:
        if name in low:
            is_netrc = b"login" in low and b"password" in low
            return is_netrc or _MAY_BE.search(low) is not None
    return False


def named(text: str) -> Iterator[tuple[int, int]]:
    """Find what is secret because of its name.

    >>> list(named("x-api-key: 0123456789abcdef"))
    [(11, 27)]
    """
    if may_be_in(text.lower().encode(errors="replace")):
        for form in _FORMS:
            for match in form.finditer(text):
                yield match.span(1)
