"""Trajectories as HTML, Markdown and plain text: static, or with buttons in a live view."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import islice

from ..matrix.verdict import ABSENT
from ..page.sheet import ROOT, style
from ..plain.inert import inert
from ..plain.visible import visible_name
from ..plain.words import count_text
from .cells import Line, Said, lines
from .finding import finding
from .trajectories import Cluster, Trajectories, Trajectory

_MOST_CELLS = 8_000
_LEAST_LINES = 60
_MOST_FOLDED = 500
_MOST_NAMED = 4  # runs that a head names at once
_MOST_BESIDE = 6  # clusters that can be read beside each other on a printed page
_SIGNS = {True: "✓", False: "✗", None: "?"}


def static_trajectories(trajectories: Trajectories) -> dict[str, str]:
    """Render trajectories as ``text/html``, ``text/markdown`` and ``text/plain``."""
    html = f"{ROOT}{trajectories_html(trajectories)}</div>"
    return {
        "text/html": style(html) + html,
        "text/markdown": _markdown(trajectories),
        "text/plain": _plain(trajectories),
    }


def trajectories_html(trajectories: Trajectories, *, is_live: bool = False) -> str:
    """Render the finding and the table.

    Args:
        trajectories: The runs.
        is_live: Whether runs and their calls are buttons, which a page opens transcripts by: their
            value is the number of the run and, behind a colon, the place of the call from 0.
    """
    title = f"<strong>{_safe(trajectories.title)}</strong> " if trajectories.title else ""
    *divergence, success = map(_said_html, finding(trajectories))
    shown, left = _shown(trajectories)
    beside = len(trajectories.clusters) if is_live else _MOST_BESIDE
    tables = (
        _table(trajectories, shown, places, is_live) for places in _chunks(trajectories, beside)
    )
    return (
        f'<p class="dari-finding">{title}{" ".join(divergence)} <small>{success}</small></p>'
        '<div class="dari-steps" role="region" aria-label="Steps" tabindex="0">'
        f"{''.join(tables)}</div>"
        + (f'<p class="dari-more">{left}</p>' if left else "")
        + ("" if is_live else _which(trajectories))
    )


def _chunks(trajectories: Trajectories, most: int) -> Iterator[range]:
    """Part the clusters into tables below each other, about as many in each."""
    count = len(trajectories.clusters)
    size = -(-count // -(-count // most)) if count else 1
    for begin in range(0, count or 1, size):
        yield range(begin, min(begin + size, count))


def _table(trajectories: Trajectories, shown: Sequence[Line], places: range, is_live: bool) -> str:
    """Lay out the steps of some clusters."""
    clusters = [trajectories.clusters[place] for place in places]
    heads = "".join(f'<th scope="col">{_head(trajectories, c, is_live)}</th>' for c in clusters)
    body = "".join(
        _line_html(line, trajectories, places, is_live)
        for line in shown
        if line.where is None or line.where in places
    )
    return (
        '<table class="dari-runs"><thead>'
        f'<tr><th scope="col">Step</th>{heads}</tr></thead><tbody>{body}</tbody></table>'
    )


def _which(trajectories: Trajectories) -> str:
    """List the runs with their sessions, for which heads have no room."""
    told = (
        (_safe(f"run {run.number}"), _safe(run.label), _verdict(run), _safe(run.session_id))
        for run in trajectories.runs
    )
    runs = (f"<li>{' '.join(filter(None, about))} <code>{key}</code></li>" for *about, key in told)
    return (
        '<details class="dari-which"><summary>Which runs these are</summary>'
        f"<ul>{''.join(runs)}</ul></details>"
    )


def finding_text(trajectories: Trajectories) -> str:
    """Say where runs diverge on one line of plain text."""
    return " ".join(finding(trajectories)).replace("`", "")


def _said_html(sentence: str) -> str:
    return re.sub("`([^`]*)`", lambda match: f"<code>{_broken(match[1])}</code>", _safe(sentence))


def _broken(safe: str) -> str:
    """Let a long name go on in the next line where its words end."""
    return safe.replace("_", "_<wbr>")


def _shown(trajectories: Trajectories) -> tuple[list[Line], str]:
    most = max(_LEAST_LINES, _MOST_CELLS // (len(trajectories.clusters) or 1))
    all_lines = lines(trajectories)
    shown = list(islice(all_lines, most))
    left = sum(line.last - line.first + 1 for line in all_lines)
    return shown, f"… {count_text(left, 'more step')} not shown; the frame has all" if left else ""


def _head(trajectories: Trajectories, cluster: Cluster, is_live: bool) -> str:
    runs = [trajectories.runs[place] for place in cluster.runs]
    if len(runs) == 1:
        [run] = runs
        label = f"<small>{_safe(run.label)}</small>" if run.label else ""
        return _spaced(_run_html(run, f"run {run.number}", is_live), _verdict(run), label)
    if is_live:
        alike = _come_out_alike(runs)
        told = ((run, _named(run, runs)) for run in runs)
        names = " ".join(
            _run_html(run, name if alike else f"{_SIGNS[run.success]} {name}", is_live)
            for run, name in told
        )
        names = f"<small>{names}</small>"
        if len(runs) > _MOST_NAMED:
            names = f"<details><summary>which</summary>{names}</details>"
    else:
        more = " …" if len(runs) > _MOST_NAMED else ""
        names = f"<small>{_names(trajectories, cluster, _MOST_NAMED)}{more}</small>"
    label = f"<small>{_safe(name)}</small>" if (name := _shared(runs)) else ""
    return _spaced(f"<span>{len(runs)} runs</span>", _verdicts(runs, is_live), label, names)


def _spaced(*parts: str) -> str:
    """Put parts beside each other that are apart, too, where no style puts each on its line."""
    return " ".join(filter(None, parts))


def _shared(runs: Sequence[Trajectory]) -> str:
    """Return what the labels of all these runs have in common, such as their LLM."""
    parts = zip(*(run.label.split(" · ") for run in runs), strict=False)
    return " · ".join(part[0] for part in parts if len(set(part)) == 1)


def _own(run: Trajectory, runs: Sequence[Trajectory]) -> str:
    """Return what the label of a run does not share with those of all these runs."""
    shared = _shared(runs).split(" · ")
    return " · ".join(part for part in run.label.split(" · ") if part not in shared)


def _named(run: Trajectory, runs: Sequence[Trajectory]) -> str:
    """Name a run among others, so that it tells its LLM where they are not of one."""
    return f"run {run.number} {_own(run, runs)}".rstrip()


def _run_html(run: Trajectory, words: str, is_live: bool) -> str:
    if not is_live:
        return f"<span>{_safe(words)}</span>"
    about = _safe(f"run {run.number} {run.label} {run.session_id}")
    about = about if words.startswith("run ") else f"{words}: {about}"
    return (
        f'<button type="button" name="run" value="{run.number}" title="{about}"'
        f' aria-label="{about}">{_safe(words)}</button>'
    )


def _verdict(run: Trajectory) -> str:
    tint, text = run.verdict.tint, _safe(run.verdict.text)
    if not text:
        return ""
    return f'<span class="dari-{tint}">{text}</span>' if tint else f"<span>{text}</span>"


def _verdicts(runs: Sequence[Trajectory], is_live: bool) -> str:
    """Say the verdict that all share, or count who succeeded; a count opens the first of them."""
    if _come_out_alike(runs):
        return _verdict(runs[0])
    told = []
    for tint, sign, those in _counts(runs):
        words = f"{sign} {len(those)}"
        look = f' class="dari-{tint}"' if tint else ""
        html = _run_html(those[0], words, is_live) if is_live else words
        told.append(f"<span{look}>{html}</span>")
    return " ".join(told)


def _come_out_alike(runs: Sequence[Trajectory]) -> bool:
    return len({(run.verdict, run.success) for run in runs}) == 1


def _counts(runs: Sequence[Trajectory]) -> Iterable[tuple[str, str, list[Trajectory]]]:
    tints = ((True, "yes"), (False, "no"), (None, ""))
    told = [(tint, _SIGNS[of], [r for r in runs if r.success is of]) for of, tint in tints]
    return [one for one in told if one[2]]


def _line_html(line: Line, trajectories: Trajectories, places: range, is_live: bool) -> str:
    if line.folded:
        return _fold_html(line, trajectories, len(places))
    mark = f' <small class="dari-part">{line.mark}</small>' if line.mark else ""
    cells = "".join(_cell_html(line.cells[place], line, trajectories, is_live) for place in places)
    look = ' class="dari-diverges"' if line.mark else ""
    call = f"{_call_html(line)}{_rest_html(line.rest)}"
    return f'<tr{look}><th scope="row">{call}{mark}</th>{cells}</tr>'


def _rest_html(rest: str) -> str:
    if not rest:
        return ""
    text = escape("\n".join(map(visible_name, rest.split("\n"))), quote=False)
    return f"<details><summary>in full</summary><pre>{text}</pre></details>"


def _call_html(line: Line) -> str:
    failed = ' <strong class="dari-no">✗ failed</strong>' if line.failed else ""
    about = f" {_safe(line.about)}" if line.about else ""
    return f"<small>{line.number}</small> <code>{_broken(_safe(line.tool))}</code>{about}{failed}"


def _cell_html(cell: Said, line: Line, trajectories: Trajectories, is_live: bool) -> str:
    words, came = _safe(cell.words), f"<small>{_safe(cell.came)}</small>" if cell.came else ""
    if is_live and cell.call is not None:
        number = trajectories.runs[cell.run].number
        about = _safe(f"run {number}, step {line.number} {line.tool}: {cell.text}")
        words = (
            f'<button type="button" name="call" value="{number}:{cell.call}" tabindex="-1"'
            f' aria-label="{about}">{words}</button>'
        )
    return f'<td data-look="{cell.look}">{_spaced(words, came)}{_rest_html(cell.rest)}</td>'


def _fold_html(line: Line, trajectories: Trajectories, width: int) -> str:
    steps = "".join(f"<li>{_call_html(each)}</li>" for each in line.folded[:_MOST_FOLDED])
    if len(line.folded) > _MOST_FOLDED:
        steps += f"<li>… {len(line.folded) - _MOST_FOLDED} more</li>"
    return (
        f'<tr class="dari-fold"><td colspan="{width + 1}"><details><summary>'
        f"<small>{line.number}</small> {_safe(_fold_text(line, trajectories))}: {_safe(line.about)}"
        f"</summary><ul>{steps}</ul></details></td></tr>"
    )


def _fold_text(line: Line, trajectories: Trajectories) -> str:
    steps = count_text(len(line.folded), "step")
    if line.where is not None:
        return f"{steps} only in {_names(trajectories, trajectories.clusters[line.where])}"
    others = sum(any(cell.came for cell in each.cells) for each in line.folded)
    return f"{steps} alike" + (f", {others} with other results" if others else "")


def _names(trajectories: Trajectories, cluster: Cluster, most: int | None = None) -> str:
    numbers = [str(trajectories.runs[place].number) for place in cluster.runs[:most]]
    return f"run {numbers[0]}" if len(numbers) == 1 else f"runs {', '.join(numbers)}"


def _head_text(trajectories: Trajectories, cluster: Cluster) -> str:
    runs = [trajectories.runs[place] for place in cluster.runs]
    if _come_out_alike(runs):
        said = runs[0].verdict.text
    else:
        said = " · ".join(f"{sign} {len(those)}" for _, sign, those in _counts(runs))
    label = f"({label})" if (label := _shared(runs)) else ""
    names = _names(trajectories, cluster)
    if len(runs) > 1 and any(_own(run, runs) for run in runs):
        names = ", ".join(_named(run, runs) for run in runs)
    return " ".join(part for part in (names, label, said) if part)


def _markdown(trajectories: Trajectories) -> str:
    shown, left = _shown(trajectories)
    rows = [["step", *(_head_text(trajectories, cluster) for cluster in trajectories.clusters)]]
    rows += [
        [
            "",
            *(
                ", ".join(trajectories.runs[p].session_id for p in c.runs)
                for c in trajectories.clusters
            ),
        ]
    ]
    rows += [_row_text(line, trajectories) for line in shown]
    head, *body = [f"| {' | '.join(map(inert, row))} |" for row in rows]
    rule = f"|{' --- |' * len(rows[0])}"
    said = inert(finding_text(trajectories))
    title = f"**{inert(trajectories.title)}** " if trajectories.title else ""
    return "\n".join([f"{title}{said}", "", head, rule, *body, "", *([left] if left else [])])


def _row_text(line: Line, trajectories: Trajectories) -> list[str]:
    empty = [""] * len(trajectories.clusters)
    if line.folded:
        return [f"{line.number} {_fold_text(line, trajectories)}: {line.about}", *empty]
    return [_step_text(line), *(cell.text for cell in line.cells)]


def _step_text(line: Line) -> str:
    failed = "✗ failed" if line.failed else ""
    mark = f"({line.mark})" if line.mark else ""
    return " ".join(filter(None, [line.number, line.tool, line.about, failed, mark]))


def _plain(trajectories: Trajectories) -> str:
    """Write the heads, then a line a step that says who does what."""
    shown, left = _shown(trajectories)
    title = [visible_name(trajectories.title)] if trajectories.title else []
    sessions = [run.session_id for run in trajectories.runs]
    heads = [
        f"{_head_text(trajectories, cluster)}  {', '.join(sessions[p] for p in cluster.runs)}"
        for cluster in trajectories.clusters
    ]
    steps = [visible_name(_step_line(line, trajectories)) for line in shown]
    said = [finding_text(trajectories)]
    more = [left] if left else []
    return "\n".join([*title, *said, *map(visible_name, heads), *steps, *more])


def _step_line(line: Line, trajectories: Trajectories) -> str:
    if line.folded:
        return f"  {_row_text(line, trajectories)[0]}"
    by_words: dict[str, list[int]] = {}
    for cell, cluster in zip(line.cells, trajectories.clusters, strict=True):
        by_words.setdefault(cell.text, []).extend(cluster.runs)
    if set(by_words) == {"same"}:
        return f"{_step_text(line)}: all"
    told = [
        f"{'not called' if words == ABSENT else words} in {_names_of(trajectories, runs)}"
        for words, runs in by_words.items()
    ]
    return f"{_step_text(line)}: {'; '.join(told)}"


def _names_of(trajectories: Trajectories, runs: Sequence[int]) -> str:
    numbers = sorted(trajectories.runs[place].number for place in runs)
    return f"run{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _safe(text: str) -> str:
    return escape(visible_name(text))
