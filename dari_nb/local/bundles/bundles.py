"""The bundles of published versions: their files, and the tools that they declare."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from threading import Lock
from weakref import WeakValueDictionary

from ..agents.tools import ToolSpec
from ..store import Store
from ..store.records import VersionRecord
from .archive import Files, read_bundle
from .declared import declared_tools
from .manifest import read_yaml

_KEPT = 128
"""Bundles whose tools are kept at hand; a bundle never changes."""


class _Unpacked(Files):
    """Files that can be referred to without keeping them."""


class Bundles:
    """Reads bundles beside the server's loop, since an archive may be large.

    Args:
        store: Where the archives are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._unpacked: WeakValueDictionary[str, _Unpacked] = WeakValueDictionary()
        self._unpacking = Lock()
        self._read_tools = lru_cache(_KEPT)(self._tools_in)

    async def files_of(self, version: VersionRecord) -> Files:
        """The files of a version's bundle; a function has none."""
        if version.snapshot_id is None:
            return {}
        return await asyncio.to_thread(self._files_in, version.snapshot_id)

    async def tools_of(self, version: VersionRecord) -> tuple[ToolSpec, ...]:
        """The custom tools that a version declares, with schemas and times; a function has none."""
        if version.snapshot_id is None or not version.manifest.get("custom_tools"):
            return ()
        return await asyncio.to_thread(self._read_tools, version.snapshot_id)

    async def external_tool(self, version: VersionRecord, name: str) -> ToolSpec | None:
        """The tool of this name, if the version declares that the caller of the API runs it."""
        tools = await self.tools_of(version)
        return next((t for t in tools if t.name == name and t.kind == "external"), None)

    def _files_in(self, snapshot_id: str) -> Files:
        """The files of a bundle, which all who need them at a time share."""
        with self._unpacking:
            files = self._unpacked.get(snapshot_id)
            if files is None:
                files = _Unpacked(read_bundle(self._store.archive(snapshot_id) or b""))
                self._unpacked[snapshot_id] = files
        return files

    def _tools_in(self, snapshot_id: str) -> tuple[ToolSpec, ...]:
        files = self._files_in(snapshot_id)
        tools = declared_tools(read_yaml(files, "dari.yml"), files)
        return tuple(tool for _, tool in tools)
