"""Bare links in prose, each looked for in a few characters, however long the text around it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline

    Rule = Callable[[StateInline, bool], bool]

_LONGEST = 4_096
"""Characters of an address; what is longer stays text, since its end would be sought for long."""
_ADDRESS = re.compile(rf"[^ \t\r\n\0\v\f<]{{0,{_LONGEST}}}")
_DOMAIN = re.compile(rf"@[A-Za-z0-9._-]{{0,{_LONGEST - 1}}}")
_SCHEMES = ("http", "https", "mailto", "xmpp")
_LONGEST_SCHEME = max(map(len, _SCHEMES))


def bare_links(parser: MarkdownIt) -> None:
    """Let addresses become links, as on GitHub.

    The plugin's rules look at all that was said before, or is to come, at each colon, ``@`` and
    ``www.``: an answer of minified JSON would take minutes. Here they see what may be the address.
    Nor does text stop at each ``w`` to have all rules tried there, only where ``www.`` begins.
    """
    from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin

    stops = parser.inline.terminator_re.pattern
    parser.use(gfm_autolink_plugin)
    parser.inline.terminator_re = re.compile(rf"{stops}|www\.")
    ruler = parser.inline.ruler
    found = dict(zip(ruler.get_active_rules(), ruler.getRules(), strict=True))
    for name, is_there in _PLACES.items():
        ruler.at(name, _bounded(found[name], is_there))


def _bounded(rule: Rule, is_there: Callable[[StateInline], bool]) -> Rule:
    def bounded(state: StateInline, silent: bool) -> bool:
        if silent or not is_there(state):
            return False
        rest = _DOMAIN if state.src[state.pos] == "@" else _ADDRESS
        match = rest.match(state.src, state.pos, state.posMax)
        end, whole = match.end() if match else state.pos, state.posMax
        if end - state.pos == _LONGEST:
            return False
        state.posMax = min(end + 1, whole)
        try:
            return rule(state, silent)
        finally:
            state.posMax = whole

    return bounded


def _is_www(state: StateInline) -> bool:
    return state.src.startswith("www.", state.pos)


def _is_scheme(state: StateInline) -> bool:
    """Whether a scheme ends here; what was said before it is put aside."""
    pos = state.pos
    if state.src[pos] != ":" or not state.src.endswith(
        _SCHEMES, max(pos - _LONGEST_SCHEME, 0), pos
    ):
        return False
    said = state.pending
    if len(said) > _LONGEST_SCHEME:
        state.pending = said[:-_LONGEST_SCHEME]
        state.pushPending()
        state.pending = said[-_LONGEST_SCHEME:]
    return True


def _is_email(state: StateInline) -> bool:
    return state.src[state.pos] == "@"


_PLACES = {
    "gfm_autolink_www": _is_www,
    "gfm_autolink_protocol": _is_scheme,
    "gfm_autolink_email": _is_email,
}
