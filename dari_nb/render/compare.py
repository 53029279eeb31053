"""Cells of a matrix side by side: figures, answers word by word, tool paths step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby, zip_longest

from ..models import AssistantMessageItem, TimelineItem, ToolCallItem
from ._visible import visible, visible_name
from .figures import ABSENT, score_text, state_word
from .inert import inert_lines
from .limits import Cap, cut
from .matrix import MatrixCell
from .sheet import ROOT, style
from .tool_paths import Step, aligned, arguments_of
from .values import one_line
from .wording import Wording, worded, wording_html
from .words import arguments_text, cost_text, count_text, duration_text

_TEXT = Cap(lines=400, chars=20_000)
_CALLS = 300  # calls of a path that are aligned
_VALUE = 120  # characters of an argument
_PEEK = 80


@dataclass(frozen=True)
class Compared:
    """One of the sessions that are compared.

    Attributes:
        name: Tells it from the others.
        cell: What the matrix knows of it.
        items: Its timeline.
    """

    name: str
    cell: MatrixCell
    items: Sequence[TimelineItem]


@dataclass(frozen=True)
class _Line:
    """A line of the comparison: a label, and the same thing of each session."""

    label: str
    html: Sequence[str]
    text: Sequence[str]
    differs: bool = False


def compare_html(compared: Sequence[Compared], *, blind: bool = False) -> str:
    """Render a comparison as one ``table.dari-compare``.

    Args:
        compared: Two sessions or more; answers of all are compared with those of the first.
        blind: Whether to leave out time and cost, which can tell one LLM from another.
    """
    heads = "".join(f'<th scope="col">{_safe(one.name)}</th>' for one in compared)
    bodies = "".join(
        f"<tbody>{''.join(map(_line_html, lines))}</tbody>"
        for lines in _sections(compared, blind=blind)
        if lines
    )
    return (
        f'<table class="dari-compare"><thead><tr><th scope="col"></th>{heads}</tr></thead>'
        f"{bodies}</table>"
    )


def compare_paper(compared: Sequence[Compared]) -> dict[str, str]:
    """Render a comparison as ``text/html``, ``text/markdown`` and ``text/plain``.

    Example: ``compare_paper([Compared("small", cell, items), Compared("large", other, others)])``
    """
    html = f"{ROOT}{compare_html(compared)}</div>"
    lines = [line for section in _sections(compared, blind=False) for line in section]
    return {
        "text/html": style(html) + html,
        "text/markdown": _markdown([one.name for one in compared], lines),
        "text/plain": _plain([one.name for one in compared], lines),
    }


def _sections(compared: Sequence[Compared], *, blind: bool) -> Iterator[list[_Line]]:
    yield list(_figures(compared, blind=blind))
    yield list(_answers([_answers_of(one) for one in compared]))
    paths = [[i for i in one.items if isinstance(i, ToolCallItem)] for one in compared]
    steps = aligned([path[:_CALLS] for path in paths])
    yield [_step_line(number, step) for number, step in enumerate(steps, 1)]
    left_out = [len(path[_CALLS:]) for path in paths]
    if any(left_out):
        texts = [f"{count_text(n, 'more call')} not shown" if n else "" for n in left_out]
        yield [_plain_line("…", texts)]


def _figures(compared: Sequence[Compared], *, blind: bool) -> Iterator[_Line]:
    cells = [one.cell for one in compared]
    yield _plain_line("State", [state_word(cell) for cell in cells])
    if not blind:
        yield _plain_line("Time", [duration_text(cell.seconds) or ABSENT for cell in cells])
        yield _plain_line("Cost", [cost_text(cell.cost) or ABSENT for cell in cells])
    yield _plain_line("Turns", [str(len({i.message_id for i in c.items})) for c in compared])
    calls = [sum(isinstance(i, ToolCallItem) for i in c.items) for c in compared]
    yield _plain_line("Calls", [str(count) for count in calls])
    for name in dict.fromkeys(name for cell in cells for name in cell.scores):
        yield _plain_line(name, [score_text(cell.scores.get(name)) for cell in cells])


def _plain_line(label: str, texts: Sequence[str]) -> _Line:
    return _Line(label, [_safe(text) for text in texts], texts, len(set(texts)) > 1)


def _answers_of(one: Compared) -> list[str]:
    """Return what was answered, turn by turn; a cause stands for an answer that failed."""
    answers = []
    for _, turn in groupby(one.items, key=lambda item: item.message_id):
        said = [item for item in turn if isinstance(item, AssistantMessageItem)]
        texts = [item.text or item.error_message or "" for item in said]
        answers.append("\n\n".join(text for text in texts if text))
    # A turn that only says good-bye, or has not been answered yet, is no answer to compare.
    while answers and not answers[-1]:
        answers.pop()
    return answers or [one.cell.error or one.cell.text or ""]


def _answers(answers: Sequence[Sequence[str]]) -> Iterator[_Line]:
    """Compare the answers turn by turn; all but the last are folded."""
    turns = list(zip_longest(*answers, fillvalue=""))
    last = [list(texts[-1:]) for texts in answers]
    for number, texts in enumerate(turns[:-1], 1):
        shown = [cut(text, _TEXT)[0] for text in texts]
        folded = [_folded(html, text) for html, text in zip(_diffs(shown), shown, strict=True)]
        yield _Line(f"Answer {number}", folded, shown, len(set(shown)) > 1)
    # The last answers belong together even where one session took more turns.
    cuts = [cut("".join(texts), _TEXT) for texts in last]
    shown = [text for text, _ in cuts]
    html = [
        f"{text or ABSENT}{_note(note)}"
        for text, (_, note) in zip(_diffs(shown), cuts, strict=True)
    ]
    label = "Last answer" if len(turns) > 1 else "Answer"
    yield _Line(label, html, shown, len(set(shown)) > 1)


def _folded(html: str, text: str) -> str:
    if len(text) <= _PEEK:
        return html or ABSENT
    peek = visible_name(text[: 2 * _PEEK])[:_PEEK].rstrip()
    return f"<details><summary>{_safe(peek)}…</summary>{html}</details>"


def _diffs(texts: Sequence[str]) -> list[str]:
    """Mark in each text what the first does not have; of two, in the first as well."""
    first, *others = texts
    pairs = [worded(first, other) for other in others]
    htmls = [
        wording_html(pair[1] if pair else [Wording(visible(other).strip(), True)], "ins")
        for pair, other in zip(pairs, others, strict=True)
    ]
    pair = pairs[0] if len(pairs) == 1 else None
    return [
        wording_html(pair[0] if pair else [Wording(visible(first).strip(), True)], "del"),
        *htmls,
    ]


def _step_line(number: int, step: Step) -> _Line:
    differing = step.differing() if step.kind == "other arguments" else []
    html = [_call_html(call, differing, first=not i) for i, call in enumerate(step.calls)]
    texts = [_call_text(call, differing) for call in step.calls]
    return _Line(f"Call {number} · {_step_label(step)}", html, texts, step.kind != "same")


def _step_label(step: Step) -> str:
    there = sum(call is not None for call in step.calls)
    return f"only in {there}" if there < len(step.calls) and there > 1 else step.kind


def _call_html(call: ToolCallItem | None, differing: Sequence[str], *, first: bool) -> str:
    if call is None:
        return ABSENT
    tag = "del" if first else "ins"
    name = f"<code>{_safe(call.tool_name or 'tool')}</code>"
    parts = [
        f"{_safe(key)} <{tag}>{_safe(value)}</{tag}>" for key, value in _differing(call, differing)
    ]
    about = "<br>".join(parts) if differing else _safe(arguments_text(call.arguments))
    failed = ' <strong class="dari-failed">failed</strong>' if _is_failed(call) else ""
    return f"{name}{failed}{f'<br>{about}' if about else ''}"


def _call_text(call: ToolCallItem | None, differing: Sequence[str]) -> str:
    if call is None:
        return ABSENT
    about = "; ".join(f"{key} {value}" for key, value in _differing(call, differing))
    failed = "failed" if _is_failed(call) else ""
    parts = [call.tool_name or "tool", failed, about or arguments_text(call.arguments)]
    return " ".join(part for part in parts if part)


def _differing(call: ToolCallItem, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    arguments = arguments_of(call)
    for name in names:
        value = one_line(arguments[name]) if name in arguments else "not given"
        yield name, value if len(value) <= _VALUE else f"{value[: _VALUE - 1]}…"


def _is_failed(call: ToolCallItem) -> bool:
    return call.status == "failed" or bool(call.is_error)


def _note(note: str) -> str:
    return f'<p class="dari-more">{note}</p>' if note else ""


def _line_html(line: _Line) -> str:
    differs = ' class="dari-differs"' if line.differs else ""
    cells = "".join(f"<td>{html}</td>" for html in line.html)
    return f'<tr{differs}><th scope="row">{_safe(line.label)}</th>{cells}</tr>'


def _markdown(names: Sequence[str], lines: Sequence[_Line]) -> str:
    rows = [["", *names], ["---"] * (len(names) + 1)]
    rows += [[line.label, *line.text] for line in lines]
    written = [[inert_lines(cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in written)


def _plain(names: Sequence[str], lines: Sequence[_Line]) -> str:
    blocks = []
    for line in lines:
        indented = [visible(text).replace("\n", "\n    ") for text in line.text]
        told = [f"  {visible_name(n)}: {t}" for n, t in zip(names, indented, strict=True)]
        blocks.append("\n".join([visible_name(line.label), *told]))
    return "\n".join(blocks)


def _safe(text: str) -> str:
    return escape(visible_name(text), quote=False)
