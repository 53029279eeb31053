"""The saved form of a matrix: a real table that reads well with all style stripped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from ..markup.runs import more_html
from ..page.sheet import ROOT, style
from ..plain.inert import inert
from ..plain.visible import visible_lines, visible_name
from ..plain.words import count_text, state_text
from ..timeline.timeline import head_html
from .against import Against, against_html, against_text, mark_html
from .cells import (
    answers_text,
    cell_html,
    column_html,
    label_text,
    mean_text,
    row_html,
    tint_of,
)
from .figures import (
    cell_facts,
    column_facts,
    matrix_head,
    metadata_text,
    peek_text,
    state_counts,
    state_word,
)
from .finding import finding_html, finding_markdown, finding_text
from .matrix import Matrix, MatrixCell, MatrixRow
from .page import Groups, Lane, Page
from .sifting.sifting import Wish
from .verdict import notes_of, verdict_counts

_ALL = Wish()
_SEEN = 12  # rows that are seen at once; the others are a click away

_TIMES = "\N{MULTIPLICATION SIGN}"


def static_matrix(matrix: Matrix, wish: Wish = _ALL, seen: Against | None = None) -> dict[str, str]:
    """Render a matrix as a MIME bundle that needs no kernel, no widget and no network.

    Rows that differ come first; the others, and what is more than a screen, are a click away.

    Args:
        matrix: Of more than 1,000 cells only the first rows are kept, and the rest is counted.
        wish: Which rows are shown, in which order; the static output says so.
        seen: What came of its tasks in comparison with a baseline.

    Returns:
        ``text/html`` with its style sheet, ``text/markdown`` and ``text/plain``.

    >>> from dari_nb.render.matrix.matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow
    >>> rows, columns = [MatrixRow("0", "Open on Monday?")], [MatrixColumn("s", "small")]
    >>> cells = [MatrixCell("c", "0", "s", state="completed", text="No, closed.", latency_s=2.0)]
    >>> print(static_matrix(Matrix("librarian", "run", rows, columns, cells))["text/plain"][-47:])
    0  Open on Monday?
       small  2.0 s  No, closed.
    """
    page = Page(matrix, wish, seen)
    html = f"{ROOT}{head_html(matrix_head(matrix))}{_counts(matrix)}"
    html += against_html(matrix, seen) if seen else ""
    html += finding_html(matrix, folded=seen is not None)
    html += f"{more_html(_safe(page.choice))}{_tables(page)}{more_html(page.note)}</div>"
    note = ["", page.note] if page.note else []
    return {
        "text/html": style(html) + html,
        "text/markdown": "\n".join([*_markdown(page), *note]),
        "text/plain": visible_lines("\n".join([*_plain(page), *note])),
    }


def _counts(matrix: Matrix) -> str:
    counts = _states(matrix)
    spans = (
        f'<span class="dari-state" data-state="{escape(visible_name(state))}">{_safe(word)}</span>'
        for state, word in counts.items()
    )
    return f'<p class="dari-more">{" · ".join(spans)}</p>' if counts else ""


def _states(matrix: Matrix) -> dict[str, str]:
    """Count the cells by state, in words, where they are not all in one."""
    counts = {state: count for state, count in state_counts(matrix).items() if count}
    words = {state: state_word(state) for state in counts}
    return {s: f"{count:,} {words[s]}" for s, count in counts.items()} if len(counts) > 1 else {}


def _tables(page: Page) -> str:
    """Lay out what is seen at once, and below it, folded, more of that and what is the same."""
    seen, more = page.rows[:_SEEN], page.rows[_SEEN:]
    html = _table(page, seen, first=True)
    if more:
        html += _folded(page, more, f"{count_text(len(more), 'more task')}")
    return html + (_folded(page, page.same, page.same_text) if page.same else "")


def _folded(page: Page, rows: Sequence[MatrixRow], summary: str) -> str:
    table = _table(page, rows, first=False)
    return f'<details class="dari-same"><summary>{_safe(summary)}</summary>{table}</details>'


def _table(page: Page, rows: Sequence[MatrixRow], *, first: bool) -> str:
    heads = "".join(f'<th scope="col">{_head(page, lane, first=first)}</th>' for lane in page.lanes)
    lines = "".join(line for row in rows for line in _row(page, row))
    return (
        '<div class="dari-wide"><table class="dari-rows"><thead><tr><th scope="col">Task</th>'
        f"{heads}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _head(page: Page, lane: Lane, *, first: bool) -> str:
    if lane.repeat is not None:
        return _safe(f"{lane.column.label} · {lane.repeat}")
    if not first:
        return _safe(lane.column.label)
    return column_html(lane.column, page.cells(lane.column), page.matrix.columns)


def _row(page: Page, row: MatrixRow) -> Iterator[str]:
    """Yield one line of the table, or as many as there are outcomes below each other."""
    lanes = page.groups(row)
    tracks = max([1, *map(len, lanes)])
    about = row_html(row, page.numbers[row.id], page.cells_of(row))
    for track in range(tracks):
        head = f'<th scope="row"{_span(tracks)}>{about}</th>'
        cells = "".join(
            _place(page, groups, track, tracks, page.mark(row, lane, groups))
            for lane, groups in zip(page.lanes, lanes, strict=True)
        )
        yield f"<tr>{head if track == 0 else ''}{cells}</tr>"


def _place(page: Page, groups: Groups, track: int, tracks: int, mark: str) -> str:
    """Render one outcome; the last one reaches down to the end of the row."""
    if track >= len(groups):
        return f"<td{_span(tracks)}></td>" if not groups and track == 0 else ""
    cell = groups[track][0]
    span = _span(tracks - track) if track == len(groups) - 1 else ""
    tint = tint_of(*groups[track], kinds=page.kinds)
    look = f' data-tint="{tint}"' if tint else ""
    failed = ' data-state="failed"' if cell.state == "failed" else ""
    among = sum(map(len, groups))
    html = cell_html(*groups[track], kinds=page.kinds, calls=page.matrix.has_calls, among=among)
    told = "" if track else mark_html(mark)
    # What is said of all of them stands above the first, and not beside its own score.
    inner = f"{told}{html}" if len(groups) > 1 else f"{html}{told}"
    return f"<td{span}{look}{failed}>{inner}</td>"


def _span(tracks: int) -> str:
    return f' rowspan="{tracks}"' if tracks > 1 else ""


def _markdown(page: Page) -> Iterator[str]:
    yield f"**{inert(page.matrix.title)}** · {inert(_about(page.matrix))}"
    yield ""
    said = finding_markdown(page.matrix, folded=page.seen is not None)
    for told in (inert(_seen_from(page)), said, inert(page.choice)):
        if told:
            yield from (told, "")
    yield f"| Task | {' | '.join(_head_markdown(page, lane) for lane in page.lanes)} |"
    yield f"| --- |{' --- |' * len(page.lanes)}"
    for row in [*page.rows, *page.same]:
        cells = (
            "<br>".join(
                inert(told)
                for told in _mark_lines(groups, page, page.mark(row, lane, groups))
                if told
            )
            for lane, groups in zip(page.lanes, page.groups(row), strict=True)
        )
        about = (metadata_text(row), answers_text(page.cells_of(row)))
        known = "".join(f"<br>{inert(text)}" for text in about if text)
        number = page.numbers[row.id]
        yield f"| {number}. {inert(label_text(row.label))}{known} | {' | '.join(cells)} |"
    if page.same:
        yield from ("", f"{inert(page.same_text)}; they come last.")


def _head_markdown(page: Page, lane: Lane) -> str:
    column = lane.column
    if lane.repeat is not None:
        return inert(f"{column.label} · {lane.repeat}")
    cells = page.cells(column)
    facts = " · ".join([*(mean_text(mean, cells) for mean in column.means), *column_facts(cells)])
    return "<br>".join(inert(part) for part in (column.label, column.about, facts) if part)


def _plain(page: Page) -> Iterator[str]:
    matrix = page.matrix
    yield f"{visible_name(matrix.title)} · {_about(matrix)}"
    said = finding_text(matrix, folded=page.seen is not None)
    for told in (_seen_from(page), said, page.choice):
        if told:
            yield from ("", told)
    width = max((len(visible_name(column.label)) for column in matrix.columns), default=0)
    numbers = len(str(max(page.numbers.values(), default=0)))
    for row in page.rows:
        yield from ("", *_lines(page, row, numbers, width))
    if page.same:
        yield from ("", page.same_text)
    for row in page.same:
        yield from ("", *_lines(page, row, numbers, width))


def _lines(page: Page, row: MatrixRow, numbers: int, width: int) -> Iterator[str]:
    known = f"  ({metadata_text(row)})" if row.metadata else ""
    known += f"  {counted}" if (counted := answers_text(page.cells_of(row))) else ""
    yield f"{page.numbers[row.id]:>{numbers}}  {label_text(row.label)}{known}"
    for lane, groups in zip(page.lanes, page.groups(row), strict=True):
        label = visible_name(lane.column.label)
        mark = page.mark(row, lane, groups)
        among = sum(map(len, groups))
        for place, group in enumerate(groups):
            parts = [" · ".join(_facts(group, page, among)), peek_text(group[0])]
            told = "  ".join(part for part in (*parts, "" if place else mark) if part)
            yield f"{'':{numbers}}  {label:{width}}  {told}".rstrip()


def _about(matrix: Matrix) -> str:
    head = matrix_head(matrix)
    states = [] if head.state else [w for s, w in _states(matrix).items() if s != "failed"]
    parts = [str(head.llm), state_text(head.state), *states, *head.facts]
    return " · ".join(part for part in parts if part)


def _seen_from(page: Page) -> str:
    return against_text(page.matrix, page.seen) if page.seen else ""


def _mark_lines(groups: Groups, page: Page, mark: str) -> list[str]:
    among = sum(map(len, groups))
    told = [(peek_text(group[0]), " · ".join(_facts(group, page, among))) for group in groups]
    lines = [f"{peek}{f' ({facts})' if facts else ''}".lstrip() for peek, facts in told]
    return [mark, *lines] if len(groups) > 1 else [*lines, mark]


def _facts(group: Sequence[MatrixCell], page: Page, among: int) -> list[str]:
    cell = group[0]
    words = [state_word(cell.state)] if cell.state != "completed" else []
    for one, n in verdict_counts(group, page.kinds).items():
        words.append(f"{one.text} {n}{_TIMES}" if n < len(group) else one.text)
    words += [f"“{note}”" for note in notes_of(group)]
    times = [f"{len(group)}{_TIMES}"] if max(len(group), among) > 1 else []
    return [*times, *words, *cell_facts(*group, calls=page.matrix.has_calls)]


def _safe(text: str) -> str:
    return escape(visible_name(text), quote=False)
