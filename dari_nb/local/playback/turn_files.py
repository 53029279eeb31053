"""The files of a turn that ends, found in its server."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ...models import Content
from ...models import events as ev
from ...tapes import FileLine, Scrubber
from ..store import Store
from ..store.records import file_ids
from ..workspaces.workspaces import Workspaces
from .files import Attached, Listed, lines_of, listed

_log = logging.getLogger(__name__)


class TurnFiles:
    """Finds the files of turns; in threads.

    Args:
        store: Where attached files are, and the ledgers.
        workspaces: Where the others are.
    """

    def __init__(self, store: Store, workspaces: Workspaces) -> None:
        self._store = store
        self._workspaces = workspaces

    def lines(
        self,
        session_id: str,
        message_id: str,
        snapshot: str | None,
        asked: str | Content,
        scrubber: Scrubber,
        folder: Path,
    ) -> list[FileLine]:
        """The lines of a turn's files; none where they cannot be read or written.

        Args:
            session_id: The session.
            message_id: The message.
            snapshot: Where it is kept what the workspace holds at its end.
            asked: What was asked, as the tape has it.
            scrubber: What takes the secrets out.
            folder: The one beside the tape.
        """
        try:
            attached = list(self._attached(session_id, message_id, asked))
            before, after = Listed(), Listed()
            read = _unread
            if snapshot is not None:
                contents, entries = self._workspaces.snapshot(snapshot)
                before, after, read = (
                    self._before(session_id, message_id),
                    listed(entries),
                    contents.read,
                )
                before |= {
                    file.place: {"digest": hashlib.sha256(file.data).hexdigest()}
                    for file in attached
                    if file.place
                }
            return list(lines_of(attached, before, after, read, scrubber, folder))
        except OSError as error:
            _log.warning("The files of %s are not on the tape: %s", message_id, error)
            return []

    def _attached(
        self, session_id: str, message_id: str, asked: str | Content
    ) -> Iterator[Attached]:
        event = self._store.event_of_message(message_id, ev.USER_MESSAGE)
        content = event.to_event().data["content"] if event else []
        names = file_ids(asked) if isinstance(asked, list) else []
        places = self._workspaces.places(session_id)
        for file_id, name in zip(file_ids(content), names, strict=False):
            if self._store.file(file_id) is not None:
                yield Attached(name, self._store.file_content(file_id), places.get(file_id))

    def _before(self, session_id: str, message_id: str) -> Listed:
        """What the workspace held at the end of the turn before."""
        messages = self._store.messages_up_to(session_id, message_id)
        where = self._store.workspace_snapshots(session_id)
        before = messages[-2] if len(messages) > 1 else None
        if before in where:
            with suppress(OSError):
                return listed(self._workspaces.snapshot(where[before])[1])
        return Listed()


def _unread(digest: str) -> bytes:
    raise FileNotFoundError(digest)
