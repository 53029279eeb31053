"""The hashes by which a tape tells attached files."""

from __future__ import annotations

import asyncio

from ...models import Content
from ...tapes import Scrubber
from ...tapes.files import digest_of_file
from ..store import Store
from ..store.records import file_ids


class Digests:
    """Hashes the attached files, as a tape may tell of them, each once.

    Args:
        store: Where the files are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._scrubber: Scrubber | None = None
        self._known: dict[str, str] = {}

    def insert(self, scrubber: Scrubber) -> None:
        """Take the secrets out with this scrubber from now on."""
        self._scrubber = scrubber
        self._known.clear()

    async def look_at(self, file_id: str, data: bytes) -> None:
        """Hash a file in a thread, before it is asked with: large texts take seconds."""
        if self._scrubber is not None:
            scrubber = self._scrubber.apart()
            self._known[file_id] = await asyncio.to_thread(digest_of_file, data, scrubber)

    def of(self, content: Content) -> dict[str, str]:
        """Hashes of the files that are attached to a message, by id."""
        ids = [each for each in file_ids(content) if self._store.file(each) is not None]
        if self._scrubber is None or not ids:
            return {}
        if self._scrubber.look():
            self._known.clear()
        for new in (each for each in ids if each not in self._known):
            data = self._store.file_content(new)
            self._known[new] = digest_of_file(data, self._scrubber)
        return {each: self._known[each] for each in ids}
