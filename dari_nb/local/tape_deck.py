"""The tape in a local Dari: putting one in, and taking it out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from ..models import Content
from ..tapes import AgentLine, Tape
from ..tapes.growing import GrowingTape
from ..tapes.tape import mode_of, opened
from .contents import Contents
from .http.serving import Serving
from .llm import Llms
from .playback.known import manifest_from, plays_alike
from .service import Service


class TapeDeck(Contents):
    """A server's contents, and the tape that it plays and records on while it serves.

    Args:
        path: The server's file; in memory without one.
        llms: The server's LLMs.
        demo_agents: Whether it begins with the demo agents.

    Raises:
        InvalidRequestError: The file cannot be used.
    """

    def __init__(self, path: str | Path | None, llms: Llms, *, demo_agents: bool = True) -> None:
        super().__init__(path, llms, demo_agents=demo_agents)
        self._service: Service | None = None
        self._serving: Serving | None = None
        self._tape: Tape | None = None

    @property
    def tape(self) -> Tape | None:
        """The tape that is in, if there is one."""
        return self._tape

    def insert(self, tape: str | Path | Tape) -> None:
        """Play a tape and record on it, in place of another one.

        What is on the tape plays, for the first organization: the same text, asked of the same
        agent with the same LLM after the same beginning. What is not is asked live and recorded, as
        the tape's mode says (``dari_nb.tapes.Tape``). An agent that only the tape knows is offered
        like any other, and one that is here otherwise gives way to it while the tape only plays.
        Secrets are taken out before anything is written. The file is whole whenever nothing runs,
        and of one whose process is killed, what was recorded up to there can be used.
        The format is described in ``dari_nb/tapes/FORMAT.md``, which is installed with the package.

        Args:
            tape: The file, which is made when missing, or a ``dari_nb.tapes.Tape``, which says
                more. The one that is in already stays in; what is missing is new from then on, as
                with any tape that has answers.

        Raises:
            InvalidRequestError: The file cannot be used, or the tape before it could not be
                written.
            TapeError: It is no tape, or a line is broken.

        >>> server.insert("lesson.tape")
        >>> server.tape.path
        'lesson.tape'
        >>> server.eject()
        """
        tape = tape if isinstance(tape, Tape) else Tape(tape)
        deck = self._service.deck if self._service is not None else None
        if tape == self._tape and (deck is None or deck.is_in):
            return
        self._load(tape, opened(tape))
        self._tape = tape

    def eject(self) -> None:
        """Play and record no more; what is being recorded is on the tape up to here.

        A tape that could not be written stays in, though nothing plays or is recorded: once there
        is room for it, it is ejected again, and nothing is lost.

        Raises:
            InvalidRequestError: The tape could not be written; the text says where the rest is.

        >>> server.eject()
        >>> server.tape is None
        True
        """
        self._registry.stand_back()
        if self._serving is not None and self._service is not None:
            self._serving.call(self._service.deck.eject)
        self._tape = None

    def asks_live(self, session_id: str, content: Content) -> bool:
        """Return whether a message would be asked live, and not play.

        Args:
            session_id: The session that it would be sent into.
            content: Its content blocks.

        >>> server.asks_live(session.id, [{"type": "text", "text": "What is 1 + 1?"}])
        True
        """
        service = self._service
        session = self._open_store().session(session_id)
        if self._serving is None or service is None or session is None:
            return False
        return self._serving.call(partial(service.deck.asks_live, session, content))

    def has_played(self, message_id: str) -> bool | None:
        """Return whether a turn played; ``None`` where no tape was in when it was asked.

        Args:
            message_id: The turn's message.

        >>> server.has_played(turn.id) is None
        True
        """
        return self._service.deck.played.get(message_id) if self._service else None

    def failed_on(self, message_id: str) -> str | None:
        """Return the tape from which a turn played that was recorded as failed there.

        Args:
            message_id: The turn's message.

        >>> server.failed_on(turn.id) is None
        True
        """
        return self._service.deck.failures.get(message_id) if self._service else None

    @property
    def recorded_costs(self) -> Mapping[str, str | None]:
        """What turns that played or were recorded have cost, by their messages."""
        return dict(self._service.deck.costs) if self._service else {}

    def _load(self, tape: Tape, growing: GrowingTape) -> None:
        """Offer the agents of the tape that are not here, and play it where the server serves."""
        self._registry.stand_back()
        for name, line in growing.recording.agents.items():
            if name.strip() and not self._has(line, asks_live=mode_of(tape) != "play"):
                self._registry.stand_in(manifest_from(line))
        if self._serving is not None and self._service is not None:
            self._serving.call(partial(self._service.deck.insert, tape, growing))

    def _has(self, line: AgentLine, *, asks_live: bool) -> bool:
        """Whether an agent of a tape is here; one that only plays has to be as the tape has it."""
        own = self._registry.own(line.agent)
        is_function = self._registry.named(line.agent) is not None
        return own is not None and (asks_live or is_function or plays_alike(own, line))
