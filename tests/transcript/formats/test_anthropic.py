import base64
import json

import msgspec
import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.models import UserMessageItem, text_block
from dari_nb.resources import Transcript
from dari_nb.transcript.formats import to_anthropic, to_messages

from ...recorded import FILES
from .preserved import lost

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(21)).decode()
PICTURE = {"type": "base64", "media_type": "image/png", "data": PNG}
EVERYTHING = {
    "model": "claude-z",
    "max_tokens": 9001,
    "metadata": {"user_id": "user-45"},
    "system": [
        {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "5m"}}
    ],
    "tools": [{"name": "look_up", "description": "Finds.", "input_schema": {"type": "object"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?", "cache_control": {"type": "ephemeral1"}},
                {"type": "image", "source": PICTURE},
                {
                    "type": "document",
                    "title": "Plan A",
                    "context": "from mail",
                    "source": {"type": "url", "url": "https://example.org/plan.pdf"},
                    "citations": {"enabled": True},
                },
                {"type": "search_result", "source": "shelf 7", "title": "Cats", "content": []},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "It might be a cat.", "signature": "c2lnbmVk"},
                {"type": "redacted_thinking", "data": "aGlkZGVu"},
                {
                    "type": "text",
                    "text": "I look it up.",
                    "citations": [{"type": "char_location", "cited_text": "cats purr"}],
                },
                {
                    "type": "tool_use",
                    "id": "toolu_1",
                    "name": "look_up",
                    "input": {"where": "attic"},
                    "caller": {"type": "direct"},
                },
                {"type": "tool_use", "id": "toolu_2", "name": "look_on", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [{"type": "text", "text": "a cat"}, {"type": "image", "source": {}}],
                },
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_2",
                    "content": "no such shelf",
                    "is_error": True,
                },
                {"type": "text", "text": "Go on."},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {
                    "type": "server_tool_use",
                    "id": "srvtoolu_3",
                    "name": "web_search",
                    "input": {"query": "purring"},
                },
                {
                    "type": "web_search_tool_result",
                    "tool_use_id": "srvtoolu_3",
                    "content": [
                        {"type": "web_search_result", "url": "https://cats.example", "title": "P"}
                    ],
                },
                {"type": "container_upload", "file_id": "file_011"},
                {"type": "text", "text": "It purrs."},
            ],
        },
        {"role": "user", "content": "Thanks."},
    ],
    "id": "msg_55",
    "type": "message",
    "role": "assistant",
    "content": [{"type": "text", "text": "Any time."}],
    "stop_reason": "max_tokens",
    "stop_sequence": "never-seen",
    "usage": {
        "input_tokens": 5001,
        "cache_read_input_tokens": 5002,
        "cache_creation_input_tokens": 5003,
        "output_tokens": 5004,
        "service_tier": "standard-tier",
    },
}
MESSAGES = EVERYTHING["messages"]


def test_every_field_is_kept():
    run = Transcript.from_messages(EVERYTHING)
    assert run.format == "Anthropic messages"
    assert lost(EVERYTHING, run) <= {"type", "role"}


def test_what_is_kept_and_not_shown_is_stated():
    run = Transcript.from_messages(EVERYTHING)
    missing = lost(EVERYTHING, run, shown=True)
    marks = {
        path for path in missing if path.endswith((".role", ".type", "ttl")) or "." not in path
    }
    assert missing - marks <= {"messages[].content[].citations[].cited_text"}
    assert any("citations" in sentence for sentence in run.run.lost)
    static = str(run)
    shown = ("I look it up.", "a cat", "no such shelf", "web_search", "It purrs.", "Any time.")
    assert all(text in static for text in shown)
    html = run.to_mimebundle()["text/html"]
    assert "It might be a cat." in html
    assert PNG in html


def test_the_messages_come_back_as_they_were():
    request = {name: EVERYTHING[name] for name in ("system", "messages")}
    run = Transcript.from_messages(request)
    assert run.to_anthropic() == request
    assert run.instructions == "Be brief."
    assert Transcript.from_messages(MESSAGES).to_anthropic() == {"messages": MESSAGES}
    again = Transcript.from_messages(run.to_anthropic())
    assert again.to_anthropic() == request
    assert again.resource.session.id == run.resource.session.id


def test_they_go_on_as_chat_completions_with_calls_made_at_once_in_one_message():
    chat = Transcript.from_messages(MESSAGES[:3]).to_messages()
    assert [message["role"] for message in chat] == ["user", "assistant", "tool", "tool", "user"]
    assert chat[1]["reasoning_content"] == "It might be a cat."
    assert [call["id"] for call in chat[1]["tool_calls"]] == ["toolu_1", "toolu_2"]
    assert chat[3]["content"] == "Error: no such shelf"
    assert Transcript.from_messages(chat).to_messages() == chat


