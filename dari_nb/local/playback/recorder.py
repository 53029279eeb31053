"""Recording on a tape: what ledgers get, and what is written before they have it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any

from ...errors import InvalidRequestError
from ...models import TERMINAL, Event
from ...models import events as ev
from ...tapes import Taking, Turn
from ...tapes.growing import GrowingTape
from ...tapes.recording import follows, repeats_ended
from ...tapes.summary import and_more, count_of, prompt_of
from ..agents import Draft
from ..store import Store
from ..store.costs import total
from ..store.database import Effect
from ..store.records import FIRST_ORG, EventRecord, SessionRecord
from ..workspaces.workspaces import Workspaces
from .answers import UNKNOWN as NOT_ENDED
from .answers import Answers
from .chains import Chains
from .digests import Digests
from .known import agent_of
from .places import Places, further
from .player import UNKNOWN
from .turn_files import TurnFiles

_log = logging.getLogger(__name__)
_NOT_KEPT = (
    "A turn could not be written to the tape (%s). "
    "That is tried again with the next turn, and when the tape is taken out."
)
_GOES_ON_FROM_NONE = "%s, %s of its session, is recorded, but cannot play: %s. Ask it in a new one."
_RUNS = (
    "The tape was taken out while %s ran: %s. What comes of that from now on is not on it; in the "
    "mode auto it is asked again."
)
_ASKED_AGAIN = (
    "%s is asked again while it is being answered: both are recorded, and who asks once gets the "
    "first. %%dari_cancel %s ends that one, if it is not wanted."
)
_ASKED_BEHIND = (
    "%s is asked again behind the same, which was ended: both are recorded, and who asks once gets "
    "the one that was ended. %%dari_send --again asks in its place."
)
_MOST_NAMES = 4
_NOT_THERE = "the turn before it is not on the tape"
_TAKEN_OFF = "the turn before it was taken off the tape"
_OTHERWISE = "the tape has other answers to what was asked before it"
_REPLAY = "replay_of"
"""The metadata of a session that shows what another one was answered, and asks nobody."""
_FORK = "forked_from"
"""The metadata of a session that parts from another one on purpose, so that both are wanted."""


class TapeRecorder:
    """Puts the turns of the first organization on a tape; on the server's loop.

    Args:
        store: Where the ledgers are.
        workspaces: Where the files of sessions are.
        answers: What had been answered in the sessions.
        digests: Hashes of attached files.
        unasked: The messages that nobody could be asked.
    """

    def __init__(
        self,
        store: Store,
        workspaces: Workspaces,
        answers: Answers,
        digests: Digests,
        unasked: Container[str] = (),
    ) -> None:
        self._store = store
        self._answers = answers
        self._digests = digests
        self._files = TurnFiles(store, workspaces)
        self._folder: Path | None = None
        self._unasked = unasked
        self._tape: GrowingTape | None = None
        self._unwritten: GrowingTape | None = None
        self._taking: dict[str, Taking] = {}
        self._reports: dict[str, int] = {}
        self._places = Places()
        self._lost: set[str] = set()
        self._played: set[str] = set()
        self._on_tape: set[str] = set()
        self._replaces = False

    def insert(
        self,
        tape: GrowingTape,
        *,
        replaces: bool,
        ended: Callable[[str, Turn], None],
        files: Path | None,
    ) -> None:
        """Record on this tape from now on.

        Args:
            tape: The tape.
            replaces: Whether what is recorded takes the place of earlier answers to the same.
            ended: Is told of each turn that is on it, with its message.
            files: Where larger files are kept; without it, none are.
        """
        self.eject()
        self._tape = tape
        self._replaces = replaces
        self._ended = ended
        self._folder = files
        self._scrubber = tape.scrubber.apart()
        self._chains = Chains(self._store, self._scrubber, self._digests, unasked=self._unasked)

    @property
    def is_in_journal(self) -> bool:
        """Whether a tape was taken out that could not be written, and a file has what it lacks."""
        return self._unwritten is not None and self._unwritten.is_in_a_file

    def let_go(self) -> None:
        """Let go of a tape that could not be written, if what it lacks is in its journal."""
        if self._unwritten is not None and self._unwritten.is_stored:
            with suppress(InvalidRequestError):  # it was said
                self.eject(for_good=True)

    def eject(self, *, for_good: bool = False) -> None:
        """Record no more, and write what could not be written of the tape that was in last.

        Args:
            for_good: Whether a tape that cannot be written is let go of.

        Raises:
            InvalidRequestError: The tape could not be written.
        """
        tape, self._tape = self._tape or self._unwritten, None
        if self._taking:
            turns = [taking.turn for taking in self._taking.values()]
            names = [prompt_of(turn) for turn in turns[:_MOST_NAMES]]
            told = ", ".join([*names, *and_more(len(turns), _MOST_NAMES)])
            _log.warning(_RUNS, count_of(len(turns), "turn"), told)
        self._taking.clear()
        self._unwritten = None if for_good else tape
        try:
            if tape is not None:
                self._close(tape, for_good=for_good)
        finally:
            self._places = Places()
            self._lost.clear()
            self._on_tape.clear()
        self._unwritten = None

    def _close(self, tape: GrowingTape, *, for_good: bool) -> None:
        try:
            tape.close(for_good=for_good)
        finally:
            self._look(tape)

    def _look(self, tape: GrowingTape) -> None:
        """Say what cannot play any more now that others have written into the file."""
        if (there := tape.take_written()) is not None:
            self._say_if_lost(tape, there, tape.own)

    def is_taped(self, session: SessionRecord) -> bool:
        """Whether a session's turns are a matter of the tape at all."""
        agent = self._store.agent(session.agent_id)
        return agent is not None and agent.org_id == FIRST_ORG and _REPLAY not in session.metadata

    def pass_over(self, message_id: str, turn: Turn) -> None:
        """Do not record this message: a turn of the tape plays."""
        self._played.add(message_id)
        self._on_tape.add(turn.line.key)

    def drop(self, message_id: str) -> None:
        """Record no more of a turn, and keep nothing of it."""
        taking = self._taking.pop(message_id, None)
        self._reports.pop(message_id, None)
        if taking is None or self._tape is None:
            return
        self._places.leave(taking.turn.place)
        self._tape.drop(taking)

    async def keep_files(self, session_id: str, message_id: str, snapshot: str | None) -> None:
        """Keep the files of a turn that ends, where that was asked for."""
        taking, tape, folder = self._taking.get(message_id), self._tape, self._folder
        if taking is None or tape is None or folder is None:
            return
        scrubber = tape.scrubber.apart()
        asked = taking.turn.line.asked
        given = (session_id, message_id, snapshot, asked, scrubber, folder)
        lines = await asyncio.to_thread(self._files.lines, *given)
        tape.scrubber.counts.update(scrubber.counts)
        taking.files(lines)

    def on_events(self, session_id: str, events: Sequence[EventRecord]) -> Effect | None:
        """Take in new events of a session, once they are durable."""
        if self._tape is None:
            return None
        at = monotonic()
        return lambda: self._record(session_id, events, at)

    def drafted(self, message_id: str, piece: Draft) -> None:
        """Take in a piece of what is written."""
        if taking := self._taking.get(message_id):
            told = {"tool": piece.tool_name, "call": piece.call, "restart": piece.restart}
            taking.draft(piece.kind, piece.text, monotonic(), **told)  # type: ignore[arg-type]

    def _record(self, session_id: str, events: Sequence[EventRecord], at: float) -> None:
        tape = self._tape
        if tape is None:
            return
        for event in (record.to_event() for record in events):
            message_id = event.message_id or ""
            if event.type == ev.USER_MESSAGE:
                self._begin(tape, session_id, event, at)
            elif taking := self._taking.get(message_id):
                tape.scrubber.look()
                taking.event(event.type, event.data, at)
                self._go_on(tape, session_id, event, taking)

    def _begin(self, tape: GrowingTape, session_id: str, event: Event, at: float) -> None:
        session, message_id = self._store.session(session_id), event.message_id or ""
        if session is None or message_id in self._played or not self.is_taped(session):
            self._played.discard(message_id)
            return
        tape.scrubber.look()
        before = self._chains.before(session, message_id)
        taking = Taking(
            *(tape.scrubber, agent_of(self._store, session), event.data),
            at if tape.recording.times else None,
            session=session_id,
            number=before.number + 1,
            parent=before.key,
            after=self._answers_before(session, message_id),
            llm=session.llm_id,
            metadata=None if before.key else _without_fork(session.metadata),
            digests=self._digests.of(event.data["content"]),
        )
        taking.also(event.data)
        if again := self._asked_again(taking.turn, message_id):
            _log.warning(_ASKED_AGAIN, prompt_of(taking.turn), again[0].line.session)
        if any(repeats_ended(taking.turn, one) for one in tape.recording.turns):
            _log.warning(_ASKED_BEHIND, prompt_of(taking.turn))
        self._take_place(tape, taking.turn)
        self._taking[message_id] = taking
        self._say_if_lost(tape, tape.recording.turns, [taking.turn])
        tape.begin(taking)

    def _hand_on(self, tape: GrowingTape, turns: Sequence[Turn]) -> None:
        """Let turns that run move up, now that one before them came to nothing."""
        for turn in turns:
            self._places.leave(turn.place)
        for turn in turns:
            self._take_place(tape, turn)

    def _take_place(self, tape: GrowingTape, turn: Turn) -> None:
        """Give a turn its place among the answers to what it asks."""
        running = [one.turn for one in self._taking.values() if one.turn is not turn]
        turn.line.take = (
            self._places.next_take(turn, tape.recording.turns, running)
            if self._replaces
            else further(turn, tape.recording.turns, running)
        )

    def _asked_again(self, turn: Turn, message_id: str) -> list[Turn]:
        """The turns that run and ask the same in the same place, which no batch repeats."""
        line = turn.line
        if line.parent is not None and line.behind is None:
            return []
        same = {
            other: taking.turn
            for other, taking in self._taking.items()
            if (taking.turn.line.key, taking.turn.line.behind) == (line.key, line.behind)
        }
        of_batches = map(self._store.batch_of_message, [message_id, *same])
        return [] if same and any(of_batches) else [*same.values()]

    def _answers_before(self, session: SessionRecord, message_id: str) -> str | None:
        """What had been answered before a message, as far as that is known yet."""
        behind = self._answers.before(session, self._scrubber, message_id)
        return None if behind == NOT_ENDED else behind

    def _say_if_lost(self, tape: GrowingTape, there: Iterable[Turn], turns: Iterable[Turn]) -> None:
        """Say, once in a session, that a turn cannot play with what is there."""
        by_key: dict[str, list[Turn]] = {}
        for one in there:
            by_key.setdefault(one.line.key, []).append(one)
        for turn in turns:
            session = turn.line.session
            why = "" if session in self._lost else self._why_lost(by_key, turn)
            if why and not tape.brings_back_before(turn):
                self._lost.add(session)
                _log.warning(_GOES_ON_FROM_NONE, prompt_of(turn), turn.line.turn, why)

    def _why_lost(self, by_key: Mapping[str, Sequence[Turn]], turn: Turn) -> str:
        """Why the tape has not what a turn goes on from, with all that was answered up to there."""
        if turn.line.behind is None:
            return ""
        at, seen = turn, set[str]()
        while (parent := at.line.parent) is not None and parent not in seen:
            seen.add(parent)
            there = by_key.get(parent, [])
            before = next((one for one in reversed(there) if follows(at, one)), None)
            if before is None:
                gone = _TAKEN_OFF if parent in self._on_tape else _NOT_THERE
                return _OTHERWISE if there else gone
            at = before
        return ""

    def _go_on(self, tape: GrowingTape, session_id: str, event: Event, taking: Taking) -> None:
        status = event.data.get("status") if event.type == ev.MESSAGE_STATUS_CHANGED else None
        message_id = event.message_id or ""
        if status not in TERMINAL:
            if status == "running" and message_id not in self._reports:
                self._reports[message_id] = len(self._store.reported(session_id))
            tape.go_on(taking)
            return
        session = self._store.session(session_id)
        if session is not None and taking.turn.line.parent is not None:
            taking.turn.line.behind = self._answers_before(session, message_id)
        # What a turn that never ran has cost is nothing that anybody told.
        reports = self._store.reported(session_id)
        taking.turn.line.cost = _cost(reports[self._reports.pop(message_id, len(reports)) :])
        del self._taking[message_id]
        self._places.note(taking.turn, tape.recording.turns)
        self._on_tape.add(taking.turn.line.key)
        place = taking.turn.place
        tape.end(taking)
        self._look(tape)
        if not taking.turn.is_answer:
            self._places.leave(place)
            again = self._asked_again(taking.turn, message_id)
            self._hand_on(tape, [one for one in again if one.place > place])
        if why := tape.trouble:
            _log.warning(_NOT_KEPT, why)
        self._ended(message_id, taking.turn)


def _without_fork(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A session's metadata without the id of the one that it parts from, which no tape knows."""
    return {name: told for name, told in metadata.items() if name != _FORK}


def _cost(reports: Sequence[Decimal | None]) -> str | None:
    if not reports:
        return None
    known = [report for report in reports if report is not None]
    return f"{total(known):f}" if len(known) == len(reports) else UNKNOWN
