"""What differs between two versions of an agent: its prompt word by word, its files by lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from ..markup.passive import passive
from ..markup.runs import more_html
from ..markup.wording import Unmarked, Wording, worded, wording_html
from ..page.sheet import ROOT, style
from ..plain.inert import inert
from ..plain.limits import LIMITS
from ..plain.visible import visible, visible_name
from ..plain.words import count_text, short_id
from .files import ChangedFile, change_about, change_lines, change_markdown, change_text

_MARKS = {"-": ("m", "del"), "+": ("p", "ins")}


@dataclass(frozen=True)
class VersionChange:
    """What becomes of an agent from one version to another.

    Attributes:
        agent: The agent's name.
        versions: Ids of the two; ``None`` stands for no version.
        changes: The files that differ; those to be read first stand first.
        same: How many files are the same in both.
        said: What happened, such as ``new version, active``.
        notes: What else is to be known, a sentence each.
        numbers: The numbers of the two among the versions of the agent, as far as they are known;
            shown in place of the ids.
    """

    agent: str
    versions: tuple[str | None, str | None]
    changes: Sequence[ChangedFile]
    same: int = 0
    said: str = ""
    notes: Sequence[str] = ()
    numbers: tuple[int | None, int | None] = (None, None)


def static_version_change(change: VersionChange) -> dict[str, str]:
    """Render it as ``text/html``, ``text/markdown`` and ``text/plain``.

    >>> files = [ChangedFile("prompts/system.md", "changed", b"Be brief.", b"Be kind.", (9, 8))]
    >>> change = VersionChange("support", ("ver_1", "ver_2"), files)
    >>> print(static_version_change(change)["text/plain"])
    support · ver_1 → ver_2 · 1 file changed
    prompts/system.md  changed · +1 -1
      -Be brief.
      +Be kind.
    """
    html = f"{ROOT}{_head(change)}{''.join(map(_note_html, change.notes))}"
    html += "".join(map(_file, change.changes)) + "</div>"
    said = visible_name(change.said)
    about = " · ".join(part for part in (_title(change), said, *_facts(change)) if part)
    notes = [visible_name(note) for note in change.notes]
    written = [f"**{inert(about)}**", *map(inert, notes), *map(_markdown, change.changes)]
    return {
        "text/html": style(html) + html,
        "text/markdown": "\n\n".join(written),
        "text/plain": "\n".join([about, *notes, *map(change_text, change.changes)]),
    }


def diff_html(lines: Sequence[str]) -> str:
    """Render the lines of a diff; where some replace others, the words that differ are marked.

    >>> print(diff_html([" a", "-to the card", "+to your card"]))
    <pre class="dari-worded">  a
    <span class="m">- to <del>the</del> card
    </span><span class="p">+ to <ins>your</ins> card
    </span></pre>
    """
    parts: list[str] = []
    runs = [(sign, list(run)) for sign, run in groupby(lines, key=lambda line: line[:1])]
    wordings = _wordings(runs)
    for (sign, run), wording in zip(runs, wordings, strict=True):
        if sign in _MARKS:
            name, _ = _MARKS[sign]
            parts += [f'<span class="{name}">{sign} {line}\n</span>' for line in wording]
        else:
            parts += [f"{_unchanged(line)}\n" for line in run]
    return f'<pre class="dari-worded">{"".join(parts)}</pre>'


def _unchanged(line: str) -> str:
    is_gap = line.startswith("…")
    return f'<span class="c">{_safe_line(line)}</span>' if is_gap else f" {_safe_line(line)}"


def _wordings(runs: Sequence[tuple[str, list[str]]]) -> Iterator[list[str]]:
    """The lines of each run as HTML, without their signs."""
    made: dict[int, list[str]] = {}
    for index, (sign, run) in enumerate(runs):
        if index not in made:
            own = [line[1:] for line in run]
            follower = runs[index + 1] if index + 1 < len(runs) else ("", [])
            if sign == "-" and follower[0] == "+":
                other = [line[1:] for line in follower[1]]
                made[index], made[index + 1] = _reworded(own, other)
            else:
                made[index] = [_safe_line(line) for line in own]
        yield made[index]


def _reworded(before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    pair = worded("\n".join(before), "\n".join(after))
    if isinstance(pair, Unmarked):
        return [_safe_line(line) for line in before], [_safe_line(line) for line in after]
    return _marked(pair[0], before, "del"), _marked(pair[1], after, "ins")


def _marked(stretches: Sequence[Wording], lines: Sequence[str], tag: str) -> list[str]:
    """Cut a text with marks into its lines, none of which a mark goes beyond."""
    parts: list[list[Wording]] = [[]]
    for text, is_shared in stretches:
        for number, piece in enumerate(text.split("\n")):
            if number:
                parts.append([])
            if piece:
                parts[-1].append(Wording(piece, is_shared or not piece.strip()))
    marked = [_marked_line(part, tag) for part in parts]
    # White space around the whole is no part of any word, so the stretches are without it.
    text = "\n".join(lines)
    inner = text.strip()
    start = text[: text.index(inner)] if inner else ""
    blank, indent = start.count("\n"), start.rpartition("\n")[2]
    marked[0] = indent + marked[0]
    left = max(0, len(lines) - blank - len(marked))
    return [""] * blank + marked + [""] * left


def _marked_line(stretches: Sequence[Wording], tag: str) -> str:
    # In a line that is new as a whole, marks would only repeat its sign.
    has_shared = any(is_shared and text.strip() for text, is_shared in stretches)
    return wording_html((Wording(text, same or not has_shared) for text, same in stretches), tag)


def _head(change: VersionChange) -> str:
    parts = [f"<strong>{_safe(change.agent)}</strong>", _ids(change)]
    parts.append(f"<span>{_safe(change.said)}</span>" if change.said else "")
    facts = " · ".join(_facts(change))
    parts.append(f"<small>{facts}</small>" if facts else "")
    return f'<div class="dari-head">{" ".join(part for part in parts if part)}</div>'


def _ids(change: VersionChange) -> str:
    ids = [
        f'<span title="{escape(visible_name(version))}">{_safe(short_id(name))}</span>'
        for version, name in _names(change).items()
    ]
    return " → ".join(ids)


def _title(change: VersionChange) -> str:
    names = " → ".join(map(visible_name, _names(change).values()))
    return " · ".join(part for part in (visible_name(change.agent), names) if part)


def _names(change: VersionChange) -> dict[str, str]:
    """What the versions are called, by their ids."""
    pairs = zip(change.versions, change.numbers, strict=True)
    return {version: f"v{number}" if number else version for version, number in pairs if version}


def _facts(change: VersionChange) -> list[str]:
    counts = {
        kind: sum(file.change == kind for file in change.changes)
        for kind in ("changed", "added", "removed")
    }
    facts = [f"{count_text(count, 'file')} {kind}" for kind, count in counts.items() if count]
    return [*facts, *([f"{count_text(change.same, 'file')} the same"] if change.same else [])]


def _file(file: ChangedFile) -> str:
    lines = change_lines(file)
    summary = f"<code>{_safe(file.path)}</code> <small>{change_about(file)}</small>"
    if not lines:
        return f'<p class="dari-files">{summary}</p>'
    most = LIMITS.data.lines
    left = f"… {count_text(len(lines) - most, 'more line')} not shown" if lines[most:] else ""
    # What is new as a whole says nothing about a change, and what was in the cell is known.
    is_open = " open" if file.change == "changed" else ""
    return (
        f'<details class="dari-change"{is_open}><summary>{summary}</summary>'
        f"{diff_html(lines[:most])}{more_html(left)}</details>"
    )


def _markdown(file: ChangedFile) -> str:
    return passive(change_markdown(file))


def _note_html(note: str) -> str:
    return f'<p class="dari-files">{_safe(note)}</p>'


def _safe(text: str) -> str:
    return escape(visible_name(text), quote=False)


def _safe_line(line: str) -> str:
    return escape(visible(line), quote=False)
