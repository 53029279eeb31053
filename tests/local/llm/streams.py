"""Streams in the forms in which providers publish them, written for these tests."""

from __future__ import annotations

import json


def chunk(choices, **more):
    about = {"id": "chatcmpl-9", "object": "chat.completion.chunk", "created": 1760000000}
    return f"data: {json.dumps(about | {'model': 'm', 'choices': choices} | more)}\n\n"


def delta(finish=None, **fields):
    return chunk([{"index": 0, "delta": fields, "logprobs": None, "finish_reason": finish}])


def tool(index, arguments, **head):
    name = head.pop("name", None)
    function = {"arguments": arguments} | ({"name": name} if name else {})
    return {"index": index, **head, "function": function}


def usage(read=31, written=7, **details):
    told = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    return chunk([], usage=told | details)


def event(kind, **fields):
    return f"event: {kind}\ndata: {json.dumps({'type': kind} | fields)}\n\n"


DONE = "data: [DONE]\n\n"
ROLE = delta(role="assistant", content="", refusal=None)

TEXT = (
    ROLE + delta(content="Häl") + delta() + delta(content="lo 🙂") + delta("stop") + usage() + DONE
)
KEEP_ALIVE = ": PROCESSING\n\n" + ROLE + ": PROCESSING\n\n" + delta(content="Hi") + delta("stop")
NO_DONE = ROLE + delta(content="Hi") + delta("stop")
ONLY_DONE = ROLE + delta(content="Hi") + DONE
NO_BLANK_LINE = (NO_DONE + usage()).rstrip("\n")
CARRIAGE_RETURNS = TEXT.replace("\n", "\r\n")
CUT_BY_LENGTH = ROLE + delta(content="Hi") + delta("length") + DONE
FILTERED = ROLE + delta("content_filter") + DONE
REFUSED = ROLE + delta(refusal="I ca") + delta(refusal="n't.") + delta("stop") + DONE
PARALLEL = (
    delta(role="assistant", content=None)
    + delta(tool_calls=[tool(0, "", id="call_a", type="function", name="add")])
    + delta(tool_calls=[tool(0, '{"a"')])
    + delta(tool_calls=[tool(0, ': 1, "b": 2}')])
    + delta(tool_calls=[tool(1, "", id="call_b", type="function", name="look_up")])
    + delta(tool_calls=[tool(1, '{"word": "')])
    + delta(tool_calls=[tool(1, 'ü"}'), tool(0, " ")])
    + delta("tool_calls")
    + usage(prompt_tokens_details={"cached_tokens": 16})
    + DONE
)
WHOLE_CALLS = ROLE + delta(
    "stop",
    tool_calls=[
        tool(0, '{"a": 1}', id="call_1", name="add"),
        tool(0, '{"a": 2}', id="call_2", name="add"),
    ],
)
NO_INDEX = ROLE + delta(
    "stop",
    tool_calls=[
        {"id": "", "function": {"name": "add", "arguments": {"a": 1}}},
        {"id": "", "function": {"name": "add", "arguments": {"a": 2}}},
    ],
)
BLOCKS = ROLE + delta("stop", content=[{"type": "text", "text": "Hi"}])
HALF_CHARACTERS = (
    ROLE
    + 'data: {"choices": [{"delta": {"content": "\\ud83d"}}]}\n\n'
    + ('data: {"choices": [{"delta": {"content": "\\ude42"}, "finish_reason": "stop"}]}\n\n')
)

