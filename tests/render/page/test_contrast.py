"""Every colour of text on every ground it stands on, in the themes of the hosts: WCAG's AA."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

import dari_nb.render

CSS = re.sub(
    r"/\*.*?\*/",
    "",
    (Path(dari_nb.render.__file__).parent / "page/static.css").read_text("utf-8"),
    flags=re.DOTALL,
)
SETTINGS = dict(re.findall(r"^  (--[a-z]+): (.*);$", CSS, re.MULTILINE))
LEAST = 4.5


class Colour(NamedTuple):
    """Parts from 0 to 1, not multiplied by alpha."""

    red: float
    green: float
    blue: float
    alpha: float = 1


class Theme(NamedTuple):
    """What a host sets: its ground, the text it inherits, and its variables."""

    ground: str
    text: str
    is_dark: bool
    names: dict[str, str]


def jupyter(text, link, good, bad, wait, keyword):
    return {
        "--jp-content-font-color1": text,
        "--jp-content-link-color": link,
        "--jp-success-color1": good,
        "--jp-error-color1": bad,
        "--jp-warn-color1": wait,
        "--jp-mirror-editor-keyword-color": keyword,
    }


def vscode(text, link, good, bad, wait):
    return {
        "--vscode-editor-foreground": text,
        "--vscode-textLink-foreground": link,
        "--vscode-charts-green": good,
        "--vscode-charts-red": bad,
        "--vscode-charts-yellow": wait,
    }


THEMES = {
    "JupyterLab Light": Theme(
        "#fff",
        "#000",
        False,
        jupyter("rgba(0,0,0,.87)", "#0d47a1", "#388e3c", "#d32f2f", "#f57c00", "#008000"),
    ),
    "JupyterLab Dark": Theme(
        "#111",
        "#fff",
        True,
        jupyter("#fff", "#64b5f6", "#4caf50", "#f44336", "#ff9800", "#4caf50"),
    ),
    "JupyterLab Dark cell": Theme(
        "#212121",
        "#fff",
        True,
        jupyter("#fff", "#64b5f6", "#4caf50", "#f44336", "#ff9800", "#4caf50"),
    ),
    "VS Code Light": Theme(
        "#fff", "#3b3b3b", False, vscode("#3b3b3b", "#005fb8", "#388a34", "#e51400", "#bf8803")
    ),
    "VS Code Dark": Theme(
        "#1f1f1f", "#ccc", True, vscode("#cccccc", "#4daafc", "#89d185", "#f14c4c", "#cca700")
    ),
    "a light page": Theme("#fff", "#000", False, {}),
    "a dark page": Theme("#121212", "#fff", True, {}),
}


def arguments(text):
    """Split what stands between the brackets of a function at its own commas."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and not depth:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def colour(text, theme):
    """Work a colour out as a browser does."""
    name, _, rest = text.partition("(")
    inner = arguments(rest.removesuffix(")"))
    if name == "var":
        value = SETTINGS.get(inner[0]) or theme.names.get(inner[0])
        return colour(value or ", ".join(inner[1:]), theme)
    if name == "light-dark":
        return colour(inner[theme.is_dark], theme)
    if name == "color-mix":
        return mixed(inner[1], inner[2] if len(inner) > 2 else "", theme)
    if name == "rgba":
        red, green, blue, alpha = map(float, inner)
        return Colour(red / 255, green / 255, blue / 255, alpha)
    if text in ("currentColor", "transparent"):
        return colour(theme.text, theme) if text == "currentColor" else Colour(0, 0, 0, 0)
    digits = text.removeprefix("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    return Colour(*(int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)))


def mixed(first, second, theme):
    share = re.search(r" (\d+)%$", first)
    part = int(share[1]) / 100 if share else 0.5
    a, b = colour(re.sub(r" \d+%$", "", first), theme), colour(second, theme)
    alpha = a.alpha * part + b.alpha * (1 - part)
    parts = (
        (x * a.alpha * part + y * b.alpha * (1 - part)) / alpha
        for x, y in zip(a[:3], b[:3], strict=True)
    )
    return Colour(*parts, alpha)


def over(top, ground):
    return Colour(
        *(x * top.alpha + y * (1 - top.alpha) for x, y in zip(top[:3], ground[:3], strict=True))
    )


def contrast(text, ground):
    lighter, darker = sorted((luminance(over(text, ground)), luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(shown):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shown[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def declared(selector, name):
    """What a rule says about one property."""
    rule = re.search(rf"^  {re.escape(selector)} \{{(.*?)\}}", CSS, re.MULTILINE)[1]
    return re.search(rf"(?<![-\w]){name}: (.*?);", rule)[1]


def tinted(theme, *tints):
    """The page's ground below tints that lie on each other."""
    ground = colour(theme.ground, theme)
    for tint in tints:
        ground = over(colour(tint, theme), ground)
    return ground


TINT = "var(--tint)"
PLUS, MINUS = declared(".p", "background"), declared(".m", "background")
FAILED = declared(".dari-error", "background")
OTHER = declared(".dari-compare :is(ins, del)", "background")
TEXTS = {name: f"var(--{name})" for name in ("text", "muted", "link", "good", "bad", "wait")} | {
    ".k": declared(".k", "color"),
    ".q": declared(".q", "color"),
}
PAIRS = [
    *((text, ()) for text in TEXTS),
    *((text, (TINT,)) for text in TEXTS),
    *((text, (TINT, TINT)) for text in ("text", "muted")),  # code in a prompt
    *((text, (TINT, ground)) for ground in (PLUS, MINUS) for text in ("text",)),
    *((text, (FAILED,)) for text in ("text", "bad")),
    ("text", (OTHER,)),
]


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_every_text_can_be_read(theme):
    for text, tints in PAIRS:
        shown = contrast(colour(TEXTS[text], theme), tinted(theme, *tints))
        assert shown >= LEAST, (text, tints)


def test_what_differs_between_cells_has_no_colour_of_right_or_wrong():
    theme = THEMES["a light page"]
    blank, judged = tinted(theme), ("good", "bad", "wait")
    shades = [tinted(theme, f"color-mix(in srgb, var(--{one}) 20%, transparent)") for one in judged]
    assert tinted(theme, OTHER) not in [blank, *shades]
    assert not any(one in OTHER for one in judged)


def test_the_sum_is_right():
    theme = THEMES["a light page"]
    black, white, grey = (colour(c, theme) for c in ("#000", "#fff", "#767676"))
    assert contrast(black, white) == pytest.approx(21)
    assert contrast(grey, white) == pytest.approx(4.54, abs=0.01)
    half = colour("color-mix(in srgb, #000 50%, transparent)", theme)
    assert over(half, white) == pytest.approx((0.5, 0.5, 0.5, 1))


def test_every_colour_of_the_sheet_is_among_those_that_are_tested():
    used = set(re.findall(r"(?<![-\w])color: ([^;]+);", CSS))
    assert used <= {*TEXTS.values(), "inherit"}
