"""The player: the page plays, the kernel hands over what may be seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, TypeAlias
from weakref import WeakSet

import traitlets

from ...errors import InvalidRequestError
from ...tapes.tape import SPEEDS
from ..packing import packed
from ..serial_executor import SerialExecutor
from ..view import STATIC, View
from .score import Score
from .wire import Draft, Outline, Reply, Wanted

IDLE_LIMIT = 3.0
"""Seconds that a player waits at most for what comes next, unless it is told otherwise."""

FASTEST = 1000.0
"""How many times as fast a tape plays in a player that is to play without waiting."""


class _Speed(traitlets.Float[float, Any]):
    """How many times as fast, or a tape's word for it."""

    def validate(self, obj: Any, value: Any) -> Any:
        speed = min(SPEEDS[value], FASTEST) if isinstance(value, str) and value in SPEEDS else value
        if not isinstance(speed, int | float) or not 0 < speed < math.inf:
            raise traitlets.TraitError(f"speed is real, instant, or above 0, not {value!r}.")
        return float(speed)


Keep = Callable[[str, str], object]
"""Keeps what a reader expects at a mark: the mark's id, and the words."""


Drafts: TypeAlias = dict[str, dict[str, str]]
"""What is written at questions and not sent, by the marks' ids and the pages that told it last."""

_DRAFTS: dict[str, Drafts] = {}
"""The same, of all tapes with their files of answers."""
_PLAYERS: WeakSet[PlayerView] = WeakSet()


