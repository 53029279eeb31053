"""Text in runs of one look each: coloured output, source code, changes; and its folding."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape

from ..plain.limits import Cap, Limits
from ..plain.visible import visible

Runs = list[tuple[str, str]]
"""Pieces of text, each with the class of its look, empty for none."""

_SGR = re.compile(r"\x1b\[([\d;:]*)m")
# A terminal's eight colours by the classes of the sheet; black and white are the text's own.
_COLOURS = {1: "r", 2: "s", 3: "y", 4: "f", 5: "k", 6: "q"}
FILE_LINE = re.compile(r"^([^\s:][^:\n]*)(:\d+(?::\d+)?[:-])", re.MULTILINE)
"""How a line begins that was found in a file."""
_CHANGE = re.compile(
    r"^(?:diff --git |--- .*\n\+\+\+ |@@ |\*\*\* (?:Begin Patch|Update File))", re.M
)


def plain_runs(text: str) -> Runs:
    """Return text as one run; control characters and bidi overrides become visible."""
    return [("", visible(text))]


def output_runs(text: str) -> Runs:
    """Return what a program wrote: its colours as classes, changes marked as such."""
    if "\x1b[" in text:
        return ansi_runs(text)
    return change_runs(text) if is_change(text) else plain_runs(text)


def ansi_runs(text: str) -> Runs:
    r"""Read a terminal's colours; all other escape sequences become visible or go.

    >>> ansi_runs("a\x1b[1;31mred\x1b[0m!")
    [('', 'a'), ('r', 'red'), ('', '!')]
    """
    runs: Runs = []
    kind = ""
    for index, piece in enumerate(_SGR.split(text)):
        if index % 2:
            kind = _colour(piece, kind)
        elif piece:
            runs.append((kind, visible(piece)))
    return runs


def is_change(text: str) -> bool:
    """Whether a text is a patch or a unified diff."""
    return bool(_CHANGE.search(text[:4_000]))


def change_runs(text: str) -> Runs:
    """Mark added and removed lines of a patch or diff."""
    runs: Runs = []
    for line in visible(text).splitlines(keepends=True):
        add(runs, _line_kind(line), line)
    return runs


def hit_runs(text: str) -> Runs:
    """Mark files and line numbers in what a search found."""
    runs: Runs = []
    end = 0
    shown = visible(text)
    for match in FILE_LINE.finditer(shown):
        runs += [("", shown[end : match.start()]), ("f", match[1]), ("c", match[2])]
        end = match.end()
    return [run for run in [*runs, ("", shown[end:])] if run[1]]


def add(runs: Runs, kind: str, text: str) -> None:
    """Append text; neighbours of one look become one run, so that markup stays small."""
    if runs and runs[-1][0] == kind:
        text = runs.pop()[1] + text
    runs.append((kind, text))


def runs_html(runs: Iterable[tuple[str, str]]) -> str:
    """Write runs as text with ``span`` elements."""
    return "".join(
        f'<span class="{kind}">{escape(text, quote=False)}</span>'
        if kind
        else escape(text, quote=False)
        for kind, text in runs
    )


def pre_html(text: str, read: Callable[[str], Runs], limits: Limits | None) -> str:
    """Show a text in ``pre``: the first lines, the next a click away, and words for the rest.

    Args:
        text: What to show.
        read: Takes the text, or as much of it as is kept, apart into runs.
        limits: How much is shown, how much is kept; ``None`` shows everything.
    """
    if limits is None:
        return f"<pre>{runs_html(read(text))}</pre>"
    kept, note = limits.data.cut(text)
    runs = read(kept)
    shown, folded = _folded(runs, limits.shown)
    html = f"<pre>{runs_html(shown)}</pre>"
    if folded:
        html += (
            f'<details class="dari-rest"><summary>{rest_text(folded)}</summary>'
            f"<pre>{runs_html(folded)}</pre></details>"
        )
    return html + more_html(note)


def more_html(note: str) -> str:
    """Say what is left out, if anything is."""
    return f'<p class="dari-more">{note}</p>' if note else ""


def _folded(runs: Runs, cap: Cap) -> tuple[Runs, Runs]:
    # A fold for two or three lines would cost more than it saves.
    slack = Cap(cap.lines + cap.lines // 4, cap.chars + cap.chars // 4)
    return split(runs, cap) if split(runs, slack)[1] else (runs, [])


def rest_text(runs: Runs) -> str:
    """Say how much is folded, such as ``… 12 more lines``."""
    lines = count_lines(runs)
    return f"… {lines:,} more lines" if lines > 1 else f"… {length(runs):,} more characters"


def length(runs: Runs) -> int:
    """Count characters."""
    return sum(len(text) for _, text in runs)


def count_lines(runs: Runs) -> int:
    """Count lines; a line end at the very end begins no new one."""
    text = "".join(text for _, text in runs)
    return text.count("\n") + (not text.endswith("\n")) if text else 0


def split(runs: Runs, cap: Cap) -> tuple[Runs, Runs]:
    """Part runs after so many lines or characters; the line end between them goes."""
    text = "".join(text for _, text in runs)
    place = cap.place(text)
    if place is None:
        return runs, []
    before: Runs = []
    after: Runs = []
    start = 0
    for kind, piece in runs:
        here = max(0, place - start)
        if piece[:here]:
            before.append((kind, piece[:here]))
        if piece[here:]:
            after.append((kind, piece[here:]))
        start += len(piece)
    if before and before[-1][1].endswith("\n"):
        kind, piece = before.pop()
        before.append((kind, piece[:-1]))
    return before, after


def _line_kind(line: str) -> str:
    if line.startswith(("+++", "---", "diff ", "index ", "*** ")):
        return "c"
    return {"+": "p", "-": "m", "@": "c"}.get(line[:1], "")


def _colour(codes: str, before: str) -> str:
    """The look after a colour sequence."""
    numbers = [int(code or 0) for code in codes.replace(":", ";").split(";")][:32]
    kind = before
    while numbers:
        code = numbers.pop(0)
        if code in (0, 39) or (code == 22 and kind == "c"):
            kind = ""
        elif code == 2 and not kind:
            kind = "c"
        elif 30 <= code <= 37 or 90 <= code <= 97:
            kind = _COLOURS.get(code % 10, "c" if code == 90 else "")
        elif code in (38, 48):
            colour, numbers = _wide_colour(numbers)
            kind = colour if code == 38 else kind
    return kind


def _wide_colour(numbers: list[int]) -> tuple[str, list[int]]:
    """Read ``5;n`` or ``2;r;g;b``, and return what follows it."""
    if numbers[:1] == [5] and len(numbers) > 1:
        number = numbers[1]
        colour = _COLOURS.get(number % 8, "") if number < 16 else _nearest(*_cube(number))
        return colour, numbers[2:]
    if numbers[:1] == [2] and len(numbers) > 3:
        return _nearest(*numbers[1:4]), numbers[4:]
    return "", []


def _cube(number: int) -> tuple[int, int, int]:
    if not 16 <= number <= 231:
        return 0, 0, 0
    number -= 16
    return number // 36 * 51, number // 6 % 6 * 51, number % 6 * 51


def _nearest(red: int, green: int, blue: int) -> str:
    """The one of the eight colours that has the same strong parts; greys have none."""
    low, high = min(red, green, blue), max(red, green, blue)
    if high - low < 48:
        return ""
    middle = (low + high) / 2
    return _COLOURS.get((red > middle) + 2 * (green > middle) + 4 * (blue > middle), "")
