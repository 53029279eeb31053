"""Cells of a matrix side by side: figures, answers word by word, tool calls step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby, zip_longest

from ...models import AssistantMessageItem, TimelineItem, ToolCallItem, UserMessageItem
from ...models.events import CANCELLED, MAX_TOKENS
from ..calls.alignment import Step, aligned, arguments_of
from ..calls.words import arguments_text, is_failed
from ..markup.prose import prose_html
from ..markup.wording import Unmarked, Wording, worded, wording_html
from ..page.sheet import ROOT, style
from ..plain.excerpts import Excerpt, excerpts
from ..plain.inert import inert_lines
from ..plain.limits import Cap
from ..plain.values import one_line
from ..plain.visible import visible, visible_name
from ..plain.words import cost_text, count_text, duration_text
from ..timeline.head import tokens_text
from .figures import state_word
from .matrix import MatrixCell
from .verdict import ABSENT, score_details

_TEXT = Cap(lines=400, chars=20_000)
_TASK = Cap(lines=20, chars=2_000)
_CALLS = 300  # calls of a run that are aligned
_VALUE = 120  # characters of an argument
_LEAD = 30  # characters of a result before what differs in it
_PEEK = 80

_Pair = tuple[list[Wording], list[Wording]] | Unmarked


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
    """A line of the comparison: a label, and the same thing of each session.

    ``folded`` says it in a word where it is the same for all, and may lie with others like it.
    """

    label: str
    html: Sequence[str]
    text: Sequence[str]
    differs: bool = False
    folded: str = ""


def compare_html(compared: Sequence[Compared]) -> str:
    """Render a comparison as one ``table.dari-compare``.

    Args:
        compared: Two sessions or more; answers of all are compared with those of the first.
    """
    return _table_html(compared, _sections(compared))


def _table_html(compared: Sequence[Compared], sections: Iterable[Sequence[_Line]]) -> str:
    heads = "".join(f'<th scope="col">{_safe(one.name)}</th>' for one in compared)
    bodies = "".join(f"<tbody>{_lines_html(lines)}</tbody>" for lines in sections if lines)
    return (
        f'<table class="dari-compare"><thead><tr><th scope="col"></th>{heads}</tr></thead>'
        f"{bodies}</table>"
    )


def static_comparison(compared: Sequence[Compared]) -> dict[str, str]:
    """Render a comparison as ``text/html``, ``text/markdown`` and ``text/plain``.

    Example: ``static_comparison([Compared("small", cell, items), Compared("large", other, more)])``
    """
    sections = list(_sections(compared))
    html = f"{ROOT}{_table_html(compared, sections)}</div>"
    lines = [line for section in sections for line in section]
    return {
        "text/html": style(html) + html,
        "text/markdown": _markdown([one.name for one in compared], lines),
        "text/plain": _plain([one.name for one in compared], lines),
    }


def _sections(compared: Sequence[Compared]) -> Iterator[list[_Line]]:
    yield list(_task(compared))
    yield sorted(_figures(compared), key=lambda line: not line.differs)
    yield list(_answers([_answers_of(one) for one in compared]))
    runs = [[i for i in one.items if isinstance(i, ToolCallItem)] for one in compared]
    steps = aligned([run[:_CALLS] for run in runs])
    yield [_step_line(number, step) for number, step in enumerate(steps, 1)]
    left_out = [len(run[_CALLS:]) for run in runs]
    if any(left_out):
        texts = [f"{count_text(n, 'more call')} not shown" if n else "" for n in left_out]
        yield [_plain_line("…", texts)]


def _task(compared: Sequence[Compared]) -> Iterator[_Line]:
    """Say what was asked first."""
    asked = [next((i for i in c.items if isinstance(i, UserMessageItem)), None) for c in compared]
    shown = excerpts([item.text if item else "" for item in asked], _TASK)
    words = [one.text for one in shown]
    if any(words):
        is_one = len(set(words)) == 1
        htmls = [_safe(text) for text in words] if is_one else _diffs(words, _pairs(words), _safe)
        yield _excerpts_line("Task", shown, htmls)


def _figures(compared: Sequence[Compared]) -> Iterator[_Line]:
    cells = [one.cell for one in compared]
    yield _plain_line("State", [_state(cell) for cell in cells])
    yield _plain_line("Time", [duration_text(cell.latency_s) or ABSENT for cell in cells])
    yield _plain_line("Cost", [cost_text(cell.cost_usd) or ABSENT for cell in cells])
    if any(cell.usage for cell in cells):
        yield _plain_line("Used", [tokens_text(cell.usage) or ABSENT for cell in cells])
    yield _plain_line("Turns", [str(len({i.message_id for i in c.items})) for c in compared])
    calls = [sum(isinstance(i, ToolCallItem) for i in c.items) for c in compared]
    yield _plain_line("Calls", [str(count) for count in calls])
    names = dict.fromkeys(n for cell in cells for n in (*cell.scores, *cell.notes))
    for name in names:
        yield _plain_line(name, [score_details(name, cell) for cell in cells])


def _state(cell: MatrixCell) -> str:
    is_cut_off = cell.state == "completed" and cell.stop_reason == MAX_TOKENS
    return "cut off" if is_cut_off else state_word(cell.state)


def _plain_line(label: str, texts: Sequence[str]) -> _Line:
    html = [_safe(text) for text in texts]
    return _Line(label, html, texts, len(set(texts)) > 1, f"{label} {texts[0]}")


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
        shown = excerpts(texts, _TEXT)
        words = [one.text for one in shown]
        diffs = _diffs(words, _pairs(words))
        folded = [_folded(html, text) for html, text in zip(diffs, words, strict=True)]
        yield _excerpts_line(f"Answer {number}{_if_same(shown)}", shown, folded)
    # The last answers belong together even where one session took more turns.
    shown = excerpts(["".join(texts) for texts in last], _TEXT)
    words = [one.text for one in shown]
    pairs = _pairs(words)
    label = "Last answer" if len(turns) > 1 else "Answer"
    label += _if_same(shown) + "".join(f" · {why}" for why in _whys(pairs))
    yield _excerpts_line(label, shown, _diffs(words, pairs))


def _if_same(shown: Sequence[Excerpt]) -> str:
    """Say of several answers that they are the same, as is said of calls."""
    return " · same" if len(shown) > 1 and len({*map(str, shown)}) == 1 else ""


def _whys(pairs: Sequence[_Pair]) -> Iterator[str]:
    """Say why words that differ are not marked; nothing where they are."""
    if pairs and all(pair is Unmarked.ALL_DIFFERS for pair in pairs):
        yield Unmarked.ALL_DIFFERS.value
    if any(pair is Unmarked.TOO_MUCH for pair in pairs):
        yield Unmarked.TOO_MUCH.value


def _excerpts_line(label: str, shown: Sequence[Excerpt], htmls: Sequence[str]) -> _Line:
    html = [
        f"{_note(one.before)}{html or ABSENT}{_note(one.after)}"
        for one, html in zip(shown, htmls, strict=True)
    ]
    texts = list(map(str, shown))
    return _Line(label, html, texts, len(set(texts)) > 1)


def _folded(html: str, text: str) -> str:
    if len(text) <= _PEEK:
        return html
    peek = visible_name(text[: 2 * _PEEK])[:_PEEK].rstrip()
    return f"<details><summary>{_safe(peek)}…</summary>{html}</details>"


def _diffs(
    texts: Sequence[str], pairs: Sequence[_Pair], unmarked: Callable[[str], str] = prose_html
) -> list[str]:
    """Mark in each text what the first does not have; of two, in the first as well.

    What can be compared with nothing is set by ``unmarked``, such as answers as they were meant.
    """
    first, *others = texts
    htmls = [
        unmarked(other) if isinstance(pair, Unmarked) else wording_html(pair[1], "ins")
        for pair, other in zip(pairs, others, strict=True)
    ]
    owns = [pair[0] for pair in pairs if not isinstance(pair, Unmarked)]
    if not owns:
        return [unmarked(first), *htmls]
    own = owns[0] if len(pairs) == 1 else [Wording(visible(first).strip(), True)]
    return [wording_html(own, "del"), *htmls]


def _pairs(texts: Sequence[str]) -> list[_Pair]:
    """Compare each text with the first, word by word, or tell why that is not done."""
    first, *others = texts
    return [worded(first, other) for other in others]


def _step_line(number: int, step: Step) -> _Line:
    differing = step.differing() if step.kind == "other arguments" else []
    results = _differing_results(step)
    html = [
        _call_html(call, differing, result, first=not i)
        for i, (call, result) in enumerate(zip(step.calls, results, strict=True))
    ]
    texts = [
        _call_text(call, differing, result)
        for call, result in zip(step.calls, results, strict=True)
    ]
    name = next((call.tool_name or "tool" for call in step.calls if call), "")
    label = f"Call {number} · {_step_label(step, has_other_results=any(results))}"
    differs = step.kind != "same" or any(results)
    return _Line(label, html, texts, differs, f"call {number} {name}")


def _step_label(step: Step, *, has_other_results: bool) -> str:
    there = sum(call is not None for call in step.calls)
    if step.kind == "same" and has_other_results:
        return "other result"
    return f"only in {there}" if there < len(step.calls) and there > 1 else step.kind


def _differing_results(step: Step) -> list[str]:
    """What each call gave, from shortly before the first difference; empty where all gave one."""
    calls = [call for call in step.calls if call is not None]
    given = [ABSENT if call.result is None else one_line(call.result) for call in calls]
    if len({*zip(given, map(_no_result, calls), strict=True)}) < 2:
        return [""] * len(step.calls)
    letters = enumerate(zip(*given, strict=False))
    differs = next((at for at, one in letters if len({*one}) > 1), min(map(len, given)))
    begins = max(0, differs - _LEAD) if max(map(len, given)) > _VALUE else 0
    shown = iter(_stretch(text, begins) for text in given)
    return ["" if call is None else next(shown) for call in step.calls]


def _stretch(text: str, begins: int) -> str:
    """A stretch of a text, with dots where more is before or behind it."""
    before, more = "…" if begins else "", "…" if len(text) > begins + _VALUE else ""
    return f"{before}{text[begins : begins + _VALUE]}{more}"


def _call_html(
    call: ToolCallItem | None, differing: Sequence[str], result: str, *, first: bool
) -> str:
    if call is None:
        return ABSENT
    tag = "del" if first else "ins"
    name = f"<code>{_safe(call.tool_name or 'tool')}</code>"
    parts = [
        f"{_safe(key)} <{tag}>{_safe(value)}</{tag}>" for key, value in _differing(call, differing)
    ]
    about = "<br>".join(parts) if differing else _safe(arguments_text(call.arguments))
    ended = _no_result(call)
    failed = f' <strong class="dari-failed">{ended}</strong>' if ended else ""
    gave = f"→ <{tag}>{_safe(result)}</{tag}>" if result else ""
    return "<br>".join(part for part in (f"{name}{failed}", about, gave) if part)


def _call_text(call: ToolCallItem | None, differing: Sequence[str], result: str) -> str:
    if call is None:
        return ABSENT
    about = "; ".join(f"{key} {value}" for key, value in _differing(call, differing))
    about = about or arguments_text(call.arguments)
    parts = [call.tool_name or "tool", _no_result(call), about, f"→ {result}" if result else ""]
    return " ".join(part for part in parts if part)


def _differing(call: ToolCallItem, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    arguments = arguments_of(call)
    for name in names:
        value = one_line(arguments[name]) if name in arguments else "not given"
        yield name, value if len(value) <= _VALUE else f"{value[: _VALUE - 1]}…"


def _no_result(call: ToolCallItem) -> str:
    if call.is_cancelled:
        return CANCELLED
    return "failed" if is_failed(call) else ""


def _note(note: str) -> str:
    return f'<p class="dari-more">{note}</p>' if note else ""


def _lines_html(lines: Sequence[_Line]) -> str:
    """Render lines; those next to each other that are the same for all are one that opens."""
    html = ""
    for folds, run in groupby(lines, key=lambda line: not line.differs and bool(line.folded)):
        together = list(run)
        if folds and len(together) > 1:
            html += _fold_html(together)
        else:
            html += "".join(map(_line_html, together))
    return html


def _fold_html(lines: Sequence[_Line]) -> str:
    summary = " · ".join(_safe(line.folded) for line in lines)
    if any(line.html[0] != _safe(line.text[0]) for line in lines):
        whole = "".join(f"<dt>{_safe(line.label)}</dt><dd>{line.html[0]}</dd>" for line in lines)
        summary = f"<details><summary>{summary}</summary><dl>{whole}</dl></details>"
    width = len(lines[0].html)
    # Of a single one nothing is said of others.
    label = "Same" if width > 1 else "Figures"
    return f'<tr><th scope="row">{label}</th><td colspan="{width}">{summary}</td></tr>'


def _line_html(line: _Line) -> str:
    differs = ' class="dari-differs"' if line.differs else ""
    cells = "".join(f"<td>{html}</td>" for html in line.html)
    if not line.differs:
        cells = f'<td colspan="{len(line.html)}">{line.html[0]}</td>'
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
