"""Rows of sessions and messages, and their metadata as columns."""

from __future__ import annotations

import json

import pandas as pd

from dari_nb.frames import messages_frame, sessions_frame
from dari_nb.models import Message, Session

SESSIONS = [
    Session(id="sess_1", metadata={"task_id": "7", "reward": 1.0}),
    Session(id="sess_2", metadata=None),
    Session(id="sess_3", metadata={"task_id": "8", "tags": ["a", "b"], "note": None}),
]


def test_metadata_is_json_text_and_a_column_for_each_key() -> None:
    frame = sessions_frame(SESSIONS)
    assert list(frame.columns[-4:]) == [
        "metadata.task_id",
        "metadata.reward",
        "metadata.tags",
        "metadata.note",
    ]
    assert json.loads(frame["metadata"][0]) == {"task_id": "7", "reward": 1.0}
    assert frame["metadata"].isna().tolist() == [False, True, False]
    assert frame["metadata.task_id"].dtype == "string"
    assert frame["metadata.task_id"].fillna("-").tolist() == ["7", "-", "8"]
    assert frame["metadata.reward"][0] == "1.0"
    assert frame["metadata.tags"][2] == '["a","b"]'
    assert frame["metadata.note"].isna().all()


def test_chosen_metadata_keys_are_there_even_when_no_session_has_them() -> None:
    frame = sessions_frame([], metadata=["task_id", "trial"])
    assert list(frame.columns[-2:]) == ["metadata.task_id", "metadata.trial"]
    assert frame["metadata.trial"].dtype == "string"
    assert list(sessions_frame(SESSIONS, metadata=["trial"]).columns[-1:]) == ["metadata.trial"]


def test_no_metadata_column_when_none_is_wanted() -> None:
    assert "metadata.task_id" not in sessions_frame(SESSIONS, metadata=())


def test_a_message_gives_its_texts_calls_error_and_seconds() -> None:
    message = Message.from_dict(
        {
            "id": "msg_1",
            "session_id": "sess_1",
            "sequence_number": 4,
            "parts": [{"type": "text", "text": "One"}, {"type": "file", "file_id": "file_1"}],
            "metadata": {"ticket": "T-1"},
            "status": "failed",
            "attempt": 2,
            "output": {
                "parts": [
                    {"type": "reasoning", "reasoning": "Hm.", "provider": {"signature": "s"}},
                    {"type": "text", "text": "Looking"},
                    {"type": "tool_call", "id": "call_1", "name": "bash", "arguments": {}},
                    {"type": "tool_result", "tool_call_id": "call_1", "content": []},
                    {"type": "text", "text": "Done"},
                ],
                "error": {"message": "upstream died"},
            },
            "created_at": "2026-04-21T18:40:00Z",
            "completed_at": "2026-04-21T18:40:12.500Z",
            "unheard_of": True,
        }
    )
    row = messages_frame([message]).iloc[0]
    assert row["prompt"] == "One"
    assert row["text"] == "Looking\n\nDone"
    assert row["reasoning"] == "Hm."
    assert row["tool_calls"] == 1
    assert row["error"] == "upstream died"
    assert row["latency_s"] == 12.5
    assert (row["completed_at"] - row["created_at"]).total_seconds() == 12.5
    assert row["metadata.ticket"] == "T-1"


def test_answers_that_were_cut_off_can_be_left_out() -> None:
    messages = [
        Message.from_dict({"id": f"msg_{n}", "status": "completed", "output": output})
        for n, output in enumerate(
            (
                {"parts": []},
                {"parts": [], "stop_reason": "max_tokens", "max_tokens": 9},
                {"parts": [], "stop_reason": ["odd"]},
            )
        )
    ]
    frame = messages_frame(messages)
    assert frame["stop_reason"].isna().tolist() == [True, False, True]
    assert frame[frame["stop_reason"] != "max_tokens"]["message_id"].tolist() == ["msg_0", "msg_2"]
    assert (messages_frame([])["stop_reason"] == "max_tokens").tolist() == []


def test_tokens_are_numbers_and_missing_where_nobody_told() -> None:
    told = [{"input_tokens": 20, "output_tokens": 0}, {"output_tokens": "many"}, "odd", None]
    messages = [Message.from_dict({"id": f"msg_{n}", "usage": one}) for n, one in enumerate(told)]
    frame = messages_frame([*messages, Message(id="msg_4")])
    assert frame["input_tokens"].to_list() == [20, *[pd.NA] * 4]
    assert frame["output_tokens"].to_list() == [0, *[pd.NA] * 4]
    assert frame[["cached_input_tokens", "reasoning_tokens"]].isna().all(axis=None)


def test_a_queued_message_has_neither_answer_nor_end() -> None:
    row = messages_frame([Message(id="msg_1", status="queued")]).iloc[0]
    assert row["tool_calls"] == 0
    assert all(pd.isna(row[name]) for name in ("text", "error", "completed_at", "latency_s"))


def test_a_failed_message_without_a_cause_says_so() -> None:
    row = messages_frame([Message(id="msg_1", status="failed")]).iloc[0]
    assert "no cause" in row["error"]
