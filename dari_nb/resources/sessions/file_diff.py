"""What differs between two sets of files, whatever they are the files of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...render.files.files import ChangedFile


class FileDiff:
    """Files that were added, removed or changed; true when there are any.

    Attributes:
        added: Paths of files that only the second has.
        removed: Paths of files that only the first has.
        changed: Paths of files that both have with other contents.
        same: How many files are the same in both.
    """

    def __init__(self, changes: Sequence[ChangedFile], same: int) -> None:
        self._changes = list(changes)
        self.same = same
        self.added = self._paths("added")
        self.removed = self._paths("removed")
        self.changed = self._paths("changed")

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as a static MIME bundle: HTML, Markdown and plain text."""
        raise NotImplementedError

    def __bool__(self) -> bool:
        return bool(self._changes)

    def __str__(self) -> str:
        return self.to_mimebundle()["text/plain"]

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__}: {len(self.added)} added, {len(self.removed)} removed,"
            f" {len(self.changed)} changed>"
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()

    def _paths(self, change: str) -> list[str]:
        return [one.path for one in self._changes if one.change == change]
