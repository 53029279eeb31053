import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dari_nb.models import AssistantMessageItem, ToolCallItem, UserMessageItem, text_block
from dari_nb.models.nesting import is_nested_deeper
from dari_nb.transcript.chat import to_chat
from dari_nb.transcript.formats import read_runs


def chat_turns(messages):
    return next(read_runs(messages)).turns if messages else []


def user(text):
    return {"role": "user", "content": text}


def call(arguments="{}", call_id="c1", content=None):
    function = {"name": "f", "arguments": arguments}
    calls = [{"id": call_id, "type": "function", "function": function}]
    return {"role": "assistant", "content": content, "tool_calls": calls}


def tool(content, call_id="c1"):
    return {"role": "tool", "tool_call_id": call_id, "name": "f", "content": content}


def test_each_user_message_opens_a_turn():
    turns = chat_turns(
        [
            {"role": "system", "content": "Be kind."},
            user("a"),
            {"role": "assistant", "content": "A"},
            user("b"),
        ]
    )
    assert [t.content for t in turns] == [[text_block("a")], [text_block("b")]]
    assert [len(t.steps) for t in turns] == [1, 0]


def test_text_with_a_tool_call_comes_before_the_call():
    [turn] = chat_turns([user("a"), call(content="I look."), tool("x")])
    assert [kind for kind, _ in turn.steps] == [
        "assistant.message_completed",
        "tool.call_requested",
        "tool.call_completed",
    ]


def test_an_agent_that_speaks_first_has_a_turn_without_a_question():
    turns = chat_turns([{"role": "assistant", "content": "Welcome"}, user("a")])
    assert [t.content for t in turns] == [[], [text_block("a")]]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('{"a": 1}', {"a": 1}),
        ('["\\u00fc"]', ["ü"]),
        ('{"a":  1}', '{"a":  1}'),
        ('{"a": 1, "a": 2}', '{"a": 1, "a": 2}'),
        ('{"a": 1.00}', '{"a": 1.00}'),
        ('{"a": NaN}', '{"a": NaN}'),
        ('["\\ud800"]', '["\\ud800"]'),
        ("[" * 150 + "]" * 150, "[" * 150 + "]" * 150),
        ("42", "42"),
    ],
)
def test_results_become_json_only_where_no_character_is_lost(text, result):
    [turn] = chat_turns([user("a"), call(), tool(text)])
    assert turn.steps[1][1]["result"] == result


@pytest.mark.parametrize(
    ("text", "arguments"),
    [('{ "a":1 }', {"a": 1}), ("{a}", "{a}"), ('{"a":1,"a":2}', '{"a":1,"a":2}'), ("", "")],
)
def test_arguments_become_json_where_they_are_json(text, arguments):
    [turn] = chat_turns([user("a"), call(text), tool("x")])
    assert turn.steps[0][1]["arguments"] == arguments


def test_a_result_that_begins_with_error_is_a_failed_call():
    [turn] = chat_turns([user("a"), call(), tool("Error: no seat")])
    assert turn.steps[1][0] == "tool.call_failed"
    assert turn.steps[1][1]["is_error"] is True


def test_a_call_without_a_result_makes_its_turn_failed():
    turns = chat_turns([user("a"), call(), user("b")])
    assert turns[0].error == "The recording goes on before the tool call c1 was answered."
    assert turns[1].error is None


def test_system_messages_are_the_system_prompt():
    messages = [{"role": "system", "content": "A"}, {"role": "developer", "content": "B"}]
    assert next(read_runs([*messages, user("x")])).instructions == "A\n\nB"


@pytest.mark.parametrize("wrong", [{"role": 7}, {}, "text"])
def test_a_message_without_a_role_is_an_error_with_the_place(wrong):
    with pytest.raises(ValueError, match="message 2 has no known role"):
        chat_turns([user("a"), wrong])


TEXT = st.text(st.characters(codec="utf-8"), min_size=1)
ARGUMENTS = st.dictionaries(TEXT, st.integers(0, 9) | TEXT | st.none(), max_size=3)
STEPS = st.lists(TEXT | st.tuples(ARGUMENTS, TEXT | ARGUMENTS), max_size=5)


@given(st.lists(st.tuples(TEXT, STEPS), max_size=4))
def test_items_survive_the_way_to_chat_messages_and_back(script):
    messages = to_chat(items_of(script))
    turns = chat_turns(json.loads(json.dumps(messages)))
    assert to_chat(items_of(script)) == messages
    assert [t.content for t in turns] == [[text_block(text)] for text, _ in script]
    assert [len(t.steps) for t in turns] == [
        sum(1 if isinstance(step, str) else 2 for step in steps) for _, steps in script
    ]


def items_of(script):
    items, number = [], 0
    for text, steps in script:
        items.append(UserMessageItem(content=[text_block(text)]))
        for step in steps:
            number += 1
            if isinstance(step, str):
                items.append(AssistantMessageItem(content=[text_block(step)]))
            else:
                call = {"tool_call_id": f"c{number}", "tool_name": "f", "arguments": step[0]}
                items.append(ToolCallItem(**call, result=step[1], completed_at="x"))
    return items


def test_nesting_is_measured_without_recursion():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    assert is_nested_deeper(deep, 100)
    assert not is_nested_deeper({"a": [1, {"b": 2}]}, 3)
