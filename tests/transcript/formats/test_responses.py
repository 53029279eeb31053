import json

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.resources import Transcript

from .preserved import lost

EVERYTHING = {
    "object": "response",
    "id": "resp_801",
    "created_at": 1767225600,
    "completed_at": 1767225660.5,
    "status": "incomplete-here",
    "incomplete_details": {"reason": "max_output_tokens"},
    "instructions": "Be brief.",
    "model": "model-r",
    "temperature": 0.75,
    "reasoning": {"effort": "high-effort", "summary": "auto-summary"},
    "metadata": {"ticket": "ticket-9"},
    "input": [
        {"role": "developer", "content": "Be kind."},
        {
            "type": "message",
            "role": "user",
            "status": "completed-1",
            "content": [
                {"type": "input_text", "text": "What is this?"},
                {"type": "input_image", "image_url": "https://example.org/c.png", "detail": "lo"},
                {"type": "input_file", "file_id": "file-41", "filename": "plan.pdf"},
            ],
        },
    ],
    "output": [
        {
            "type": "reasoning",
            "id": "rs_11",
            "summary": [{"type": "summary_text", "text": "Perhaps a cat."}],
            "encrypted_content": "ZW5jcnlwdGVk",
            "status": "completed-2",
        },
        {
            "type": "function_call",
            "id": "fc_12",
            "call_id": "call_21",
            "name": "look_up",
            "arguments": '{"where": "attic"}',
            "status": "completed",
            "namespace": "house",
        },
        {"type": "custom_tool_call", "call_id": "call_22", "name": "run_code", "input": "print(1)"},
        {"type": "function_call_output", "call_id": "call_21", "output": "no such place"},
        {
            "type": "custom_tool_call_output",
            "call_id": "call_22",
            "output": [{"type": "input_text", "text": "it printed"}],
        },
        {
            "type": "web_search_call",
            "id": "ws_23",
            "status": "completed",
            "action": {"type": "search", "query": "purring cats", "sources": []},
        },
        {
            "type": "file_search_call",
            "id": "fs_24",
            "status": "completed",
            "queries": ["cat plan"],
            "results": [{"file_id": "file-42", "text": "cats sleep", "score": 0.625}],
        },
        {
            "type": "code_interpreter_call",
            "id": "ci_25",
            "status": "completed",
            "code": "len('cat')",
            "container_id": "cntr_7",
            "outputs": [{"type": "logs", "logs": "three letters"}],
        },
        {
            "type": "mcp_call",
            "id": "mcp_26",
            "name": "fetch_it",
            "server_label": "library",
            "arguments": '{"book": "atlas"}',
            "output": None,
            "error": {"type": "http_error", "code": 404, "message": "no such book"},
            "status": "failed",
        },
        {
            "type": "local_shell_call",
            "id": "ls_27",
            "call_id": "call_28",
            "status": "completed",
            "action": {"type": "exec", "command": ["ls", "attic"], "env": {"HOME": "/nowhere"}},
        },
        {"type": "local_shell_call_output", "call_id": "call_28", "output": "boxes"},
        {
            "type": "image_generation_call",
            "id": "ig_29",
            "status": "completed",
            "result": "cGl4ZWxz",
        },
        {"type": "mcp_list_tools", "id": "ml_30", "server_label": "library-2", "tools": []},
        {"type": "item_reference", "id": "ref_31"},
        {"type": "compaction", "id": "cmp_32", "encrypted_content": "Y29tcGFjdA=="},
        {"type": "new_kind_of_item", "beam": "blue light"},
        {
            "type": "message",
            "id": "msg_33",
            "role": "assistant",
            "status": "completed-3",
            "phase": "final_answer",
            "content": [
                {
                    "type": "output_text",
                    "text": "A cat.",
                    "annotations": [{"type": "url_citation", "url": "https://c.example"}],
                    "logprobs": [{"token": "tok-a", "logprob": -0.375}],
                },
                {"type": "refusal", "refusal": "No more."},
            ],
        },
    ],
    "usage": {
        "input_tokens": 6001,
        "input_tokens_details": {"cached_tokens": 6002},
        "output_tokens": 6003,
        "output_tokens_details": {"reasoning_tokens": 6004},
        "total_tokens": 12004,
    },
}
ITEMS = [*EVERYTHING["input"], *EVERYTHING["output"]]
KINDS = (".type", ".role", ".status", ".id", "object", "completed_at", "created_at")


