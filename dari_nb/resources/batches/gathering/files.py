"""Files of runs, wherever sessions are meant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .... import ids
from ....errors import InvalidRequestError
from ...bulk.sources import Source
from ...sessions.transcript import Transcript


def recorded_in(source: Source | Path) -> Source:
    """Read the runs of files, also among other entries of a list; all else is what it is.

    Raises:
        InvalidRequestError: A file cannot be read, or there is no run in them.
    """
    if isinstance(source, Iterator):
        source = list(source)
    entries = source if isinstance(source, list | tuple) else [source]
    paths = [entry for entry in entries if _is_path(entry)]
    if not paths:
        return source
    runs = Transcript.from_file(paths if len(paths) > 1 else paths[0])
    if not runs:
        raise InvalidRequestError(
            f"There is no run in {', '.join(map(str, paths[:8]))}.", code="too_few_runs"
        )
    return [*runs, *(entry for entry in entries if not _is_path(entry))]


def _is_path(entry: Any) -> bool:
    is_id = isinstance(entry, str) and entry.startswith((ids.SESSION, ids.BATCH))
    return isinstance(entry, str | Path) and not is_id
