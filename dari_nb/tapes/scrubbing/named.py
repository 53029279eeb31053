"""What is secret because of the name before it: headers, fields, variables, parameters.

What stands behind a name must look random, so that words, code and constants stay. A password
looks like a word: it is one only in a field, a variable or a parameter, or in a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .names import OF_PASSWORDS, OF_SECRETS
from .provider_keys import MIXED
from .structured import NEXT, placed

_OF_PASSWORDS = "|".join(OF_PASSWORDS)
_OF_KEYS = (
    r"(?:api|access|secret|private|auth|subscription|master|encryption|signing|account)[-_]?key"
    r"|(?:access|refresh|auth|api|bearer|session|security|id)[-_]?token"
    r"|(?<![A-Za-z0-9_-])token|authorization|secret|(?<=[\"'])auth(?=[\\\"'])"
)
_OF_VARIABLES = r"[A-Z0-9]_(?:KEY|TOKEN|SECRET|AUTH|CREDENTIALS?)"
_WITH_PASSWORDS = r"[A-Z0-9_](?:PASSWORD|PASSWD|PASSPHRASE|_PASS|_PWD|_SECRET)"
_IS = r"[\"'`]?\]?[ \t]{0,3}(?:=>|:=|[:=])[ \t]{0,3}[\"'`]?"
_IS_FIELD = r"[\"'`]\]?[ \t]{0,3}(?:=>|[:=])[ \t]{0,3}[\"'`]"
_NO_CODE = (
    r"(?![\w.]{1,60}[(\[{])(?!(?:~|\.{0,2})/[\w.-]+/)"
    r"(?![\w./~-]{1,80}\.(?:pem|key|json|pub)\b)"
)
"""Calls of functions, and paths of files, are no secrets."""
_NO_ADDRESS = r"(?!0x[0-9A-Fa-f]{40}(?![0-9A-Za-z]))"
"""Nor are addresses of contracts, which are public."""
_OF_KEY = r"[A-Za-z0-9_.~+/%=-]"
_L, _D = r"[A-Za-z]{1,60}+", r"[0-9]{1,60}+"
_CHANGES = rf"{_L}{_D}{_L}[0-9]|{_D}{_L}{_D}[A-Za-z]"
_SHORT = r"[A-Z]{0,3}[a-z]{1,3}+(?![a-z])|[A-Z]{1,3}+(?![A-Za-z])|[0-9]{1,3}+(?![0-9])"
_RANDOM = (
    rf"{_OF_KEY}{{0,80}}?(?=[A-Za-z0-9]{{12}})(?:{_CHANGES}"
    rf"|(?=[A-Za-z]{{0,60}}[0-9])(?:(?<![a-z])|(?![a-z]))(?:{_SHORT}){{4}})"
)
"""Twelve letters and digits in a row, or more, as no words are.

