"""Inspect's logs: each sample of an evaluation is a run, with its epoch, scores and times.

A document is a log, an object with ``eval`` and ``samples``, as in Inspect's ``.json``; its
``.eval`` is read sample by sample (:mod:`.archives`). A sample with an error is a turn that
failed, and a log that was not finished is told with each run. Versions 1 to 3 of the format are
alike in what is read here. The metadata of a sample, the evaluation it is of, target, limit,
error, and the tokens of each model become metadata; each score is named like its scorer, as a
number: Inspect's own letters count as it counts them (C is 1, P is 0.5, I and N are 0) and stand
beside as ``NAME.grade``, with ``NAME.answer`` and ``NAME.explanation``.

Messages and calls have the times of the events that made them, where the log has these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...blocks import content_of, plain
from ...chat import stop_reason_of
from ...json_text import json_or_text, text_of_json
from ...said import Call, Entry, Result, Said, of_unknown_role, summed, tokens_without_cache
from ...times import time_of
from ...turns import RecordedTurn
from ..attachments import resolved
from ..runs import ERRORS, Run, built, list_of, metadata_of, name_of, part_of, sum_of
from .states import LogState, state_of

NAME = "Inspect log"
LOST: tuple[str, ...] = (
    "Of events, only the times and tokens of models and tools are read.",
    "Of the log, only what tells the evaluation is kept, without results, plan and statistics.",
    "The output beside its last message, log probabilities, store and timelines are left out.",
    "Ids, sources, views and metadata of messages and calls are not shown.",
    "NaN and infinite numbers are null.",
    ERRORS,
)

_READ = ("messages", "input", "target", "choices", "scores", "score", "metadata", "error")
"""What of a sample may refer to its attachments, and is read."""
_GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_EVAL = ("task", "task_version", "task_args", "eval_id", "run_id", "created", "solver", "tags")
_NOT_KEPT = (
    *("id", "messages", "scores", "score", "metadata", "attachments", "message_refs"),
    *("events", "events_data", "message_pool", "timelines", "store", "output"),
)
_SCORE = ("answer", "explanation", "metadata")
_ROLES = ("system", "user", "assistant", "tool")


def recognises(document: Any) -> bool:
    """Whether it is a log: an evaluation with its model, and a status."""
    spec = document.get("eval") if isinstance(document, dict) else None
    return isinstance(spec, dict) and "task" in spec and "status" in document


def read(document: Any) -> Iterator[Run]:
    """Read the samples of a log."""
    samples = document.get("samples") or ()
    if not isinstance(samples, list | tuple):
        raise ValueError("the samples of an Inspect log are a list")  # noqa: TRY004
    state = state_of(document, len(samples))
    for number, sample in enumerate(samples, 1):
        try:
            yield run_of(document, sample, state)
        except ValueError as error:
            raise ValueError(f"sample {number}: {error}") from None


def run_of(log: Mapping[str, Any], sample: Any, state: LogState) -> Run:
    """Make the run of a sample; ``state`` is said with each run of a log.

    Raises:
        ValueError: It is none, or a message of it has no role.
    """
    if not isinstance(sample, dict) or not isinstance(sample.get("messages", []), list):
        raise ValueError("a sample is an object with messages")  # noqa: TRY004
    sample = resolved(sample, _READ, sample.get("attachments"))
    messages = sample.get("messages") or _asked(sample.get("input"))
    events = [e for e in list_of(sample.get("events")) if isinstance(e, dict)]
    turns = built(NAME, _dated(messages, events), None)
    _fail(turns.finish(), sample.get("error"))
    begun_at = time_of(sample.get("started_at")) or _begun_at(events)
    for first in turns.finish()[:1]:
        # A sample begins with its input.
        first.asked_at = begun_at
    spec = part_of(log.get("eval"))
    scores = _scores(sample.get("scores") or sample.get("score"))
    usages = part_of(sample.get("model_usage")).values()
    used = _used(usages)
    known = {**_about(spec, sample), **used, **state.metadata, **scores}
    own = part_of(sample.get("metadata"))
    renamed = {f"metadata.{k}" if k in known else k: value for k, value in own.items()}
    costs = [part_of(usage).get("total_cost") for usage in usages]
    return Run(
        NAME,
        turns.finish(),
        turns.instructions,
        metadata_of({**known, **renamed}),
        model=name_of(spec.get("model")),
        agent=name_of(spec.get("task_display_name")) or name_of(spec.get("task")),
        cost=sum_of(costs),
        usage=used,
        created_at=begun_at,
        task="sample_id",
        repeat=None if sample.get("epoch") is None else "epoch",
        scores=tuple(name for name in scores if not name.endswith((".grade", *_DOTTED))),
        notes=state.notes,
    )


def _fail(turns: list[RecordedTurn], error: Any) -> None:
    """Let the last turn of a sample have failed with its error."""
    if error in (None, "", {}):
        return
    if not turns:
        turns.append(RecordedTurn([], format=NAME))
    cause = part_of(error).get("message") or error
    turns[-1].error = cause if isinstance(cause, str) else text_of_json(cause)


_DOTTED = tuple(f".{name}" for name in _SCORE)


def _about(spec: Mapping[str, Any], sample: Mapping[str, Any]) -> dict[str, Any]:
    about = {name: spec.get(name) for name in _EVAL}
    about["dataset"] = part_of(spec.get("dataset")).get("name")
    about["sample_id"] = sample.get("id")
    about |= {name: value for name, value in sample.items() if name not in _NOT_KEPT}
    return {name: value for name, value in about.items() if value not in (None, {}, [], "")}


def _scores(recorded: Any) -> dict[str, Any]:
    """Write scores as metadata; old logs have one without a name."""
    scores = recorded if isinstance(recorded, dict) else {}
    if "value" in scores and not isinstance(scores["value"], dict):
        scores = {"score": scores}
    found: dict[str, Any] = {}
    for name, score in scores.items():
        about = score if isinstance(score, dict) else {"value": score}
        found |= _values(str(name), about.get("value"))
        beside = {f"{name}.{key}": about.get(key) for key in _SCORE}
        found |= {key: value for key, value in beside.items() if value not in (None, {}, "")}
    return found


def _values(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        parts = (_values(f"{name}.{key}", part) for key, part in value.items())
        return {key: part for values in parts for key, part in values.items()}
    if isinstance(value, str) and value in _GRADES:
        return {name: _GRADES[value], f"{name}.grade": value}
    return {} if value is None else {name: value}


def _dated(messages: list[Any], events: list[dict[str, Any]]) -> Iterator[tuple[Any, list[Entry]]]:
    """Give messages with what they say, and the times and tokens that the events tell."""
    said_in = ((_made(event).get("id"), event) for event in events if event.get("event") == "model")
    models = {name: event for name, event in said_in if isinstance(name, str)}
    ran = ((event.get("id"), event) for event in events if event.get("event") == "tool")
    tools = {name: event for name, event in ran if isinstance(name, str)}
    for message, said in entries(messages):
        for entry in said:
            if isinstance(entry, Result):
                event = tools.get(entry.call_id or "", {})
                entry.requested_at = time_of(event.get("timestamp"))
                entry.at = time_of(event.get("completed"))
        if message["role"] == "assistant" and (made := models.get(str(message.get("id")))):
            _date(said, made)
        yield message, said


def _date(said: list[Entry], event: Mapping[str, Any]) -> None:
    """Give a message what its model's event tells."""
    own = [entry for entry in said if isinstance(entry, Said)]
    for entry in own:
        entry.at = time_of(event.get("completed"))
    output = part_of(event.get("output"))
    own[-1].usage = _used([output.get("usage")])
    choice = part_of(next(iter(list_of(output.get("choices"))), None))
    own[-1].stop_reason = stop_reason_of(choice.get("stop_reason"))


