"""The recorded runs of real agents as frames, counted again from the file by other means."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from dari_nb.frames import events_frame, messages_frame, sessions_frame, tool_calls_frame
from dari_nb.models import Event, Message, Session
from dari_nb.transcript import Ledger, message_of
from dari_nb.transcript.formats import read_runs

from ..recorded import FILES, runs_of

Run = dict[str, Any]


@pytest.fixture(params=FILES, ids=lambda path: path.name, scope="module")
def runs(request: pytest.FixtureRequest) -> list[Run]:
    return runs_of(request.param)[:20]


def ledger_of(number: int, run: Run) -> Iterator[Event]:
    session, place = f"sess_{number}", 0
    for turn_number, turn in enumerate(next(read_runs(run)).turns):
        steps = [("user.message", {"content": turn.content}), *turn.steps]
        steps.append(("message.status_changed", {"status": "completed"}))
        for kind, data in steps:
            place += 1
            yield Event(
                id=f"{session}:evt_{place}",
                session_id=session,
                sequence_number=place,
                message_id=f"msg_{number}_{turn_number}",
                type=kind,
                data=data,
                created_at="2026-05-18T12:00:00Z",
            )


@pytest.fixture(scope="module")
def events(runs: list[Run]) -> list[Event]:
    return [event for number, run in enumerate(runs) for event in ledger_of(number, run)]


def said(runs: list[Run], role: str) -> list[dict[str, Any]]:
    return [message for run in runs for message in run["messages"] if message["role"] == role]


def test_events_are_as_many_as_the_file_tells(runs: list[Run], events: list[Event]) -> None:
    frame = events_frame(events)
    by_type = Counter(frame["type"])
    answers = [message for message in said(runs, "assistant") if message["content"]]
    calls = [c for m in said(runs, "assistant") for c in m.get("tool_calls") or ()]
    assert by_type["user.message"] == len(said(runs, "user"))
    assert by_type["assistant.message_completed"] == len(answers)
    assert by_type["tool.call_requested"] == len(calls)
    assert by_type["tool.call_completed"] + by_type["tool.call_failed"] == len(said(runs, "tool"))
    texts = frame.loc[frame["type"] == "assistant.message_completed", "text"]
    assert texts.tolist() == [message["content"] for message in answers]


def test_tool_calls_are_those_of_the_file(runs: list[Run], events: list[Event]) -> None:
    frame = tool_calls_frame(events)
    calls = [c["function"] for m in said(runs, "assistant") for c in m.get("tool_calls") or ()]
    assert frame["tool_name"].tolist() == [call["name"] for call in calls]
    assert [json.loads(a) for a in frame["arguments"]] == [
        json.loads(c["arguments"]) for c in calls
    ]
    failed = [m for m in said(runs, "tool") if m["content"].startswith("Error")]
    assert (~frame["ok"].dropna()).sum() == len(failed)
    assert frame["error"].dropna().tolist() == [message["content"] for message in failed]
    assert frame["result"].notna().sum() == len(said(runs, "tool"))


def test_messages_are_the_users_turns(runs: list[Run], events: list[Event]) -> None:
    messages: list[Message] = []
    for number, _ in enumerate(runs):
        session = f"sess_{number}"
        turns = Ledger(e for e in events if e.session_id == session).turns.values()
        messages += [message_of(turn, session, place) for place, turn in enumerate(turns, 1)]
    frame = messages_frame(messages)
    assert frame["prompt"].tolist() == [message["content"] for message in said(runs, "user")]
    assert (frame["status"] == "completed").all()
    calls = [c for m in said(runs, "assistant") for c in m.get("tool_calls") or ()]
    assert frame["tool_calls"].sum() == len(calls)


def test_rewards_by_task_equal_those_of_the_file(runs: list[Run]) -> None:
    sessions = [
        Session(id=str(n), metadata={k: str(run[k]) for k in ("task_id", "trial", "reward")})
        for n, run in enumerate(runs)
    ]
    frame = sessions_frame(sessions).astype({"metadata.reward": float})
    means = frame.groupby("metadata.task_id")["metadata.reward"].mean().to_dict()
    expected: dict[str, list[float]] = {}
    for run in runs:
        expected.setdefault(str(run["task_id"]), []).append(run["reward"])
    assert means == {task: sum(rewards) / len(rewards) for task, rewards in expected.items()}
