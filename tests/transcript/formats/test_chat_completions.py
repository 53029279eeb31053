import json

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.resources import Transcript

from .preserved import lost

PICTURE = {
    "type": "image_url",
    "image_url": {"url": "https://example.org/cat.png", "detail": "low"},
}
SOUND = {"type": "input_audio", "input_audio": {"data": "c291bmQ=", "format": "wav"}}
FILE = {"type": "file", "file": {"file_id": "file-77", "filename": "plan.pdf"}}
CALL = {
    "id": "call_a1",
    "type": "function",
    "function": {"name": "look_up", "arguments": '{"where": "shelf"}'},
}
CUSTOM = {"id": "call_b2", "type": "custom", "custom": {"name": "run_code", "input": "print(1)"}}
EVERYTHING = {
    "id": "chatcmpl-901",
    "object": "chat.completion",
    "created": 1767225600,
    "model": "model-x",
    "service_tier": "flex",
    "system_fingerprint": "fp_12345",
    "task_id": "task-12",
    "trial": 3,
    "reward": 0.25,
    "tools": [{"type": "function", "function": {"name": "look_up", "description": "Finds."}}],
    "messages": [
        {"role": "system", "content": "Be brief.", "name": "rules"},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {
            "role": "user",
            "name": "ada-lovelace",
            "content": [{"type": "text", "text": "What is this?"}, PICTURE, SOUND, FILE],
        },
        {
            "role": "assistant",
            "content": "I look it up.",
            "reasoning_content": "It might be a cat.",
            "tool_calls": [CALL, CUSTOM],
        },
        {"role": "tool", "tool_call_id": "call_a1", "content": '{"found": "a cat"}'},
        {"role": "tool", "tool_call_id": "call_b2", "content": [{"type": "text", "text": "one"}]},
        {
            "role": "assistant",
            "content": None,
            "refusal": "I may not say.",
            "annotations": [{"type": "url_citation", "url_citation": {"url": "https://c.example"}}],
            "audio": {"id": "audio_5", "transcript": "spoken words", "data": "YXVkaW8="},
        },
        {"role": "user", "content": "Again."},
        {
            "role": "assistant",
            "content": None,
            "function_call": {"name": "old_way", "arguments": '{"n": 5555}'},
        },
        {"role": "function", "name": "old_way", "content": "old result"},
        {"role": "user", "content": "Last."},
    ],
    "choices": [
        {
            "index": 0,
            "finish_reason": "length",
            "message": {"role": "assistant", "content": [{"type": "glyph", "glyph": "ankh"}]},
            "logprobs": {"content": [{"token": "tok-lost", "logprob": -0.125}]},
        },
        {
            "index": 1,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Another choice."},
        },
    ],
    "usage": {
        "prompt_tokens": 4001,
        "completion_tokens": 4002,
        "total_tokens": 8003,
        "prompt_tokens_details": {"cached_tokens": 4004, "audio_tokens": 4005},
        "completion_tokens_details": {"reasoning_tokens": 4006},
        "cost": 0.0375,
    },
}
LOG_PROBABILITIES = {
    "choices[].logprobs.content[].token",
    "choices[].logprobs.content[].logprob",
}
ONLY_KEPT = {
    # Shown as JSON in other spelling.
    *("messages[].content", "messages[].function_call.arguments"),
    "messages[].name",
    *(f"messages[].annotations[].{name}" for name in ("type", "url_citation.url")),
    "messages[].tool_calls[].function.arguments",
}


def test_every_field_is_kept_but_what_is_stated():
    run = Transcript.from_messages(EVERYTHING)
    assert run.format == "chat completions"
    # The reason for a whole answer's end is told as that of its text.
    assert lost(EVERYTHING, run) <= {*LOG_PROBABILITIES, "choices[].finish_reason"}
    assert any("Log probabilities" in sentence for sentence in run.run.lost)


def test_what_was_said_and_done_is_shown():
    run = Transcript.from_messages(EVERYTHING)
    missing = lost(EVERYTHING, run, shown=True)
    roles = {path for path in missing if path.endswith((".role", ".type", ".finish_reason"))}
    assert missing - roles <= ONLY_KEPT | LOG_PROBABILITIES
    static = str(run)
    told = ("thought", "I look it up.", "I may not say.", "spoken words", "old result", "choice")
    assert all(text in static for text in told)
    assert "It might be a cat." in run.to_mimebundle()["text/html"]