class PlayerView(View):
    """Plays recorded turns: stop anywhere, go anywhere, one step after another.

    At each place the transcript is that of the events so far; what was being written comes in at
    most 150 steps an answer. At a mark with a question the playback stops, the reader writes what
    they expect, and then sees. What comes behind a question that is neither answered nor skipped
    yet is in no page, no trait and no output before that.

    Args:
        score: What is played.
        answers: Gives what was answered so far, by the marks' ids.
        keep: Keeps an answer.
        answered: Says that there were answers before.

    Attributes:
        at: Where the reader is, in seconds of the whole; set it to go there, at most to the end of
            what may be seen. It is told here where playing ends, and not on the way.
        playing: Whether it plays.
        speed: How many times as fast as it was recorded; ``real`` sets 1, ``instant`` what plays
            without waiting.
        idle_limit: Seconds that it waits at most for what comes next; ``None`` waits as long as it
            took.
        height: Most pixels that the transcript takes; 0 leaves it to the page.
        drafts: What is written at questions and not sent, by the marks' ids and by the pages that
            told it last: each page has its own, and shows that of others beside it.
        replies: How many questions were answered or skipped: by it all pages know that more may be
            seen, whoever it was that answered.
        scope: Whose drafts these are: tells one tape with one file of answers from others.

    Raises:
        TypeError: An argument is not one of the attributes.
        TraitError: ``at``, ``idle_limit`` or ``height`` is below 0, or ``speed`` not above it.
    """

    _esm = STATIC / "player.js"
    _css = STATIC / "player.css"

    at = traitlets.Float(0.0).tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    speed = _Speed(1.0).tag(sync=True)
    idle_limit = traitlets.Float(IDLE_LIMIT, allow_none=True).tag(sync=True)
    height = traitlets.Int(0).tag(sync=True)
    drafts = traitlets.Dict(traitlets.Dict(traitlets.Unicode())).tag(sync=True)
    replies = traitlets.Int(0).tag(sync=True)
    scope = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        score: Score,
        *,
        answers: Callable[[], Mapping[str, str]] = dict,
        keep: Keep | None = None,
        answered: str = "",
        **traits: Any,
    ) -> None:
        self._score = score
        self._answers = answers
        self._keep = keep
        self._answered_before = answered
        self._known: dict[str, str] = {}
        self._executor = SerialExecutor()
        drafts = _DRAFTS.get(traits.get("scope", ""), {})
        super().__init__(**{"drafts": drafts, **traits})
        _PLAYERS.add(self)
        self.answer("outline", lambda _: self._outline())
        self.answer("turn", self._turn)
        self.answer("draft", self._draft)
        self.answer("reply", self._reply_to)

    def _outline(self) -> tuple[Outline, list[bytes]]:
        whole, chapters = self._score.outline(self._passed())
        whole["answered"] = self._answered_before
        return whole, [packed(chapters)]

    def _passed(self) -> dict[str, str]:
        """What was answered, with nothing for what the reader has skipped.

        What was answered once has been seen: that stays so, also where others take it away.
        """
        self._known = self._known | dict(self._answers())
        return self._known

    def _turn(self, body: Wanted) -> Future[tuple[None, list[bytes]]]:
        """Give a turn's steps: a long one takes its time, in which others are answered."""
        number = _object(body).get("number")
        if not isinstance(number, int):
            raise InvalidRequestError(
                "A turn is asked for by its number, from 0.", code="turn_not_found"
            )
        return self._executor.submit(self._steps, number, self._passed())

    def _steps(self, number: int, answers: Mapping[str, str]) -> tuple[None, list[bytes]]:
        return None, [packed(self._score.steps(number, answers))]

    def _draft(self, body: Draft) -> None:
        """Keep what a page has at a question in place of what it had there; each text once.

        A page that is loaded anew is another one, and has the same.
        """
        mark_id, page, text = self._asked(body), _text(body, "page"), _text(body, "text")
        # Half a character is none that all pages can read.
        text = text.encode(errors="replace").decode()
        told = {**self.drafts.get(mark_id, {}), page: text}
        at_mark = {
            of: words
            for of, words in told.items()
            if words.strip() and (of == page or words != text)
        }
        drafts = {**self.drafts, mark_id: at_mark}
        self._share({of: texts for of, texts in drafts.items() if texts})

    def _share(self, drafts: Drafts) -> None:
        """Tell all players of the same, also the next one: a cell that runs again makes another."""
        self.drafts = drafts
        if self.scope:
            _DRAFTS[self.scope] = drafts
            for player in _PLAYERS:
                if player.scope == self.scope:
                    player.drafts = drafts

    def _reply_to(self, body: Reply) -> tuple[Outline, list[bytes]]:
        mark_id, text = self._asked(body), _text(body, "text")
        page = body.get("page")
        if page and {*self.drafts.get(mark_id, {})} - {page}:
            raise InvalidRequestError(
                "What is written in another page is not sent.", code="item_not_found"
            )
        if text.strip() and self._keep is not None:
            self._keep(mark_id, text)
        else:
            self._known = {mark_id: ""} | self._known
        self.replies += 1
        self._replied()
        return self._outline()

    def _asked(self, body: Draft | Reply) -> str:
        """The id of the question that a page speaks of."""
        mark_id = _text(body, "id")
        if mark_id not in self._score.questions:
            raise InvalidRequestError("This question is no longer there.", code="item_not_found")
        return mark_id

    def _replied(self) -> None:
        """A reader has answered a question, or skipped it; nothing by default."""

    @traitlets.validate("at", "idle_limit", "height")
    def _not_below_zero(self, proposal: Any) -> Any:
        value, name = proposal.value, proposal.trait.name
        if value is not None and not 0 <= value < math.inf:
            what = "pixels" if name == "height" else "seconds"
            raise traitlets.TraitError(f"{name} is {what} from 0, not {value!r}.")
        return min(value, self._score.end(self._passed())) if name == "at" else value


def _object(body: Any) -> dict[str, Any]:
    return body if isinstance(body, dict) else {}


def _text(body: Any, name: str) -> str:
    text = _object(body).get(name)
    if not isinstance(text, str):
        raise InvalidRequestError("What is written at a question is a text.", code="invalid_text")
    return text
