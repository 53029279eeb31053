import gzip
import itertools
import json
import math
import runpy
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari

from ...recorded import FILES, runs_of

ROOT = Path(__file__).parents[3]
RUNS = FILES[-1]
SAID = (
    "user.message",
    "assistant.message_completed",
    "tool.call_requested",
    "tool.call_completed",
    "tool.call_failed",
)


def counted(path):
    """Count what is in a file of runs, knowing nothing of the package."""
    runs = runs_of(path)
    counts = Counter(runs=len(runs))
    for message in itertools.chain.from_iterable(run["messages"] for run in runs):
        if message["role"] == "user":
            counts["users"] += 1
        elif message["role"] == "assistant":
            counts["answers"] += bool(message["content"])
            counts["calls"] += len(message.get("tool_calls") or [])
        elif message["role"] == "tool":
            counts["results"] += 1
            counts["errors"] += message["content"].startswith("Error")
    return counts


def test_all_runs_of_a_file_load_with_everything_in_them(call):
    with LocalDari() as server, call(server) as api:
        ids = server.load_runs(RUNS)
        counts = Counter(runs=len(ids))
        for session_id in ids:
            for item in api.items(session_id):
                kind = item["type"]
                counts["users"] += kind == "user_message"
                counts["answers"] += kind == "assistant_message"
                counts["calls"] += kind == "tool_call"
                counts["results"] += kind == "tool_call" and item["completed_at"] is not None
                counts["errors"] += kind == "tool_call" and item["status"] == "failed"
        sessions = api.get("/sessions")["sessions"]
    assert counts == counted(RUNS)
    assert [s["id"] for s in sessions] == ids
    assert {s["status"] for s in sessions} == {"idle"}
    assert {s["last_message_status"] for s in sessions} == {"completed"}


def test_each_text_of_the_source_is_in_the_ledger(call):
    runs = runs_of(RUNS)
    with LocalDari() as server, call(server) as api:
        for run, session_id in zip(runs, server.load_runs(RUNS), strict=True):
            expected = [m["content"] for m in run["messages"] if m["role"] in ("user", "assistant")]
            items = api.items(session_id)
            texts = [i["content"][0]["text"] for i in items if i["type"] != "tool_call"]
            assert texts == [text for text in expected if text]
            results = [i["result"] for i in items if i["type"] == "tool_call"]
            sources = [m["content"] for m in run["messages"] if m["role"] == "tool"]
            for result, source in zip(results, sources, strict=True):
                assert result == (source if isinstance(result, str) else json.loads(source))


def write(path, *runs):
    path.write_text("\n".join(json.dumps(run) for run in runs) + "\n")
    return path


def run(*messages, system=(), **fields):
    return {**fields, "messages": [*system, {"role": "user", "content": "Hi"}, *messages]}


def test_a_run_brings_its_agent_instructions_llms_and_metadata(tmp_path, call):
    system = [{"role": "system", "content": "Be kind."}]
    path = write(
        tmp_path / "mine.jsonl",
        run(system=system, task_id=3, trial=1, model="big", reward=1.0, note=None, tags=["a"]),
        run(system=system, model="tiny"),
        run(model="other"),
    )
    with LocalDari() as server, call(server) as api:
        ids = server.load_runs(path)
        session = api.get(f"/sessions/{ids[0]}")
        agent_id = api.agent_id("mine")
        paths = [
            f"/agents/{agent_id}/versions/{api.get(f'/sessions/{i}')['version_id']}" for i in ids
        ]
        manifests = [api.get(path)["version"]["manifest"] for path in paths]
        assert server.load_runs(path, agent="named") != ids
        assert api.agent_id("named") != agent_id
        times = {e["created_at"] for e in api.events(ids[0])}
    assert (session["llm_id"], session["name"]) == ("big", "task 3, trial 1")
    assert session["metadata"] == {
        "task_id": "3",
        "trial": "1",
        "model": "big",
        "reward": "1.0",
        "tags": '["a"]',
    }
    assert paths[0] == paths[1] != paths[2]
    assert manifests[0]["instructions"] == {"system": "Be kind."}
    assert list(manifests[0]["llm"]["options"]) == ["big", "tiny"]
    assert "instructions" not in manifests[2]
    assert times == {session["created_at"]}


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        (['{"messages": []}', "{"], "line 2"),
        (["", '{"messages": [{"role": "x"}]}'], "line 2"),
        (['{"messages": [], "a":' + "[" * 150 + "]" * 150 + "}"], "line 1"),
    ],
)
def test_a_broken_file_is_told_with_its_line_and_loads_nothing(tmp_path, server, api, lines, cause):
    path = tmp_path / "broken.jsonl"
    path.write_text("\n".join(lines))
    before = api.get("/sessions")
    with pytest.raises(InvalidRequestError) as caught:
        server.load_runs(path)
    assert cause in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert api.get("/sessions") == before
    assert "broken" not in [a["name"] for a in api.get("/agents")["agents"]]


