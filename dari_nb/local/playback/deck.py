"""The deck of a server: the tape that is in, what plays from it, and what is recorded."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from itertools import zip_longest

from ...errors import InvalidRequestError
from ...models import Content
from ...tapes import Tape, Turn
from ...tapes.differences import text_asked
from ...tapes.files import files_folder
from ...tapes.growing import GrowingTape
from ...tapes.redaction import compiled
from ...tapes.tape import VARIABLE, Mode, mode_of
from ..agents import AgentFunction, Draft
from ..llm import ASSISTANT
from ..runtime.agent_resolver import AgentResolver
from ..runtime.registry import Registry
from ..store import Store
from ..store.database import Effect
from ..store.records import EventRecord, SessionRecord
from ..workspaces.workspaces import Workspaces
from .answers import Answers
from .comparison import Comparison
from .digests import Digests
from .finder import Finder
from .names import Names
from .player import Pace, TapePlayer
from .recorder import TapeRecorder

_log = logging.getLogger(__name__)
_TAKEN_OUT = (
    "“{asked}”: {what} is not on the tape, and prompts that differ only there are one turn."
)
_PASSED_OVER = "“{asked}” plays as recorded, by volatile=[…]: {what}."
_STANDS_FOR = "{!r} stands for {!r} of the recording"
_SHOWN, _MOST = 60, 5
"""Characters of a prompt, and places of it, that are shown."""
_LIVE = "\n{auto} asks live what is missing."
_OF_TAPE = (
    "\nOnly the tape knows this agent; with one of its name, {auto} asks live what is missing."
)
_OTHER = (
    "\nThis session's agent is that of the tape, which nobody can ask; in a new session {auto} "
    "asks the one of its name that is here."
)
_NOBODY = "\nNobody can be asked live: {why}"
_NOT_YET = "\n{auto} asks live what is missing, but nobody can be asked here: {why}"
_RECORDS = (
    "{tape} records everything anew; {auto} asks live only what is missing, and plays the rest."
)
_PLAYS_ONLY = (
    "%s cannot be recorded on: %s. What is on it plays, and what is missing is refused, as in the "
    "mode play."
)


class TapeMiss(Exception):  # noqa: N818
    """Nothing plays, and nobody is asked; the text says what comes nearest, and what helps."""


class Deck:
    """Plays what a tape has, and records what it has not; on the server's loop.

    Args:
        store: Where the ledgers are.
        workspaces: Where the files of sessions are.
        registry: The agents that are here.
        resolver: Who can be asked live.

    Attributes:
        costs: What turns that played or were recorded have cost, by their messages.
        digests: Hashes of attached files.
        played: Whether turns played, by their messages; those that were asked live did not.
        failures: The tapes of turns that played and were recorded as failed, by their messages.
    """

    def __init__(
        self, store: Store, workspaces: Workspaces, registry: Registry, resolver: AgentResolver
    ) -> None:
        self._store = store
        self._registry = registry
        self._resolver = resolver
        self._unasked: set[str] = set()
        self.costs: dict[str, str | None] = {}
        self.played: dict[str, bool] = {}
        self.failures: dict[str, str] = {}
        self._answers = Answers(store, self._unasked)
        self.digests = Digests(store)
        self._names = Names(store, self.played)
        self._recorder = TapeRecorder(
            *(store, workspaces, self._answers, self.digests), self._unasked
        )
        self._finder: Finder | None = None
        self._tape: Tape | None = None
        self._opened: GrowingTape | None = None
        self._mode: Mode = "auto"
        self._said: set[str] = set()

    def insert(self, tape: Tape, opened: GrowingTape) -> None:
        """Play this tape and record on it from now on.

        Raises:
            InvalidRequestError: The tape before it could not be written.
        """
        self._recorder.let_go()
        self.eject()
        self._tape, self._opened, self._mode = tape, opened, mode_of(tape)
        self._names.insert(opened.scrubber.apart())
        self.digests.insert(opened.scrubber.apart())
        volatile = [compiled(pattern) for pattern in tape.volatile]
        self._comparison = Comparison(opened.scrubber.apart(), volatile)
        if self._mode != "record":
            self._finder = Finder(
                *(self._store, opened.scrubber.apart()),
                volatile,
                answers=self._answers,
                digests=self.digests,
                asks_live=self._mode == "auto",
                unasked=self._unasked,
            )
            self._finder.load(opened.recording)
        if self._mode != "play":
            if why := opened.why_read_only:
                _log.warning(_PLAYS_ONLY, tape.file.name, why)
            replaces = self._mode == "record"
            folder = files_folder(tape.file) if tape.files else None
            self._recorder.insert(opened, replaces=replaces, ended=self._ended, files=folder)

    @property
    def is_in(self) -> bool:
        """Whether a tape plays, or is recorded on."""
        return self._tape is not None

    def eject(self, *, for_good: bool = False) -> None:
        """Play and record no more.

        Args:
            for_good: Whether a tape that cannot be written is let go of; else it can be ejected
                again.

        Raises:
            InvalidRequestError: The tape could not be written.
        """
        self._finder = self._tape = self._opened = None
        self._said.clear()
        self._recorder.eject(for_good=for_good)

    def close(self) -> None:
        """Eject a tape for good.

        Raises:
            InvalidRequestError: It could not be written, which was not said yet, or is lost now.
        """
        was_said = self._recorder.is_in_journal
        try:
            self.eject(for_good=True)
        except InvalidRequestError as error:
            if not was_said:
                raise
            _log.warning("%s", error)

    def agent_for(
        self, session: SessionRecord, message_id: str, content: Content
    ) -> AgentFunction | None:
        """Who plays what is asked; ``None`` where it is asked live.

        Raises:
            TapeMiss: Nobody can: nothing plays, and the tape asks nobody, or nobody is here.
            TapeError: Somebody has broken the tape meanwhile.
            InvalidRequestError: The tape cannot be read any more, or cannot be written.
        """
        finder, tape, opened = self._finder, self._tape, self._opened
        if tape is None or opened is None or not self._recorder.is_taped(session):
            return None
        asked = self._say_what_is_taken_out(content)
        if opened.refresh() and finder is not None:
            finder.load(opened.recording)
        turn = finder.find(session, content) if finder is not None else None
        self.played[message_id] = turn is not None
        if turn is not None:
            if tape.volatile and asked != (recorded := text_asked(turn.line.asked)):
                self._say(_PASSED_OVER, asked, what=self._passed_over(asked, recorded))
            self._recorder.pass_over(message_id, turn)
            self._answers.note(message_id, turn)
            self.costs[message_id] = turn.line.cost
            if turn.status == "failed":
                self.failures[message_id] = str(tape.path)
            compare = self._comparison if tape.run_tools else None
            pace, folder = Pace(tape.factor, tape.idle_limit), files_folder(tape.file)
            return TapePlayer(turn, pace, folder, compare)
        # A mode that was given in code is not changed by the variable.
        auto = f"{VARIABLE}=auto" if tape.mode is None else 'mode="auto"'
        advice, name = self._advice(session, auto), str(tape.path)
        if advice is not None:
            if finder is None:
                raise TapeMiss(_RECORDS.format(tape=name, auto=auto) + advice)
            raise TapeMiss(finder.miss(name, session, content, advice))
        opened.check()
        return None

    def _advice(self, session: SessionRecord, auto: str = "") -> str | None:
        """Say how what does not play could be asked live; ``None`` where it is asked right away."""
        plays, why = self._mode == "play", self._resolver.why_nobody(session)
        if why is None:
            return _LIVE.format(auto=auto) if plays else None
        agent = self._store.agent(session.agent_id)
        version = self._store.version(session.agent_id, session.version_id)
        assert agent is not None
        assert version is not None
        if version.is_of_tape and self._registry.own(agent.name) is not None:
            return _OTHER.format(auto=auto if plays else "this tape")
        if not plays:
            return _NOBODY.format(why=why)
        is_alone = version.is_of_tape and agent.name != ASSISTANT
        return (_OF_TAPE if is_alone else _NOT_YET).format(auto=auto, why=why)

    def _say_what_is_taken_out(self, content: Content) -> str:
        """Say what is secret in what is asked, and give it without."""
        scrubber = self._comparison.scrubber
        scrubber.look()
        scrubber.reasons.clear()
        asked = text_asked(scrubber.scrub(content))
        for what in scrubber.reasons:
            self._say(_TAKEN_OUT, asked, what=what)
        return asked

    def _passed_over(self, asked: str, recorded: str) -> str:
        told: dict[str, None] = {}
        for pattern in self._comparison.volatile:
            both = [
                [found.group() for found in pattern.finditer(text)] for text in (asked, recorded)
            ]
            pairs = zip_longest(*both, fillvalue="")
            told |= {
                _STANDS_FOR.format(*map(_short, pair)): None for pair in pairs if pair[0] != pair[1]
            }
            asked, recorded = pattern.sub("", asked), pattern.sub("", recorded)
        shown = [*told][:_MOST]
        return ", ".join([*shown, "and so on"] if len(told) > _MOST else shown)

    def _say(self, text: str, asked: str, **values: str) -> None:
        """Say something of what is asked, once."""
        asked = " ".join(asked.split())
        if (said := text.format(asked=asked, **values)) not in self._said:
            self._said.add(said)
            _log.warning(text.format(asked=_short(asked), **values))

    def on_events(self, session_id: str, events: Sequence[EventRecord]) -> Effect | None:
        """Take in new events of a session, once they are durable."""
        told = (
            self._recorder.on_events(session_id, events),
            self._names.on_events(session_id, events),
        )
        effects = [effect for effect in told if effect is not None]
        return partial(_all_of, effects) if effects else None

    def drafted(self, message_id: str, piece: Draft) -> None:
        """Take in a piece of what is written."""
        self._recorder.drafted(message_id, piece)

    async def save_files(self, session_id: str, message_id: str, snapshot: str | None) -> None:
        """Keep the files of a turn that ends, where that was asked for."""
        await self._recorder.keep_files(session_id, message_id, snapshot)

    def drop(self, message_id: str) -> None:
        """Keep nothing of a turn, which nobody could be asked for."""
        self._unasked.add(message_id)
        self._recorder.drop(message_id)

    def asks_live(self, session: SessionRecord, content: Content) -> bool:
        """Whether what would be asked next in a session is asked live."""
        if self._tape is not None and self._advice(session) is not None:
            return False
        return self._finder is None or not self._finder.has(session, content)

    def _ended(self, message_id: str, turn: Turn) -> None:
        self.costs[message_id] = turn.line.cost
        self._answers.note(message_id, turn)
        if self._finder is not None:
            self._finder.add(turn)


def _all_of(effects: Sequence[Effect]) -> None:
    for effect in effects:
        effect()


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
