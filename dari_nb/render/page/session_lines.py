"""A list of sessions by their first words: a line for each, and one for a run of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ...models import parse_time
from ..markup.passive import passive
from ..markup.runs import more_html
from ..plain.visible import visible_name
from ..plain.words import state_text
from .sheet import ROOT, style
from .table import table

_HEADS = ("asked", "agent", "turns", "when", "cost")
_WIDTH = 100
_NARROW = 48
"""Characters of the first message: on a page, and in a terminal."""
_UNKNOWN = "—"


@dataclass(frozen=True)
class SessionLine:
    """One line.

    Attributes:
        words: What was asked first; ``None`` when unknown.
        about: What it is beside that: a name, the run's name and size.
        id: The session's id; of a run that of one of its sessions.
        agent: Name of the agent.
        llms: The LLM, or those of a run.
        state: The last message's status.
        turns: How many messages were sent; ``None`` when unknown.
        created_at: ISO 8601 in UTC.
        cost: As it is shown; empty when unknown.
    """

    words: str | None
    about: str
    id: str
    agent: str
    llms: str
    state: str
    turns: int | None
    created_at: str
    cost: str


def session_lines(lines: Sequence[SessionLine], notes: Sequence[str] = ()) -> dict[str, str]:
    """Render lines as ``text/html``, ``text/markdown`` and ``text/plain``.

    Args:
        lines: The lines in order.
        notes: What is to be said below: how many more there are, how to go on.
    """
    said = [visible_name(note) for note in (*([] if lines else ["no sessions"]), *notes)]
    below = more_html("<br>".join(escape(note, quote=False) for note in said))
    html = f"{ROOT}{_table(lines)}{below}</div>"
    wide, narrow = (_texts(lines, width) for width in (_WIDTH, _NARROW))
    return {
        "text/html": style(html) + html,
        "text/markdown": "\n\n".join([*wide["text/markdown"], *map(passive, said)]),
        "text/plain": "\n".join([*narrow["text/plain"], *said]),
    }


def first_words(words: str | None, turns: int | None, width: int = _WIDTH) -> str:
    """Say what was asked first, on one short line."""
    if words is None:
        return _UNKNOWN
    shown = visible_name(words)
    if len(shown) > width:
        return f"{shown[: width - 1].rstrip()}…"
    return shown or ("(no text)" if turns else "(nothing sent yet)")


def local_time_text(created_at: str | None) -> str:
    """Say a day and a time by this machine's clock; empty when it is unknown."""
    time = parse_time(created_at)
    return time.astimezone().strftime("%Y-%m-%d %H:%M") if time else ""


def _table(lines: Sequence[SessionLine]) -> str:
    head = "".join(f"<th>{head}</th>" for head in _HEADS)
    body = "".join(map(_row, lines))
    table = f'<table class="dari-lines"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return table if lines else ""


def _texts(lines: Sequence[SessionLine], width: int) -> dict[str, list[str]]:
    cells = [[first_words(o.words, o.turns, width), *_cells(o), _details(o)] for o in lines]
    made = table([*_HEADS, "session"], cells) if lines else {}
    return {form: [made[form]] if made else [] for form in ("text/markdown", "text/plain")}


def _cells(line: SessionLine) -> list[str]:
    agent = f"{line.agent} · {line.llms}" if line.llms else line.agent
    turns = _UNKNOWN if line.turns is None else str(line.turns)
    return [agent, turns, local_time_text(line.created_at), line.cost or _UNKNOWN]


def _details(line: SessionLine) -> str:
    state = "" if line.state in ("", "completed", "idle") else state_text(line.state)
    return " · ".join(part for part in (line.about, line.id, state) if part)


def _row(line: SessionLine) -> str:
    agent = _small(_text(line.agent), _text(line.llms))
    first = _small(f"<b>{_text(first_words(line.words, line.turns))}</b>", _text(_details(line)))
    cells = [first, agent, *map(_text, _cells(line)[1:])]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _small(above: str, below: str) -> str:
    return f"{above}<br><small>{below}</small>" if below else above


def _text(text: str) -> str:
    return escape(visible_name(text), quote=False)