def test_calls_fail_where_the_source_says_so_and_answers_are_cut_off():
    run = Transcript.from_messages(EVERYTHING)
    calls = [item for item in run.items if item.type == "tool_call"]
    assert [call.status for call in calls] == ["completed", "failed", "completed"]
    assert calls[0].arguments == {"where": "attic"}
    assert run.items[-1].is_cut_off
    assert run.events[-1].data["usage"] == {
        "input_tokens": 15006,
        "output_tokens": 5004,
        "cached_input_tokens": 5002,
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_chat_completions_survive_the_way_there_and_back(path):
    for run in Transcript.from_file(path)[::10]:
        there = run.to_anthropic()
        again = Transcript.from_messages(there)
        assert again.to_anthropic() == there
        assert [item.type for item in again.items] == [item.type for item in run.items]
        for one, other in zip(again.items, run.items, strict=True):
            for name in ("text", "tool_name", "arguments", "result", "status"):
                assert getattr(one, name, None) == getattr(other, name, None)


@pytest.mark.parametrize(
    ("url", "source"),
    [
        (f"data:image/png;base64,{PNG}", PICTURE),
        ("https://example.org/cat.png", {"type": "url", "url": "https://example.org/cat.png"}),
    ],
)
def test_images_go_from_one_format_to_the_other(url, source):
    theirs = {"role": "user", "content": [{"type": "image", "source": source}]}
    ours = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}
    assert Transcript.from_messages([theirs]).to_messages() == [ours]
    assert Transcript.from_messages([ours]).to_anthropic() == {"messages": [theirs]}


def test_recorded_messages_that_a_server_spoils_are_told_by_the_items():
    item = UserMessageItem(
        content=[text_block("Hi")],
        message_id="msg_1",
        recorded_messages=[{"role": 7}],
        recorded_format="Anthropic messages",
    )
    assert to_messages([item]) == [{"role": "user", "content": "Hi"}]
    assert to_anthropic([item])["messages"] == [{"role": 7}]
    odd = msgspec.structs.replace(item, recorded_format="a format to come")
    assert to_messages([odd]) == [{"role": "user", "content": "Hi"}]
    hi = {"role": "user", "content": [text_block("Hi")]}
    assert to_anthropic([odd]) == {"messages": [hi]}


def test_what_an_agent_did_here_becomes_anthropic_messages(server, d):
    sent = d.agents.get("calculator").send("What is 6 * 7?").wait()
    told = sent.session.transcript().to_anthropic()["messages"]
    assert [message["role"] for message in told] == ["user", "assistant", "user", "assistant"]
    assert [block["type"] for block in told[1]["content"]][-1] == "tool_use"


def test_a_session_made_of_them_gives_them_back(server, d, tmp_path):
    path = tmp_path / "claude.jsonl"
    path.write_text(json.dumps({"messages": MESSAGES, "system": "Be brief."}))
    loaded = server.load_runs(path)
    assert loaded.formats == ["Anthropic messages"]
    session = d.sessions.get(loaded[0])
    there = session.transcript()
    assert there.to_anthropic() == {"messages": MESSAGES, "system": "Be brief."}
    assert there.format == "Anthropic messages"
    assert "thought" in str(there)
    fork = session.fork(at=session.turn())
    assert fork.transcript().to_anthropic()["messages"][: len(MESSAGES)] == MESSAGES


@pytest.mark.parametrize(
    ("messages", "cause"),
    [
        ([{"role": 7, "content": [{"type": "tool_use"}]}], "message 1 has no known role"),
        ([{"role": "user", "content": [{"type": "tool_use"}]}, 7], "message 2 is no object: 7"),
    ],
)
def test_what_is_none_is_told(messages, cause):
    with pytest.raises(InvalidRequestError, match=cause):
        Transcript.from_messages(messages)


@pytest.mark.parametrize("odd", [None, "x", {"a": 1}, [{"type": 3}], [{"type": "text"}]])
def test_odd_contents_are_kept(odd):
    block = {"type": "tool_use", "id": "t", "name": "n", "input": odd}
    result = {"type": "tool_result", "tool_use_id": "t", "content": odd}
    messages = [
        {"role": "user", "content": odd},
        {"role": "assistant", "content": [block]},
        {"role": "user", "content": [result, {"type": "thinking", "thinking": odd}]},
    ]
    run = Transcript.from_messages(messages)
    assert run.to_anthropic() == {"messages": messages}
    assert str(run)
