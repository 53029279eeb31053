"""SmolLM2 itself, from the question to the matrix: protocol and structure, never wit."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

import dari_nb as dari
from dari_nb.local import LocalDari, reachable_llms
from dari_nb.models import ToolCallItem

EXACT = {"gguf": "smollm2", "options": {"temperature": 0, "max_tokens": 40, "seed": 1}}
LONG = {"gguf": "smollm2", "options": {"max_tokens": 150, "seed": 1}}


@pytest.fixture
def d(real_model):
    llms = {"exact": EXACT, "long": LONG}
    with (
        LocalDari(llms=llms, llm_backoff=(0.01, 0.02), cost_delay=0.0) as server,
        dari.connect(base_url=server.url, api_key=server.api_key) as connected,
    ):
        connected.agents["assistant"]
        yield connected, server


def running_of(server):
    return list(server._llms.sender._running.values())


def test_it_answers_remembers_and_costs_nothing(d):
    connected, _ = d
    turn = connected.agents["assistant"].send("What is the capital of France?", llm="exact")
    assert turn.wait(timeout=300).status == "completed"
    assert turn.text.strip()
    again = turn.session.send("Say that again.").wait(timeout=300)
    assert again.status == "completed"
    frame = dari.costs_frame(turn.session)
    assert frame["cost_usd"].iloc[0] == 0


def test_the_same_seed_gives_the_same_answer(d):
    connected, _ = d
    assistant = connected.agents["assistant"]
    first, second = (assistant.send("Name a colour.", llm="exact") for _ in range(2))
    first.wait(timeout=300)
    second.wait(timeout=300)
    assert (first.status, first.text) == (second.status, second.text)


def test_four_answer_side_by_side_in_one_process(d):
    connected, server = d
    assistant = connected.agents["assistant"]
    with ThreadPoolExecutor(4) as pool:
        turns = list(pool.map(lambda n: assistant.send(f"Count to {n}.", llm="exact"), range(4)))
    ended = [turn.wait(timeout=300) for turn in turns]
    assert [turn.status for turn in ended] == ["completed"] * 4
    assert len(running_of(server)) == 1


def test_killed_in_mid_answer_it_is_started_again(d, wait):
    connected, server = d
    turn = connected.agents["assistant"].send("Write a long story.", llm="long")
    wait(lambda: [r for r in running_of(server) if r._address], bool)
    [running] = running_of(server)
    os.kill(running._process._process.pid, signal.SIGKILL)
    turn.wait(timeout=300)
    [message] = turn.session.messages()
    assert message.attempt == 2
    assert turn.status == "completed"


def test_a_batch_of_ten_tasks_with_two_settings(d, tmp_path):
    connected, server = d
    server.add_llms({"other": EXACT | {"options": {"max_tokens": 12, "seed": 2}}})
    tasks = [f"What comes after {n}?" for n in range(10)]
    book = tmp_path / "scores.jsonl"
    batch = connected.batches.run("assistant", tasks, llms=["exact", "other"], scores_path=book)
    batch.wait(timeout=600)
    assert len(batch.cells) == 20
    assert [cell.state for cell in batch.cells] == ["completed"] * 20
    assert len(running_of(server)) == 1


@pytest.mark.parametrize("tools", ["schema", "auto"])
def test_it_calls_a_tool_when_a_schema_binds_it(d, tmp_path, tools):
    connected, server = d
    server.add_llms({"bound": EXACT | {"tools": tools}})
    notes = tmp_path / "notes.txt"
    notes.write_text("Buy milk and eggs.")
    only_read = {"built_in_tools": ["read"]}
    prompt = "You are a helpful assistant."
    reader = connected.agents.publish_prompt(
        "reader", prompt, llm="bound", manifest=only_read
    ).agent
    calls = []
    for question in ("What is in the file notes.txt?", "Read the file notes.txt.", "Hello!"):
        turn = reader.send(question, files=[notes]).wait(timeout=300)
        assert not (turn.text or "").startswith("{")
        items = turn.session.transcript().items
        calls += [item for item in items if isinstance(item, ToolCallItem)]
        if calls:
            break
    assert {call.tool_name for call in calls} == {"read"}
    assert all("path" in call.arguments for call in calls)
    assert all(call.result and call.completed_at for call in calls)
    [state] = [state for state in reachable_llms(server) if state.name == "bound"]
    assert state.options.endswith("tools by schema")


def test_connect_local_answers_with_it_by_itself(real_model, monkeypatch):
    monkeypatch.setattr("dari_nb.resources.connections._servers", {})
    with dari.connect("local") as connected:
        assistant = connected.agents["assistant"]
        assert assistant.llms == ["smollm2"]
        [known] = connected.llms()
        assert known.model == "SmolLM2-135M-Instruct"
        assert known.state == "starts when asked: a very small model, often wrong"
        assert connected.server.llms["smollm2"].options["temperature"] == 0.2
        dari.connect("local", llms={"mine": EXACT}).close()
        assert list(connected.server.llms) == ["smollm2", "mine"]
        assert connected.agents["assistant"].version().manifest["llm"]["default"] == "smollm2"
        connected.server.stop()
