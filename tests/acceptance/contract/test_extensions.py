"""What the server offers beyond the contract (contract, section 18)."""

import threading

import pytest
from httpx_sse import connect_sse

from dari_nb.local import Draft, Reasoning, ToolCall, ToolResult, Usage

from .caller import answer_of, types

DELTA = "assistant.message_delta"


def fork(api, session_id, status=201, **point):
    agent_id = api.get(f"/sessions/{session_id}")["agent_id"]
    body = {"fork_of": {"session_id": session_id, **point}}
    return api.post(f"/agents/{agent_id}/sessions", status, body)


def cancel(api, message, status=202):
    body = {"type": "message.cancel_requested", "message_id": message["id"]}
    return api.post(f"/sessions/{message['session_id']}/events", status, body)


@pytest.fixture
def gate():
    """Yield an event that agents wait for; it is set at the end, so that none of them hangs."""
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def slow(server, api, gate):
    """Start a turn that writes a draft and then waits for the gate."""

    @server.agent("slow")
    def slow(prompt):
        if prompt != "wait":
            yield prompt
            return
        yield "first"
        yield Draft("sec")
        yield Draft("ond 😀")
        gate.wait(60)
        yield "second 😀 end"

    sent = api.send(api.session("slow")["id"], "wait")
    return api.get(f"/messages/{sent['message']['id']}")


def frames(api, message, drafts="true"):
    """Give type and data of a stream's frames up to the end of a turn."""
    path = f"/sessions/{message['session_id']}/stream"
    with connect_sse(api.http, "GET", path, params={"drafts": drafts}) as source:
        for sse in source.iter_sse():
            yield sse.event, sse.json()
            if sse.event == "session.status_changed" and sse.json()["data"]["status"] == "idle":
                return


def test_drafts_precede_text_replacing_them(api, slow, gate):
    written, seen = "", []
    for kind, frame in frames(api, slow):
        seen.append(kind)
        if kind == DELTA:
            assert (frame["message_id"], frame["kind"]) == (slow["id"], "text")
            assert frame["offset"] == len(written)
            written += frame["text"]
            if written == "second 😀":
                gate.set()
    assert written == "second 😀"
    assert DELTA not in seen[len(seen) - seen[::-1].index("assistant.message_completed") :]
    assert [kind for kind in seen if kind != DELTA] == types(api.events(slow["session_id"]))


def test_drafts_unrequested_are_not_sent(api, slow, gate):
    seen = []
    for kind, frame in frames(api, slow, "false"):
        seen.append(kind)
        if kind == "assistant.message_completed" and not gate.is_set():
            # Another stream has the draft, so that this one could have it, too.
            assert DELTA in (other for other, _ in frames(api, slow))
            gate.set()
        assert kind == frame["type"]
    assert seen == types(api.events(slow["session_id"]))
    api.get(f"/sessions/{slow['session_id']}/stream", 422, drafts="perhaps")


def test_late_stream_gets_whole_draft(api, slow):
    for _ in range(2):
        written = ""
        for kind, frame in frames(api, slow):
            if kind == DELTA:
                assert frame["offset"] == len(written)
                written += frame["text"]
            if written == "second 😀":
                break
        assert written == "second 😀"


def test_cancelled_turn_keeps_what_was_written(api, slow):
    next(f for f in frames(api, slow) if f[0] == DELTA and f[1]["text"].endswith("😀"))
    queued = api.send(slow["session_id"], "next")
    assert cancel(api, slow)["event"]["type"] == "message.cancel_requested"
    assert answer_of(api.ended(queued)) == "next"
    cancelled = api.get(f"/messages/{slow['id']}")
    assert (cancelled["status"], cancelled["output"]["error"]) == ("failed", "cancelled")
    assert [part["text"] for part in cancelled["output"]["parts"]] == ["first", "second 😀"]


def test_cancel_after_end_is_409(api, slow):
    api.reach(slow["session_id"], "message.status_changed", status="running")
    assert cancel(api, slow)["event"] == cancel(api, slow)["event"]
    cancel(api, api.ask("parrot", "x"), 409)
    cancel(api, slow | {"id": "msg_0"}, 404)


