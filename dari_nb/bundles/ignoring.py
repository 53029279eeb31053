"""What ``.gitignore`` files say, where git itself cannot be asked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

LEFT_OUT = frozenset(
    {".dari", ".git", ".pytest_cache", ".venv", "__pycache__", "node_modules", ".DS_Store"}
)
"""Names of what is never packed outside of git."""

Rules: TypeAlias = "tuple[tuple[Path, GitIgnoreSpec], ...]"
"""Folders with what their files say, from the outermost inwards."""


def walked(root: Path, place: PurePosixPath) -> Iterator[str]:
    """Give the files of a folder inside a folder that are not ignored; links are given, too.

    Args:
        root: The outer folder, where the paths begin.
        place: The inner one.

    Raises:
        OSError: A folder cannot be read.
    """
    rules = _above(root.resolve())
    folder = root.resolve()
    for name in place.parts:
        rules = (*rules, *_own(folder))
        folder /= name
        if _ignores(rules, folder, is_folder=True):
            return
    yield from _below(folder, place, rules)


def _below(folder: Path, place: PurePosixPath, rules: Rules) -> Iterator[str]:
    rules = (*(() if os.path.lexists(folder / ".git") else rules), *_own(folder))
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        is_folder = entry.is_dir(follow_symlinks=False)
        path = folder / entry.name
        if entry.name in LEFT_OUT or _ignores(rules, path, is_folder=is_folder):
            continue
        if is_folder:
            yield from _below(path, place / entry.name, rules)
        else:
            yield (place / entry.name).as_posix()


def _above(root: Path) -> Rules:
    """The rules of the folders between a checkout's top and a folder in it."""
    tops = [folder for folder in (root, *root.parents) if os.path.lexists(folder / ".git")]
    if not tops or tops[0] == root:
        return ()
    between = root.relative_to(tops[0]).parts[:-1]
    folders = [tops[0].joinpath(*between[:depth]) for depth in range(len(between) + 1)]
    return tuple(rule for folder in folders for rule in _own(folder))


def _own(folder: Path) -> Rules:
    from pathspec import GitIgnoreSpec

    files = [folder / ".git" / "info" / "exclude", folder / ".gitignore"]
    lines = [line for file in files if _is_plain(file) for line in _lines(file)]
    return ((folder, GitIgnoreSpec.from_lines(lines)),) if lines else ()


def _is_plain(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()


def _ignores(rules: Rules, path: Path, *, is_folder: bool) -> bool:
    for folder, spec in reversed(rules):
        name = path.relative_to(folder).as_posix()
        said = spec.check_file(f"{name}/" if is_folder else name).include
        if said is not None:
            return said
    return False
