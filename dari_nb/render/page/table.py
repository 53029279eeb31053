"""Small tables, such as a list of agents, in the same three forms as a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..markup.passive import passive
from ..markup.runs import more_html
from ..plain.visible import visible_name
from ..plain.words import count_text
from .sheet import ROOT, style


def table(
    columns: Sequence[str],
    cells: Sequence[Sequence[str]],
    *,
    above: str = "",
    left_out: int = 0,
    notes: Sequence[str] = (),
) -> dict[str, str]:
    """Render a table as ``text/html``, ``text/markdown`` and ``text/plain``.

    Args:
        columns: The names of the columns.
        cells: Rows of texts, each as long as ``columns``.
        above: What is said above it, on a line of its own.
        left_out: How many rows more there are, to be said below.
        notes: What else is said below.
    """
    rows = [[visible_name(str(cell)) for cell in row] for row in (columns, *cells)]
    more = [f"… {count_text(left_out, 'more row')} not shown"] if left_out else []
    note = "; ".join([*more, *map(visible_name, notes)])
    line = visible_name(above)
    return {
        "text/html": _html(rows, note, line),
        "text/markdown": (f"{passive(line)}\n\n" if line else "") + _markdown(rows, note),
        "text/plain": (f"{line}\n" if line else "") + _plain(rows, note),
    }


def facts(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Render labels with their values, one a line, in the same three forms."""
    rows = [[visible_name(label), visible_name(value)] for label, value in pairs]
    lines = "".join(
        f"<tr><th>{escape(label, quote=False)}</th><td>{escape(value, quote=False)}</td></tr>"
        for label, value in rows
    )
    html = f"{ROOT}<table><tbody>{lines}</tbody></table></div>"
    return {
        "text/html": style(html) + html,
        "text/markdown": "\n".join(
            f"- {passive(label)}: {_inline(value)}" for label, value in rows
        ),
        "text/plain": _plain(rows, ""),
    }


def _html(rows: list[list[str]], note: str, above: str) -> str:
    head, *body = (
        "".join(f"<{tag}>{escape(cell, quote=False)}</{tag}>" for cell in row)
        for tag, row in zip(["th"] + ["td"] * len(rows), rows, strict=False)
    )
    lines = "".join(f"<tr>{line}</tr>" for line in body)
    html = (
        f"{ROOT}{more_html(escape(above, quote=False))}<table><thead><tr>{head}</tr></thead>"
        f"<tbody>{lines}</tbody></table>{more_html(escape(note, quote=False))}</div>"
    )
    return style(html) + html


def _markdown(rows: list[list[str]], note: str) -> str:
    head, *body = ([_inline(cell).replace("|", "\\|") for cell in row] for row in rows)
    lines = [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *body]]
    return "\n".join([*lines, *(["", note] if note else [])])


def _inline(text: str) -> str:
    """Make text passive that's inside a line, where no quote, list or code block begins."""
    return passive(f"x {text}")[2:]


def _plain(rows: list[list[str]], note: str) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join([*lines, *([note] if note else [])])
