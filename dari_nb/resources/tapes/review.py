"""What is new on a tape beside what was recorded before, as static output and with buttons."""

from __future__ import annotations

from collections import deque
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

from ...errors import DariError
from ...models import tokens_in
from ...tapes import Turn
from ...tapes.reviewing import Change, Proposal, Review
from ...tapes.summary import count_of
from ..display.boxed import Boxed
from ..display.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ...render.matrix.compare import Compared
    from ...tapes import Recording
    from ..display.words import Ending

_LOOK = (
    "`tape.review().replace()` puts what is new where something was recorded in its place, and "
    "adopts the rest, `adopt()` keeps both, `reject()` takes what is new off the tape. The same "
    "with buttons: `tape.review().view()`. `tape` is its file as `{tape}`."
)

_REPLACE, _ADOPT, _KEEP, _REJECT = "Replace", "Adopt", "Keep both", "Reject"
"""What the buttons of a turn are called; all that is said of them has these words."""

_FRAME = (
    '<div tabindex="0" role="region" aria-label="{}" '
    'style="max-height: 60vh; overflow: auto">{}</div>'
)
"""Long answers scroll, so that the buttons of the next ones are not far away."""

_HEAD = (
    '<h3 style="margin: {margin} 0 0; padding-top: .4em; line-height: 1.4; font-size: 1.1em; '
    "font-weight: 600; border-top: {line}px solid color-mix(in srgb, currentColor 30%, "
    'transparent)">{asked} <span style="display: block; font-size: .8em; font-weight: 400; '
    'opacity: .8">{name}</span></h3>'
)
"""Above the buttons of a turn and its table; a line parts it from the turn before it."""

_ASKING = "New turn {} of {}: what becomes of it?"
"""Between its head and the buttons; it can have the focus, as nothing else that is no button."""


class TapeReview(Review):
    """All turns of a tape that wait to be adopted; in a notebook, each beside the old one.

    >>> len(tape.review())
    0
    """

    def __init__(self, read: Callable[[], Recording], change: Change, tape: str) -> None:
        """Show what is new.

        Args:
            read: Reads the tape.
            change: Changes it.
            tape: Python that names it.
        """
        self._read = read
        self._tape = tape
        super().__init__(read(), change)

    def view(self) -> Any:
        """Return it as an ipywidget, with buttons to replace, to adopt and to reject.

        Returns:
            A ``VBox``, which follows what is adopted and rejected in it.

        >>> type(tape.review().view()).__name__
        'VBox'
        """
        from ipywidgets import VBox  # type: ignore[import-untyped]

        box = VBox()
        box.add_class("dari-review")
        Boxed(_Reviewing(self), box, "Review of a tape")
        self._fill(box)
        return box

    def _fill(
        self, box: Any, text: str = "", focus: Sequence[tuple[str, int]] | None = None
    ) -> None:
        """Show what is new by now, and what was done.

        Args:
            box: Its box.
            text: What was done.
            focus: The places of the turns of which the first one that is left has the focus then,
                since a button is gone that somebody has pressed. No button of it has, so that the
                same key, pressed again, decides nothing.
        """
        from ipywidgets import HTML, Label

        review = TapeReview(self._read, self._change, self._tape)
        count = len(review)
        asking = [
            Label(_ASKING.format(number, count), tabbable=False) for number in range(1, count + 1)
        ]
        turns = [*zip(review, asking, strict=True)]
        parts = [
            part
            for number, (one, label) in enumerate(turns, 1)
            for part in (HTML(_head(one, number, count)), label, *review._parts(one, box))
        ] or review._nothing(box)
        if focus is not None:
            later = [label for one, label in turns if one.new.place in focus]
            _focus((later or asking or parts[-1].children)[0])
        box.presenter.fill([HTML(_line(text)), *parts])
        box.presenter.subject.now(review, text)
        box.presenter.renew_static_output()

    def _nothing(self, box: Any) -> list[Any]:
        """That nothing is new, and a button that looks again."""
        from ipywidgets import HTML, Button, HBox

        again = Button(description="Look again", layout={"width": "auto"})
        again.on_click(lambda _: self._fill(box, focus=()))
        return [HTML(_line(repr(self))), HBox([again])]

    def _parts(self, proposal: Proposal, box: Any) -> list[Any]:
        """The buttons of a proposal above its table, where they are seen, and what they do."""
        from ipywidgets import HTML, HBox

        told = HTML(_line(_of_buttons(proposal.effect, proposal)))
        settle = partial(self._settle, box, proposal, told)
        buttons = [*_buttons(proposal)]
        for button, way in buttons:
            # As wide as its words: where there is no room beside the others it goes below them.
            button.layout = {"width": "auto", "max_width": "100%", "flex": "none"}
            button.on_click(lambda _, way=way: settle(way))
        row = HBox([button for button, _ in buttons], layout={"flex_flow": "row wrap"})
        what = "What differs" if proposal.old else "What is new"
        return [row, told, HTML(_FRAME.format(what, _static_output(proposal)["text/html"]))]

    def _settle(self, box: Any, proposal: Proposal, label: Any, way: Callable[[], str]) -> None:
        try:
            said = way()
        except DariError as error:
            label.value = _line(_of_buttons(str(error), proposal))
        else:
            places = [one.new.place for one in self]
            self._fill(
                box, f"{_quoted(proposal)}: {said}", places[places.index(proposal.new.place) :]
            )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from ...render import noted
        from ...render.page.fallback import joined

        if not self:
            return {"text/plain": repr(self)}
        static_outputs = [noted(_static_output(one), one.effect) for one in self]
        return {
            **noted(joined(static_outputs), _LOOK.format(tape=self._tape)),
            "text/plain": repr(self),
        }


