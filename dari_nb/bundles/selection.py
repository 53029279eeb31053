"""Which files of a folder belong into its bundle: what git knows or would add."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ..errors import InvalidRequestError
from .checkout import listed
from .ignoring import walked


def selected(root: Path) -> list[str]:
    """The paths of a folder's files that git does not ignore, sorted.

    Raises:
        InvalidRequestError: Git, or the system, does not let the folder be read.
    """
    return selected_below(root, PurePosixPath())


def selected_below(root: Path, place: PurePosixPath) -> list[str]:
    """The same for a folder inside a folder; paths begin at the outer one.

    Raises:
        InvalidRequestError: Git, or the system, does not let the folder be read.
    """
    try:
        names = listed(root / place)
        if names is not None:
            return sorted((place / name).as_posix() for name in names)
        return sorted(walked(root, place))
    except OSError as error:
        where = error.filename or str(root / place)
        raise InvalidRequestError(
            f"Cannot read {where!r}: {error.strerror or error}.", code="file_unreadable"
        ) from None
