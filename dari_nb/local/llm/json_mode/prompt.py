"""What a model that knows no tools is told: the tools in its prompt, and calls as plain messages.

Each of its own steps is shown as it wrote it, a JSON object, and what a tool gave as the user's
next message: every chat template takes these.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...agents.tools import ToolSpec
from ..conversation import CallResult, MadeCall, Message, ModelSaid, UserText, wire_name
from .schema import ANSWER, ARGUMENTS, TOOL

_PROMPT = """\
You have these tools, with the JSON Schemas of their arguments:
{tools}

Reply with one JSON object. To call a tool, one of:
{calls}
To answer without a tool:
{answer}"""


def prompt_of(system: str, tools: Sequence[ToolSpec]) -> str:
    """The system prompt of a model that is to use these tools."""
    told = _PROMPT.format(
        tools="\n".join(map(_line, tools)),
        calls="\n".join(_call(tool.name, _example(tool)) for tool in tools),
        answer=_written({ANSWER: "..."}),
    )
    return "\n\n".join(part for part in (system.strip(), told) if part)


def plain(messages: Iterable[Message]) -> list[Message]:
    """Tell a conversation without calls: what was called and given stands in the texts."""
    messages = list(messages)
    results = {each.call_id: each for each in messages if isinstance(each, CallResult)}
    return [told for each in messages for told in _in_json_mode(each, results)]


def goes_in_circles(messages: Sequence[Message]) -> bool:
    """Whether the last call of the present turn was made before in it, and gave the same.

    A small model might go on like that for ever; there is nothing left for it but to answer.
    """
    begin = max((n for n, each in enumerate(messages) if isinstance(each, UserText)), default=0)
    turn = messages[begin:]
    results = {each.call_id: each.text for each in turn if isinstance(each, CallResult)}
    calls = [call for each in turn if isinstance(each, ModelSaid) for call in each.calls]
    made = [(call.name, call.arguments, results.get(call.id)) for call in calls]
    return bool(made) and made[-1] in made[:-1]


def _in_json_mode(message: Message, results: dict[str, CallResult]) -> Iterator[Message]:
    if isinstance(message, UserText):
        yield message
    elif isinstance(message, ModelSaid):
        said = f"{message.text.strip()}\n" if message.text.strip() else ""
        if not message.calls:
            yield ModelSaid(_written({ANSWER: message.text}), reasoning=message.reasoning)
        for number, call in enumerate(message.calls):
            before, thoughts = (said, message.reasoning) if not number else ("", ())
            yield ModelSaid(before + _call(call.name, call.arguments), reasoning=thoughts)
            if call.id in results:
                yield _given(call, results[call.id])


def _given(call: MadeCall, result: CallResult) -> UserText:
    what = "failed" if result.is_error else "gave"
    return UserText(f"The tool {wire_name(call.name)} {what}:\n{result.text}")


def _line(tool: ToolSpec) -> str:
    about = " ".join(tool.description.split())
    return f"- {wire_name(tool.name)}: {about} {_written(tool.input_schema)}"


def _example(tool: ToolSpec) -> dict[str, Any]:
    required = tool.input_schema.get("required")
    return {str(name): "..." for name in required} if isinstance(required, list) else {}


def _call(name: str, arguments: dict[str, Any]) -> str:
    return _written({TOOL: wire_name(name), ARGUMENTS: arguments})


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
