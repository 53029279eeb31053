"""Writes a player as a page of its own."""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InvalidRequestError
from ...tapes.writing import Kind, put_pieces
from ..connection.progress import Progress

if TYPE_CHECKING:
    from ...widgets.player.score import Score


def written(
    score: Score,
    path: str | Path,
    tape: Path,
    title: str | None,
    *,
    speed: float,
    idle_limit: float,
) -> Path:
    """Write a page, whole or not at all, and warn of what it leaves out.

    Raises:
        InvalidRequestError: It cannot be written, or a tape is there, or no file is named, or its
            title is none.
    """
    from ...widgets.player.page import BEGIN, page

    kind = Kind("page", "x.html", lambda first: first.startswith(BEGIN.encode()))
    if not isinstance(path, str | Path):
        raise InvalidRequestError(
            f"{path!r} names no page: give a path, such as x.html.", code="invalid_path"
        )
    if not isinstance(title, str | None):
        raise InvalidRequestError(
            f"{title!r} is no title: give a text, such as 'Closures'.", code="invalid_text"
        )
    path = Path(path)
    with suppress(OSError, ValueError, RuntimeError):  # there may be no such home
        path = path.expanduser()
        if not path.suffix and not path.exists():
            path = path.with_name(f"{path.name}.html")
    pace = {"speed": speed, "idle_limit": idle_limit}
    with Progress(len(score.scenes), "turns on the page") as progress:
        pieces = page(
            score, (title or "").strip() or tape.stem, tape.name, advance=progress.advance, **pace
        )
        put_pieces(pieces, path, kind)
    for told in score.left_out.sentences(f" of {path.name}"):
        warnings.warn(told, stacklevel=3)
    return path.absolute()