class _Reviewing(Subject):
    """A review as its box shows it.

    Args:
        review: The one that is shown first.
    """

    def __init__(self, review: TapeReview) -> None:
        self.now(review, "")

    def now(self, review: TapeReview, text: str) -> None:
        """Take notice of what it shows, and says, from now on."""
        self._review, self._text = review, text

    def static_output(self, ending: Ending | None = None) -> dict[str, str]:
        """Return the review, and what was said last, as a MIME bundle."""
        from ...render import noted
        from ...render.page.sheet import ROOT, style

        if self._review:
            return noted(self._review._repr_mimebundle_(), self._text)
        html = f"{ROOT}</div>"
        nothing = {"text/html": style(html) + html, "text/plain": ""}
        return noted(nothing, f"{self._text} {self._review!r}".strip())


def _buttons(proposal: Proposal) -> Iterator[tuple[Any, Callable[[], str]]]:
    """The buttons of a turn, each with what it does; the lines below them name what goes."""
    from ipywidgets import Button

    replaces, loses = proposal.replaces, proposal.loses
    can_replace = _can_replace(proposal)
    if can_replace:
        replace = Button(
            description=_said(_REPLACE, replaces),
            tooltip="Put it, and those that go with it, where the recorded turns stand",
            button_style="" if loses or proposal.falls_short else "primary",
            disabled=bool(loses),
        )
        yield replace, proposal.replace
    if can_replace and loses:
        rest = Button(
            description=_losing(proposal),
            tooltip="As replace(rest=True): they go off the tape, with their marks",
            button_style="warning",
        )
        yield rest, partial(proposal.replace, rest=True)
    adopts, word = proposal.adopts, _adopting(proposal)
    several = _said(word, adopts) if word == _ADOPT else f"{word} versions of {adopts} turns"
    style = "primary" if word == _ADOPT else ""
    yield Button(description=word if adopts == 1 else several, button_style=style), proposal.adopt
    yield Button(description=_said(_REJECT, proposal.rejects)), proposal.reject


