"""Putting unpacked files into a folder: all or none, and nothing outside of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ...errors import WorkspaceError


@contextmanager
def staging(root: Path) -> Iterator[Path]:
    """Make a folder that goes again, on the disk where the files are to be in the end."""
    near = next(folder for folder in (root, *root.parents) if folder.exists())
    with writing(root.name), TemporaryDirectory(prefix=".unpacking-", dir=near) as stage:
        yield Path(stage)


def check_places(root: Path, paths: Iterable[str]) -> None:
    """See to it that what was in the folder before does not stand in the way or lead out of it."""
    for path in paths:
        nearest = (root / path).parent
        while not nearest.exists() and not nearest.is_symlink():
            nearest = nearest.parent
        if not nearest.resolve().is_relative_to(root):
            raise WorkspaceError(
                f"{path!r} would be written outside of {str(root)!r}.", code="unsafe_path"
            )
        target = root / path
        if not nearest.is_dir() or (target.is_dir() and not target.is_symlink()):
            raise WorkspaceError(
                f"Cannot unpack {path!r}: something else has its place.", code="file_exists"
            )


def place(unpacked: Path, target: Path, path: str) -> None:
    """Move a file to where it is to be; what was there is replaced, a link not followed."""
    with writing(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        unpacked.replace(target)


@contextmanager
def writing(path: str) -> Iterator[None]:
    """Tell which file it was that could not be written."""
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            f"Cannot unpack {path!r}: {error.strerror or error}.", code="file_unwritable"
        ) from None
