"""What stands above the cells: totals by state, and the fields that sort and filter the rows.

A field's ``name`` is that of the trait that it sets.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from html import escape

from ...render import head_html
from ...render.matrix.figures import matrix_head, state_counts
from ...render.matrix.finding import finding_html
from ...render.matrix.matrix import Matrix
from ...render.plain.visible import visible_name
from ...render.plain.words import state_text

_DIFFER = {"text": "answer", "tools": "tool path", "state": "state"}
_NAMES = 40  # of metadata and scores; longer lists serve nobody
_FIELDS = """<input type="search" name="filter" placeholder="Filter: words, {example} …"\
 aria-label="Filter tasks">{only}{order}\
<label title="Hide names of LLMs, times and costs">\
<input type="checkbox" name="blind"> Blind</label>"""


def totals_html(matrix: Matrix) -> str:
    """Render the head line, the counts by state as a bar and in words, and the finding."""
    counts = {state: count for state, count in state_counts(matrix).items() if count}
    words = {state: f"{count} {_word(state)}" for state, count in counts.items()}
    bar = "".join(
        f'<i data-state="{_safe(state)}" style="flex-grow:{count}"></i>'
        for state, count in counts.items()
    )
    states = " ".join(
        f'<span class="dari-state" data-state="{_safe(state)}">{_safe(word)}</span>'
        for state, word in words.items()
    )
    # The words below tell the state, so the head need not.
    head = head_html(dataclasses.replace(matrix_head(matrix), state=""))
    label = _safe(", ".join(words.values()))
    return (
        f'{head}<div class="dari-progress" role="img" aria-label="{label}">{bar}</div>'
        f'<p class="dari-counts">{states}</p>{finding_html(matrix)}'
    )


def tools_html(matrix: Matrix) -> str:
    """Render the fields, with what the tasks and cells of this matrix have to offer."""
    scores = _names(cell.scores for cell in matrix.cells)
    metadata = _names(row.metadata for row in matrix.rows)
    differ = {**_DIFFER, **{name: name for name in scores}}
    only = _select("only", "Rows", "All tasks", [(n, f"Differ in {w}") for n, w in differ.items()])
    ups = [("number", "In task order")]
    ups += [(name, f"By {name}") for name in ["task", *metadata]]
    figures = {**{name: name for name in scores}, "seconds": "time", "cost": "cost"}
    both = [
        (sign + name, f"By {word}, {side} first")
        for name, word in figures.items()
        for sign, side in (("", "lowest"), ("-", "highest"))
    ]
    order = _select("order", "Order", "What differs first", [*ups, *both])
    example = _safe(f"{scores[0]}<1" if scores else "time>1")
    return _FIELDS.format(example=example, only=only, order=order)


def _names(mappings: Iterable[Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(str(name) for names in mappings for name in names))[:_NAMES]


def _select(name: str, label: str, none: str, options: Iterable[tuple[str, str]]) -> str:
    shown = "".join(
        f'<option value="{escape(value)}">{_safe(words)}</option>' for value, words in options
    )
    return (
        f'<select name="{name}" aria-label="{label}"><option value="">{none}</option>'
        f"{shown}</select>"
    )


def _word(state: str) -> str:
    return "to come" if state == "planned" else state_text(state)


def _safe(text: str) -> str:
    return escape(visible_name(text))
