r"""Formulas on one line of plain text, where there is no room to set them."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"\$\$([^$]+)\$\$|\\\[(.+?)\\\]|\\\((.+?)\\\)", re.DOTALL)
_BETWEEN = re.compile(r"(?<=[^\s$])\$\$\s+\$\$(?=[^\s$])")
_SIGNS = {
    r"\times": "\N{MULTIPLICATION SIGN}",
    r"\cdot": "·",
    r"\div": "÷",
    r"\pm": "±",
    r"\approx": "≈",
    r"\neq": "≠",
    r"\leq": "≤",
    r"\geq": "≥",
    r"\pi": "π",
    r"\infty": "∞",
    r"\left": "",
    r"\right": "",
}
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_FRACTION = re.compile(r"\\frac\{([^{}]*)\}\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt\{([^{}]*)\}")
_POWER = re.compile(r"\^\{?([0-9+-]+)\}?")
_RAISED = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_SIMPLE = re.compile(r"[\w.]*")


def with_plain_math(text: str) -> str:
    r"""Write the formulas of a text as plain text; what is not understood stays as it is.

    >>> with_plain_math(r"So $$\frac{15}{100} \cdot 80 = 12$$ and $$2^{10} = 1024$$.")
    'So 15/100 · 80 = 12 and 2¹⁰ = 1024.'
    """
    return _FORMULA.sub(_plain, _BETWEEN.sub("$$, $$", text))


def _plain(found: re.Match[str]) -> str:
    tex = next(group for group in found.groups() if group is not None)
    tex = _COMMAND.sub(lambda part: _SIGNS.get(part[0], part[0]), tex)
    tex = _FRACTION.sub(lambda part: f"{_grouped(part[1])}/{_grouped(part[2])}", tex)
    tex = _ROOT.sub(lambda part: f"√{_grouped(part[1])}", tex)
    tex = _POWER.sub(lambda part: part[1].translate(_RAISED), tex)
    return found[0] if re.search(r"[\\{}^_&]", tex) else tex.strip()


def _grouped(tex: str) -> str:
    return tex if _SIMPLE.fullmatch(tex) else f"({tex})"
