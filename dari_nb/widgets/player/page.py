"""The player as one page that asks the network for nothing."""

from __future__ import annotations

import gzip
import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

from ...render.plain.visible import visible_name
from ..packing import packed
from ..view import STATIC
from .first_sight import first_sight
from .places import places_of
from .score import Score
from .view import IDLE_LIMIT
from .wire import State

TOGETHER = 10
"""Turns that are compressed as one: alike as they are, they take a third of their room so."""
BEGIN = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="generator" content="dari_nb">'
)
"""How each of these pages begins, and no other one does."""
_LOOK = """
:root { color-scheme: light dark; --jp-content-font-color1: CanvasText; }
body { margin: 0; padding: 24px 16px; background: Canvas; font: 14px/1.5 system-ui, sans-serif; }
h1 { max-width: 860px; margin: 0 auto 12px; font-size: 20px; font-weight: 600; }
main.dari.dari.dari { margin: 0 auto; }
@media screen { main.dari.dari.dari.dari > .dari-log { max-height: max(200px, 100vh - 290px); } }
.page-note { max-width: 860px; margin: 14px auto 0; font-size: 12px;
  color: color-mix(in srgb, CanvasText 70%, Canvas); }
.page-note form { margin-top: 8px; color: CanvasText; }
.page-note :is(button, input) { font: inherit; padding: 4px 10px; color: inherit;
  border: 1px solid GrayText; border-radius: 6px; background: none; }
.page-note button { font-weight: 500; cursor: pointer; }
/* Backgrounds are not printed. */
@media print { .page-note { display: none; }
  main.dari.dari.dari.dari .dari-user { border: 1px solid GrayText; break-inside: avoid; } }
"""
_MAIN = 'id="dari-player" class="dari dari-view dari-player"'
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_HOLDS = (
    "This page holds all that it plays, also what comes behind its questions. What is answered is"
    " kept until it is closed: save it before."
)
_SAVE = """<form id="dari-save" hidden><label>Your name: <input id="dari-reader"
maxlength="60" autocomplete="name"></label> <button>Save the answers</button>
<span id="dari-saved" role="status"></span></form>"""
_NO_SCRIPT = "<noscript>This page plays with JavaScript, which is switched off here.</noscript>"


def page(
    score: Score,
    title: str,
    tape: str,
    *,
    speed: float = 1.0,
    idle_limit: float = IDLE_LIMIT,
    advance: Callable[[int], object] = lambda _: None,
) -> Iterator[str]:
    """Give the parts of a page that plays recorded turns.

    The script is the only one that its policy lets run; what is recorded are data blocks.

    Args:
        score: What is played.
        title: The page's title.
        tape: The name of the tape's file, which answers tell.
        speed: How many times as fast as it was recorded it plays.
        idle_limit: Seconds that it waits at most.
        advance: Is told how many more turns are in it.
    """
    # Nothing is kept back here: the page itself shows nothing before its time.
    everything = dict.fromkeys(score.questions, "")
    whole, chapters = score.outline(everything)
    # Who reads the page can do nothing about it.
    whole["left_out"] = ""
    for chapter in chapters:
        for mark in chapter["marks"]:
            mark["answer"] = None
    script = (STATIC / "player_page.js").read_text("utf-8")
    sheet = _NOT_ASCII.sub(_in_css, (STATIC / "player.css").read_text("utf-8"))
    # Its scope is where the page is.
    state = State(
        at=0.0,
        playing=False,
        speed=speed,
        idle_limit=idle_limit,
        height=0,
        drafts={},
        replies=0,
        scope="",
    )
    yield _head(title, script, sheet)
    # Seen while the rest is still read, and nothing of what comes behind an open question.
    seen = first_sight(whole, chapters, score.steps(0, {}), state)
    yield f'<main {_MAIN} data-together="{TOGETHER}">{_in_html(seen)}</main>\n'
    yield _block("dari-state", state)
    yield _block("dari-whole", whole)
    yield _packed("dari-chapters", chapters)
    if score.questions:
        yield _packed("dari-questions", _question_metadata(score, tape))
    first, *others = _blocks(len(score.scenes))
    # In front of the script, so that it plays before all is read.
    yield _turns(first, score, everything)
    advance(len(first))
    yield f"<script>{script}</script>\n"
    if score.questions:
        yield f'<div class="page-note">{_HOLDS}{_SAVE}</div>\n'
    for numbers in others:
        yield _turns(numbers, score, everything)
        advance(len(numbers))
    yield "</body></html>\n"


def _question_metadata(score: Score, tape: str) -> dict[str, Any]:
    """What answers tell of their questions, by these ids."""
    places = places_of(score)
    marks = {mark_id: mark for mark_id, (_, mark) in score.questions.items()}
    return {
        mark_id: {**places[mark_id].about(mark), "tape": tape} for mark_id, mark in marks.items()
    }


def _head(title: str, script: str, sheet: str) -> str:
    name = _in_html(escape(visible_name(title)))
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'"
    )
    return (
        f"{BEGIN}\n"
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n"
        f"<style>{_LOOK}{sheet}</style></head>\n"
        f"<body>{_NO_SCRIPT}<h1>{name}</h1>\n"
    )


def _in_html(text: str) -> str:
    # A page of plain ASCII is read many times faster than one that is not.
    return text.encode("ascii", "xmlcharrefreplace").decode()


def _in_css(letter: re.Match[str]) -> str:
    return f"\\{ord(letter[0]):06x}"


def _block(name: str, value: Any) -> str:
    # Nothing in JSON ends the block: what could is spelt out.
    text = packed(value).decode().replace("<", "\\u003c").replace("\u2028", "\\u2028")
    return f'<script type="application/json" id="{name}">{text}</script>\n'


def _blocks(turns: int) -> list[range]:
    """The numbers of the turns of each block; there is at least one."""
    return [range(turns)[at : at + TOGETHER] for at in range(0, max(1, turns), TOGETHER)]


def _turns(numbers: range, score: Score, answers: Mapping[str, str]) -> str:
    turns = [score.steps(number, answers) for number in numbers]
    return _packed(f"dari-turns-{numbers.start // TOGETHER}", turns)


def _packed(name: str, value: Any) -> str:
    # Many times smaller than as text, for whoever sends the page, and for who waits for it.
    text = b64encode(gzip.compress(packed(value), mtime=0)).decode()
    return f'<script type="application/gzip" id="{name}">{text}</script>\n'