THOUGHT = (  # as DeepSeek, vLLM and llama.cpp write it
    ROLE
    + delta(content=None, reasoning_content="Ä, ")
    + delta(content=None, reasoning_content="🙂.")
    + delta(content="Häl", reasoning_content=None)
    + delta("stop", content="lo")
    + usage(completion_tokens_details={"reasoning_tokens": 5})
    + DONE
)
THOUGHT_ELSEWHERE = (  # as OpenRouter and Ollama write it
    delta(role="assistant", content="", reasoning="Hm, ")
    + delta(content="", reasoning="well.")
    + delta("stop", content="Hi", reasoning=None)
)
THOUGHT_TWICE = ROLE + delta(reasoning_content="Hm.", reasoning="Hm.") + delta("stop", content="Hi")
THOUGHT_IN_DETAILS = (  # as OpenRouter writes it, here without the plain text beside it
    delta(content="", reasoning_details=[{"type": "reasoning.summary", "summary": "Hm, "}])
    + delta(content="", reasoning_details=[{"type": "reasoning.text", "text": "well.", "index": 0}])
    + delta(content="", reasoning_details=[{"type": "reasoning.encrypted", "data": "EmwK"}])
    + delta("stop", content="Hi")
)
TAGGED = (
    ROLE
    + delta(content="<thi")
    + delta(content="nk>\nÄ <b>\n</")
    + delta(content="think>\n\nIt is </think>.")
    + delta("stop")
)
TAG_IMPLIED = ROLE + delta(content="Let me see.\n</thi") + delta("stop", content="nk>\n\nHi")
TAG_MEANT = ROLE + delta(content="The tag </think") + delta("stop", content="> ends it.")
ONLY_THOUGHT = ROLE + delta(content="<think>H") + delta("length", content="m")

ERROR_IN_STREAM = (
    ROLE + delta(content="Hi") + 'data: {"error": {"message": "gone", "code": 502}}\n\n'
)
GARBAGE = ROLE + "data: {oops\n\n"
CUT = ROLE + delta(content="Hi")
NOTHING = DONE

MESSAGE_START = event(
    "message_start",
    message={
        "id": "msg_9",
        "type": "message",
        "role": "assistant",
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 25, "cache_read_input_tokens": 6, "output_tokens": 1},
    },
)


def block(index, start, *deltas):
    return (
        event("content_block_start", index=index, content_block=start)
        + "".join(event("content_block_delta", index=index, delta=each) for each in deltas)
        + event("content_block_stop", index=index)
    )


def ends(reason):
    stop = {"stop_reason": reason, "stop_sequence": None}
    return event("message_delta", delta=stop, usage={"output_tokens": 7}) + event("message_stop")


def says(*pieces, index=0):
    deltas = [{"type": "text_delta", "text": piece} for piece in pieces]
    return block(index, {"type": "text", "text": ""}, *deltas)


def uses(index, name, *pieces):
    start = {"type": "tool_use", "id": f"toolu_{index}", "name": name, "input": {}}
    return block(index, start, *({"type": "input_json_delta", "partial_json": p} for p in pieces))


PING = event("ping")
THINKING = block(
    0,
    {"type": "thinking", "thinking": "", "signature": ""},
    {"type": "thinking_delta", "thinking": "Let me see."},
    {"type": "signature_delta", "signature": "EqQB"},
)
A_TEXT = MESSAGE_START + PING + says("Häl", "lo 🙂") + ends("end_turn")
A_TOOLS = (
    MESSAGE_START
    + THINKING
    + says("I look.", index=1)
    + PING
    + uses(2, "add", "", '{"a": ', '1, "b": 2}')
    + uses(3, "look_up", '{"word"', ': "ü"}')
    + ends("tool_use")
)
A_NO_ARGUMENTS = MESSAGE_START + uses(0, "now") + ends("tool_use")
REDACTED = block(0, {"type": "redacted_thinking", "data": "EmwK"})
A_REDACTED = (
    MESSAGE_START + REDACTED + THINKING.replace('"index": 0', '"index": 1') + uses(2, "now")
) + ends("tool_use")
A_NEW_TYPES = MESSAGE_START + event("later", index=1) + says("Hi") + ends("later_reason")
A_LENGTH = MESSAGE_START + says("Hi") + ends("max_tokens")
A_REFUSAL = MESSAGE_START + ends("refusal")
A_ERROR = MESSAGE_START + event(
    "error", error={"type": "overloaded_error", "message": "Overloaded"}
)
A_CUT = MESSAGE_START + says("Hi")
