import json

import pytest

import dari_nb
from dari_nb.errors import InvalidRequestError
from dari_nb.resources import Transcript

from .preserved import lost

CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "open", "arguments": '{"path": "cat.py"}'},
}


def step(number, **more):
    return {
        "action": f"action-{number}",
        "observation": f"observation-{number}",
        "response": f"response-{number}",
        "thought": f"thought-{number}",
        "execution_time": number + 0.5,
        "state": {"working_dir": f"/dir-{number}"},
        "query": [{"role": "user", "content": f"lost-query-{number}"}],
        "extra_info": {"extra": f"extra-{number}"},
        **more,
    }


HISTORY = [
    {"role": "system", "content": "Be brief.", "agent": "main", "message_type": "system_prompt"},
    {"role": "user", "content": "A demonstration.", "agent": "main", "is_demo": True},
    {
        "role": "user",
        "content": [{"type": "text", "text": "Mend it.", "cache_control": {"type": "cached"}}],
        "agent": "main",
        "message_type": "instance_template",
        "tags": ["tag-1"],
    },
    {
        "role": "assistant",
        "content": "I open it.",
        "thought": "I open it.",
        "action": "open cat.py",
        "agent": "main",
        "tool_calls": [CALL],
        "message_type": "action",
        "thinking_blocks": [{"type": "thinking", "thinking": "Hm, cats.", "signature": "c2ln"}],
    },
    {
        "role": "tool",
        "content": "def cat(): ...",
        "agent": "main",
        "message_type": "observation",
        "tool_call_ids": ["call_1"],
    },
    {
        "role": "assistant",
        "content": "Now I list.\n```\nls -a\n```",
        "thought": "Now I list.",
        "action": "ls -a\n",
        "agent": "main",
        "message_type": "action",
    },
    {"role": "user", "content": "a b c", "agent": "main", "message_type": "observation"},
    {"role": "assistant", "content": "Sub", "thought": "Sub", "action": "submit", "agent": "main"},
]
EVERYTHING = {
    "environment": "swe_main",
    "trajectory": [step(1), step(2), step(3)],
    "history": HISTORY,
    "info": {
        "exit_status": "submitted",
        "submission": "diff --git a/cat.py",
        "swe_agent_version": "1.1.0",
        "model_stats": {
            "instance_cost": 0.4375,
            "tokens_sent": 8001,
            "tokens_received": 8002,
            "api_calls": 8003,
        },
    },
    "replay_config": json.dumps({"agent": {"model": {"name": "model-s"}}}),
}
STATED = "trajectory[].query[]"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "cats__cats-77.traj"
    path.write_text(json.dumps(EVERYTHING, indent=2))
    return path


def test_every_field_is_kept_but_what_is_stated(path):
    [run] = Transcript.from_file(path)
    assert run.format == "SWE-agent trajectory"
    # The history says what these repeat in other words; only its last action has no answer there.
    repeated = {f"trajectory[].{name}" for name in ("action", "thought", "observation")}
    missing = {p for p in lost(EVERYTHING, run) if not p.startswith(STATED)}
    assert missing <= repeated
    assert any("query" in sentence for sentence in run.run.lost)


def test_thoughts_actions_and_observations_are_shown(path):
    [run] = Transcript.from_file(path)
    calls = [item for item in run.items if item.type == "tool_call"]
    assert [(call.tool_name, call.arguments) for call in calls] == [
        ("open", {"path": "cat.py"}),
        ("action", {"command": "ls -a\n"}),
        ("action", {"command": "submit"}),
    ]
    assert [call.result for call in calls] == ["def cat(): ...", "a b c", "observation-3"]
    texts = [item.text for item in run.items if item.type == "assistant_message"]
    assert texts == ["I open it.", "Now I list.", "Sub"]
    assert run.items[2].reasoning == "Hm, cats."
    assert run.resource.session.last_message_status == "completed"


def test_what_it_is_about_its_cost_and_its_tokens_are_read(path, d):
    [run] = Transcript.from_file(path)
    told = {"instance_id": "cats__cats-77", "exit_status": "submitted", "input_tokens": "8001"}
    assert {name: run.metadata[name] for name in told} == told
    assert (str(run.cost_usd), run.resource.session.llm_id) == ("0.4375", "model-s")
    matrix = d.batches.from_runs(path)
    assert [task.title for task in matrix.tasks] == ["cats__cats-77"]
    assert matrix.to_frame()["cost_exact"].to_list() == ["0.4375"]


