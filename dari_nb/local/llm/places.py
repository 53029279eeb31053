"""Where a session's attached files are in its workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

from ..agents import Attachment

ROOT = "/workspace"


def place_in(workspace: Path, files: Iterable[Attachment]) -> Callable[[str, str], str]:
    """Look up the path of each attached file, as the agent's tools name it.

    Files of one name have numbers in the workspace. One that the agent has changed or removed
    since is named by the first path that it can have had.
    """
    places = {file.id: _place(workspace, file) for file in files}
    return lambda file_id, name: f"{ROOT}/{places.get(file_id, name)}"


def _place(workspace: Path, file: Attachment) -> str:
    plain = Path(file.name)
    for number in count(1):
        name = file.name if number == 1 else f"{plain.stem}-{number}{plain.suffix}"
        path = workspace / name
        if path.is_symlink() or not path.exists():
            return file.name
        has_size = path.is_file() and path.stat().st_size == len(file.data)
        if has_size and path.read_bytes() == file.data:
            return name
    raise AssertionError("counting ended")
