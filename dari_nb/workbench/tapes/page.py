"""Writes a player as a page of its own."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InvalidRequestError
from ...tapes.reading import is_tape

if TYPE_CHECKING:
    from ...widgets.player.score import Score


def written(score: Score, path: Path, title: str, *, speed: float, idle_limit: float) -> Path:
    """Write a page, whole or not at all, and warn of what it leaves out.

    Raises:
        InvalidRequestError: It cannot be written, or a tape is there.
    """
    from ...widgets.player.page import page

    if is_tape(path):
        raise InvalidRequestError(f"{path} is a tape: give the page another name, such as x.html.")
    try:
        if not path.suffix and not path.exists():
            path = path.with_name(f"{path.name}.html")
        _check_target(path)
        made = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with made.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(page(score, title, speed=speed, idle_limit=idle_limit))
            made.replace(path)
        finally:
            with suppress(OSError):
                made.unlink(missing_ok=True)
    except InvalidRequestError:
        raise
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        # The name of what was written first tells nobody anything.
        raise InvalidRequestError(f"The page {path} cannot be written: {why}.") from None
    for count, why in score.left_out.counted(f" of {path.name}").items():
        warnings.warn(f"{count}: {why}.", stacklevel=3)
    return path.absolute()


def _check_target(path: Path) -> None:
    if not path.name or path.is_dir():
        raise InvalidRequestError(f"{str(path)!r} is a folder: name a page in it, such as x.html.")
    if path.exists() and not path.is_file():
        raise InvalidRequestError(f"{str(path)!r} is no file that a page can be written to.")
    if path.exists() and not _is_page(path):
        raise InvalidRequestError(
            f"{path.name} is there, and no page of a tape: give the page another name, or remove "
            f"{path.name}."
        )


def _is_page(path: Path) -> bool:
    """Whether a file is such a page, or empty."""
    from ...widgets.player.page import BEGIN

    with path.open("rb") as file:
        return file.read(len(BEGIN)) in (b"", BEGIN.encode())
