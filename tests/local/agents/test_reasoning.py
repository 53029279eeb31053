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


def test_what_is_no_text_fails_its_turn(server, api):
    @server.agent("odd")
    def thinks(prompt):
        yield Reasoning(1)

    assert api.ask("odd", "x")["status"] == "failed"
