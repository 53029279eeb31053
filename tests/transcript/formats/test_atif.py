import json

import pytest

import dari_nb
from dari_nb.errors import InvalidRequestError
from dari_nb.resources import Transcript

from ...recorded import FILES
from .preserved import lost

EVERYTHING = {
    "schema_version": "ATIF-v1.7",
    "session_id": "session-1",
    "trajectory_id": "trajectory-2",
    "agent": {
        "name": "house-agent",
        "version": "2.5.1",
        "model_name": "model-t",
        "tool_definitions": [{"type": "function", "function": {"name": "defined"}}],
        "extra": {"agent-extra": "ae-1"},
    },
    "notes": "some notes",
    "continued_trajectory_ref": "next.json",
    "extra": {"root-extra": "re-1"},
    "final_metrics": {
        "total_prompt_tokens": 7001,
        "total_completion_tokens": 7002,
        "total_cached_tokens": 7003,
        "total_cost_usd": 0.1875,
        "total_steps": 5,
        "extra": {"fm-extra": "fe-1"},
    },
    "steps": [
        {"step_id": 1, "source": "system", "message": "Be brief."},
        {
            "step_id": 2,
            "timestamp": "2026-01-02T10:00:00Z",
            "source": "user",
            "message": [
                {"type": "text", "text": "What is this?"},
                {
                    "type": "image",
                    "source": {"media_type": "image/png", "path": "../../images/cat.png"},
                },
            ],
            "is_copied_context": False,
        },
        {
            "step_id": 3,
            "timestamp": "2026-01-02T10:00:02Z",
            "source": "agent",
            "model_name": "model-t-2",
            "reasoning_effort": "medium-effort",
            "message": "I look.",
            "reasoning_content": "Perhaps a cat.",
            "tool_calls": [
                {
                    "tool_call_id": "call_1",
                    "function_name": "look_up",
                    "arguments": {"where": "attic"},
                    "extra": {"tc-extra": "te-1"},
                },
                {"tool_call_id": "call_2", "function_name": "delegate", "arguments": {}},
            ],
            "observation": {
                "results": [
                    {
                        "source_call_id": "call_1",
                        "content": "boxes",
                        "extra": {"or-extra": "oe-1", "is_error": True},
                    },
                    {
                        "source_call_id": "call_2",
                        "subagent_trajectory_ref": [
                            {"trajectory_id": "sub-1", "trajectory_path": "/etc/passwd"}
                        ],
                    },
                    {"source_call_id": None, "content": "the door opens"},
                ]
            },
            "metrics": {
                "prompt_tokens": 701,
                "completion_tokens": 702,
                "cached_tokens": 703,
                "cost_usd": 0.03125,
                "prompt_token_ids": [70001],
                "completion_token_ids": [70002],
                "logprobs": [-0.4375],
                "extra": {"reasoning_tokens": 704},
            },
            "llm_call_count": 1,
            "extra": {"st-extra": "se-1"},
        },
        {"step_id": 4, "source": "agent", "message": "A cat.", "new_field": "from the future"},
    ],
    "subagent_trajectories": [
        {"schema_version": "ATIF-v1.7", "trajectory_id": "sub-1", "agent": {}, "steps": []}
    ],
}
ONLY_KEPT = (
    *("steps[].step_id", "steps[].source", "steps[].model_name", "steps[].reasoning_effort"),
    *("steps[].extra", "steps[].new_field", "steps[].llm_call_count", "steps[].metrics"),
    *("steps[].tool_calls[].extra", "steps[].observation.results[].extra", "steps[].timestamp"),
    "subagent_trajectories",
)
"""What to_atif() gives back and nothing shows: metrics and extras of steps, and subagents."""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "trajectory.json"
    path.write_text(json.dumps(EVERYTHING, indent=2))
    return path


def test_every_field_is_kept(path):
    [run] = Transcript.from_file(path)
    assert run.format == "ATIF trajectory"
    assert lost(EVERYTHING, run) == set()


def test_what_is_kept_and_not_shown_is_stated(path):
    [run] = Transcript.from_file(path)
    missing = lost(EVERYTHING, run, shown=True)
    assert {p for p in missing if not p.startswith(ONLY_KEPT)} == set()
    assert any("Subagents" in sentence for sentence in run.run.lost)
    shown = ("What is this?", "I look.", "boxes", "the door opens", "A cat.", "cat.png", "sub-1")
    assert all(text in str(run) for text in shown)
    assert "Perhaps a cat." in run.to_mimebundle()["text/html"]


def test_it_comes_back_as_it_was(path, server, d):
    [run] = Transcript.from_file(path)
    assert run.to_atif() == EVERYTHING
    assert Transcript.from_messages(run.to_atif()).to_atif() == EVERYTHING
    [session_id] = server.load_runs(path)
    session = d.sessions.get(session_id)
    assert session.transcript().to_atif() == EVERYTHING
    assert session.agent_name == "house-agent"


