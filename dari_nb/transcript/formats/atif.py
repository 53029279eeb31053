"""ATIF, Harbor's Agent Trajectory Interchange Format, of the versions 1.0 to 1.7.

A document is a trajectory: ``schema_version``, ``agent``, and ``steps`` of the system, the user and
the agent. A step of the agent has its message, reasoning, tool calls, their observation, and
metrics, which are the tokens of its turn. ``final_metrics`` are tokens and cost of the run; where
they are missing, the sums of the steps' are, if all steps have them. Later versions are read as
far as they are alike.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...models import Content, is_reasoning, reasoning_of, text_of
from ..blocks import content_of, is_only_text, plain, thought
from ..images import with_path
from ..json_text import json_or_text, text_of_json
from ..said import Call, Entry, Result, Said, merged, of_unknown_role, tokens
from ..times import time_of
from .runs import ERRORS, Run, built, dollars_of, list_of, metadata_of, name_of, part_of, sum_of

NAME = "ATIF trajectory"
VERSION = "ATIF-v1.7"
"""The version that is written."""
LOST: tuple[str, ...] = (
    "Subagents that are embedded, and ids of tokens, are not shown; to_atif() gives them back.",
    "Images are named by their paths, and no file is read.",
    "to_messages() has no metrics, times and extras.",
    ERRORS,
)

_SCHEMA = "ATIF-"
_ROLES = {"system": "system", "user": "user", "agent": "assistant"}
_NOT_KEPT = ("steps", "agent", "subagent_trajectories")


def recognises(document: Any) -> bool:
    """Whether it is a trajectory that names its schema."""
    if not isinstance(document, dict) or not isinstance(document.get("steps"), list):
        return False
    version = document.get("schema_version")
    return isinstance(version, str) and version.startswith(_SCHEMA)


def read(document: Any) -> Iterator[Run]:
    """Read the one run of a trajectory."""
    rest = {key: value for key, value in document.items() if key != "steps"}
    steps = document["steps"]
    turns = built(NAME, entries(steps), rest)
    agent, final = part_of(document.get("agent")), part_of(document.get("final_metrics"))
    about = {key: value for key, value in rest.items() if key not in _NOT_KEPT}
    about |= {f"agent.{key}": value for key, value in agent.items() if key != "name"}
    yield Run(
        NAME,
        turns.finish(),
        turns.instructions,
        metadata_of(about),
        model=name_of(agent.get("model_name")) or _model(steps),
        agent=name_of(agent.get("name")),
        usage=_used(final, "total_"),
        cost=dollars_of(final.get("total_cost_usd")) or _sum(steps),
        created_at=next((time for step in steps if (time := time_of(step.get("timestamp")))), None),
    )


def _model(steps: Iterable[Mapping[str, Any]]) -> str | None:
    return next((name for step in steps if (name := name_of(step.get("model_name")))), None)


def _sum(steps: Iterable[Mapping[str, Any]]) -> str | None:
    """Add up what the steps of the agent cost; one that is not told makes the sum unknown."""
    own = [step for step in steps if step.get("source") == "agent"]
    return sum_of(part_of(step.get("metrics")).get("cost_usd") for step in own)


def _used(metrics: Any, prefix: str = "") -> dict[str, int]:
    return tokens(
        metrics,
        input_tokens=f"{prefix}prompt_tokens",
        output_tokens=f"{prefix}completion_tokens",
        cached_input_tokens=f"{prefix}cached_tokens",
        reasoning_tokens="extra.reasoning_tokens",
    )


def entries(parts: Iterable[Any]) -> Iterable[tuple[Any, list[Entry]]]:
    """Give each step with what it says."""
    for number, step in enumerate(parts, 1):
        source = step.get("source") if isinstance(step, dict) else None
        is_known = isinstance(source, str) and source in _ROLES
        said = (
            _said(step, number) if is_known else of_unknown_role(step, f"step {number}", "source")
        )
        yield step, [said, *_results(step, said.calls)]


def _said(step: Mapping[str, Any], number: int) -> Said:
    reasoning = step.get("reasoning_content")
    thoughts = [thought(reasoning)] if isinstance(reasoning, str) and reasoning else []
    calls = [
        _call(call, f"call_{number}_{n}") for n, call in enumerate(list_of(step.get("tool_calls")))
    ]
    return Said(
        _ROLES[step["source"]],
        [*thoughts, *content_of(step.get("message")), *calls],
        time_of(step.get("timestamp")),
        usage=_used(step.get("metrics")),
    )


def _call(entry: Any, fallback_id: str) -> Call:
    call = part_of(entry)
    name, arguments = call.get("function_name"), call.get("arguments")
    return Call(str(call.get("tool_call_id") or fallback_id), str(name or ""), arguments)


def _results(step: Mapping[str, Any], calls: list[Call]) -> Iterator[Entry]:
    """Read what was observed; what names no call is of those that no other result names."""
    told = [part_of(r) for r in list_of(part_of(step.get("observation")).get("results"))]
    named = {result.get("source_call_id") for result in told if _is_named(result)}
    rest = [call.id for call in calls if call.id not in named]
    for result in told:
        if _is_named(result):
            yield _result(result, result["source_call_id"])
        elif rest:
            # What came of several calls at once is told with the last one.
            yield from (Result(call_id, None) for call_id in rest[:-1])
            yield _result(result, rest[-1])
            rest = []
        else:
            yield Said("assistant", [{"type": "observation", **result}])


def _is_named(result: Mapping[str, Any]) -> bool:
    return isinstance(result.get("source_call_id"), str)


def _result(result: Mapping[str, Any], call_id: str) -> Result:
    content = result.get("content")
    blocks = content_of(content) if isinstance(content, list) else content
    value = json_or_text(plain(blocks), exact=True)
    if value == "" and (refs := result.get("subagent_trajectory_ref")):
        value = {"subagent_trajectory_ref": refs}
    return Result(call_id, value, part_of(result.get("extra")).get("is_error") is True)


def written(
    entries: Iterable[Entry], *, session_id: str, agent: str, model: str | None, system: str
) -> dict[str, Any]:
    """Write what was said as a trajectory."""
    steps: list[dict[str, Any]] = []
    called: dict[str | None, dict[str, Any]] = {}
    """The last step that made a call, by the call's id."""
    if system:
        steps.append({"source": "system", "message": system})
    for entry in merged(entries):
        if isinstance(entry, Result):
            step = called.get(entry.call_id)
            if step is None:
                step = {"source": "agent", "message": ""}
                steps.append(step)
            _observe(step, entry)
        elif entry.role != "system" or len(steps) > bool(system):
            steps.append(_step(entry))
            called |= {call.id: steps[-1] for call in entry.calls}
    about = {"name": agent, "version": "unknown", **({"model_name": model} if model else {})}
    return {
        "schema_version": VERSION,
        "session_id": session_id,
        "agent": about,
        "steps": [{"step_id": number, **step} for number, step in enumerate(steps, 1)],
    }