def test_messages_come_back_with_the_answer_behind_them():
    run = Transcript.from_messages(EVERYTHING)
    answer = EVERYTHING["choices"][0]["message"]
    assert run.to_messages() == [*EVERYTHING["messages"], answer]
    again = Transcript.from_messages(run.to_messages())
    assert again.to_messages() == run.to_messages()


def test_model_cost_tokens_times_and_what_it_is_about_are_read():
    run = Transcript.from_messages(EVERYTHING)
    assert (run.resource.session.llm_id, str(run.cost_usd)) == ("model-x", "0.0375")
    assert (run.run.task, run.run.repeat, run.run.scores) == ("task_id", "trial", ("reward",))
    assert run.events[-1].data["usage"] == {
        "input_tokens": 4001,
        "output_tokens": 4002,
        "cached_input_tokens": 4004,
        "reasoning_tokens": 4006,
    }
    assert run.events[-2].created_at == "2026-01-01T00:00:00.000Z"
    assert run.items[-1].is_cut_off


@pytest.mark.parametrize(
    "field",
    [
        {"reasoning_content": "Hm, a cat."},
        {"reasoning": "Hm, a cat."},
        {"thinking_blocks": [{"type": "thinking", "thinking": "Hm, a cat.", "signature": "c2ln"}]},
        {"reasoning_details": [{"type": "reasoning.text", "text": "Hm, a cat.", "index": 0}]},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "Hm, a cat."}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm, a cat."}]}]},
    ],
)
def test_thoughts_are_read_wherever_they_are(field):
    message = {"role": "assistant", "content": "A cat.", **field}
    run = Transcript.from_messages([{"role": "user", "content": "What?"}, message])
    assert run.items[-1].reasoning == "Hm, a cat."
    assert run.to_messages()[-1] == message


@pytest.mark.parametrize(
    "call",
    [
        {"id": "c", "function": "look", "arguments": {"x": 1}},
        {"id": "c", "name": "look", "arguments": {"x": 1}, "requestor": "assistant"},
    ],
)
def test_calls_that_are_written_flat_are_calls(call):
    messages = [
        {"role": "user", "content": "What?", "timestamp": "2026-01-02T10:00:00"},
        {"role": "assistant", "content": None, "tool_calls": [call], "timestamp": 1767348002},
        {"role": "tool", "id": "c", "content": "3", "timestamp": "2026-01-02T10:00:05Z"},
    ]
    run = Transcript.from_messages(messages)
    made = run.items[1]
    assert (made.tool_name, made.arguments, made.result) == ("look", {"x": 1}, "3")
    assert made.latency_s == 3.0
    assert run.to_messages() == messages


def test_what_is_unknown_in_a_message_is_shown_as_it_is():
    odd = [{"type": "hologram", "beam": "blue light"}, {"no": "kind"}, 7, ["nested"], None]
    run = Transcript.from_messages([{"role": "user", "content": odd}])
    kinds = [block["type"] for block in run.items[0].content]
    assert kinds == ["hologram", "other", "text", "other", "other"]
    assert "blue light" in str(run)
    assert run.to_messages() == [{"role": "user", "content": odd}]


ROW = {"messages": [{"role": "user", "content": "Hi"}], "task_id": "a"}
ANSWER = {"choices": [{"message": {"role": "assistant", "content": "Hello"}}], "model": "m"}


@pytest.mark.parametrize(
    "document",
    [
        {"request": ROW, "response": ANSWER},
        {"request": {"body": ROW}, "response": {"status_code": 200, "body": ANSWER}},
        {**ROW, **ANSWER},
        {"traj": [*ROW["messages"], ANSWER["choices"][0]["message"]], "task_id": "a", "model": "m"},
    ],
)
def test_requests_with_their_answers_are_runs(document, tmp_path):
    path = tmp_path / "logged.json"
    for text in (json.dumps(document), json.dumps([document], indent=1)):
        path.write_text(text)
        [run] = Transcript.from_file(path)
        assert [item.text for item in run.items] == ["Hi", "Hello"]
        assert (run.metadata["task_id"], run.resource.session.llm_id) == ("a", "m")


def test_several_runs_are_no_list_of_messages():
    with pytest.raises(InvalidRequestError, match="there are 2 runs, which from_file"):
        Transcript.from_messages([ROW, ROW])
    with pytest.raises(InvalidRequestError, match="choice 1 has no message"):
        Transcript.from_messages({"choices": [{}]})
