"""The style sheet of paper, of which every saved output carries what it uses."""

from __future__ import annotations

import re
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
_OWN_NAME = re.compile(r"[;{](--[a-z]+):")
_RULE = re.compile(r"([^{};]+)\{[^{}]*\}")
_CLASS_OR_TAG = re.compile(r"(?<![\w-])\.?[a-z][\w-]*")
_CONDITION = re.compile(r"\[[^\]]*\]|\([^)]*\)|::?[a-z-]+")


def style(html: str | None = None) -> str:
    """Return the style sheet of paper as a ``style`` element.

    Args:
        html: Markup to be styled; rules for what does not occur in it are left out. All of them
            by default.
    """
    root, rules = _sheet()
    kept = [rule for targets, rule in rules if html is None or _occurs(targets, html)]
    body = "".join(kept)
    settings = [part for part in root if not part.startswith("--") or _is_used(part, root, body)]
    return f"<style>{SCOPE}{{{';'.join(settings)};{body}}}</style>"


def _occurs(targets: list[set[str]], html: str) -> bool:
    return any(all(_has(name, html) for name in names) for names in targets)


def _has(name: str, html: str) -> bool:
    if name[0] == ".":
        return f'class="{name[1:]}"' in html
    return f"<{name}>" in html or f"<{name} " in html


def _is_used(setting: str, root: tuple[str, ...], body: str) -> bool:
    use = f"var({setting.partition(':')[0]})"
    return use in body or any(use in part for part in root)


@cache
def _sheet() -> tuple[tuple[str, ...], list[tuple[list[set[str]], str]]]:
    """Take the sheet apart: settings of the root, and rules with the names each selector needs."""
    css = _minified((files(__package__) / "paper.css").read_text("utf-8"))
    inner = css.removeprefix(f"{SCOPE}{{").removesuffix("}")
    first = _RULE.search(inner)
    start = first.start() if first else len(inner)
    rules = [(_targets(match[1]), match[0]) for match in _RULE.finditer(inner, start)]
    return tuple(filter(None, inner[:start].split(";"))), rules


def _targets(selectors: str) -> list[set[str]]:
    bare = _CONDITION.sub("", selectors)
    return [set(_CLASS_OR_TAG.findall(selector)) for selector in bare.split(",")]


def _minified(css: str) -> str:
    # Enough for this one sheet, which has no strings with braces in them.
    css = _AROUND.sub(r"\1", _SPACE.sub(" ", _COMMENT.sub("", css)))
    for index, name in enumerate(dict.fromkeys(_OWN_NAME.findall(css))):
        css = re.sub(rf"{name}\b", f"--{chr(ord('a') + index)}", css)
    return css.replace(": ", ":").replace(";}", "}").strip()
