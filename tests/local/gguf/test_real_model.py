"""SmolLM2 itself, from the question to the matrix: protocol and structure, never wit."""

import pytest

import dari_nb as dari
from dari_nb.local import LocalDari
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


def test_it_calls_a_tool_when_a_schema_binds_it(d, tmp_path):
    connected, server = d
    server.add_llms({"bound": EXACT | {"tools": "schema"}})
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
