"""Turns of a tape, as they are made of what happens, and as they are found in a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from ..models import TERMINAL, Content, Event, parse_time
from ..models import events as ev
from .keys import asked_of, digest_of, key_of
from .lines import (
    After,
    AgentLine,
    DraftLine,
    Entry,
    EventLine,
    FileLine,
    Note,
    TurnLine,
)
from .notes import landmarks, noted, placed_alike, with_notes
from .ordinals import Ordinals
from .redaction import Scrubber
from .repeats import Payload, referred, resolved

SETTLING = (
    ev.ASSISTANT_MESSAGE_COMPLETED,
    ev.TOOL_CALL_REQUESTED,
    ev.MESSAGE_STATUS_CHANGED,
)
"""Events after which nothing goes on with the drafts before them."""
_OPENING = ("content", "metadata", "message_id")
"""Fields of the event that opens a turn which its line tells otherwise."""
CUT_OFF = "cut off"
"""What became of a turn that does not end."""
EXPECTS = "expects"
"""The metadata with what people expect of an answer: a text that is in it, or several."""


@dataclass
class Turn:
    """A turn: what was asked, and the lines that came of it.

    Attributes:
        agent: Who was asked.
        line: What was asked.
        body: Its events and drafts, with the notes between them.
        before: The notes in front of it.
        number: The line of the file where it was read, from 1.
        numbers: Those of its body.
    """

    agent: AgentLine
    line: TurnLine
    body: list[Entry] = field(default_factory=list)
    before: list[Note] = field(default_factory=list)
    number: int | None = field(default=None, compare=False)
    numbers: list[int] = field(default_factory=list, compare=False, repr=False)

    @property
    def events(self) -> list[EventLine]:
        """Its events in order."""
        return [entry for entry in self.body if isinstance(entry, EventLine)]

    @property
    def more(self) -> dict[str, Any]:
        """What else the event that opened it held."""
        return self._more([])

    @property
    def lost(self) -> list[Any]:
        """References in that to texts which it does not have."""
        lost: list[Any] = []
        self._more(lost)
        return lost

    def _more(self, lost: list[Any]) -> dict[str, Any]:
        more = self.line.more
        had = [self.line.asked, *(event.data for event in self.events)] if more else ()
        return resolved(more, had, lost)

    @property
    def notes(self) -> list[Note]:
        """What people noted in front of it and in it, in order."""
        return [*self.before, *(note for *_, note in noted(self.body))]

    @property
    def files(self) -> list[FileLine]:
        """What it left in its workspace, in order."""
        files = (entry for entry in self.body if isinstance(entry, FileLine))
        return [file for file in files if not file.attached]

    @property
    def status(self) -> str | None:
        """How it ended; ``None`` where the tape was cut off before that."""
        return next((end for event in reversed(self.events) if (end := end_of(event))), None)

    @property
    def is_answer(self) -> bool:
        """Whether it completed, so that nobody has to be asked again."""
        return self.status == "completed"

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody ended it."""
        return self.status == "failed" and self.events[-1].data.get("error") == ev.CANCELLED

    @property
    def outcome(self) -> str:
        """How it ended in a word for people: its status, ``cancelled`` or ``cut off``."""
        return ev.CANCELLED if self.is_cancelled else self.status or CUT_OFF

    @property
    def place(self) -> tuple[str, int]:
        """Its key, and which answer to it this is: what tells it from all other turns."""
        return self.line.key, self.line.take

    @property
    def answers(self) -> str:
        """A hash of all that was answered in its session up to its end: words, calls, how it ended.

        Other results of the same calls change nothing that a conversation goes on from.
        """
        return digest_of([self.line.behind, self._answered()])

    @property
    def own_answer(self) -> str:
        """A hash of what was answered in this turn alone."""
        return digest_of(self._answered())

    def _answered(self) -> list[list[Any] | str]:
        return [one for event in self.events if (one := _answered(event)) is not None]

    def in_place_of(self, other: Turn) -> Turn:
        """This turn where another stood: with its session, and its notes where they were."""
        notes = placed_alike(noted(other.body), landmarks(other.body), landmarks(self.body))
        body = with_notes(self.body, notes, is_ended=self.status is not None)
        kept = {name: told for name, told in other.line.metadata.items() if name == EXPECTS}
        line = replace(
            self.line,
            session=other.line.session,
            turn=other.line.turn,
            metadata={**kept, **self.line.metadata},
        )
        return Turn(self.agent, line, body, [*other.before, *self.before])


