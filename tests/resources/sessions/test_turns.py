import asyncio

import pytest

from dari_nb.errors import (
    AuthenticationError,
    ConnectionFailedError,
    InvalidRequestError,
    TimedOutError,
    TurnFailedError,
)
from dari_nb.local import ToolCall
from dari_nb.resources import Dari

from ...waiting import until


def test_sending_returns_at_once_and_reading_the_text_waits(d, gate):
    turn = d.agents.get("gated").send("Hi")
    until(lambda: len(turn.items) == 3)
    assert turn.status == "running"
    assert turn.latency_s is None
    gate.open()
    assert turn.text == "first\n\nsecond"
    assert turn.status == "completed"
    assert turn.prompt == "Hi"
    assert turn.error is None
    assert turn.latency_s >= 0


def test_a_wait_that_is_too_short_raises_and_the_turn_goes_on(d, gate):
    turn = d.agents.get("gated").send("Hi")
    with pytest.raises(TimedOutError, match=r"0\.05 s; it goes on"):
        turn.wait(0.05)
    gate.open()
    assert turn.wait(60).status == "completed"


def test_a_turn_can_be_awaited(d):
    async def ask():
        turn = await d.agents.get("echo").send("Hi")
        return turn.status, turn.text

    status, text = asyncio.run(ask())
    assert status == "completed"
    assert "Hi" in text


def test_an_awaiting_task_can_be_cancelled_and_the_turn_goes_on(d, gate):
    turn = d.agents.get("gated").send("Hi")

    async def ask_for_a_moment():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(turn, 0.2)
        turn._release()
        gate.open()
        return await turn

    assert asyncio.run(ask_for_a_moment()).status == "completed"


def test_what_breaks_a_stream_is_raised_by_every_way_of_waiting(server, d, gate, tcp_proxy):
    proxy = tcp_proxy(server.url)
    key = d.client.api_keys.create("for a while")
    with Dari(proxy.url, key.api_key) as brief:
        turn = brief.agents.get("gated").send("Hi")
        until(lambda: len(turn.items) == 3)
        d.client.api_keys.delete(key.id)
        proxy.kill()

        async def ask():
            await turn

        for wait in (turn.wait, lambda: turn.text, lambda: asyncio.run(ask())):
            with pytest.raises(AuthenticationError):
                wait()


def test_a_failed_turn_tells_the_cause_and_raises_on_request(server, d):
    @server.agent("broken")
    def broken(prompt):
        yield "so far"
        raise ValueError(prompt)

    turn = d.agents.get("broken").send("no luck").wait()
    assert (turn.status, turn.error) == ("failed", "ValueError: no luck")
    for ask in (turn.raise_for_status, lambda: turn.text):
        with pytest.raises(TurnFailedError, match="ValueError: no luck") as caught:
            ask()
        assert caught.value.so_far == "so far"
    assert "so far" in str(turn)


def test_a_turn_tells_the_metadata_of_its_message(server, d, gate):
    turn = d.agents.get("gated").send("x", metadata={"lesson": "2"})
    assert turn.metadata == {}
    second = turn.session.send("y", metadata={"k": 1, "tags": ["a"]})
    assert second.metadata == {"k": 1, "tags": ["a"]}
    elsewhere = d.sessions.get(turn.session.id)
    gate.open()
    assert elsewhere.turn(second.id).metadata == {"k": 1, "tags": ["a"]}


@pytest.mark.parametrize("option", ["llm"])
def test_what_a_session_began_with_cannot_be_sent_later_and_it_says_how_else(d, option):
    session = d.agents.get("echo").send("Hi").wait().session
    with pytest.raises(TypeError) as caught:
        session.send("x", **{option: "small"})
    assert f"takes no '{option}': a session keeps what it began with" in str(caught.value)
    assert f'd.agents["echo"].send(…, {option}=…)' in str(caught.value)
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        session.send("x", colour="red")
    assert len(session.messages()) == 1


def test_tool_calls_can_be_read_while_the_turn_waits_for_an_answer(server, d):
    @server.agent("asker")
    def asker(prompt):
        answer = yield ToolCall("lookup", {"q": prompt}, external=True)
        yield f"got {answer.result}"

    turn = d.agents.get("asker").send("x")
    call = turn.tool_calls[0]
    assert (turn.status, call.status, call.arguments) == (
        "waiting_for_tool",
        "requested",
        {"q": "x"},
    )
    d.client.sessions.submit_tool_result(turn.session.id, turn.id, call.tool_call_id, 42)
    assert turn.wait(60).text == "got 42"


