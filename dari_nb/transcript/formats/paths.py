"""Which files are meant: one, several, all of a folder, or those that a pattern matches."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from glob import has_magic
from pathlib import Path

from ...errors import InvalidRequestError
from ...tapes.reading import refuse_no_name

Paths = str | Path | Iterable[str | Path]
FILE = "file"
"""The metadata that tells of which file a run is, where several were read."""
SUFFIXES = (".gz", ".jsonl", ".json", ".eval", ".traj", ".tape")
"""How files of runs are called, which are looked for in folders."""


def paths_of(source: Paths) -> list[Path]:
    """Return the files that are meant, those of a folder or a pattern in the order of their names.

    One that is meant twice, also by way of a link or a pattern, is there once.

    Raises:
        InvalidRequestError: There is no file of runs in a folder, or none that a pattern matches,
            or no file can be called so.
    """
    if source in ("", None) or not isinstance(source, str | Path | Iterable):
        raise InvalidRequestError(
            f"{source!r} names no file: give a path, or a list of them.", code="invalid_path"
        )
    meant = [source] if isinstance(source, str | Path) else source
    found: dict[Path, Path] = {}
    for path in (path for one in meant for path in _found(one)):
        found.setdefault(path.resolve(), path)
    return list(found.values())


def _found(one: str | Path) -> list[Path]:
    refuse_no_name(one)
    path = Path(one).expanduser()
    if path.is_dir():
        files = [p for p in sorted(path.iterdir()) if _is_one(p)]
        if not files:
            known = ", ".join(SUFFIXES)
            raise InvalidRequestError(
                f"There is no file of runs ({known}) in the folder {path}.", code="file_not_found"
            )
        return files
    if not has_magic(str(path)) or path.exists():
        return [path]
    root = Path(path.anchor)
    matching = []
    with suppress(ValueError):  # It is no pattern.
        matching = sorted(p for p in root.glob(str(path.relative_to(root))) if p.is_file())
    if not matching:
        raise InvalidRequestError(f"No file matches {path}.", code="file_not_found")
    return matching


def _is_one(path: Path) -> bool:
    """Whether a file of a folder may hold runs; hidden ones are the system's."""
    is_hidden = path.name.startswith(".")
    return path.name.endswith(SUFFIXES) and path.is_file() and not is_hidden


def names_of(paths: list[Path]) -> list[str]:
    """Name files by what tells them apart: their paths below the folder that they share.

    >>> names_of([Path("logs/a/run.json"), Path("logs/b/run.json")])
    ['a/run.json', 'b/run.json']
    """
    folders = [path.parent.absolute() for path in paths]
    shared = Path(os.path.commonpath(folders)) if folders else Path()
    return [
        (folder / path.name).relative_to(shared).as_posix()
        for folder, path in zip(folders, paths, strict=True)
    ]
