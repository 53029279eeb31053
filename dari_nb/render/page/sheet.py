"""The style sheet of static output, of which every saved output carries what it uses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

ROOT = '<div class="dari mathjax_ignore tex2jax_ignore">'
"""Opens the element around all that is rendered. Notebooks run MathJax over HTML outputs, which
would take prices for formulas and makes links of its own; formulas here are MathML already."""

SCOPE = ".dari.dari.dari"
"""The sheet's outer selector: said thrice, it outweighs JupyterLab's rules for HTML outputs."""

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SPACE = re.compile(r"\s+")
_AROUND = re.compile(r" ?([{};,>+]) ?")
_TIMES = re.compile(r" ([*/]) ")
_OWN_NAME = re.compile(r"[;{](--[a-z]+):")
_RULE = re.compile(r"([^{};]+)\{([^{}]*)\}")
_COMMA = re.compile(r",(?![^(]*\))")
_CHOICE = re.compile(r":is\(([^)]*)\)")
_PLAIN = re.compile(r"(\w+):not\(\[class\]\)")
# What changes on the page, and what says only where something stands.
_CONDITION = re.compile(r"\[open\]|:(?:not|has|nth-child)\([^)]*\)+|::?[a-z-]+")
_HOLDS = re.compile(r"&:has\(>(\.[\w-]+)\)")
_NAME = re.compile(r"\[[^\]]*\]|(?<![\w-])\.?[a-z][\w-]*")

_PRINT = "@media print{"
_SHEETS = ("static.css", "matrix.css", "trajectories.css")

Needs = list[list[str]]
"""What must occur in markup for a selector to match: of each list one, of equal lists as many."""

Rules = list[tuple[list[tuple[str, Needs]], str]]
"""Selectors with what they need, and the declarations they share."""


def style(html: str | None = None) -> str:
    """Return the style sheet of static output as a ``style`` element.

    Args:
        html: Markup to be styled; rules for what does not occur in it are left out. All of them
            by default.
    """
    settings, rules, printed = _sheet()
    body, in_print = _used_rules(rules, html), _used_rules(printed, html)
    body += f"{_PRINT}{in_print}}}" if in_print else ""
    return f"<style>{SCOPE}{{{_used(settings, body)}{body}}}</style>"


def _used_rules(rules: Rules, html: str | None) -> str:
    return "".join(
        f"{','.join(kept)}{{{declarations}}}"
        for selectors, declarations in rules
        if (kept := [name for name, needs in selectors if html is None or _occurs(needs, html)])
    )


def _occurs(needs: Needs, html: str) -> bool:
    if not all(any(name in html for name in names) for names in needs):
        return False
    # To count takes longer, and only what stands beside its like, or in it, needs it.
    several = [names for names in needs if needs.count(names) > 1]
    return all(sum(map(html.count, names)) >= needs.count(names) for names in several)


def _used(settings: Sequence[str], body: str) -> str:
    """The settings that the rules need; each may need those before it."""
    kept: list[str] = []
    for setting in reversed(settings):
        is_own = setting.startswith("--")
        if not is_own or f"var({setting.partition(':')[0]})" in body:
            kept.append(setting)
            body += setting
    return "".join(f"{setting};" for setting in reversed(kept))


@cache
def _sheet() -> tuple[list[str], Rules, Rules]:
    """Take the sheets apart: settings of the root, rules of the screen, and rules of print."""
    folder = files(__package__)
    css = _minified("".join((folder / name).read_text("utf-8") for name in _SHEETS))
    settings: list[str] = []
    screen = printed = ""
    for part in css.split(f"{SCOPE}{{")[1:]:
        seen, _, in_print = part.removesuffix("}").partition(_PRINT)
        first = _RULE.search(seen)
        start = first.start() if first else len(seen)
        settings += [setting for setting in seen[:start].split(";") if setting]
        screen, printed = screen + seen[start:], printed + in_print
    return settings, _rules(screen), _rules(printed)


def _rules(css: str) -> Rules:
    return [
        ([(name, _needs(name)) for name in _COMMA.split(match[1])], match[2])
        for match in _RULE.finditer(css)
    ]


def _needs(selector: str) -> Needs:
    if "&" in selector:  # it is about the root, what it holds or what stands around it
        return [_marks(match[1]) for match in _HOLDS.finditer(selector)]
    choices = [match[1].split(",") for match in _CHOICE.finditer(selector)]
    plain = [[f"<{tag}>", f"<{tag} dir"] for tag in _PLAIN.findall(selector)]
    bare = _CONDITION.sub("", _CHOICE.sub("", _PLAIN.sub("", selector)))
    names = choices + [[name] for name in _NAME.findall(bare)]
    return plain + [[mark for name in group for mark in _marks(name.strip())] for group in names]


def _marks(name: str) -> list[str]:
    """What stands in markup where a class, an attribute or a tag occurs."""
    if name[0] == "[":
        attribute, _, value = name[1:-1].partition("=")
        return [f' {attribute}="{value}"' if value else f" {attribute}="]
    return [f'class="{name[1:]}"'] if name[0] == "." else [f"<{name}>", f"<{name} "]


def _minified(css: str) -> str:
    # Enough for this one sheet, which has no strings with braces in them.
    css = _AROUND.sub(r"\1", _SPACE.sub(" ", _COMMENT.sub("", css)))
    css = _TIMES.sub(r"\1", css).replace("transparent", "#0000")
    for index, name in enumerate(dict.fromkeys(_OWN_NAME.findall(css))):
        css = re.sub(rf"{name}\b", f"--{chr(ord('a') + index)}", css)
    return css.replace(": ", ":").replace(";}", "}").strip()
