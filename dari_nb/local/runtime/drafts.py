"""What running turns are writing, for those who watch; none of it is in a ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

from ...models import events as ev
from ..agents import Draft, DraftKind
from ..llm.reply import joined
from ..store.records import JsonObject

INTERVAL = 1 / 30
"""Seconds between two frames of what is written in a session: 30 a second at most."""
KINDS: tuple[str, ...] = get_args(DraftKind)
"""What drafts of agents may be (contract, section 18.1)."""
MOST_CHARACTERS = 4 * 1024 * 1024
"""Characters that may be drafts at a time in one message."""
MOST_BLOCKS = 64
"""Drafts of one message at a time; the arguments of further calls are seen when these are made."""

Follower = Callable[[str, Draft], None]
"""Told of a piece of a message's drafts."""
_Of = tuple[str, str | int | None, str | None]
"""What a draft is of: its kind, and of arguments the call, or else the tool."""


@dataclass(eq=False)
class _Block:
    """One draft: its pieces as they were shown, and what was written since."""

    number: int
    kind: str
    tool_name: str | None
    times: int = 0
    pieces: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)

    def restart(self) -> None:
        """Forget what was written; readers are told so."""
        self.pieces, self.new = [], []
        self.times += 1

    def show(self) -> None:
        """Let what was written be seen; half of a character waits for its other half."""
        text, self.new = "".join(self.new), []
        if text and "\ud800" <= text[-1] <= "\udbff":
            self.new, text = [text[-1]], text[:-1]
        if text:
            self.pieces.append(joined([text]))

    @property
    def text(self) -> str:
        return "".join(self.pieces) + joined(self.new)


class Written(NamedTuple):
    """What drafts say that a message may keep."""

    reasoning: str
    text: str


class Writing:
    """The drafts of one message until the ledger has them: text, thoughts, arguments of calls."""

    def __init__(
        self, message_id: str, changed: Callable[[], None], notify: Callable[[Draft], None]
    ) -> None:
        self.message_id = message_id
        self.attempt = 1
        self.is_full = False
        self._blocks: dict[_Of, _Block] = {}
        self._unseen: dict[_Block, None] = {}
        self._next = 0
        self._size = 0
        self._changed = changed
        self._notify = notify

    @property
    def blocks(self) -> list[_Block]:
        """The drafts that are there now."""
        return list(self._blocks.values())

    @property
    def written(self) -> Written:
        """The drafts of thoughts and of a text, as far as there are any."""
        return Written(*map(self._text_of, Written._fields))

    def _text_of(self, kind: str) -> str:
        return "".join(block.text for block in self.blocks if block.kind == kind)

    def write(self, piece: Draft) -> None:
        """Take in a piece; of one that is too much, what fits.

        Raises:
            TypeError: Its text, the name of its tool, or what its call is told by, is none.
            ValueError: There is too much of it, or it is of no known kind.
        """
        _check(piece)
        block = self._block_of(piece)
        if block is not None:
            if piece.restart:
                self._size -= len(block.text)
                block.restart()
            room = max(0, MOST_CHARACTERS - self._size)
            self._size += len(piece.text)
            block.new.append(piece.text[:room])
            self._unseen[block] = None
            self._changed()
            self._notify(piece)
        if self._size > MOST_CHARACTERS:
            self.is_full = True
            raise ValueError(f"a draft has at most {MOST_CHARACTERS} characters")

    def show(self) -> bool:
        """Let one draft be seen that grew, the one that waits longest; returns whether more do."""
        block = next(iter(self._unseen), None)
        if block is not None:
            del self._unseen[block]
            block.show()
        return bool(self._unseen)

    def settle(self) -> Written:
        """Show none of it any more, as the ledger has it; returns what it was."""
        written = self.written
        self._blocks.clear()
        self._unseen.clear()
        self._size = 0
        return written

    def discard(self) -> None:
        """Begin another attempt, with drafts of its own."""
        self.settle()
        self.attempt += 1
        self._next = 0

    def _block_of(self, piece: Draft) -> _Block | None:
        """What a piece goes on with: text, thoughts, or its call's arguments if they are shown."""
        is_said = piece.kind in Written._fields
        name = None if piece.tool_name is None else joined([piece.tool_name])
        of: _Of = (piece.kind, piece.call, None if piece.call is not None else name)
        of = (piece.kind, None, None) if is_said else of
        if of not in self._blocks:
            if not is_said and len(self._blocks) >= MOST_BLOCKS:
                return None
            self._blocks[of] = _Block(self._next, piece.kind, name)
            self._next += 1
        return self._blocks[of]