def end_of(event: EventLine) -> str | None:
    """How a turn ends with an event, if it does."""
    status = event.data.get("status") if event.event == ev.MESSAGE_STATUS_CHANGED else None
    return status if isinstance(status, str) and status in TERMINAL else None


def _answered(event: EventLine) -> list[Any] | str | None:
    """What an event adds to an answer, if it does."""
    if event.event == ev.ASSISTANT_MESSAGE_COMPLETED:
        return ["said", event.data.get("content")]
    if event.event == ev.TOOL_CALL_REQUESTED:
        return ["called", event.data.get("tool_name"), event.data.get("arguments")]
    return end_of(event)


class Taking:
    """A turn while it happens: nothing of it can be had before it is scrubbed.

    Pieces of drafts, and what comes after them, wait until it is known how they end.

    Args:
        scrubber: What takes the secrets out.
        agent: Who is asked.
        event: The payload of the event that opens the turn.
        at: When that was, in seconds; ``None`` where times are not kept.
        session: The session, by whichever name.
        number: The turn's place in it, from 1.
        parent: The key of the turn before it.
        after: The hash of all that had been answered before it, where that is known.
        llm: The LLM option.
        metadata: What is known of the session; it stands at its first turn, and the message's own
            at each.
        digests: Hashes of attached files by id.

    Attributes:
        turn: What is known of it.
    """

    def __init__(
        self,
        scrubber: Scrubber,
        agent: AgentLine,
        event: Mapping[str, Any],
        at: float | None,
        *,
        session: str,
        number: int,
        parent: str | None = None,
        after: str | None = None,
        llm: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        digests: Mapping[str, str] | None = None,
    ) -> None:
        self._scrubber = scrubber
        self._ordinals = Ordinals()
        self._at = at
        self._has_times = at is not None
        self._waiting: list[EventLine | DraftLine | FileLine] = []
        self._drafted: dict[str | int, int] = {}
        content = event.get("content") or []
        asked = asked_in(scrubber, content, digests or {}, self._ordinals)
        came = asked_of(self._ordinals.of({"content": content})["content"])
        self._payloads: list[Payload] = [(came, asked)]
        agent = scrubbed_agent(scrubber, agent)
        llm = scrubber.scrub(llm)
        line = TurnLine(
            turn=f"msg_{number}",
            session=session,
            key=key_of(parent, agent, llm, asked),
            parent=parent,
            behind=after,
            agent=agent.agent,
            llm=llm,
            asked=asked,
            metadata=scrubber.scrub({**(metadata or {}), **(event.get("metadata") or {})}),
        )
        self.turn = Turn(agent, line)

    def event(self, kind: str, data: Mapping[str, Any], at: float | None = None) -> None:
        """Take in an event of the turn."""
        came = self._ordinals.of(dict(data))
        told = self._scrubber.scrub(came)
        self._payloads.append((came, told))
        self._waiting.append(
            EventLine(after=self._after(at), event=_known(kind, self._scrubber), data=told)
        )
        if kind in SETTLING or not any(isinstance(one, DraftLine) for one in self._waiting):
            self._settle()

    def also(self, event: Mapping[str, Any]) -> None:
        """Take in what else the event that opens the turn holds: what is said by now, not again."""
        more = {name: value for name, value in event.items() if name not in _OPENING}
        self.turn.line.more = self._scrubber.scrub(referred(more, self._payloads))

    def files(self, lines: Iterable[FileLine]) -> None:
        """Take in the files of the turn, which are free of secrets already."""
        self._waiting += lines

    def draft(
        self,
        kind: str,
        text: str,
        at: float | None = None,
        *,
        tool: str | None = None,
        call: str | int | None = None,
        restart: bool = False,
    ) -> None:
        """Take in a piece of a draft; without times, none is kept."""
        if not self._has_times:
            return
        number = None if call is None else self._drafted.setdefault(call, len(self._drafted) + 1)
        line = DraftLine(
            after=self._after(at), draft=kind, text=text, tool=tool, call=number, anew=restart
        )
        self._waiting.append(line)

    def _after(self, at: float | None) -> After:
        if at is None or not self._has_times:
            return UNSET
        before, self._at = self._at, at
        return round(max(0.0, at - before), 3) if before is not None else UNSET

    def _settle(self) -> None:
        for pieces in drafted_in(self._waiting):
            texts = self._scrubber.pieces([piece.text for piece in pieces])
            for piece, text in zip(pieces, texts, strict=True):
                piece.text = text
                piece.tool = self._scrubber.scrub(piece.tool)
        self.turn.body += self._waiting
        self._waiting = []


