"""The same run, written in each of the formats that the package reads."""

import json

QUESTION, ANSWER = "What is in the attic?", "A cat. 😀"
SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": QUESTION}
ANSWERED = {"role": "assistant", "content": ANSWER}
FUNCTION = {"name": "look_up", "arguments": '{"where": "attic"}'}
CALL = {"id": "call_1", "type": "function", "function": FUNCTION}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "purring"}
ASKS = {"role": "assistant", "content": "I look.", "reasoning_content": "Hm.", "tool_calls": [CALL]}
THINKING = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}

CHAT = {"model": "model-x", "messages": [SYSTEM, USER, ASKS, RESULT, ANSWERED]}
ANTHROPIC = {
    "model": "model-x",
    "system": "Be brief.",
    "messages": [
        USER,
        {
            "role": "assistant",
            "content": [
                THINKING,
                {"type": "text", "text": "I look."},
                {
                    "type": "tool_use",
                    "id": "call_1",
                    "name": "look_up",
                    "input": {"where": "attic"},
                },
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "purring"}],
        },
        ANSWERED,
    ],
}


def _said(text):
    content = [{"type": "output_text", "text": text}]
    return {"type": "message", "role": "assistant", "content": content}


RESPONSES = {
    "object": "response",
    "model": "model-x",
    "instructions": "Be brief.",
    "input": [USER],
    "output": [
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
        _said("I look."),
        {"type": "function_call", "call_id": "call_1", **FUNCTION},
        {"type": "function_call_output", "call_id": "call_1", "output": "purring"},
        _said(ANSWER),
    ],
}
SAMPLE = {
    "id": "attic-1",
    "epoch": 1,
    "scores": {"match": {"value": "C"}},
    "messages": [
        SYSTEM,
        USER,
        {
            "role": "assistant",
            "content": [
                {"type": "reasoning", "reasoning": "Hm."},
                {"type": "text", "text": "I look."},
            ],
            "tool_calls": [
                {"id": "call_1", "function": "look_up", "arguments": {"where": "attic"}}
            ],
        },
        {**RESULT, "function": "look_up"},
        ANSWERED,
    ],
}
LOG = {"version": 2, "status": "success", "eval": {"task": "house", "model": "model-x"}}
INSPECT = {**LOG, "samples": [SAMPLE]}
ATIF = {
    "schema_version": "ATIF-v1.6",
    "agent": {"name": "house", "version": "1", "model_name": "model-x"},
    "steps": [
        {"step_id": 1, "source": "system", "message": "Be brief."},
        {"step_id": 2, "source": "user", "message": QUESTION},
        {
            "step_id": 3,
            "source": "agent",
            "message": "I look.",
            "reasoning_content": "Hm.",
            "tool_calls": [
                {
                    "tool_call_id": "call_1",
                    "function_name": "look_up",
                    "arguments": {"where": "attic"},
                }
            ],
            "observation": {"results": [{"source_call_id": "call_1", "content": "purring"}]},
        },
        {"step_id": 4, "source": "agent", "message": ANSWER},
    ],
}
SWE_AGENT = {
    "environment": "main",
    "trajectory": [],
    "info": {"model_stats": {"instance_cost": 0.5}},
    "replay_config": json.dumps({"agent": {"model": {"name": "model-x"}}}),
    "history": [
        {**SYSTEM, "agent": "main"},
        {**USER, "agent": "main"},
        {
            "role": "assistant",
            "content": "I look.",
            "thought": "I look.",
            "action": "look_up attic",
            "agent": "main",
            "tool_calls": [CALL],
            "thinking_blocks": [THINKING],
        },
        {"role": "tool", "content": "purring", "agent": "main", "tool_call_ids": ["call_1"]},
        {**ANSWERED, "agent": "main"},
    ],
}
FORMATS = {
    "chat completions": CHAT,
    "Anthropic messages": ANTHROPIC,
    "OpenAI Responses": RESPONSES,
    "Inspect log": INSPECT,
    "ATIF trajectory": ATIF,
    "SWE-agent trajectory": SWE_AGENT,
}
ITEMS = [
    ("user_message", QUESTION),
    ("assistant_message", "Hm.", "I look."),
    ("tool_call", "look_up", {"where": "attic"}, "purring", "completed"),
    ("assistant_message", "", ANSWER),
]
"""What each of them reads as; see :func:`readable`."""


def readable(transcript):
    """Return the items of a transcript as tuples of what a reader sees."""
    return [_item(item) for item in transcript.items]


def _item(item):
    if item.type == "tool_call":
        return (item.type, item.tool_name, item.arguments, item.result, item.status)
    if item.type == "assistant_message":
        return (item.type, item.reasoning, item.text)
    return (item.type, item.text)
