"""Writes a player as a page of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InvalidRequestError

if TYPE_CHECKING:
    from ...widgets.player.score import Score


def written(score: Score, path: Path, title: str) -> Path:
    """Write a page, whole or not at all.

    Raises:
        InvalidRequestError: It cannot be written.
    """
    from ...widgets.player.page import page

    made = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with made.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(page(score, title))
        made.replace(path)
    except OSError as error:
        made.unlink(missing_ok=True)
        raise InvalidRequestError(f"The page {path} cannot be written: {error}") from error
    return path.absolute()
