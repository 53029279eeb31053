"""A session's files as people hold them: shown as a tree, compared with those of another."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ... import client as dari_client
from ...errors import WorkspaceError
from .file_diff import FileDiff

if TYPE_CHECKING:
    from ...render.files.files import ChangedFile, ShownFile

_CHUNK = 1 << 16


class Workspace(dari_client.Workspace):
    """The files of a session's ``/workspace``; shown in a notebook, they are a tree with previews.

    >>> @server.agent("writer")
    ... def writer(prompt, turn):
    ...     (turn.workspace / "out.csv").write_text(prompt)
    ...     return "Written."
    >>> turn = d.agents["writer"].send("a,b").wait()
    >>> print(turn.session.workspace(wait=60))
    workspace · 1 file · 3 B
    └─ out.csv  3 B
    """

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as a static MIME bundle: HTML with previews, Markdown and plain text."""
        from ...render.files.files import static_file_tree

        return static_file_tree("workspace", list(self._shown()), unsafe=self.unsafe)

    def diff(
        self, other: dari_client.Workspace, names: tuple[str, str] = ("first", "second")
    ) -> WorkspaceDiff:
        """Compare it with another one, file by file, without unpacking either.

        Args:
            other: What is compared with this one.
            names: What the two are called when the result is shown.

        Raises:
            WorkspaceError: A file is damaged.

        >>> @server.agent("writer")
        ... def writer(prompt, turn):
        ...     (turn.workspace / "out.csv").write_text(prompt)
        ...     return "Written."
        >>> sessions = [d.agents["writer"].send(text).wait().session for text in ("a,b", "a,c")]
        >>> one, two = [session.workspace(wait=60) for session in sessions]
        >>> one.diff(two).changed
        ['out.csv']
        """
        return diff_workspaces(self, other, names)

    def __str__(self) -> str:
        return self.to_mimebundle()["text/plain"]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()

    def _shown(self) -> Iterator[ShownFile]:
        from ...render.files.files import (
            HEAD_BYTES,
            MOST_PREVIEWS,
            PICTURE_BYTES,
            ShownFile,
            is_picture,
        )

        for index, file in enumerate(self.files()):
            most = PICTURE_BYTES if is_picture(file.path) else HEAD_BYTES
            head = _read(self, file.path, most) if index < MOST_PREVIEWS else None
            yield ShownFile(file.path, file.size_bytes, head)


class WorkspaceDiff(FileDiff):
    """What differs between two workspaces; shown in a notebook, it is diffs of the files.

    Attributes:
        added: Paths of files that only the second has.
        removed: Paths of files that only the first has.
        changed: Paths of files that both have, with other contents.
        same: How many files are the same in both.

    >>> workspace = turn.wait().session.workspace(wait=60)
    >>> bool(workspace.diff(workspace))
    False
    """

    def __init__(self, changes: Sequence[ChangedFile], same: int, names: tuple[str, str]) -> None:
        self._names = names
        super().__init__(changes, same)

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as a static MIME bundle: HTML, Markdown and plain text."""
        from ...render.files.files import static_file_changes

        return static_file_changes(self._names, self._changes, same=self.same)


def diff_workspaces(
    first: dari_client.Workspace,
    second: dari_client.Workspace,
    names: tuple[str, str] = ("first", "second"),
) -> WorkspaceDiff:
    """Compare the files of two workspaces, without unpacking either.

    Args:
        first: What to compare with.
        second: What is compared.
        names: What the two are called when the result is shown.

    Raises:
        WorkspaceError: A file is damaged.
    """
    sizes = [{file.path: file.size_bytes for file in w.files()} for w in (first, second)]
    changes, same = [], 0
    for path in sorted({*sizes[0], *sizes[1]}):
        change = _change(first, second, path, (sizes[0].get(path), sizes[1].get(path)))
        if change is None:
            same += 1
        else:
            changes.append(change)
    return WorkspaceDiff(changes, same, names)


def download(
    client: dari_client.Client, session_id: str, *, paths: Sequence[str], wait: float | None
) -> Workspace:
    """Download a session's workspace into a temporary file that goes with the result."""
    handle, archive = tempfile.mkstemp(prefix="dari_nb-", suffix=".zip")
    os.close(handle)
    try:
        client.sessions.workspace(session_id, paths=paths, wait=wait, dest=archive).close()
        return Workspace(archive, is_temporary=True)
    except BaseException:
        with suppress(OSError):
            os.unlink(archive)  # noqa: PTH108
        raise


def _change(
    first: dari_client.Workspace,
    second: dari_client.Workspace,
    path: str,
    sizes: tuple[int | None, int | None],
) -> ChangedFile | None:
    from ...render.files.files import DIFF_BYTES, ChangedFile

    known = (sizes[0] or 0, sizes[1] or 0)
    before, after = (
        _read(place, path, DIFF_BYTES) if size is not None and size <= DIFF_BYTES else None
        for place, size in zip((first, second), sizes, strict=True)
    )
    if sizes[0] is None:
        return ChangedFile(path, "added", None, after, known)
    if sizes[1] is None:
        return ChangedFile(path, "removed", before, None, known)
    if sizes[0] == sizes[1] and _equal(first, second, path):
        return None
    return ChangedFile(path, "changed", before, after, known)


def _equal(first: dari_client.Workspace, second: dari_client.Workspace, path: str) -> bool:
    with first.open(path) as a, second.open(path) as b:
        while chunk := a.read(_CHUNK):
            if chunk != b.read(_CHUNK):
                return False
        return not b.read(1)


def _read(workspace: dari_client.Workspace, path: str, most: int) -> bytes | None:
    """Read the beginning of a file; ``None`` when it is damaged, so that the others still show."""
    try:
        with workspace.open(path) as file:
            return file.read(most)
    except WorkspaceError:
        return None