They change three times between letters and digits, or are in pieces that are short for words.
"""
MORE = re.compile(rf"(?=[A-Za-z0-9]{{8}})(?:{_CHANGES}|(?=[A-Za-z]{{0,60}}[0-9])(?:{_SHORT}){{4}})")
"""Eight letters and digits or more that are as random, as the rest of a key is."""
_KEY = rf"({_NO_CODE}{_NO_ADDRESS}(?={_RANDOM}){_OF_KEY}{{16,}})"
_PASSWORD = rf"({_NO_CODE}(?=[^\s\"'`<>]{{0,80}}?\d)[^\s\"'`<>$,;&(){{}}\[\]\\]{{8,}})"
_IN_QUOTES = r"((?!\$)(?=[^\s\"'`<>]{0,80}?\d)[^\s\"'`<>{}\\]{8,})(?=[\"'`]|\Z)"
_NO_NAME = (
    r"(?!:)(?![A-Za-z]{1,40}\d{0,4}(?:[_.][A-Za-z]{0,40}\d{0,4})+(?![\w!@#%^*+-]))"
    r"(?!(?i:(?:my|new|old|your|user|db)?(?:password|passwd|passphrase|pwd|pass))\d{0,4}(?!\w))"
)
"""Nor are names of variables, of attributes and of parameters, in the place of a password."""
_ASSIGNED = r"[ \t]{0,3}:?=(?!=)[ \t]{0,3}[\"'`]?"
_LETTER = r"(?=[^\s\"'`<>]{0,80}?[A-Za-z])"
_BEGIN, _END = r"(?<![^\r\n\"'`])", r"(?=[\"'`]|[ \t]{0,20}(?:#[^\r\n]*)?(?:[\r\n]|\Z))"
"""Where a line or a text in quotation marks begins and ends."""
_NO_WORD = (
    r"(?!(?i:your|my|change|example|place|enter|insert|todo|none|null|required|optional|hidden"
    r"|redacted|pass|secret|empty|default|minimum|maximum|x{4}))"
)
"""What stands in files where a password is to be put in."""
_SCHEME = r"(?:(?:token|apikey|api-key|key)[ \t]{1,3})?"
_BASIC = r"((?=[A-Za-z0-9][a-z]*[A-Z0-9+/=])[A-Za-z0-9+/]{8,}={0,2})"
_NETRC = r"(?:machine\s{1,20}\S{1,255}|default)\s{1,20}login\s{1,20}\S{1,255}\s{1,20}password"
_GOES_ON = r"(?<=,)\r?\n"
"""Where a list of arguments goes on in the next line."""

_FORMS = (
    re.compile(rf"(?:(?i:{_OF_KEYS}|{_OF_PASSWORDS})|{_OF_VARIABLES}){_IS}(?i:{_SCHEME}){_KEY}"),
    re.compile(rf"(?i:{_OF_PASSWORDS}){_IS_FIELD}{_IN_QUOTES}"),
    re.compile(rf"{_WITH_PASSWORDS}{_IS}{_PASSWORD}"),
    re.compile(rf"[?&;](?i:{_OF_PASSWORDS})={_PASSWORD}"),
    re.compile(rf"(?i:{_OF_PASSWORDS}){_ASSIGNED}{_LETTER}{_NO_NAME}{_PASSWORD}"),
    re.compile(
        rf"{_BEGIN}[ \t]{{0,40}}(?:-[ \t])?[\w.-]{{0,40}}?(?i:{_OF_PASSWORDS}):[ \t]{{1,3}}[\"']?"
        rf"{_NO_NAME}{_NO_WORD}{_PASSWORD}{_END}"
    ),
    re.compile(
        rf"{_BEGIN}(?:export[ \t])?\w{{0,40}}?(?i:passw(?:or)?d|passphrase)="
        rf"({_NO_WORD}[A-Za-z!@#%^*+-]{{8,40}}){_END}"
    ),
    re.compile(
        rf"(?<![^\s\"'`])--pass(?:word|wd|phrase)?(?:{NEXT}|[ =][\"']?){_NO_NAME}{_PASSWORD}"
    ),
    re.compile(rf"(?i:authorization){_IS}(?i:basic)[ \t]{{1,3}}{_BASIC}"),
    re.compile(rf"{_NETRC}\s{{1,20}}([^\s\"'\\]{{4,}})"),
    re.compile(r"[?&;]sig=([A-Za-z0-9%+/=_-]{20,})"),  # Azure
    re.compile(rf"(?i:set-cookie){_IS}[^\s=;\"'`]{{1,80}}={_KEY}"),
    re.compile(rf"(?i:(?<!set-)cookie){_IS}[^\r\n\"'`]{{0,400}}?={_KEY}"),
    re.compile(
        rf"\bcurl\b(?:[^\r\n|]|{_GOES_ON}){{0,400}}?[\s\"'`](?:-u|--user)(?:{NEXT}|[ =]?[\"']?)"
        rf"[^\s:\"']{{1,80}}:{_PASSWORD}"
    ),
    re.compile(rf"\bsshpass(?:{NEXT}|[ \t]{{1,3}})-p(?:{NEXT}|[ \t]{{0,3}}[\"']?){_PASSWORD}"),
    re.compile(
        rf"\b(?:mysql(?:dump|admin)?|mariadb)\b(?:[^\r\n|;]|{_GOES_ON}){{0,200}}?"
        rf"[\s\"'`]-p[\"']?{_PASSWORD}"
    ),
    re.compile(rf"\"d\"\s{{0,3}}:\s{{0,3}}\"({MIXED}[\w-]{{43,}})(?=\"|\Z)"),  # of a JSON web key
)
_PWD = re.compile(r"(?:(?<![\w;])(?:old)?(pwd)|pwd)\W*\Z", re.IGNORECASE)
"""What names a password, or the folder where somebody works: its value tells."""
_PATH = re.compile(r"(?:[A-Za-z]:|~|\.{0,2})[\\/].*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z]*[0-9]{0,4}(?:[/_.-][A-Za-z]*[0-9]{0,4})*")
"""Words and short numbers, as folders are called."""
_BEFORE = 12
"""Characters before a name that tell what it is called by."""
_COMMIT = re.compile(
    r"\b(?:commit|revision|rev|tree|blob|sha|sha1|hash)[ _-]token\W*\Z", re.IGNORECASE
)
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
"""What git calls its objects by, which is public."""
_IS_SOME = (
    r"[\\\"'`]*\]?(?: |\t|\\t){0,3}(?:(?:=>|:=|[:=])(?: |\t|\\t){0,3}[\\\"'`]*"
    r"(?:(?:basic|token|apikey|api-key|key)(?: |\t|\\t)|[\[({]|[^\s\"'`<>]{0,400}?\d)"
    r"|(?<=[\"'`])(?:[\s\\]|\\t)*(?:[,}]|\Z))"
)
_WITHOUT_DIGIT = (r"passw(?:or)?d=[a-z!@#%^*+-]{8}", r"passphrase=[a-z!@#%^*+-]{8}")
_MAY_BE = [
    re.compile(each.encode())
    for each in (*(f"{name}{_IS_SOME}" for name in (*OF_SECRETS, "sig")), *_WITHOUT_DIGIT)
]
"""Each by itself: what begins with a word is found faster than what begins with one of many."""
_COMMANDS = (
    (b"cookie", re.compile(rb"cookies?[\\\"'`]*(?: |\t|\\t){0,3}[:=,}]")),
    (b"curl", re.compile(rb"[\s\"'`](?:-u|--user)[\s=,\\\"'`]*[^\s:\"']{1,80}:")),
    (b"sshpass", re.compile(rb"sshpass")),
    (b"--pass", re.compile(rb"--pass(?:word|wd|phrase)?[ =\\\"'`]")),
    (b"mysql", re.compile(rb"[\s\"'`]-p[\\\"']*\S{8}")),
    (b"mariadb", re.compile(rb"[\s\"'`]-p[\\\"']*\S{8}")),
    (b'"d', re.compile(rb'"d\\*" {0,3}: {0,3}\\*"[\w-]{43}')),
)


def may_be_in(low: bytes) -> bool:
    """Whether a secret with a name may be in a text, or in JSON, in small letters: a fast look."""
    # Loops, since this is asked of every event.
    for word, look in _COMMANDS:
        if word in low and look.search(low):
            return True
    if b"login" in low and b"password" in low:
        return True
    return one_finds(_MAY_BE, low)


def one_finds(looks: Iterable[re.Pattern[bytes]], data: bytes) -> bool:
    """Whether something is found by one of several regular expressions."""
    for look in looks:  # noqa: SIM110
        if look.search(data):
            return True
    return False


def named(text: str) -> Iterator[tuple[int, int]]:
    """Find what is secret because of its name.

    >>> list(named("x-api-key: 0123456789abcdef"))
    [(11, 27)]
    """
    if may_be_in(text.lower().encode(errors="replace")):
        yield from _after_names(text)
        for said, begin, end in placed(text):
            moved = begin - len(said)
            yield from ((a + moved, b + moved) for a, b in _after_names(said + text[begin:end]))


def _after_names(text: str) -> Iterator[tuple[int, int]]:
    for form in _FORMS:
        for match in form.finditer(text):
            before = text[max(match.start() - _BEFORE, 0) : match.start(1)]
            if not _is_folder(before, match[1]) and not _is_commit(before, match[1]):
                yield match.span(1)


def _is_commit(before: str, value: str) -> bool:
    return bool(_COMMIT.search(before) and _HASH.fullmatch(value))


def _is_folder(before: str, value: str) -> bool:
    name = _PWD.search(before)
    if not name:
        return False
    return bool(_PATH.fullmatch(value) or (name[1] and _NAME.fullmatch(value)))