def _check(piece: Draft) -> None:
    if not isinstance(piece.text, str):
        raise TypeError(f"a draft is text: Draft('…'), not {type(piece.text).__name__}")
    if not isinstance(piece.tool_name, str | None):
        raise TypeError(
            f"tool_name of a draft is a tool's name, or None, not {piece.tool_name!r:.60}"
        )
    if not isinstance(piece.restart, bool):
        raise TypeError(f"restart must be True or False, not {piece.restart!r:.60}")
    if piece.kind not in KINDS:
        raise ValueError(f"a draft is one of {', '.join(KINDS)}, not {piece.kind!r}")
    if not isinstance(piece.call, str | int | None):
        raise TypeError(f"calls of a draft are told apart by texts or numbers, not {piece.call!r}")


class Drafts:
    """What is written now, by session; used on the server's loop only.

    Args:
        ring: Wakes the readers of a session.
    """

    def __init__(self, ring: Callable[[str], None]) -> None:
        self._ring = ring
        self._followers: list[Follower] = []
        self._writing: dict[str, Writing] = {}
        self._due: dict[str, asyncio.TimerHandle] = {}
        self._next_at: dict[str, float] = {}

    def follow(self, follower: Follower) -> None:
        """Tell someone of all pieces to come, as they are written."""
        self._followers.append(follower)

    def writing(self, session_id: str, message_id: str) -> Writing:
        """Make the drafts of a message that begins to run."""

        def notify(piece: Draft) -> None:
            for follower in self._followers:
                follower(message_id, piece)

        writing = Writing(message_id, lambda: self._soon(session_id), notify)
        self._writing[session_id] = writing
        return writing

    def end(self, session_id: str) -> None:
        """Forget the drafts of a message that has ended; the session's pace holds for the next."""
        self._writing.pop(session_id, None)
        if due := self._due.pop(session_id, None):
            due.cancel()
        now = asyncio.get_running_loop().time()
        self._next_at = {other: at for other, at in self._next_at.items() if at > now}

    def of(self, session_id: str) -> Writing | None:
        """What is written in a session now, if there is a turn."""
        return self._writing.get(session_id)

    def _soon(self, session_id: str) -> None:
        if session_id in self._due:
            return
        loop = asyncio.get_running_loop()
        at = max(loop.time(), self._next_at.get(session_id, 0.0))
        self._due[session_id] = loop.call_at(at, self._show, session_id)

    def _show(self, session_id: str) -> None:
        del self._due[session_id]
        self._next_at[session_id] = asyncio.get_running_loop().time() + INTERVAL
        more = self._writing[session_id].show()
        self._ring(session_id)
        if more:
            self._soon(session_id)


class DraftReader:
    """What one reader has seen of a session's drafts.

    Args:
        drafts: What is written.
        session_id: The session.
    """

    def __init__(self, drafts: Drafts, session_id: str) -> None:
        self._drafts = drafts
        self._session_id = session_id
        self._place: tuple[str, int] | None = None
        self._seen: dict[int, tuple[int, int, int]] = {}

    def news(self) -> list[JsonObject]:
        """What was written since the last look, a piece for each block (contract, section 18.1)."""
        writing = self._drafts.of(self._session_id)
        if writing is None:
            return []
        place = (writing.message_id, writing.attempt)
        if place != self._place:
            self._place, self._seen = place, {}
        news = []
        for block in writing.blocks:
            times, pieces, offset = self._seen.get(block.number, (block.times, 0, 0))
            if is_anew := times != block.times:
                pieces, offset = 0, 0
            text = "".join(block.pieces[pieces:])
            if not text and not is_anew:
                continue
            self._seen[block.number] = block.times, len(block.pieces), offset + len(text)
            named = {"tool_name": block.tool_name} if block.kind == "arguments" else {}
            news.append(
                {
                    "type": ev.ASSISTANT_MESSAGE_DELTA,
                    "session_id": self._session_id,
                    "message_id": writing.message_id,
                    "draft": block.number,
                    "attempt": writing.attempt,
                    "kind": block.kind,
                    **named,
                    "offset": offset,
                    "text": text,
                }
            )
        return news