def _made(event: Mapping[str, Any]) -> dict[str, Any]:
    """The message that a model's event has made."""
    choices = list_of(part_of(event.get("output")).get("choices"))
    return part_of(part_of(choices[0]).get("message")) if choices else {}


def entries(parts: Iterable[Any]) -> Iterable[tuple[Any, list[Entry]]]:
    """Give each message with what it says."""
    for number, message in enumerate(parts, 1):
        yield message, _entries(message, number)


def _entries(message: Any, number: int) -> list[Entry]:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in _ROLES:
        return [of_unknown_role(message, f"message {number}")]
    if role == "tool":
        return [_result(message)]
    parts: list[Any] = []
    for place, block in enumerate(content_of(message.get("content"))):
        parts += _parts(block, f"call_{number}_{place}")
    for place, call in enumerate(list_of(message.get("tool_calls"))):
        parts.append(_call(part_of(call), f"call_{number}_{place}"))
    return _answered(role, parts)


def _parts(block: dict[str, Any], fallback_id: str) -> list[Any]:
    """Read a block; a tool of the server is a call with its result in it."""
    if block.get("type") != "tool_use" or "arguments" not in block:
        return [block]
    arguments = json_or_text(block.get("arguments"), exact=False)
    call = Call(str(block.get("id") or fallback_id), str(block.get("name") or ""), arguments)
    is_error = block.get("error") is not None
    value = json_or_text(block.get("error") if is_error else block.get("result"), exact=True)
    return [call, Result(call.id, value, is_error)]


def _answered(role: str, parts: list[Any]) -> list[Entry]:
    """Cut a message at the results in it."""
    found: list[Entry] = []
    before: list[Any] = []
    for part in parts:
        if isinstance(part, Result):
            found += [Said(role, before), part]
            before = []
        else:
            before.append(part)
    return [*found, Said(role, before)] if before or not found else found


def _call(call: Mapping[str, Any], fallback_id: str) -> Call:
    name = call.get("function") or call.get("name")
    arguments = call.get("arguments")
    return Call(str(call.get("id") or fallback_id), str(name or ""), arguments)


def _result(message: Mapping[str, Any]) -> Result:
    content = message.get("content")
    blocks = content_of(content) if isinstance(content, list) else content
    value = json_or_text(plain(blocks), exact=True)
    error = part_of(message.get("error") or message.get("tool_error"))
    call_id = message.get("tool_call_id")
    shown = _with_cause(value, error.get("message")) if error else value
    name = str(message.get("function") or "")
    return Result(str(call_id) if call_id else None, shown, bool(error), name)


def _with_cause(value: Any, cause: Any) -> Any:
    """Say why a tool failed, beside what it gave."""
    if value in ("", None) or cause in ("", None):
        return cause if value in ("", None) else value
    if not isinstance(value, str):
        return {"error": cause, "result": value}
    return value if str(cause) in value else f"{cause}\n\n{value}"


def _asked(content: Any) -> list[Any]:
    """The input of a sample that has no messages."""
    if isinstance(content, list):
        return content
    return [{"role": "user", "content": content}] if isinstance(content, str) and content else []


def _used(usages: Iterable[Any]) -> dict[str, int]:
    return summed(
        tokens_without_cache(
            usage,
            read="input_tokens_cache_read",
            made="input_tokens_cache_write",
            input_tokens="input_tokens",
            output_tokens="output_tokens",
            reasoning_tokens="reasoning_tokens",
        )
        for usage in usages
    )


def _begun_at(events: list[dict[str, Any]]) -> str | None:
    begun = next((event for event in events if event.get("event") == "sample_init"), {})
    return time_of(begun.get("timestamp"))