def drafted_in(body: Iterable[Entry]) -> Iterator[list[DraftLine]]:
    """Give the pieces of each text that was written piece by piece.

    What is written in the place of the pieces before it is a text of its own, as they are; whoever
    reads the lines may put all of them together, and so these are one, too.

    >>> begun, taken_back = DraftLine(draft="text", text="Y"), DraftLine(draft="text", text="No")
    >>> taken_back.anew = True
    >>> [len(pieces) for pieces in drafted_in([begun, taken_back])]
    [1, 1, 2]
    """
    written: dict[tuple[str, int | None], list[list[DraftLine]]] = {}
    for line in body:
        if isinstance(line, DraftLine):
            texts = written.setdefault((line.draft, line.call), [[]])
            if line.anew and texts[-1]:
                texts.append([])
            texts[-1].append(line)
        elif isinstance(line, EventLine) and line.event in SETTLING:
            yield from _each_and_all(written.values())
            written.clear()
    yield from _each_and_all(written.values())


def _each_and_all(written: Iterable[list[list[DraftLine]]]) -> Iterator[list[DraftLine]]:
    for texts in written:
        yield from texts
        if len(texts) > 1:
            yield [*chain(*texts)]


def _known(kind: str, scrubber: Scrubber) -> str:
    return kind if kind in ev.EVENT_TYPES else scrubber.text(kind)


def scrubbed_agent(scrubber: Scrubber, agent: AgentLine) -> AgentLine:
    """An agent as a tape may tell of it."""
    return AgentLine(
        agent=scrubber.text(agent.agent),
        description=scrubber.text(agent.description),
        prompt=agent.prompt,
        llms=scrubber.scrub(agent.llms),
        default=scrubber.scrub(agent.default),
    )


def asked_in(
    scrubber: Scrubber, content: Content, digests: Mapping[str, str], ordinals: Ordinals
) -> str | Content:
    """What a message asks, as a tape tells it: files by their hashes, and no secrets."""
    told = scrubber.scrub(ordinals.of({"content": content})["content"])
    for block, given in zip(told, content, strict=True):
        if given.get("file_id") in digests:
            block["sha256"] = digests[given["file_id"]]
    return asked_of(told)


def turns_of(
    events: Iterable[Event],
    agent: AgentLine,
    scrubber: Scrubber,
    *,
    session: str,
    llm: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    digests: Mapping[str, str] | None = None,
) -> list[Turn]:
    """Make turns of a session's ledger.

    Args:
        events: The ledger.
        agent: The session's agent.
        scrubber: What takes the secrets out.
        session: The session, by whichever name.
        llm: Its LLM option.
        metadata: Its metadata.
        digests: Hashes of attached files by id.
    """
    taking: dict[str, Taking] = {}
    openings: list[tuple[Taking, Mapping[str, Any]]] = []
    parent = None
    for event in events:
        at = _seconds(event)
        if event.type == ev.USER_MESSAGE and event.turn_id is not None:
            taking[event.turn_id] = opened = Taking(
                *(scrubber, agent, event.data, at),
                session=session,
                number=len(taking) + 1,
                parent=parent,
                llm=llm,
                metadata=metadata if parent is None else None,
                digests=digests,
            )
            parent = opened.turn.line.key
            openings.append((opened, event.data))
        elif event.turn_id in taking:
            taking[event.turn_id].event(event.type, event.data, at)
    for opened, data in openings:
        opened.also(data)
    turns = [each.turn for each in taking.values()]
    for before, turn in pairwise(turns):
        turn.line.behind = before.answers
    return turns


def _seconds(event: Event) -> float | None:
    time = parse_time(event.created_at)
    return time.timestamp() if time else None