def test_cancel_fails_open_tool_calls(server, api):
    @server.agent("waits")
    def waits(prompt):
        yield ToolCall("lookup", {}, external=True)

    sent = api.send(api.session("waits")["id"], "x")
    message = api.get(f"/messages/{sent['message']['id']}")
    api.reach(message["session_id"], "message.status_changed", status="waiting_for_tool")
    cancel(api, message)
    assert api.ended(sent)["status"] == "failed"
    [call] = [item for item in api.items(message["session_id"]) if item["type"] == "tool_call"]
    assert call["status"] == "failed"


def test_reasoning_block_precedes_text(server, api):
    @server.agent("thinks")
    def thinks(prompt):
        yield Reasoning("Hm.")
        yield "42"

    asked = api.ask("thinks", "x")
    event = api.reach(asked["session_id"], "assistant.message_completed")
    first, second = event["data"]["content"]
    assert (first["type"], first["reasoning"]) == ("reasoning", "Hm.")
    assert second == {"type": "text", "text": "42"}
    assert answer_of(asked) == "42"


@pytest.fixture(scope="module")
def story(server, api):
    """Return the messages of a session with three turns, each with a tool call."""

    @server.agent("works")
    def works(prompt, turn):
        yield Usage("0.25", input_tokens=100)
        yield ToolCall("note", {"text": prompt})
        yield ToolResult("ok")
        yield f"{prompt} after {sum(item.type == 'user_message' for item in turn.history)}"

    session_id = api.ask("works", "a", metadata={"lesson": "1"})["session_id"]
    for text in "bc":
        api.ended(api.send(session_id, text))
    return api.messages(session_id)


def readable(items):
    names = ("type", "content", "tool_name", "arguments", "result", "status", "created_at")
    return [{name: item.get(name) for name in names} for item in items]


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_fork_has_copies_of_earlier_turns(api, story, place, number):
    session_id = story[0]["session_id"]
    before = api.events(session_id)
    made = fork(api, session_id, **{f"{place}_message_id": story[number]["id"]})
    count = number + (place == "after")
    copied = api.messages(made["id"])
    assert [m["parts"] for m in copied] == [m["parts"] for m in story[:count]]
    assert [m["output"]["parts"][-1] for m in copied] == [
        m["output"]["parts"][-1] for m in story[:count]
    ]
    assert [m["copied_from"]["message_id"] for m in copied] == [m["id"] for m in story[:count]]
    ids = {message["id"] for message in story[:count]}
    copied_items = [item for item in api.items(session_id) if item["message_id"] in ids]
    assert readable(api.items(made["id"])) == readable(copied_items)
    assert (made["status"], made["metadata"]) == ("idle", {"forked_from": session_id})
    assert api.events(session_id) == before


def test_fork_continues_without_old_costs(api, story):
    session_id = story[0]["session_id"]
    made = fork(api, session_id, after_message_id=story[1]["id"])
    assert api.get(f"/costs/sessions/{made['id']}")["total_cost_usd"] == "0"
    assert "usage" not in api.messages(made["id"])[0]
    assert answer_of(api.ended(api.send(made["id"], "new"))) == "new after 2"
    assert len(api.messages(session_id)) == 3
    numbers = [event["sequence_number"] for event in api.events(made["id"])]
    assert numbers == list(range(1, len(numbers) + 1))


def test_fork_of_fork_names_parent(api, story):
    first = fork(api, story[0]["session_id"], after_message_id=story[0]["id"])
    copy = api.messages(first["id"])[0]
    second = fork(api, first["id"], after_message_id=copy["id"])
    found = api.get("/sessions", **{"metadata.forked_from": first["id"]})["sessions"]
    assert [session["id"] for session in found] == [second["id"]]
    # The place of origin is the first one.
    [message] = api.messages(second["id"])
    assert message["copied_from"]["session_id"] == story[0]["session_id"]


def test_fork_at_wrong_place_is_refused(api, other, story, slow):
    session_id = story[0]["session_id"]
    fork(api, session_id, 404, after_message_id="msg_0")
    fork(api, session_id, 422)
    both = {"before_message_id": story[0]["id"], "after_message_id": story[1]["id"]}
    fork(api, session_id, 422, **both)
    fork(api, slow["session_id"], 409, after_message_id=slow["id"])
    point = {"session_id": session_id, "after_message_id": story[0]["id"]}
    path = f"/agents/{other.agent_id('works')}/sessions"
    other.post(path, 404, {"fork_of": point})
