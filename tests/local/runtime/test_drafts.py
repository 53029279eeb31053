"""An answer is seen while it is written by who asks for it, and by nobody else."""

import threading
import time

import pytest
from httpx_sse import connect_sse

from dari_nb.local import Draft, NewAttempt, ToolCall, ToolResult

DELTA = "assistant.message_delta"


@pytest.fixture
def say(server, api):
    """Have an agent yield these steps, each after the gate is passed that stands for it."""

    def saying(*steps):
        gates = [threading.Event() for step in steps]

        @server.agent("writes")
        def writes(prompt):
            for gate, step in zip(gates, steps, strict=True):
                gate.wait(120)
                yield step

        return api.send(api.create("writes"), "x")["message"], gates

    return saying


@pytest.fixture
def stream(api):
    """Read frames of a session's stream until one says enough."""

    def streaming(session_id, enough, drafts="?drafts=true", seen=lambda _: None, **headers):
        frames = []
        with connect_sse(
            api.http, "GET", f"/sessions/{session_id}/stream{drafts}", headers=headers
        ) as source:
            for sse in source.iter_sse():
                frames.append((sse.id, sse.event, sse.json()))
                seen(frames)
                if enough(frames[-1][2]):
                    return frames
        raise AssertionError("the stream ended")

    return streaming


def ended(event):
    data = event.get("data", {})
    return event["type"] == "message.status_changed" and data["status"] in ("completed", "failed")


def session_of(api, message):
    return api.get(f"/messages/{message['id']}")["session_id"]


def written(frames):
    """What a reader has put together of the deltas, by attempt and draft."""
    texts = {}
    for _, kind, piece in frames:
        if kind == DELTA:
            place = (piece["attempt"], piece["draft"])
            assert piece["offset"] == len(texts.get(place, ""))
            texts[place] = texts.get(place, "") + piece["text"]
    return texts


def test_pieces_come_as_they_are_written_and_the_text_takes_their_place(api, say, stream):
    message, gates = say(Draft("a cl"), Draft("osure \U0001f600"), Draft(" is"), "a closure is")
    session_id = session_of(api, message)

    def next_gate(frames):
        if frames[-1][1] == DELTA or frames[-1][2]["data"].get("status") == "running":
            opened = sum(kind == DELTA for _, kind, _ in frames)
            gates[min(opened, 3)].set()

    frames = stream(session_id, ended, seen=next_gate)
    deltas = [(sse_id, piece) for sse_id, kind, piece in frames if kind == DELTA]
    assert [piece["text"] for _, piece in deltas] == ["a cl", "osure \U0001f600", " is"]
    assert [piece["offset"] for _, piece in deltas] == [0, 4, 11]
    assert deltas[0][1] == {
        "type": DELTA,
        "session_id": session_id,
        "message_id": message["id"],
        "draft": 0,
        "attempt": 1,
        "kind": "text",
        "offset": 0,
        "text": "a cl",
    }
    kinds = [kind for _, kind, _ in frames]
    assert DELTA not in kinds[kinds.index("assistant.message_completed") :]
    # An id of a draft would be where a reader goes on: it has none of its own.
    assert all(not sse_id or sse_id.startswith(session_id) for sse_id, _ in deltas)
    assert deltas[0][0] == frames[kinds.index(DELTA) - 1][0]
    assert [event for _, kind, event in frames if kind != DELTA] == api.events(session_id)[:-1]


def test_another_attempt_begins_anew_and_an_end_without_a_text_keeps_what_was_written(
    api, say, stream
):
    message, gates = say(Draft("wrong"), NewAttempt("the line broke"), Draft("right"), Draft("!"))
    session_id = session_of(api, message)

    def go_on(frames):
        for gate in gates[: 1 + 2 * ("wrong" in str(frames)) + 2 * ("right" in str(frames))]:
            gate.set()

    frames = stream(session_id, ended, seen=go_on)
    assert written(frames)[1, 0] == "wrong"
    assert written(frames)[2, 0].startswith("right")
    [said] = [e for _, kind, e in frames if kind == "assistant.message_completed"]
    assert said["data"]["content"] == [{"type": "text", "text": "right!"}]


