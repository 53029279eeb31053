"""Keys made from content: the same work has the same key, in any process."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...descriptors import open_regular
from ...errors import InvalidRequestError

_CHUNK = 1 << 20
_MADE = re.compile(r"runs?_[0-9a-f]{20}(-[0-9a-f]{8})?")
"""The name of a run, which follows from its content, and of a new run of the same (``new_run``)."""


def digest(*parts: Any) -> str:
    """Return a SHA-256 of JSON-like parts, in hex.

    >>> digest("a", {"x": 1, "y": 2}) == digest("a", {"y": 2, "x": 1})
    True
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(path: str) -> str:
    """Return the SHA-256 of a file's name and bytes, in hex.

    Raises:
        InvalidRequestError: It cannot be read.
    """
    sha = hashlib.sha256(f"{Path(path).name}\0".encode())
    try:
        with open_regular(Path(path).expanduser()) as file:
            while block := file.read(_CHUNK):
                sha.update(block)
    except OSError as error:
        raise InvalidRequestError(
            f"{path} cannot be read: {error.strerror or error}",
            code="file_not_found" if isinstance(error, FileNotFoundError) else "file_unreadable",
        ) from None
    return sha.hexdigest()


def run_id_of(
    agent_id: str,
    versions: list[str | None],
    task_keys: list[str],
    options: Mapping[str, Any] | None = None,
) -> str:
    """Name a run by what is asked of whom; LLMs and repeats may be added to it later.

    Args:
        agent_id: Who is asked.
        versions: Its versions.
        task_keys: What is asked.
        options: Options of LLMs that no version tells of: other ones give other answers.
    """
    more = [options] if options else []
    return f"run_{digest('run', agent_id, versions, task_keys, *more)[:20]}"


def is_given(run_id: str) -> bool:
    """Say whether somebody has named this run, so that people know it by that."""
    return not _MADE.fullmatch(run_id)


def chunk_key(run_id: str, jobs: list[list[Any]]) -> str:
    """Make the idempotency key of one API batch from the cells in it."""
    return f"nb_{digest('chunk', run_id, jobs)[:32]}"
