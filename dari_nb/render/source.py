"""Source code with five kinds of tokens marked, and JSON with its keys marked."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_LONGEST = 50_000  # characters; Pygments needs about 1 ms for each 700
_KINDS = {"k": "k", "o": "", "s": "s", "m": "n1", "c": "c", "nf": "f", "nc": "f", "nt": "k"}
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"(?=: )')


def code_html(source: str, language: str) -> str:
    """Mark keywords, strings, numbers, comments and definitions; unknown languages stay plain."""
    lexer = _lexer(language.lower()) if language and len(source) <= _LONGEST else None
    if lexer is None:
        return escape(source, quote=False)
    return "".join(
        f'<span class="{kind}">{text}</span>' if kind else text
        for kind, text in _merged(lexer, source)
    )


def json_html(text: str) -> str:
    """Mark the keys of JSON text, which costs a third of marking every token."""
    return _STRING.sub(r'"<b>\1</b>"', escape(text, quote=False))


def _merged(lexer: Lexer, source: str) -> list[tuple[str, str]]:
    """Join neighbours of one kind, so that markup stays small."""
    merged: list[tuple[str, str]] = []
    for token, value in lexer.get_tokens(source):
        kind, text = _kind(token), escape(value, quote=False)
        if merged and merged[-1][0] == kind:
            kind, before = merged.pop()
            text = before + text
        merged.append((kind, text))
    return merged


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
