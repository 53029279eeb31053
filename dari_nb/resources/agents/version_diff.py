"""What differs between two versions of an agent, published or about to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Literal

from ..sessions.file_diff import FileDiff

if TYPE_CHECKING:
    from ...render.files.files import ChangedFile

MANIFEST = "dari.yml"

Files = Mapping[str, bytes | int]
"""Contents by path; of what is no text, or too large to be compared, only the size in bytes."""


class VersionDiff(FileDiff):
    """What differs between two versions of an agent; shown, it is a diff of its prompt and files.

    Attributes:
        agent_name: The agent's name.
        versions: Ids of the two; ``None`` stands for no version.
        numbers: Their numbers, as far as they are known.
        added: Paths of files that only the second has.
        removed: Paths of files that only the first has.
        changed: Paths of files that both have with other contents.
        same: How many files are the same in both.
        not_compared: Paths of files that are as large in both, and no text or too large to be
            compared.

    >>> first = d.agents.publish_prompt("greeter", "Greet.", llm="openai/gpt-5.5").version
    >>> second = d.agents.publish_prompt("greeter", "Greet twice.", llm="openai/gpt-5.5").version
    >>> bool(first.diff(second)), first.diff(second).same
    (True, 1)
    """

    def __init__(
        self,
        agent_name: str,
        versions: tuple[str | None, str | None],
        changes: Sequence[ChangedFile],
        same: int,
        not_compared: Sequence[str] = (),
        numbers: tuple[int | None, int | None] = (None, None),
    ) -> None:
        self.agent_name = agent_name
        self.versions = versions
        self.numbers = numbers
        self.not_compared = list(not_compared)
        super().__init__(changes, same)

    def to_mimebundle(self, said: str = "", notes: Sequence[str] = ()) -> dict[str, str]:
        """Return it as a static MIME bundle: HTML, Markdown and plain text.

        Args:
            said: What happened, to be said in the head.
            notes: What else is to be known.
        """
        from ...render.files.versions import VersionChange, static_version_change

        unknown = [f"Not compared: {', '.join(self.not_compared)}"] if self.not_compared else []
        notes = (*notes, *unknown)
        change = VersionChange(
            self.agent_name, self.versions, self._changes, self.same, said, notes, self.numbers
        )
        return static_version_change(change)


def diff_files(
    agent_name: str,
    versions: tuple[str | None, str | None],
    before: Files,
    after: Files,
) -> VersionDiff:
    """Compare the files of two versions, of which one need not be published."""
    changes, unknown, same = [], [], 0
    prompts = {_prompt_path(files) for files in (before, after)}
    for path in sorted({*before, *after}, key=lambda path: _rank(path, prompts)):
        sides = before.get(path), after.get(path)
        if sides[0] == sides[1] and isinstance(sides[0], bytes):
            same += 1
        elif _size_of(sides[0]) == _size_of(sides[1]) and not all(map(_is_text, sides)):
            unknown.append(path)
        else:
            changes.append(_change(path, sides))
    return VersionDiff(agent_name, versions, changes, same, unknown)


def change_text(before: str, after: str, width: int = 44) -> str:
    """Say in a few words what became of one prompt in another; nothing where nothing did.

    >>> change_text("Rate it: high or low.", "Rate it: high or low, in one word.")
    '“low, in one word.”'
    >>> change_text("Answer. Be kind.", "Answer.")
    'without “Be kind.”'
    """
    old, new = before.split(), after.split()
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    come = [" ".join(new[c:d]) for kind, _, _, c, d in steps if kind != "equal" and d > c]
    gone = [" ".join(old[a:b]) for kind, a, b, _, _ in steps if kind != "equal" and b > a]
    words = " … ".join(come or gone)
    words = words if len(words) <= width else f"{words[:width].rstrip()}…"
    return "" if not words else f"“{words}”" if come else f"without “{words}”"


def written(manifest: Mapping[str, Any]) -> bytes:
    """Write a manifest as the text of a ``dari.yml``."""
    import yaml  # type: ignore[import-untyped]

    text: str = yaml.safe_dump(dict(manifest), sort_keys=False, allow_unicode=True, width=100)
    return text.encode()


def _change(path: str, sides: Sequence[bytes | int | None]) -> ChangedFile:
    from ...render.files.files import ChangedFile

    before, after = sides
    data = [side if isinstance(side, bytes) else None for side in sides]
    sizes = _size_of(before) or 0, _size_of(after) or 0
    kind: Literal["added", "removed", "changed"] = (
        "added" if before is None else "removed" if after is None else "changed"
    )
    return ChangedFile(path, kind, data[0], data[1], sizes)


def _size_of(side: bytes | int | None) -> int | None:
    return len(side) if isinstance(side, bytes) else side


def _is_text(side: bytes | int | None) -> bool:
    return isinstance(side, bytes)


def _prompt_path(files: Files) -> str | None:
    import yaml

    manifest = files.get(MANIFEST)
    try:
        told = yaml.safe_load(manifest)["instructions"]["system"] if manifest else None
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        return None
    return told if isinstance(told, str) else None


def _rank(path: str, prompts: set[str | None]) -> tuple[int, str]:
    return 0 if path in prompts else 1 if path == MANIFEST else 2, path
