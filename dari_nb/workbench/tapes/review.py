"""What is new on a tape beside what was recorded before, as paper and with buttons."""

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
from ..showing.boxed import Boxed
from ..showing.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...render.matrix.compare import Compared
    from ...tapes import Recording
    from ..showing.words import Ending

_LOOK = (
    "`tape.review().replace()` puts what is new where something was recorded in its place, and "
    "adopts the rest, `adopt()` keeps both, `reject()` takes what is new off the tape. The same "
    'with buttons: `tape.review().view()`. `tape` is its file as `dari.Tape("lesson.tape")`.'
)

_BUTTONS = {
    "replace() puts it there": "Replace above puts it there",
    "adopt() keeps both, and so does tape.review().replace()": "Adopt keeps both",
    "replace(rest=True)": "“Replace, and lose”",
    "replace()": "Replace",
}
"""What methods are called where they are buttons."""

_FRAME = (
    '<div tabindex="0" role="region" aria-label="What differs" '
    'style="max-height: 60vh; overflow: auto">{}</div>'
)
"""Long answers scroll, so that the buttons of the next ones are not far away."""

_HEAD = (
    '<h3 style="margin: {margin} 0 0; padding-top: .4em; line-height: 1.4; font-size: 1.1em; '
    "font-weight: 600; border-top: {line}px solid color-mix(in srgb, currentColor 30%, "
    'transparent)">{asked} <span style="font-weight: 400; opacity: .8">{name}</span></h3>'
)
"""Above the buttons of a turn and its table; a line parts it from the turn before it."""

_ASKING = "What becomes of turn {} of {}?"
"""Between its head and the buttons; it can have the focus, as nothing else that is no button."""


class TapeReview(Review):
    """All turns of a tape that wait to be adopted; in a notebook, each beside the old one.

    >>> len(tape.review())
    0
    """

    def __init__(self, read: Callable[[], Recording], change: Change) -> None:
        self._read = read
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
        Boxed(_Reviewing(self), box)
        self._fill(box)
        return box

    def _fill(
        self, box: Any, told: str = "", behind: Sequence[tuple[str, int]] | None = None
    ) -> None:
        """Show what is new by now, and what was done.

        Args:
            box: Its box.
            told: What was done.
            behind: The places of the turns of which the first one that is left has the focus then,
                since a button is gone that somebody has pressed. No button of it has, so that the
                same key, pressed again, decides nothing.
        """
        from ipywidgets import HTML, Label

        review = TapeReview(self._read, self._change)
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
        if behind is not None:
            later = [label for one, label in turns if one.new.place in behind]
            _focus((later or asking or parts[-1].children)[0])
        box.children = [HTML(_line(told)), *parts]
        box.presenter.subject.now(review, told)
        box.presenter.renew_paper()

    def _nothing(self, box: Any) -> list[Any]:
        """That nothing is new, and a button that looks again."""
        from ipywidgets import HTML, Button, HBox

        again = Button(description="Look again", layout={"width": "auto"})
        again.on_click(lambda _: self._fill(box, behind=()))
        return [HTML(f"<p>{self!r}</p>"), HBox([again])]

    def _parts(self, proposal: Proposal, box: Any) -> list[Any]:
        """The buttons of a proposal above its table, where they are seen, and what they do."""
        from ipywidgets import HTML, Button, HBox

        told = HTML(_line(_of_buttons(proposal.effect)))
        adopt = Button(description=_said("Adopt", self._before(proposal)), button_style="primary")
        reject = Button(description=_said("Reject", self._behind(proposal)))
        settle = partial(self._settle, box, proposal, told)
        adopt.on_click(lambda _: settle(proposal.adopt))
        reject.on_click(lambda _: settle(proposal.reject))
        buttons = [adopt, reject]
        if proposal.replaces:
            kept = self._before(proposal)
            adopt.description = "Keep both" if kept == 1 else f"Keep both versions of {kept} turns"
            adopt.button_style = ""
        if proposal.replaces and proposal.leads:
            loses = proposal.loses
            replace = Button(
                description=_said("Replace", proposal.replaces),
                tooltip="Put it, and those that go with it, where the recorded turns stand",
                button_style="" if loses else "primary",
                disabled=bool(loses),
            )
            replace.on_click(lambda _: settle(proposal.replace))
            rest = [_letting_go(proposal, settle)] if loses else []
            buttons = [replace, *rest, *buttons]
        for button in buttons:
            button.layout.width = "auto"
        return [HBox(buttons), told, HTML(_FRAME.format(_paper(proposal)["text/html"]))]

    def _before(self, proposal: Proposal) -> int:
        """How many turns are adopted together: a turn needs those before it."""
        new = {one.new.line.key: one.new.line.parent for one in self}
        count, key = 0, proposal.new.line.key
        while key in new and count < len(new):
            count, key = count + 1, new[key] or ""
        return count

    def _behind(self, proposal: Proposal) -> int:
        """How many turns are rejected together: those behind a turn go with it."""
        gone = {proposal.new.line.key}
        while more := {one.new.line.key for one in self if one.new.line.parent in gone} - gone:
            gone |= more
        return len(gone)

    def _settle(self, box: Any, proposal: Proposal, told: Any, way: Callable[[], str]) -> None:
        try:
            said = way()
        except DariError as error:
            told.value = _line(_of_buttons(str(error)))
        else:
            places = [one.new.place for one in self]
            self._fill(box, said, places[places.index(proposal.new.place) :])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from ...render import noted
        from ...render.page.kept import joined

        if not self:
            return {"text/plain": repr(self)}
        papers = [noted(_paper(one), one.effect) for one in self]
        return {**noted(joined(papers), _LOOK), "text/plain": repr(self)}


