"""What stands above the cells: totals by state, and the fields that sort and filter the rows.

A field's ``name`` is that of the trait that it sets.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from html import escape

from ...render import head_html
from ...render.matrix.against import Against, against_html, scores_of
from ...render.matrix.bases import baselines
from ...render.matrix.conditions import condition, has
from ...render.matrix.figures import matrix_head, state_counts, state_word, total_text
from ...render.matrix.finding import finding_html
from ...render.matrix.matrix import Matrix
from ...render.matrix.parts import number_html
from ...render.matrix.sifting.offers import example_of, offers
from ...render.matrix.verdict import short_name
from ...render.plain.visible import visible_name

_MENU = 60  # characters of a line of a menu
_NAMES = 40  # of metadata and scores; longer lists serve nobody
_FIELDS = """<input type="search" name="where" placeholder="Words, {example} …"\
 aria-label="Filter tasks" autocomplete="off"><datalist>{offered}</datalist>\
{order}{against}{blind}"""
_BLIND = (
    '<label title="Hide names of LLMs, scores, times and costs">'
    '<input type="checkbox" name="blind"> Blind</label>'
)


def totals_html(matrix: Matrix, *, finding: bool = True) -> str:
    """Render the head line, the counts by state as a bar and in words, and the finding."""
    counts = {state: count for state, count in state_counts(matrix).items() if count}
    words = {state: f"{count:,} {state_word(state)}" for state, count in counts.items()}
    bar = "".join(
        f'<i data-state="{_safe(state)}" style="flex-grow:{count}"></i>'
        for state, count in counts.items()
    )
    states = " ".join(
        f'<span class="dari-state" data-state="{_safe(state)}">'
        f"{number_html(_safe(word), condition('state', state))}</span>"
        for state, word in words.items()
    )
    # The words below tell the states and the cost, so the head need not.
    told, cost = matrix_head(matrix), total_text(matrix.cells)
    facts = tuple(fact for fact in told.facts if fact not in (cost, words.get("failed")))
    head = head_html(dataclasses.replace(told, state="", facts=facts))
    if matrix.size:  # what is to be rated has been answered, and no bar tells how far that is
        return head
    label = _safe(", ".join(words.values()))
    states += f" <span>{number_html(_safe(cost), has('cost_usd'))}</span>" if cost else ""
    found = finding_html(matrix, live=True) if finding else ""
    return (
        f'{head}<div class="dari-progress" role="img" aria-label="{label}">{bar}</div>'
        f'<p class="dari-counts">{states}</p>{found}'
    )


def seen_html(matrix: Matrix, seen: Against) -> str:
    """Render what came of a comparison with a baseline, and below it what is a click away."""
    return against_html(matrix, seen, live=True) + finding_html(matrix, live=True, folded=True)


def tools_html(matrix: Matrix, *, can_be_blind: bool = True) -> str:
    """Render the fields, with what the tasks and cells of this matrix have to offer.

    Args:
        matrix: The matrix.
        can_be_blind: Whether it is shown blind or not, as one likes.
    """
    scores = _names(cell.scores for cell in matrix.cells)
    metadata = _names(row.metadata for row in matrix.rows)
    by_number = [("number", "In task order")]
    ups = [(name, f"By {name}") for name in ["task", *metadata]]
    both = [
        (sign + name, f"By {short_name(name)}, {side} first")
        for name in dict.fromkeys([*scores, *_measured(matrix)])
        for sign, side in (("", "lowest"), ("-", "highest"))
    ]
    if matrix.is_blind:  # it is in that order, whatever differs
        order = _select("order", "Order", [("", by_number[0][1]), *ups, *both])
    else:
        first = ("", "What differs first")
        order = _select("order", "Order", [first, *by_number, *ups, *both])
    names = {column.id: column.label for column in matrix.columns}
    bases = [(name, f"Against {names.get(name, name)}") for name in baselines(matrix.columns)]
    by = scores_of(matrix) if len(matrix.columns) > 1 else []
    against = _select("baseline", "Baseline", [("", "Against none"), *bases]) if by else ""
    if len(by) > 1:
        against += _select("score", "Score", [(name, f"On {name}") for name in by])
    offered = "".join(f'<option label="{_safe(one)}"></option>' for one in offers(matrix))
    example = _safe(example_of(matrix, scores) or condition("state", state_word("completed")))
    blind = _BLIND if can_be_blind else ""
    return _FIELDS.format(
        example=example, offered=offered, order=order, against=against, blind=blind
    )


def _measured(matrix: Matrix) -> list[str]:
    """Name what cells took, as far as any has it or may have it yet."""
    return [
        name
        for name in ("latency_s", "cost_usd")
        if not (matrix.is_over or matrix.is_blind)
        or any(getattr(cell, name) is not None for cell in matrix.cells)
    ]


def _names(mappings: Iterable[Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(str(name) for names in mappings for name in names))[:_NAMES]


def _select(name: str, label: str, options: Iterable[tuple[str, str]]) -> str:
    shown = "".join(
        f'<option value="{escape(value)}">{_safe(_word_of(words))}</option>'
        for value, words in options
    )
    return f'<select name="{name}" aria-label="{label}">{shown}</select>'


def _word_of(words: str) -> str:
    return words if len(words) <= _MENU else f"{words[: _MENU - 1].rstrip()}…"


def _safe(text: str) -> str:
    return escape(visible_name(text))
