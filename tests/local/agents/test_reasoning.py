"""Functions tell what they thought apart from what they say."""

import pytest

from dari_nb.local import Draft, Reasoning, ToolCall, ToolResult

THOUGHT = {"type": "reasoning", "reasoning": "Hm."}
SAID = {"type": "text", "text": "42"}


@pytest.mark.parametrize(
    ("steps", "contents"),
    [
        ([Reasoning("Hm."), "42"], [[THOUGHT, SAID]]),
        ([Draft("Hm.", "reasoning"), "42"], [[THOUGHT, SAID]]),
        ([Draft("H", "reasoning"), Reasoning("Hm."), "42"], [[THOUGHT, SAID]]),
        ([Draft("H", "reasoning"), [THOUGHT, SAID]], [[THOUGHT, SAID]]),
        ([Draft("Hm.", "reasoning"), Draft("42")], [[THOUGHT, SAID]]),
        ([Reasoning("Hm."), ToolCall("add"), ToolResult(1), "42"], [[THOUGHT], [SAID]]),
        ([Reasoning("Hm.")], [[THOUGHT]]),
        ([Reasoning(" "), "42"], [[SAID]]),
        ([Reasoning("", {"redacted": "x"}), "42"],
         [[{"type": "reasoning", "reasoning": "", "provider": {"redacted": "x"}}, SAID]]),
    ],
)  # fmt: skip
def test_it_is_kept_before_what_follows(server, api, steps, contents):
    @server.agent("thinks")
    def thinks(prompt):
        for step in steps:  # noqa: UP028 - a call gives something back
            yield step

    message = api.ask("thinks", "x")
    events = api.events(message["session_id"])
    said = [e["data"]["content"] for e in events if e["type"] == "assistant.message_completed"]
    assert said == contents
    assert message["status"] == "completed"


@pytest.mark.parametrize("odd", [Reasoning(1), Reasoning("x", "y")])
def test_what_is_no_text_fails_its_turn(server, api, odd):
    @server.agent("odd")
    def thinks(prompt):
        yield odd

    assert "reasoning is a text" in api.ask("odd", "x")["output"]["error"]