class _Reviewing(Subject):
    """A review as its box shows it.

    Args:
        review: The one that is shown first.
    """

    def __init__(self, review: TapeReview) -> None:
        self.now(review, "")

    def now(self, review: TapeReview, told: str) -> None:
        """Take notice of what it shows, and says, from now on."""
        self._review, self._told = review, told

    def paper(self, ending: Ending | None = None) -> dict[str, str]:
        """Return the review, and what was said last, as a MIME bundle."""
        from ...render import noted
        from ...render.page.sheet import ROOT, style

        if self._review:
            return noted(self._review._repr_mimebundle_(), self._told)
        html = f"{ROOT}</div>"
        nothing = {"text/html": style(html) + html, "text/plain": ""}
        return noted(nothing, f"{self._told} {self._review!r}".strip())


def _letting_go(proposal: Proposal, settle: Callable[[Callable[[], str]], None]) -> Any:
    """The button that replaces where turns are lost, which the line below it names."""
    from ipywidgets import Button

    button = Button(
        description=f"Replace, and lose {count_of(proposal.loses, 'turn')}",
        tooltip="As replace(rest=True): they go off the tape, with their marks",
        button_style="warning",
    )
    button.on_click(lambda _: settle(partial(proposal.replace, rest=True)))
    return button


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


def _of_buttons(text: str) -> str:
    for method, button in _BUTTONS.items():
        text = text.replace(method, button)
    return text


def _line(text: str) -> str:
    return f"<p>{escape(text, quote=False)}</p>" if text else ""


def _said(word: str, turns: int) -> str:
    return word if turns == 1 else f"{word} {turns} turns"


def _paper(proposal: Proposal) -> dict[str, str]:
    from ...render.matrix.compare import compare_paper
    from ...render.page.sheet import ROOT, style

    if proposal.decided:
        html = f"{ROOT}</div>"
        return {"text/html": style(html) + html, "text/markdown": "", "text/plain": ""}
    turns = [
        (one, name) for one, name in ((proposal.old, "recorded"), (proposal.new, "new")) if one
    ]
    several = len({turn.line.agent for turn, _ in turns}) > 1
    by = [f" by {turn.line.agent}" if several else "" for turn, _ in turns]
    return compare_paper([_compared(*one, each) for one, each in zip(turns, by, strict=True)])


def _compared(turn: Turn, name: str, by: str) -> Compared:
    from ...render.matrix.compare import Compared
    from ...render.matrix.matrix import MatrixCell
    from ...widgets.player.scenes import scenes, waits_of

    [items] = deque(scenes(turn, f"{turn.line.session}-{turn.line.turn}"), maxlen=1)
    cell = MatrixCell(
        *(turn.line.key, turn.line.key, name),
        state=turn.outcome if turn.status else "running",
        seconds=sum(waits_of(turn)),
        cost=turn.line.cost if turn.line.cost != "unknown" else None,
        usage=tokens_in(turn.events[-1].data.get("usage")) if turn.events else {},
    )
    return Compared(f"{name} · {turn.line.turn} of {turn.line.session}{by}", cell, items)
