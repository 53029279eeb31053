"""Source code with five kinds of tokens marked, and JSON with its keys marked."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

from .runs import Runs, add

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_LONGEST = 50_000  # characters; Pygments needs about 1 ms for each 700
_KINDS = {"k": "k", "o": "", "s": "s", "m": "n1", "c": "c", "nf": "f", "nc": "f", "nt": "k"}
_LANGUAGES = {"yml": "yaml", "h": "c", "hpp": "cpp", "cc": "cpp", "jl": "julia", "htm": "html"}
_ENDING = re.compile(
    r"\.(bash|c|cpp|cs|css|go|html|ini|java|js|json|jsx|kt|lua|php|py|r|rb|rs|scala|scss|sh|sql"
    r"|swift|toml|ts|tsx|xml|yaml|zig|yml|h|hpp|cc|jl|htm)$",
    re.IGNORECASE,
)
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"(?=: )')


def code_runs(source: str, language: str) -> Runs:
    """Tell keywords, strings, numbers, comments and definitions; unknown languages stay plain."""
    lexer = _lexer(language.lower()) if language and len(source) <= _LONGEST else None
    if lexer is None:
        return [("", source)]
    runs: Runs = []
    for token, value in lexer.get_tokens(source):
        add(runs, _kind(token), value)
    return runs


def language_of(path: str) -> str:
    """Tell the language of a file by its ending; empty for text.

    >>> language_of("src/app.py"), language_of("notes.txt")
    ('py', '')
    """
    match = _ENDING.search(path)
    ending = match[1].lower() if match else ""
    return _LANGUAGES.get(ending, ending)


def json_html(text: str) -> str:
    """Mark the keys of JSON text, which costs a third of marking every token."""
    return _STRING.sub(r'"<b>\1</b>"', escape(text, quote=False))


@lru_cache(maxsize=256)
def _kind(token: Any) -> str:
    from pygments.token import STANDARD_TYPES

    while token not in STANDARD_TYPES:
        token = token.parent
    short = STANDARD_TYPES[token]
    return _KINDS.get(short, _KINDS.get(short[:2], _KINDS.get(short[:1], "")))


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