def test_every_field_is_kept():
    run = Transcript.from_messages(EVERYTHING)
    assert run.format == "OpenAI Responses"
    assert lost(EVERYTHING, run) <= {"output[].summary[].type"}


def test_what_is_kept_and_not_shown_is_stated():
    run = Transcript.from_messages(EVERYTHING)
    missing = {p for p in lost(EVERYTHING, run, shown=True) if not p.endswith(KINDS)}
    assert missing <= {
        *("output[].encrypted_content", "output[].namespace", "output[].phase"),
        *("output[].container_id", "output[].server_label", "output[].arguments"),
        *("output[].outputs[].logs", "output[].code"),
    } - {"output[].outputs[].logs"}
    assert any("Ids and states" in sentence for sentence in run.run.lost)
    static = str(run)
    shown = ("A cat.", "No more.", "no such place", "it printed", "cats sleep", "blue light")
    assert all(text in static for text in (*shown, "three letters", "no such book", "boxes"))
    assert "Perhaps a cat." in run.to_mimebundle()["text/html"]


def test_calls_have_their_results():
    run = Transcript.from_messages(ITEMS)
    calls = {item.tool_name: item for item in run.items if item.type == "tool_call"}
    assert calls["look_up"].arguments == {"where": "attic"}
    assert calls["run_code"].result == "it printed"
    assert calls["fetch_it"].status == "failed"
    assert {call.status for name, call in calls.items() if name != "fetch_it"} == {"completed"}
    assert run.resource.session.last_message_status == "completed"
    assert run.items[0].content[0] == {"type": "text", "text": "What is this?"}


def test_thoughts_stand_before_what_they_led_to():
    run = Transcript.from_messages(ITEMS[2:3] + ITEMS[-1:])
    [answer] = [item for item in run.items if item.type == "assistant_message"]
    assert (answer.reasoning, answer.text) == ("Perhaps a cat.", "A cat.\n\nNo more.")


def test_model_tokens_and_times_are_read():
    run = Transcript.from_messages(EVERYTHING)
    session = run.resource.session
    assert (session.llm_id, session.created_at) == ("model-r", "2026-01-01T00:00:00.000Z")
    assert run.instructions == "Be brief.\n\nBe kind."
    assert run.events[-1].created_at == "2026-01-01T00:01:00.500Z"
    assert run.events[-1].data["usage"]["reasoning_tokens"] == 6004
    assert run.items[-1].is_cut_off


def test_they_go_on_as_chat_completions_and_anthropic_messages():
    run = Transcript.from_messages(ITEMS)
    chat = run.to_messages()
    called = next(message for message in chat if "tool_calls" in message)
    assert [call["id"] for call in called["tool_calls"]] == ["call_21", "call_22"]
    assert called["reasoning_content"] == "Perhaps a cat."
    assert Transcript.from_messages(chat).to_messages() == chat
    there = run.to_anthropic()
    assert Transcript.from_messages(there).to_anthropic() == there


def test_a_session_made_of_them_goes_on_as_well(server, d, tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps(EVERYTHING) + "\n" + json.dumps({"items": ITEMS}))
    loaded = server.load_runs(path)
    assert loaded.formats == ["OpenAI Responses"]
    here = [run.to_messages() for run in Transcript.from_file(path)]
    there = [d.sessions.get(session_id).transcript() for session_id in loaded]
    assert [chat.to_messages()[-3:] for chat in there] == [chat[-3:] for chat in here]


@pytest.mark.parametrize(
    ("items", "cause"),
    [
        ([{"type": "function_call", "name": "x"}, 7], "message 2 is no object: 7"),
        ([{"type": "reasoning"}, {"type": "message"}], "item 2 has no known role: None"),
    ],
)
def test_what_is_none_is_told(items, cause):
    with pytest.raises(InvalidRequestError, match=cause):
        Transcript.from_messages(items)


@pytest.mark.parametrize("odd", [None, 7, "x", {"a": 1}, [{"type": 3}]])
def test_odd_values_are_kept(odd):
    names = ("arguments", "output", "content", "summary", "status", "action", "call_id", "name")
    kinds = ("function_call", "function_call_output", "reasoning", "web_search_call", "odd")
    items = [{"type": kind, **dict.fromkeys(names, odd)} for kind in kinds]
    assert str(Transcript.from_messages(items))