def _step(said: Said) -> dict[str, Any]:
    spoken = [block for block in said.content if not is_reasoning(block)]
    step: dict[str, Any] = {"source": "agent" if said.role == "assistant" else said.role}
    if at := time_of(said.at):
        step["timestamp"] = at
    step["message"] = text_of(spoken) if is_only_text(spoken) else _written_content(spoken)
    if reasoning := reasoning_of(said.content):
        step["reasoning_content"] = reasoning
    if said.calls:
        step["tool_calls"] = [_written_call(call) for call in said.calls]
    return step


def _written_content(content: Content) -> Content:
    return copy.deepcopy(list(map(with_path, content)))


def _written_value(value: Any) -> Any:
    """Write what a tool gave: texts and images as they are, all else as JSON."""
    are_blocks = isinstance(value, list) and value and all(isinstance(b, dict) for b in value)
    parts = _written_content(value) if are_blocks else []
    are_parts = bool(parts) and all(part.get("type") in ("text", "image") for part in parts)
    return parts if are_parts else text_of_json(value)


def _written_call(call: Call) -> dict[str, Any]:
    arguments = call.arguments
    is_object = isinstance(arguments, dict)
    given = arguments if is_object else {} if arguments in (None, "") else {"arguments": arguments}
    return {"tool_call_id": call.id, "function_name": call.name, "arguments": given}


def _observe(step: dict[str, Any], result: Result) -> None:
    """Add a result to the step that called."""
    told = {"source_call_id": result.call_id, "content": _written_value(result.value)}
    extra = {"extra": {"is_error": True}} if result.is_error else {}
    step.setdefault("observation", {"results": []})["results"].append({**told, **extra})