def test_durations_are_known_and_times_are_not(path):
    calls = dari_nb.tool_calls_frame(Transcript.from_file(path))
    assert calls["latency_s"].to_list() == [1.5, 2.5, 3.5]
    assert calls[["requested_at", "completed_at"]].isna().all().all()


def test_older_versions_name_no_types_of_messages(tmp_path):
    older = [
        {name: m[name] for name in m if name not in ("message_type", "tool_calls")} for m in HISTORY
    ]
    older[4] = {"role": "user", "content": "def cat(): ...", "agent": "main"}
    [new], [old] = ([Transcript.from_messages({"history": h})] for h in (HISTORY[:7], older[:7]))
    results = [[i.result for i in t.items if i.type == "tool_call"] for t in (new, old)]
    assert results == [["def cat(): ...", "a b c"]] * 2


def test_mini_swe_agent_is_read(tmp_path):
    config = {"model": {"model_name": "lab/model-m"}}
    messages = [
        {"role": "user", "content": "Mend it.", "timestamp": 1767225600.5},
        {"role": "assistant", "content": "I list.", "tool_calls": [CALL], "extra": {"a": 1}},
        {"role": "tool", "tool_call_id": "call_1", "content": "cat.py", "timestamp": 1767225601.5},
        {"role": "exit", "content": "done"},
    ]
    path = tmp_path / "cats__cats-78.traj.json"
    document = {
        "trajectory_format": "mini-swe-agent-1.1",
        "info": {"model_stats": {"instance_cost": 0.5}, "config": config, "exit_status": "Done"},
        "messages": messages[:3],
    }
    path.write_text(json.dumps(document, indent=1))
    [run] = Transcript.from_file(path)
    assert (run.metadata["instance_id"], str(run.cost_usd)) == ("cats__cats-78", "0.5")
    assert run.resource.session.llm_id == "lab/model-m"
    assert [i.result for i in run.items if i.type == "tool_call"] == ["cat.py"]


def test_a_trajectory_without_a_history_is_read(tmp_path):
    run = Transcript.from_messages({"trajectory": [step(1), step(2, action="")], "info": {}})
    assert [item.type for item in run.items] == [
        *("assistant_message", "tool_call", "assistant_message", "user_message"),
    ]
    assert run.items[1].result == "observation-1"


def test_it_goes_on_in_other_formats(path, server, d):
    [run] = Transcript.from_file(path)
    chat = run.to_messages()
    assert Transcript.from_messages(chat).to_messages() == chat
    [session_id] = server.load_runs(path)
    there = d.sessions.get(session_id).transcript()
    assert there.to_messages()[1:] == chat[1:]
    for export in ("to_anthropic", "to_atif"):
        told = getattr(run, export)()
        assert getattr(Transcript.from_messages(told), export)() == told


@pytest.mark.parametrize(
    "history", [[{"role": 7, "agent": "main"}], [{"role": "user", "agent": "main"}, 7]]
)
def test_what_is_none_is_told(history):
    with pytest.raises(InvalidRequestError, match=r"message [12] (has no known role|is no object)"):
        Transcript.from_messages({"history": history})


@pytest.mark.parametrize("odd", [None, 7, "x", {"a": 1}, [None]])
def test_odd_values_are_kept(odd):
    names = ("content", "thought", "action", "tool_call_ids", "thinking_blocks", "message_type")
    odds = dict.fromkeys(names, odd)
    history = [
        {"role": role, "agent": odd, **odds} for role in ("user", "assistant", "tool", "user")
    ]
    document = {"history": history, "trajectory": [step(1, **dict.fromkeys(step(1), odd))]}
    document |= {"info": odd, "replay_config": odd}
    assert str(Transcript.from_messages(document))


@pytest.mark.parametrize("odd", [10**400, -1, float("nan")])
def test_numbers_that_nobody_can_count_with_are_unknown(odd):
    stats = {"instance_cost": odd, "tokens_sent": odd}
    document = {"trajectory": [step(1, execution_time=odd)], "info": {"model_stats": stats}}
    run = Transcript.from_messages(document)
    assert run.cost_usd is None
    assert "observation-1" in str(run)
    assert "observation-1" in run.to_mimebundle()["text/html"]


@pytest.mark.parametrize("cost", ["1e999999999", "0e999999999"])
def test_a_cost_of_a_billion_digits_is_none(cost):
    document = {"trajectory": [step(1)], "info": {"model_stats": {"instance_cost": cost}}}
    assert Transcript.from_messages(document).cost_usd is None