def test_agent_model_cost_tokens_and_times_are_read(path):
    runs = Transcript.from_file(path)
    [run] = runs
    assert (run.resource.agent.name, run.resource.session.llm_id) == ("house-agent", "model-t")
    assert (str(run.cost_usd), run.metadata["input_tokens"]) == ("0.1875", "7001")
    assert run.events[-1].data["usage"] == {
        "input_tokens": 701,
        "output_tokens": 702,
        "cached_input_tokens": 703,
        "reasoning_tokens": 704,
    }
    calls = dari_nb.tool_calls_frame(runs)
    assert calls["requested_at"].astype(str).to_list() == ["2026-01-02 10:00:02+00:00"] * 2
    assert calls["latency_s"].isna().all()
    assert calls["ok"].to_list() == [False, True]


def test_without_final_metrics_the_costs_of_all_steps_are_that_of_the_run():
    step = {"source": "agent", "message": "Hi", "metrics": {"cost_usd": 0.25}}
    trajectory = {"schema_version": "ATIF-v1.4", "agent": {}, "steps": [step, step]}
    assert str(Transcript.from_messages(trajectory).cost_usd) == "0.50"
    trajectory["steps"] = [step, {**step, "metrics": {}}]
    assert Transcript.from_messages(trajectory).cost_usd is None


def test_what_names_no_call_came_of_those_that_have_no_other_result():
    calls = [{"tool_call_id": f"c{n}", "function_name": "keys", "arguments": {}} for n in (1, 2)]
    step = {"source": "agent", "message": "", "tool_calls": calls}
    step["observation"] = {"results": [{"content": "new output"}, {"content": "and more"}]}
    trajectory = {"schema_version": "ATIF-v1.4", "agent": {}, "steps": [step]}
    run = Transcript.from_messages(trajectory)
    assert [i.result for i in run.items if i.type == "tool_call"] == [None, "new output"]
    assert run.resource.session.last_message_status == "completed"
    assert "and more" in str(run)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_chat_completions_survive_the_way_there_and_back(path):
    for run in Transcript.from_file(path)[::10]:
        there = run.to_atif()
        again = Transcript.from_messages(there)
        assert again.to_atif() == there
        assert again.instructions == run.instructions
        assert [item.type for item in again.items] == [item.type for item in run.items]
        for one, other in zip(again.items, run.items, strict=True):
            for name in ("text", "tool_name", "arguments", "result", "status"):
                assert getattr(one, name, None) == getattr(other, name, None)


def test_what_an_agent_did_here_becomes_a_trajectory(d):
    sent = d.agents.get("calculator").send("What is 6 * 7?", llm="small").wait()
    transcript = sent.session.transcript()
    there = transcript.to_atif()
    assert there["agent"] == {"name": "calculator", "version": "unknown", "model_name": "small"}
    assert [step["step_id"] for step in there["steps"]] == list(range(1, len(there["steps"]) + 1))
    assert all("timestamp" in step for step in there["steps"])
    again = Transcript.from_messages(there)
    assert [i.type for i in again.items] == [i.type for i in transcript.items]
    assert again.to_atif() == there


def test_very_many_calls_of_one_message_each_have_their_result():
    count = 20_000
    function = {"name": "f", "arguments": "{}"}
    calls = [{"id": f"c{n}", "type": "function", "function": function} for n in range(count)]
    results = [{"role": "tool", "tool_call_id": f"c{n}", "content": f"r{n}"} for n in range(count)]
    asked = [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": calls}]
    [_, step] = Transcript.from_messages([*asked, *results]).to_atif()["steps"]
    told = step["observation"]["results"]
    assert [one["source_call_id"] for one in told] == [call["id"] for call in calls]
    assert told[-1]["content"] == f"r{count - 1}"


def test_system_messages_in_the_middle_are_kept():
    roles = ("system", "user", "system", "system", "assistant")
    chat = [{"role": role, "content": f"{role} {n}"} for n, role in enumerate(roles)]
    told = Transcript.from_messages(chat).to_atif()["steps"]
    assert [step["message"] for step in told] == [message["content"] for message in chat]


def test_a_step_of_nobody_is_told_with_its_number(tmp_path):
    path = tmp_path / "wrong.json"
    steps = [{"source": "user", "message": "Hi"}, {"source": 7, "message": "Boo"}]
    path.write_text(json.dumps({**EVERYTHING, "steps": steps}))
    with pytest.raises(InvalidRequestError, match="step 2"):
        Transcript.from_file(path)


@pytest.mark.parametrize("odd", [None, 7, "x", {"a": 1}, [None]])
def test_odd_values_are_kept(odd):
    names = ("message", "tool_calls", "observation", "metrics", "timestamp", "reasoning_content")
    step = {"source": "agent", **dict.fromkeys(names, odd)}
    calls = [{"tool_call_id": odd, "function_name": odd, "arguments": odd}, odd]
    called = {**step, "tool_calls": calls, "observation": {"results": [{"source_call_id": "x"}]}}
    trajectory = {**EVERYTHING, "agent": odd, "final_metrics": odd, "steps": [step, called]}
    run = Transcript.from_messages(trajectory)
    assert run.to_atif() == trajectory
    assert str(run)
