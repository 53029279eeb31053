"""Markdown to HTML: CommonMark with tables, strikethrough, bare links and math; no raw HTML."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

from ..plain.visible import visible
from .addresses import bare_links
from .destinations import short_destinations
from .formula import math_html
from .runs import Runs, change_runs, runs_html
from .sanitize import is_link
from .source import code_runs

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

# A notebook file spends a dozen bytes on each line, so lines that show nothing go.
_BETWEEN = re.compile(r"<pre.*?</pre>|(?<=>)\n+(?=<)", re.DOTALL)
# Markdown drops what is nested deeper than `maxNesting`; such a text is shown as it is.
_OPEN_BRACKETS = 200  # each costs the parser a look ahead; no text has so many by intention
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_OPTIONS = {"html": False, "maxNesting": 200}
_TOO_DEEP = re.compile(r"^(?:(?:[ \t]*(?:[>*+-]|\d+[.)])){60}|[ \t]{120,}(?:[>*+-]|\d+[.)]))", re.M)
_MOST_MARKED = 4_000  # characters of code that are marked while more of it is being written
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
    if is_too_deep(text):
        return f"<pre>{escape(text, quote=False)}</pre>"
    place = _place(text, fold) if fold else None
    if place is None:
        return part_html(text, {}, line_breaks=line_breaks)
    lines = text.rstrip("\n").split("\n")
    before, after = (
        part_html("\n".join(part), {}, line_breaks=line_breaks)
        for part in (lines[:place], lines[place:])
    )
    summary = f"… {len(lines) - place:,} more lines"
    return f'{before}<details class="dari-rest"><summary>{summary}</summary>{after}</details>'


def prose_tokens(text: str) -> list[Token]:
    """Parse Markdown the same way, for forms other than HTML."""
    return _parser(False).parse(visible(text))


def is_too_deep(text: str, begin: int = 0) -> bool:
    """Whether a text is nested so deep that it is shown as it is.

    Args:
        text: All of it.
        begin: Where the lines begin that were not looked at before.
    """
    if text.count("[") - text.count("]") > _OPEN_BRACKETS:
        return True
    return text.count("](") - text.count(")") > _OPEN_BRACKETS or bool(
        _TOO_DEEP.search(text, begin)
    )


def block_tokens(text: str) -> list[Token]:
    """Parse blocks alone, whose ``inline`` tokens have no children; for finding one's way."""
    parser = _parser(False)
    tokens: list[Token] = []
    parser.block.parse(text, parser, {}, tokens)
    return tokens


def part_html(
    text: str,
    env: dict[str, int],
    *,
    line_breaks: bool = False,
    change: Callable[[Sequence[Token]], object] = lambda _: None,
) -> str:
    """Convert whole blocks of a visible text, as the text as a whole would have them.

    Args:
        text: Blocks, as many as one likes.
        env: What the parts of one text have in common; see :func:`formula_html`.
        line_breaks: Whether a single line end shows.
        change: Called with the tokens before they are rendered, and may change them.
    """
    parser = _parser(line_breaks)
    tokens = parser.parse(text)
    _direct(tokens, text)
    change(tokens)
    html: str = parser.renderer.render(tokens, parser.options, env)
    return _BETWEEN.sub(_closed_up, html.rstrip("\n"))


def _direct(tokens: Sequence[Token], text: str) -> None:
    """Let blocks with letters from right to left, and what is in them, find their direction."""
    if not _RIGHT_TO_LEFT.search(text):
        return
    lines = text.split("\n")
    blocks = (token for token in tokens if token.nesting > 0 and token.level == 0 and token.map)
    for block in blocks:
        if _RIGHT_TO_LEFT.search("\n".join(lines[slice(*(block.map or ()))])):
            block.attrSet("dir", "auto")


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
    return match[0].strip("\n")


@cache
def _parser(line_breaks: bool) -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    parser = MarkdownIt("commonmark", {"breaks": line_breaks, **_OPTIONS})
    # A link definition shows nothing in Markdown; here no text of an agent may vanish.
    parser.enable(["table", "strikethrough"]).disable("reference")
    bare_links(parser)
    short_destinations(parser)
    parser.use(
        dollarmath_plugin,
        allow_labels=False,
        allow_space=False,
        allow_digits=False,
        allow_blank_lines=False,
        double_inline=True,
    )
    parser.inline.ruler.before("escape", "bracket_math", _bracket_math)
    parser.validateLink = is_link  # type: ignore[method-assign]
    for name, rule in _RULES.items():
        parser.add_render_rule(name, rule)
    return parser


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
    return formula_html(tokens[index].content, env)


def _display_math(_: Any, tokens: list[Token], index: int, __: Any, env: Any) -> str:
    return formula_html(tokens[index].content, env, display=True)


def _block_math(_: Any, tokens: list[Token], index: int, __: Any, env: Any) -> str:
    return f"<p>{formula_html(tokens[index].content, env, display=True)}</p>\n"


def formula_html(tex: str, env: dict[str, int], *, display: bool = False) -> str:
    """Convert a formula; MathML is ten times as long as its source, so one text has a limit.

    Args:
        tex: The source without its delimiters.
        env: Belongs to one text, and keeps how much of it were formulas.
        display: Whether it stands on its own line.
    """
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
    if language == "diff":
        runs = change_runs(source)
    elif token.meta.get("open"):
        # Code that is being written would be looked at anew with each of its words.
        known = (
            source.rfind("\n", 0, _MOST_MARKED) + 1 if len(source) > _MOST_MARKED else len(source)
        )
        runs = [*_marked(source[:known], language), ("", source[known:])]
    else:
        runs = code_runs(source, language)
    return f"<pre{title}>{runs_html(runs)}</pre>\n"


@lru_cache(maxsize=8)
def _marked(source: str, language: str) -> Runs:
    return code_runs(source, language)


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
