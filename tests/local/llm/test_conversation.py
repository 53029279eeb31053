"""What a model is told: history in both protocols, and the stand-in as a program of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from dari_nb.local.agents.tools import ToolSpec
from dari_nb.local.llm.conversation import (
    MAX_RESULT,
    CallResult,
    MadeCall,
    ModelSaid,
    UserText,
    earlier,
    result_of,
)
from dari_nb.local.llm.protocols import anthropic_messages, chat_completions
from dari_nb.models import AssistantMessageItem, ToolCallItem, UserMessageItem


def user(text, *files):
    content = [{"type": "text", "text": text}] if text else []
    content += [{"type": "file", "file_id": name, "filename": name} for name in files]
    return UserMessageItem(content=content)


def said(text):
    return AssistantMessageItem(status="completed", content=[{"type": "text", "text": text}])


def call(number, begin, end=None, result="r", **fields):
    times = {"created_at": f"2026-01-01T00:00:0{begin}Z"}
    times |= {"completed_at": f"2026-01-01T00:00:0{end}Z"} if end else {}
    about = {"tool_name": f"t{number}", "arguments": {"n": number}, "is_error": False}
    return ToolCallItem(tool_call_id=f"call_{number}", result=result, **(about | times | fields))


def messages(*items):
    return earlier(items, lambda _id, name: f"/workspace/{name}")


def made(*numbers):
    return tuple(MadeCall(f"call_{n}", f"t{n}", {"n": n}) for n in numbers)


def test_calls_made_at_once_are_one_answer_and_later_ones_another():
    assert messages(user("?"), said("I look."), call(1, 1, 3), call(2, 1, 2), call(3, 3, 4)) == [
        UserText("?"),
        ModelSaid("I look.", made(1, 2)),
        CallResult("call_1", "r"),
        CallResult("call_2", "r"),
        ModelSaid("", made(3)),
        CallResult("call_3", "r"),
    ]


def test_a_failed_turn_leaves_what_it_did():
    failed = AssistantMessageItem(status="failed", error_message="gone")
    lost = call(1, 1, 2, result=None, is_error=True)
    assert messages(user("?", "a.txt"), lost, failed, user("", "b.txt")) == [
        UserText("?\n\nAttached files: /workspace/a.txt"),
        ModelSaid("", made(1)),
        CallResult("call_1", "The call gave no result.", is_error=True),
        UserText("Attached files: /workspace/b.txt"),
    ]


def test_results_are_text_json_or_cut():
    assert result_of("c", {"a": ["ü", None]}, is_error=False).text == '{"a": ["ü", null]}'
    long = result_of("c", "x" * (MAX_RESULT + 5), is_error=True)
    assert long.text.endswith("[5 more characters are left out]")


TALK = [
    UserText("one"),
    UserText("two"),
    ModelSaid("I look.", (MadeCall("call_1", "my tool", {"malformed": "{"}),)),
    CallResult("call_1", "no", is_error=True),
    UserText("and?"),
]
TOOL = ToolSpec("my tool", "Does.", {"type": "object"}, "built_in")


def test_the_request_of_chat_completions():
    body = chat_completions.body("m", "Be brief.", TALK, [TOOL], {"stream": True})
    function = {"name": "my_tool", "arguments": '{"malformed": "{"}'}
    assert body == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "one"},
            {"role": "user", "content": "two"},
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "Error: no"},
            {"role": "user", "content": "and?"},
        ],
        "stream": True,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "my_tool",
                    "description": "Does.",
                    "parameters": {"type": "object"},
                },
            }
        ],
    }


def test_the_request_of_messages_has_roles_that_take_turns():
    body = anthropic_messages.body("m", " ", TALK, [TOOL], {"max_tokens": 9})
    use = {"type": "tool_use", "id": "call_1", "name": "my_tool", "input": {"malformed": "{"}}
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "no", "is_error": True}
    assert body == {
        "model": "m",
        "messages": [
            {
                "role": "user",
                "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}],
            },
            {"role": "assistant", "content": [{"type": "text", "text": "I look."}, use]},
            {"role": "user", "content": [result, {"type": "text", "text": "and?"}]},
        ],
        "max_tokens": 9,
        "tools": [{"name": "my_tool", "description": "Does.", "input_schema": {"type": "object"}}],
    }


def test_the_stand_in_runs_by_itself():
    path = Path(__file__).parents[3] / "notebooks" / "stand_in.py"
    command = [sys.executable, str(path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        try:
            url = process.stdout.readline().strip()
            body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
            answer = httpx.post(f"{url}/chat/completions", json=body).json()
            assert answer["choices"][0]["message"]["content"] == "You said: hi"
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
