"""Frames go to Parquet and come back as they were, dtypes included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dari_nb import frames
from dari_nb.models import CostSummary, Event, Message, Session

CALL = {"tool_call_id": "c1", "tool_name": "search", "arguments": {"to": "ZRH", "max": 3}}
EVENTS = [
    Event(
        id="s:1",
        session_id="sess_1",
        message_id="msg_1",
        sequence_number=1,
        type="tool.call_requested",
        source="runtime",
        data=CALL,
        created_at="2026-05-18T12:00:00.123456Z",
    ),
    Event(id="s:2", type="unknown.kind"),
]
CELL = frames.BatchCell(
    cost_usd="0.1", created_at="2026-05-18T12:00:00Z", scores={"ok": True, "n": 2}
)
MADE: list[tuple[str, Any, Any]] = [
    ("events", frames.events_frame, EVENTS),
    ("tool_calls", frames.tool_calls_frame, EVENTS),
    ("messages", frames.messages_frame, [Message(id="m", status="failed", metadata={"a": 1})]),
    ("sessions", frames.sessions_frame, [Session(id="s", status="idle", metadata={"a": "b"})]),
    ("costs", frames.costs_frame, [CostSummary(scope_id="s", total_cost_usd="0.1")]),
    ("batch", frames.batch_frame, [CELL, frames.BatchCell()]),
    ("expanded", lambda e: frames.expanded(frames.tool_calls_frame(e), "arguments"), EVENTS),
]


@pytest.fixture(params=MADE, ids=[name for name, *_ in MADE])
def made(request: pytest.FixtureRequest) -> tuple[Any, list[Any]]:
    return request.param[1:]


def stored(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    frame.to_parquet(path / "frame.parquet")
    return pd.read_parquet(path / "frame.parquet")


def test_a_frame_survives_parquet(tmp_path: Path, made: tuple[Any, list[Any]]) -> None:
    make, things = made
    frame = make(things)
    read = stored(frame, tmp_path)
    assert read.dtypes.astype(str).equals(frame.dtypes.astype(str))
    # Arrow forgets of which type the names of a category are when it has none.
    unnamed = [n for n in frame.select_dtypes("category") if not len(frame[n].cat.categories)]
    pd.testing.assert_frame_equal(read.drop(columns=unnamed), frame.drop(columns=unnamed))
    assert read[unnamed].isna().to_numpy().all()


def test_an_empty_frame_survives_parquet_with_its_columns_and_dtypes(
    tmp_path: Path, made: tuple[Any, list[Any]]
) -> None:
    frame = made[0]([])
    read = stored(frame, tmp_path)
    assert len(read) == 0
    assert read.dtypes.astype(str).equals(frame.dtypes.astype(str))