def test_a_failed_turn_has_said_nothing_of_its_draft(server, api, stream):
    @server.agent("breaks")
    def breaks(prompt):
        yield Draft("half a")
        raise ValueError("no more")

    message = api.finished(api.send(api.create("breaks"), "x")["message"]["id"])
    assert message["status"] == "failed"
    assert "half a" not in str(api.events(message["session_id"]))


@pytest.mark.parametrize("wrong", [Draft(None), Draft("x", kind="bogus")], ids=["text", "kind"])
def test_what_is_no_draft_fails_its_turn_and_the_agent_goes_on(server, api, wrong):
    @server.agent("odd")
    def odd(prompt):
        yield wrong if prompt == "odd" else "well"

    message = api.ask("odd", "odd")
    assert message["status"] == "failed"
    assert api.get(f"/sessions/{message['session_id']}")["status"] == "idle"
    assert api.ask("odd", "again")["status"] == "completed"


async def ran():
    return ToolResult("found")


CALLS = {
    "its own": [ToolCall("search"), ToolResult("found")],
    "side by side": [(ToolCall("search", run=ran), ToolCall("search", run=ran))],
    "external": [ToolCall("search", external=True, timeout_seconds=0.01)],
}


@pytest.mark.parametrize("calls", CALLS.values(), ids=CALLS)
def test_what_was_written_before_a_call_stays_before_it(api, say, calls):
    message, gates = say(Draft("Let me "), Draft("look."), *calls, Draft("Th"), "There.")
    for gate in gates:
        gate.set()
    api.finished(message["id"])
    events = [e for e in api.events(session_of(api, message)) if e["source"] == "runtime"]
    kinds = [event["type"] for event in events]
    said = ["assistant.message_completed"]
    assert kinds == [*said, *["tool.call_requested"] * (len(kinds) - 2), *said]
    texts = [event["data"]["content"][0]["text"] for event in (events[0], events[-1])]
    assert texts == ["Let me look.", "There."]


def test_each_call_has_a_draft_of_its_own(api, say, stream):
    pieces = [
        Draft("I add.", call="of no use"),
        Draft('{"a": ', "arguments", "add", call=0),
        Draft('{"b": ', "arguments", "add", call=1),
        Draft(" Twice."),
        Draft("1}", "arguments", "add", call=0),
        Draft("2}", "arguments", "add", call=1),
        Draft("[]", "arguments", "add"),
        Draft("!", "arguments", "other"),
    ]
    message, gates = say(*pieces, "done")
    for gate in gates[:-1]:
        gate.set()

    def seen(frames):
        if sum(len(text) for text in written(frames).values()) == sum(len(p.text) for p in pieces):
            gates[-1].set()

    frames = stream(session_of(api, message), ended, seen=seen)
    assert sorted(written(frames).values()) == sorted(
        ["I add. Twice.", '{"a": 1}', '{"b": 2}', "[]", "!"]
    )


def test_a_session_has_no_more_than_thirty_frames_a_second_whatever_is_written(server, api, stream):
    enough = threading.Event()

    @server.agent("writes")
    def writes(prompt):
        while not enough.is_set():
            for call in range(5):
                yield Draft(".", "arguments", "f", call)
            yield Draft(".")
        yield "done"

    def seen(frames):
        if sum(kind == DELTA for _, kind, _ in frames) >= 40:
            enough.set()

    begun = time.monotonic()
    session_id = api.create("writes")
    api.send(session_id, "x")
    frames = stream(session_id, ended, seen=seen)
    deltas = sum(kind == DELTA for _, kind, _ in frames)
    assert deltas >= 40
    # However slow the machine is, so many frames take their time.
    assert time.monotonic() - begun >= (deltas - 1) / 30
