"""Recorded runs: the project's own, those of real agents, and whichever the environment names."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
OWN_RUNS = REPOSITORY / "notebooks" / "runs.jsonl"
REAL_RUNS = REPOSITORY.parent / "shared" / "data" / "airline-gpt4o.jsonl.gz"
FILES = [
    path
    for path in (OWN_RUNS, REAL_RUNS, Path(os.environ.get("DARI_NB_RUNS", "")))
    if path.is_file()
]
"""The files that are here; the project's own always is."""


def runs_of(path: Path) -> list[dict[str, Any]]:
    """Read a file of runs, knowing nothing of the package."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