def _can_replace(proposal: Proposal) -> bool:
    """Whether there is a button at a turn that puts it in place: else it is at an earlier one."""
    return bool(proposal.replaces) and proposal.leads


def _adopting(proposal: Proposal) -> str:
    return _KEEP if proposal.replaces else _ADOPT


def _losing(proposal: Proposal) -> str:
    return f"{_REPLACE}, and lose {count_of(proposal.loses, 'turn')}"


def _of_buttons(text: str, proposal: Proposal) -> str:
    """Say it by the buttons of a turn where it is said by methods."""
    buttons = {
        "adopt() keeps both, and so does tape.review().replace()": "adopt() keeps both",
        "Adopt, replace or reject": "Decide on",
        "replace(rest=True) puts it there": f"“{_losing(proposal)}” above puts it there",
        "replace(rest=True)": f"“{_losing(proposal)}”",
        "replace() puts it there": f"{_REPLACE} above puts it there",
        "replace()": _REPLACE,
        "adopt()": _adopting(proposal),
    }
    for method, button in buttons.items():
        text = text.replace(method, button)
    return text


def _focus(widget: Any) -> None:
    """Put the reader on a widget, once a page shows it."""

    def shown(_: Any) -> None:
        widget.unobserve(shown, "_view_count")
        widget.focus()

    # A page counts what it shows of a widget that begins with a number.
    widget.set_trait("_view_count", 0)
    widget.observe(shown, "_view_count")


def _head(proposal: Proposal, number: int, count: int) -> str:
    """What was asked, and which of the new turns this is."""
    from ...render.page.session_lines import first_words
    from ...render.plain.visible import visible_name

    line, is_first = proposal.new.line, number == 1
    name = visible_name(f"{number} of {count} · {line.turn} of {line.session}, {line.agent}")
    return _HEAD.format(
        margin="0" if is_first else "1.6em",
        line=0 if is_first else 1,
        asked=escape(first_words(proposal.asked, 1), quote=False),
        name=escape(name, quote=False),
    )


def _quoted(proposal: Proposal) -> str:
    """What was asked, in quotes: its beginning where it is long."""
    from ...render.page.session_lines import first_words

    return f"“{first_words(proposal.asked, 1)}”"


def _line(text: str) -> str:
    return f"<p>{escape(text, quote=False)}</p>" if text else ""


def _said(word: str, turns: int) -> str:
    return word if turns == 1 else f"{word} {turns} turns"


def _static_output(proposal: Proposal) -> dict[str, str]:
    from ...render.matrix.compare import static_comparison
    from ...render.page.sheet import ROOT, style

    if proposal.decided:
        html = f"{ROOT}</div>"
        return {"text/html": style(html) + html, "text/markdown": "", "text/plain": ""}
    turns = [
        (one, name) for one, name in ((proposal.old, "recorded"), (proposal.new, "new")) if one
    ]
    several = len({turn.line.agent for turn, _ in turns}) > 1
    by = [f" by {turn.line.agent}" if several else "" for turn, _ in turns]
    return static_comparison([_compared(*one, each) for one, each in zip(turns, by, strict=True)])


def _compared(turn: Turn, name: str, by: str) -> Compared:
    from ...render.matrix.compare import Compared
    from ...render.matrix.matrix import MatrixCell
    from ...widgets.player.scenes import scenes, waits_of

    [items] = deque(scenes(turn, f"{turn.line.session}-{turn.line.turn}"), maxlen=1)
    cell = MatrixCell(
        *(turn.line.key, turn.line.key, name),
        state=turn.outcome if turn.status else "running",
        latency_s=sum(waits_of(turn)),
        cost_usd=turn.line.cost if turn.line.cost != "unknown" else None,
        usage=tokens_in(turn.events[-1].data.get("usage")) if turn.events else {},
    )
    return Compared(f"{name} · {turn.line.turn} of {turn.line.session}{by}", cell, items)