def test_a_session_goes_on_and_knows_its_last_turn(d):
    session = d.sessions.create("echo", name="lesson", metadata={"n": "1"})
    with pytest.raises(Exception, match="Nothing was sent"):
        session.turn()
    session.send("one")
    second = session.send("two", metadata={"k": "v"}).wait()
    assert session.turn().id == second.id
    assert [m.parts[0]["text"] for m in session.messages()] == ["one", "two"]
    assert session.messages()[1].metadata == {"k": "v"}
    assert [e.type for e in session.events()].count("user.message") == 2
    assert [i.type for i in session.transcript().items] == ["user_message", "assistant_message"] * 2
    assert session.transcript().to_dict()["session"]["id"] == session.id
    assert (session.name, session.metadata, session.agent_name) == ("lesson", {"n": "1"}, "echo")


def test_events_come_by_for_and_by_async_for(d):
    session = d.agents.get("echo").send("Hi").wait().session

    def is_last(event):
        return event.type == "session.status_changed" and event.data["status"] == "idle"

    def sync_types():
        types = []
        for event in session.stream():
            types.append(event.type)
            if is_last(event):
                break
        return types

    async def async_types():
        types = []
        async for event in session.stream():
            types.append(event.type)
            if is_last(event):
                break
        return types

    expected = [event.type for event in session.events()]
    assert sync_types() == expected
    assert asyncio.run(async_types()) == expected


def test_files_are_attached(d, tmp_path):
    file = tmp_path / "notes.md"
    file.write_text("the passport is in the blue folder")
    turn = d.agents.get("librarian").send("where is the passport?", files=[file])
    assert "blue folder" in turn.text


def test_a_missing_file_is_refused_before_anything_is_sent(d, tmp_path):
    with pytest.raises(InvalidRequestError, match=r"nothing\.md"):
        d.agents.get("librarian").send("read", files=[tmp_path / "nothing.md"])
    assert d.sessions.list() == []


def test_an_empty_prompt_is_refused(d):
    with pytest.raises(InvalidRequestError, match="empty"):
        d.agents.get("echo").send("  ")


def test_an_unknown_llm_option_is_refused_with_the_known_ones(d):
    agent = d.agents.get("echo")
    assert agent.llms == ["small", "large"]
    with pytest.raises(
        InvalidRequestError,
        match=r"no LLM option 'smal' \(did you mean small\?\); it has: small, large",
    ):
        agent.send("Hi", llm="smal")
    assert agent.send("Hi", llm="small").session.llm_id == "small"


def test_objects_show_as_bundles_and_short_reprs(d):
    turn = d.agents.get("echo").send("Hi").wait()
    for shown in (
        turn,
        turn.session,
        turn.session.transcript(),
        d.agents.list(),
        d.sessions.list(),
    ):
        bundle = shown._repr_mimebundle_()
        assert set(bundle) == {"text/html", "text/markdown", "text/plain"}
    assert repr(turn) == f"<Turn {turn.id} completed>"
    assert "Hi" in turn._repr_mimebundle_()["text/plain"]


def test_an_agent_is_published_and_its_workspace_read(server, d, tmp_path):
    manifest = "name: writer\nharness: pi\ninstructions:\n  system: a.md\nllm:\n  model: openai/x\n"
    (tmp_path / "dari.yml").write_text(manifest)
    (tmp_path / "a.md").write_text("Write.")

    @server.agent("writer")
    def writer(prompt, turn):
        (turn.workspace / "out.csv").write_text("a,b\n1,2\n")
        return "done"

    agent = d.agents.publish(tmp_path).agent
    assert agent.name == "writer"
    session = agent.send("go").wait().session
    with session.workspace() as workspace:
        assert workspace.read_csv("out.csv").b.tolist() == [2]
    with pytest.raises(InvalidRequestError):
        d.agents.publish(tmp_path / "nowhere")


def test_a_send_with_the_key_of_an_earlier_one_is_that_turn(d, gate):
    first = d.agents.get("gated").send("Hi", idempotency_key="first")
    assert d.agents.get("gated").send("Hi", idempotency_key="first").id == first.id
    second = first.session.send("Go on", idempotency_key="second")
    gate.open()
    assert first.session.send("Go on", idempotency_key="second").id == second.id
    assert second.wait(60).status == "completed"
    assert gate.asked == ["Hi", "Go on"]


def test_a_send_that_fails_tells_the_key_to_repeat_it_with(d, server):
    agent = d.agents.get("echo")
    session = agent.start()
    server.stop()
    for send in (agent.send, session.send):
        with pytest.raises(ConnectionFailedError) as made:
            send("Hi")
        with pytest.raises(ConnectionFailedError) as given:
            send("Hi", idempotency_key="mine")
        assert made.value.idempotency_key
        assert given.value.idempotency_key == "mine"