def test_a_missing_or_damaged_file_is_told(tmp_path, server):
    damaged = tmp_path / "cut.jsonl.gz"
    damaged.write_bytes(gzip.compress(json.dumps(run()).encode() * 100)[:-20])
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xff")
    for name in ("missing.jsonl", "cut.jsonl.gz", "bytes.jsonl"):
        with pytest.raises(InvalidRequestError, match=name):
            server.load_runs(tmp_path / name)
    with pytest.raises(InvalidRequestError):
        server.load_runs(tmp_path)


def test_gzip_is_known_by_its_bytes_and_a_byte_order_mark_is_ignored(tmp_path, server):
    path = tmp_path / "plain.jsonl"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + json.dumps(run()).encode()))
    assert len(server.load_runs(path)) == 1


def test_a_run_that_ends_in_a_call_has_completed_and_the_call_has_no_result(tmp_path, server, api):
    calls = [{"id": "c1", "function": {"name": "f", "arguments": "{}"}}]
    asking = {"role": "assistant", "content": None, "tool_calls": calls}
    [session_id] = server.load_runs(write(tmp_path / "cut.jsonl", run(asking)))
    [message] = api.messages(session_id)
    assert message["status"] == "completed"
    assert [part["type"] for part in message["output"]["parts"]] == ["tool_call"]
    call = api.items(session_id)[1]
    assert (call["status"], call.get("result"), call.get("completed_at")) == (
        "completed",
        None,
        None,
    )


def test_a_recorded_agent_cannot_be_asked(tmp_path, server, api):
    [session_id] = server.load_runs(write(tmp_path / "tape.jsonl", run()))
    message = api.finished(api.send(session_id, "And now?")["message"]["id"])
    assert '"tape"' in message["output"]["error"]


def shown(items):
    """What a reader sees of items, without ids and times."""
    names = ("type", "content", "tool_name", "arguments", "result", "status", "error_message")
    return [{name: item.get(name) for name in names} for item in items]


def test_a_replay_plays_the_same_turns_again(call, wait):
    with LocalDari() as server, call(server) as api:
        for session_id in server.load_runs(RUNS)[:2]:
            replayed = server.replay(session_id, speed=math.inf)
            messages = len(api.messages(session_id))
            wait(
                lambda r=replayed: [m["status"] for m in api.messages(r)],
                lambda seen, n=messages: seen == ["completed"] * n,
            )
            assert shown(api.items(replayed)) == shown(api.items(session_id))
            session, original = (api.get(f"/sessions/{i}") for i in (replayed, session_id))
            assert session["metadata"] == {**original["metadata"], "replay_of": session_id}
            assert session["version_id"] == original["version_id"]


def test_a_replay_keeps_to_the_recorded_gaps(server, api, pauses):
    message = api.ask("tour", "Hi", metadata={"step_delay": "0.02"})
    recorded = [e for e in api.events(message["session_id"]) if e["type"] in SAID]
    times = [datetime.fromisoformat(event["created_at"]) for event in recorded]
    assert len(times) > 3
    replayed = server.replay(message["session_id"], speed=2)
    api.rests(replayed)
    for earlier, later in itertools.pairwise(times):
        assert (later - earlier).total_seconds() / 2 in map(pytest.approx, pauses)
    assert shown(api.items(replayed)) == shown(api.items(message["session_id"]))


def test_a_replay_needs_a_positive_speed_and_a_session(server):
    for speed in (0, -1, math.nan):
        with pytest.raises(InvalidRequestError, match="speed"):
            server.replay("sess_1", speed=speed)
    with pytest.raises(InvalidRequestError, match="sess_1"):
        server.replay("sess_1")


def test_the_projects_own_runs_come_out_the_same_each_time(call):
    make_runs = runpy.run_path(str(Path(__file__).with_name("make_runs.py")))
    text = (ROOT / "notebooks" / "runs.jsonl").read_text(encoding="utf-8")
    assert make_runs["text_of_runs"]() == text
    assert len(text) < 40_000
    runs = [json.loads(line) for line in text.splitlines()]
    assert Counter(run["model"] for run in runs) == {"small": 6, "large": 6}
    assert {run["reward"] for run in runs} == {0.0, 1.0}
