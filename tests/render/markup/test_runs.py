"""Real runs, where they are there: nothing that was said or done is missing."""

import json
import re

from dari_nb.models import AssistantMessageItem, ToolCallItem, UserMessageItem, text_block
from dari_nb.render import head_of, markdown, static_timeline, timeline_html

from ...recorded import REAL_RUNS, runs_of

OWN = [
    {"role": "user", "content": "What is 2 + 3?"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c", "function": {"name": "sum", "arguments": '{"of": [2, 3]}'}}],
    },
    {"role": "tool", "tool_call_id": "c", "content": '{"sum": 5, "text": "caf\\u00e9"}'},
    {"role": "assistant", "content": "It is $5$.\n\n1. first\n2. second"},
]


def runs():
    yield OWN
    if REAL_RUNS.exists():
        yield from (run["messages"] for run in runs_of(REAL_RUNS)[::10])


def as_items(messages):
    results = {m["tool_call_id"]: m["content"] for m in messages if m["role"] == "tool"}
    for index, message in enumerate(messages):
        content = [text_block(message["content"])] if message.get("content") else []
        ids = {"id": str(index), "created_at": "2026-03-31T18:40:00Z"}
        if message["role"] == "user":
            yield UserMessageItem(content=content, **ids)
        elif message["role"] == "assistant" and content:
            yield AssistantMessageItem(status="completed", content=content, **ids)
        for call in message.get("tool_calls") or ():
            yield ToolCallItem(
                tool_name=call["function"]["name"],
                arguments=json.loads(call["function"]["arguments"]),
                status="completed",
                result=results.get(call["id"]),
                **ids,
            )


def squeezed(text):
    return "".join(text.split())


def shows_values(shown, result):
    """Whether all keys and values are there, as in a table."""
    return all(squeezed(str(value)) in shown for value in values_of(json.loads(result)))


def values_of(value):
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if not isinstance(value, list):
        yield value
        return
    for part in value:
        yield from values_of(part)


def test_every_text_of_every_run_is_found_in_its_rendering(read):
    for messages in runs():
        items = list(as_items(messages))
        page = read(timeline_html(items, head_of(items, "airline")))
        shown = squeezed(re.sub(r"… [\d,]+ more lines", "", page.text))
        written = squeezed(markdown(items))
        for item in items:
            if isinstance(item, ToolCallItem):
                arguments = json.dumps(item.arguments, ensure_ascii=False)
                assert "not shown" not in shown
                assert not item.arguments or squeezed(arguments) in shown
                assert squeezed(item.result or "") in shown or shows_values(shown, item.result)
                assert squeezed(item.result or "") in written
            else:
                missing = [
                    w for w in re.findall(r"[^\W\d]\w+|\d{2,}", item.text) if w not in page.text
                ]
                assert not missing


def test_a_saved_turn_is_small():
    items = list(as_items(OWN))
    assert sum(len(form) for form in static_timeline(items).values()) < 5_200
