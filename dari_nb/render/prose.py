"""Markdown to HTML: CommonMark with tables, strikethrough, bare links and math; no raw HTML."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ._visible import visible
from .formula import math_html
from .runs import change_runs, runs_html
from .sanitize import LINK_SCHEMES
from .source import code_runs

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

# A notebook file spends a dozen bytes on each line, so lines that show nothing go.
_BETWEEN = re.compile(r"<pre.*?</pre>|>\n+<", re.DOTALL)
# Markdown drops what is nested deeper than `maxNesting`; such a text is shown as it is.
_OPEN_BRACKETS = 200  # each costs the parser a look ahead; no text has so many by intention
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_OPTIONS = {"html": False, "maxNesting": 200}
_TOO_DEEP = re.compile(r"^(?:(?:[ \t]*(?:[>*+-]|\d+[.)])){60}|[ \t]{120,}(?:[>*+-]|\d+[.)]))", re.M)
_MOST_MATH = 40_000  # characters of TeX in one text that become MathML
_LEAST_FORMULA = 20  # characters that a formula counts for beside its own
_LONGEST_FORMULA = 2_000  # characters to look ahead for the end, so that hostile text stays linear


def prose_html(text: str, fold: int | None = None, *, line_breaks: bool = False) -> str:
    """Convert Markdown; the result still has to pass the allow-list.

    Args:
        text: What a person or an agent wrote.
        fold: Lines to be seen at once; what follows is a click away.
        line_breaks: Whether a single line end shows, as people expect of what they typed.
    """
    text = visible(text)
    if _TOO_DEEP.search(text) or text.count("[") - text.count("]") > _OPEN_BRACKETS:
        return f"<pre>{escape(text, quote=False)}</pre>"
    place = _place(text, fold) if fold else None
    if place is None:
        return _html(text, line_breaks)
    lines = text.rstrip("\n").split("\n")
    before, after = (_html("\n".join(p), line_breaks) for p in (lines[:place], lines[place:]))
    summary = f"… {len(lines) - place:,} more lines"
    return f'{before}<details class="dari-rest"><summary>{summary}</summary>{after}</details>'


def prose_tokens(text: str) -> list[Token]:
    """Parse Markdown the same way, for forms other than HTML."""
    return _parser(False).parse(visible(text))


def _html(text: str, line_breaks: bool) -> str:
    parser = _parser(line_breaks)
    tokens = parser.parse(text)
    if _RIGHT_TO_LEFT.search(text):
        # What lies inside takes the direction from there; its text finds its own by the sheet.
        for token in tokens:
            if token.nesting > 0 and token.level == 0:
                token.attrSet("dir", "auto")
    html: str = parser.renderer.render(tokens, parser.options, {})
    return _BETWEEN.sub(_closed_up, html.rstrip("\n"))


def _place(text: str, fold: int) -> int | None:
    """The line to fold from: between two blocks, or between two lines of a paragraph."""
    total = text.rstrip("\n").count("\n") + 1
    if total <= fold + fold // 4:
        return None
    for token in prose_tokens(text):
        if token.level or not token.map or token.map[1] <= fold:
            continue
        start, end = token.map
        place = max(start, fold) if token.type == "paragraph_open" or start > fold else end
        return place if place < total else None
    return None


def _closed_up(match: re.Match[str]) -> str:
    return "><" if match[0][0] == ">" else match[0]


@cache
def _parser(line_breaks: bool) -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin

    parser = MarkdownIt("commonmark", {"breaks": line_breaks, **_OPTIONS})
    # A link definition shows nothing in Markdown; here no text of an agent may vanish.
    parser.enable(["table", "strikethrough"]).disable("reference")
    parser.use(gfm_autolink_plugin)
    parser.use(
        dollarmath_plugin,
        allow_labels=False,
        allow_space=False,
        allow_digits=False,
        allow_blank_lines=False,
        double_inline=True,
    )
    parser.inline.ruler.before("escape", "bracket_math", _bracket_math)
    parser.validateLink = _is_link  # type: ignore[method-assign]
    for name, rule in _RULES.items():
        parser.add_render_rule(name, rule)
    return parser


def _is_link(url: str) -> bool:
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return False
    scheme = parts.scheme.lower()
    return scheme in LINK_SCHEMES and (scheme == "mailto" or bool(parts.netloc))


def _bracket_math(state: StateInline, silent: bool) -> bool:
    r"""Read ``\( … \)`` and ``\[ … \]``."""
    start = state.pos
    closing = {r"\(": r"\)", r"\[": r"\]"}.get(state.src[start : start + 2])
    if closing is None:
        return False
    end = state.src.find(closing, start + 2, start + _LONGEST_FORMULA)
    if end < 0 or not state.src[start + 2 : end].strip():
        return False
    if not silent:
        name = "math_inline" if closing == r"\)" else "math_inline_double"
        state.push(name, "math", 0).content = state.src[start + 2 : end]
    state.pos = end + 2
    return True


def _inline_math(_: Any, tokens: list[Token], index: int, __: Any, env: Any) -> str:
    return _formula(tokens[index].content, env)


def _display_math(_: Any, tokens: list[Token], index: int, __: Any, env: Any) -> str:
    return _formula(tokens[index].content, env, display=True)


def _block_math(_: Any, tokens: list[Token], index: int, __: Any, env: Any) -> str:
    return f"<p>{_formula(tokens[index].content, env, display=True)}</p>\n"


def _formula(tex: str, env: dict[str, int], *, display: bool = False) -> str:
    """MathML is ten times as long as its source, so there is a limit for one text."""
    env["math"] = env.get("math", 0) + len(tex) + _LEAST_FORMULA
    if env["math"] > _MOST_MATH:
        return f"<code>{escape(tex.strip(), quote=False)}</code>"
    return math_html(tex, display=display)


def _code(_: Any, tokens: list[Token], index: int, *__: Any) -> str:
    token = tokens[index]
    info = token.info.strip()
    title = f' title="{escape(info)}"' if info else ""
    language = info.split(maxsplit=1)[0] if info else ""
    source = token.content.removesuffix("\n")
    runs = change_runs(source) if language == "diff" else code_runs(source, language)
    return f"<pre{title}>{runs_html(runs)}</pre>\n"


def _image(_: Any, tokens: list[Token], index: int, *__: Any) -> str:
    """An image would be loaded from wherever the agent says, so it becomes a link."""
    token = tokens[index]
    source, title = str(token.attrGet("src") or ""), token.attrGet("title")
    words = f"image: {token.content or source}"
    hint = f' title="{escape(str(title))}"' if title else ""
    return f'<a href="{escape(source)}"{hint}>{escape(words, quote=False)}</a>'


def _heading(_: Any, tokens: list[Token], index: int, *__: Any) -> str:
    """Headings of an answer stand below those of the notebook."""
    token = tokens[index]
    level = min(int(token.tag[1]) + 2, 6)
    return f"</h{level}>" if token.nesting < 0 else f"<h{level}{_direction(token)}>"


def _cell(_: Any, tokens: list[Token], index: int, *__: Any) -> str:
    token = tokens[index]
    side = str(token.attrGet("style") or "").removeprefix("text-align:")
    align = f' align="{side}"' if side in ("right", "center") else ""
    return f"<{token.tag}{align}{_direction(token)}>"


def _direction(token: Token) -> str:
    return ' dir="auto"' if token.attrGet("dir") else ""


_RULES: dict[str, Any] = {
    "math_inline": _inline_math,
    "math_inline_double": _display_math,
    "math_block": _block_math,
    "fence": _code,
    "code_block": _code,
    "image": _image,
    "heading_open": _heading,
    "heading_close": _heading,
    "th_open": _cell,
    "td_open": _cell,
}
