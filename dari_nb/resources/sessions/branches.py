"""Where a session and its forks part: what was asked there, and the way from one to another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from ... import models
from ...errors import DariError, InvalidRequestError
from .forking import FORKED_FROM

if TYPE_CHECKING:
    from ...widgets.reader.wire import Branch
    from ..connection import Link

S = TypeVar("S")
Path = tuple[tuple[str, str], ...]
"""A session's messages in order: what each is a copy of, or else its own id, and its id."""


class Asked(NamedTuple):
    """What was asked at a place: a message, in a session that has it."""

    session_id: str
    message_id: str


class BranchPoint(NamedTuple):
    """A message of a session at whose place its forks, or what it is a fork of, asked others.

    Attributes:
        message_id: The message.
        number: Which of the session's messages it is, from 1.
        place: Which of those asked there it is, from 1, in the order of their sessions.
        asked: All that were asked there.
    """

    message_id: str
    number: int
    place: int
    asked: tuple[Asked, ...]


def branch_points(shown: str, paths: dict[str, Path]) -> list[BranchPoint]:
    """Find where sessions part from one that is shown.

    Args:
        shown: Its id.
        paths: The messages of all of them by session, the ones that were first in front.

    >>> first = (("m1", "m1"), ("m2", "m2"))
    >>> fork = (("m1", "c1"), ("m3", "m3"))
    >>> [(one.message_id, one.place) for one in branch_points("b", {"a": first, "b": fork})]
    [('m3', 2)]
    """
    own = paths.get(shown, ())
    return [
        found for number in range(len(own)) if len((found := _at(number, shown, paths)).asked) > 1
    ]


def _at(number: int, shown: str, paths: dict[str, Path]) -> BranchPoint:
    own = paths[shown]
    before = [key for key, _ in own[:number]]
    asked: dict[str, Asked] = {}
    for session_id, path in paths.items():
        if len(path) > number and [key for key, _ in path[:number]] == before:
            key, message_id = path[number]
            asked.setdefault(key, Asked(session_id, message_id))
    key, message_id = own[number]
    asked[key] = Asked(shown, message_id)
    return BranchPoint(message_id, number + 1, [*asked].index(key) + 1, tuple(asked.values()))


class ForkTree(Generic[S]):
    """A session with what it was forked from and its forks, as far as it was learnt of them.

    Args:
        link: Where they are.
        session: The session.
        find: Gives a session by its id.
        ask: Asks a text in the place of a message's; gives the fork, and the new message's id.
    """

    def __init__(
        self,
        link: Link,
        session: models.Session,
        find: Callable[[str], S],
        ask: Callable[[str, str], tuple[S, str]],
    ) -> None:
        self.again = ask
        self._link = link
        self._session = session
        self._find = find
        self._branch_points: list[BranchPoint] = []

    @property
    def can_fork(self) -> bool:
        """Whether the server has said that it can."""
        return self._link.offers("fork")

    def learn(self) -> None:
        """Ask where they part."""
        paths = paths_in_tree(self._link, self._session) if self.can_fork else {}
        self._branch_points = branch_points(self._session.id, paths)

    @property
    def branches(self) -> list[Branch]:
        """Where the session parts from others, for a page."""
        return [
            {"turn": one.message_id, "place": one.place, "count": len(one.asked)}
            for one in self._branch_points
        ]

    def where(self) -> list[str]:
        """Which branch it is where it parts from others, in words."""
        return [
            f"branch {one.place} of {len(one.asked)} at turn {one.number}"
            for one in self._branch_points
        ]

    def step(self, message_id: str, by: int) -> tuple[S, str]:
        """The session in which another was asked at a message's place, and what that is."""
        point = self._branch_point(message_id)
        asked = point.asked[(point.place - 1 + by) % len(point.asked)]
        return self._find(asked.session_id), asked.message_id

    def compared(self, message_id: str) -> list[tuple[S, str]]:
        """All that was asked at a message's place, each with its session."""
        asked = self._branch_point(message_id).asked
        return [(self._find(one.session_id), one.message_id) for one in asked]

    def _branch_point(self, message_id: str) -> BranchPoint:
        found = (one for one in self._branch_points if one.message_id == message_id)
        point = next(found, None)
        if point is None:
            raise InvalidRequestError("There is no other branch here.", code="item_not_found")
        return point


def paths_in_tree(link: Link, session: models.Session) -> dict[str, Path]:
    """Ask for a session, what it is a fork of, and the forks of them all, with their messages.

    A session without any is left alone.
    """
    sessions = list({one.id: one for one in _below(link, _first(link, session))}.values())
    if len(sessions) < 2:
        return {}
    sessions.sort(key=lambda one: one.created_at or "")
    return {one.id: _path(link, one.id) for one in sessions}


def _first(link: Link, session: models.Session) -> models.Session:
    seen = {session.id}
    while (parent := (session.metadata or {}).get(FORKED_FROM)) and parent not in seen:
        seen.add(parent)
        try:
            session = link.client.sessions.get(parent)
        except DariError:
            break
    return session


def _below(link: Link, session: models.Session) -> Iterator[models.Session]:
    waiting = [session]
    while waiting:
        one = waiting.pop(0)
        yield one
        waiting += link.client.sessions.list(metadata={FORKED_FROM: one.id})


def _path(link: Link, session_id: str) -> Path:
    messages = link.client.sessions.messages(session_id)
    return tuple((message.original_id or message.id, message.id) for message in messages)
