"""Aligned trajectories: one row a step and run, and one row a cluster of equal trajectories."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .kinds import BOOLEAN, INTEGER, JSON, NAME, SECONDS, TEXT, category
from .tables import Table


def _taken(rows: Sequence[tuple[Any, ...]]) -> Iterable[Sequence[Any]]:
    return zip(*rows, strict=True)


TRAJECTORIES: Table[tuple[Any, ...]] = Table(
    {
        "step": INTEGER,
        "run": INTEGER,
        "session_id": TEXT,
        "cluster": INTEGER,
        "kind": category("same", "other arguments", "only here"),
        "diverges": BOOLEAN,
        "order": INTEGER,
        "tool_call_id": TEXT,
        "tool_name": NAME,
        "arguments": JSON,
        "status": NAME,
        "result": JSON,
        "success": BOOLEAN,
        "p": SECONDS,
    },
    _taken,
)
"""The columns of the steps of several runs; ``p`` is that of a step, from 0 to 1."""

CLUSTERS: Table[tuple[Any, ...]] = Table(
    {
        "cluster": INTEGER,
        "runs": INTEGER,
        "known": INTEGER,
        "succeeded": INTEGER,
        "rate": SECONDS,
        "calls": INTEGER,
        "tools": JSON,
        "run_numbers": JSON,
        "session_ids": JSON,
    },
    _taken,
)
"""The columns of clusters of runs with equal trajectories; ``rate`` is from 0 to 1."""
