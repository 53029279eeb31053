"""What a page shows of a player before its script has run, as that will show it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .view import FASTEST
from .wire import Chapter, Outline, State, Step

SHORT = 10
"""Seconds below which tenths are told."""
DAY = 86_400
LONG = 4 * DAY
"""Seconds above which only days are told."""
_WIDEST = ("0.5\u00d7", "waits ≤ 10 s")
"""What a field is as wide as, whatever is chosen."""


def first_sight(
    whole: Outline, chapters: Sequence[Chapter], steps: Sequence[Step], state: State
) -> str:
    """Write the inside of a player that stands at its beginning; what plays in it sleeps.

    Args:
        whole: What is known of the whole.
        chapters: Its turns; none where nothing was recorded.
        steps: The steps of the first one, as far as they may be seen.
        state: How fast it will play.
    """
    if not chapters:
        return ""
    first = chapters[0]
    llm = f"<span>{escape(first['llm'])}</span>" if first["llm"] else ""
    head = f"<strong>{escape(first['agent'])}</strong>{llm}<small>recorded</small>"
    buttons = (
        "<button class=dari-toggle>▶\ufe0e</button><button>\u2039</button><button>\u203a</button>"
    )
    track = '<div class="dari-track"><input type="range" value="0" aria-label="Place"></div>'
    seconds = whole["seconds"]
    time = f'<span class="dari-time">{clock(0, seconds)} / {clock(seconds, seconds)}</span>'
    chosen = zip((speed_text(state["speed"]), wait_text(state["idle_limit"])), _WIDEST, strict=True)
    fields = "".join(
        f'<select aria-label="Pace"><option>{escape(text)}<option>{widest}</select>'
        for text, widest in chosen
    )
    return (
        f'<div class="dari-top"><div class="dari-head">{head}</div>'
        f'<div class="dari-play" inert>{buttons}{track}{time}'
        f'<span class="dari-chosen">{fields}<button>?</button></span></div>'
        f'<p class="dari-caption"><span>turn 1 of {whole["turns"]}</span></p><dl hidden></dl></div>'
        f'<div class="dari-log"><div>{_scene(first, steps)}</div></div>'
    )


def _scene(first: Chapter, steps: Sequence[Step]) -> str:
    front = "".join(
        f'<div class="dari-passed" data-state="said">{mark["html"]}</div>'
        for mark in first["marks"]
        if mark["steps"] == 0 and mark["ask"] is None
    )
    changes = [change for step in steps[:1] for change in step["changes"]]
    items = "".join(str(change.get("html") or "") for change in changes)
    title = f'<p class="dari-part">{escape(first["part"])}</p>' if first["part"] else ""
    turns = "".join(f'<article class="dari-turn">{one}</article>' for one in (front, items) if one)
    return f'<section class="dari-scene">{title}<div>{turns}</div></section>'


def speed_text(speed: float) -> str:
    r"""How many times as fast it plays, as a player says it.

    >>> speed_text(1 / 3) == "0.333\u00d7", speed_text(1000)
    (True, 'instant')
    """
    return "instant" if speed >= FASTEST else f"{speed:.3g}\u00d7"


def wait_text(limit: float | None) -> str:
    """How long it waits at most, as a player says it.

    >>> wait_text(None), wait_text(0), wait_text(3.0)
    ('waits in full', 'no waits', 'waits ≤ 3 s')
    """
    if limit is None:
        return "waits in full"
    return f"waits ≤ {limit:.3g} s" if limit > 0 else "no waits"


def clock(seconds: float, of: float) -> str:
    """A time in a whole, as a player tells it.

    >>> clock(0, 31), clock(0.7, 2), clock(3723, 4000), clock(1e6, 1e6)
    ('0:00', '0.7 s', '1:02:03', '11 days')
    """
    if of < SHORT:
        return f"{seconds:.1f} s"
    if seconds > LONG:
        return f"{int(seconds // DAY)} days"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
