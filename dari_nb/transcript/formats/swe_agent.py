"""SWE-agent's ``.traj``: thoughts, actions and observations.

A document is an object with ``history``, ``trajectory`` or both, and ``info``, of any version from
0.5 on, or of mini-swe-agent, whose history is ``messages``. The history is what is shown: its
actions, called by name or written in the text, are tool calls, and observations their results;
where there is none, the trajectory is. A demonstration in the history is a message like any other.
How long a command took is in its result; its state is in the recording. ``info`` becomes metadata,
with cost and tokens, and the file's name is the ``instance_id``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..blocks import content_of, plain
from ..chat import chat_entries, thoughts_of, used
from ..json_text import json_or_text
from ..said import Call, Entry, Result, Said, of_unknown_role, tokens
from .runs import Run, built, dollars_of, list_of, metadata_of, name_of, number_of, part_of

NAME = "SWE-agent trajectory"
LOST: tuple[str, ...] = (
    "What the model was shown at each step (query, messages) is left out: it repeats the history.",
    "Of attempts that were made besides, only the one that was chosen is read.",
    "There are no times: how long commands took is known, and not when they began.",
)

_ACTION = "action"
"""The tool that a command in a text is run by."""
_STEP = "trajectory_step"
"""The field of a recorded message with what the trajectory tells of its step."""
_OBSERVED = "observation"
_STEP_KEPT = ("state", "execution_time", "extra_info", "response")
_NOT_KEPT = ("history", "messages", "trajectory", "attempts", "info")
_ROLES = ("system", "user", "assistant", "tool")


def recognises(document: Any) -> bool:
    """Whether it has the history or the trajectory of SWE-agent."""
    if not isinstance(document, dict):
        return False
    if _is_mini(document):
        return True
    history, steps = document.get("history"), document.get("trajectory")
    if isinstance(steps, list) and steps:
        return isinstance(steps[0], dict) and {_ACTION, _OBSERVED} <= set(steps[0])
    return isinstance(history, list) and any(map(_is_own, history))


def _is_mini(document: Mapping[str, Any]) -> bool:
    """Whether it is of mini-swe-agent, whose history is a list of messages."""
    form = document.get("trajectory_format")
    is_mini = isinstance(form, str) and form.startswith("mini-swe-agent")
    return is_mini and isinstance(document.get("messages"), list)


def _is_own(message: Any) -> bool:
    return isinstance(message, dict) and "role" in message and "agent" in message


def read(document: Any) -> Iterator[Run]:
    """Read the one run of a trajectory."""
    info = part_of(document.get("info"))
    stats = part_of(info.get("model_stats"))
    about = {key: value for key, value in document.items() if key not in _NOT_KEPT}
    turns = built(NAME, entries(_parts(document)), None)
    yield Run(
        NAME,
        turns.finish(),
        turns.instructions,
        metadata_of({**about, **info}),
        model=_model(document),
        cost=dollars_of(stats.get("instance_cost"), stats.get("total_cost")),
        usage=tokens(stats, input_tokens="tokens_sent", output_tokens="tokens_received"),
        named="instance_id",
        task="instance_id",
    )


def _model(document: Mapping[str, Any]) -> str | None:
    """Find the model in the configuration that some versions keep."""
    config = part_of(json_or_text(document.get("replay_config"), exact=False))
    ran = part_of(part_of(document.get("info")).get("config"))
    models = (part_of(config.get("agent")).get("model"), ran.get("model"))
    told = [part_of(model) for model in models]
    return name_of(told[0].get("name")) or name_of(told[1].get("model_name"))


def _parts(document: Mapping[str, Any]) -> list[Any]:
    """The history, each action with what the trajectory tells of it; or the trajectory's steps."""
    history = document.get("messages" if _is_mini(document) else "history")
    steps = [step for step in list_of(document.get("trajectory")) if isinstance(step, dict)]
    if not isinstance(history, list) or not history:
        return [
            {key: step[key] for key in step if key not in ("query", "messages")} for step in steps
        ]
    told = iter(steps)
    parts = [_with_step(message, told) for message in history]
    last = part_of(parts[-1])
    if last.get("role") == "assistant" and _STEP in last and steps:
        # The history ends with the last action, and only the trajectory has what came of it.
        parts[-1] = {**last, _STEP: {**last[_STEP], _OBSERVED: steps[-1].get(_OBSERVED)}}
    return parts


def _with_step(message: Any, steps: Iterator[dict[str, Any]]) -> Any:
    is_action = isinstance(message, dict) and message.get("role") == "assistant"
    step = next(steps, None) if is_action and not message.get("is_demo") else None
    kept = {key: step[key] for key in _STEP_KEPT if key in step} if step else {}
    return {**message, _STEP: kept} if kept else message


def entries(parts: Iterable[Any]) -> Iterable[tuple[Any, list[Entry]]]:
    """Give each message, or step, with what it says."""
    reader = _Reader()
    for number, part in enumerate(parts, 1):
        yield part, reader.read(part, number)


class _Reader:
    def __init__(self) -> None:
        self._open: str | None = None
        """The action whose observation is the next message."""
        self._seconds: float | None = None

    def read(self, part: Any, number: int) -> list[Entry]:
        if not isinstance(part, dict):
            raise ValueError(f"message {number} is no object: {part!r:.80}")  # noqa: TRY004
        role = part.get("role")
        if role is None and _OBSERVED in part:
            return self._step(part, number)
        if role not in _ROLES:
            return [of_unknown_role(part, f"message {number}")]
        if role == "assistant":
            return [self._acts(part, number), *self._last(part_of(part.get(_STEP)))]
        if role == "tool" or (role == "user" and self._is_observation(part)):
            return [self._observed(part)]
        return [Said(str(role), [*content_of(part.get("content"))])]

    def _step(self, step: dict[str, Any], number: int) -> list[Entry]:
        """Read a step of a trajectory without a history."""
        text = step.get("thought") or step.get("response")
        said = Said("assistant", [*content_of(text)])
        if not step.get(_ACTION):
            return [
                said,
                *([Said("user", [*content_of(step[_OBSERVED])])] if step[_OBSERVED] else []),
            ]
        call = Call(f"step_{number}", _ACTION, {"command": step[_ACTION]})
        value = plain(step.get(_OBSERVED))
        seconds = _seconds(step)
        return [Said("assistant", [*said.parts, call]), Result(call.id, value, seconds=seconds)]

    def _acts(self, message: dict[str, Any], number: int) -> Said:
        self._seconds = _seconds(part_of(message.get(_STEP)))
        if message.get("tool_calls"):
            [(_, said)] = chat_entries([_as_chat(message)])
            answer = said[0]
            assert isinstance(answer, Said)
            self._open = answer.calls[0].id if answer.calls else None
            answer.usage = _used(message)
            return answer
        action = message.get(_ACTION)
        text = (
            message.get("thought") or message.get("content") if action else message.get("content")
        )
        parts: list[Any] = [*thoughts_of(message), *content_of(text)]
        self._open = f"step_{number}" if action else None
        if self._open:
            parts.append(Call(self._open, _ACTION, {"command": action}))
        return Said("assistant", parts, usage=_used(message))

    def _last(self, step: Mapping[str, Any]) -> list[Entry]:
        """Read what came of the last action."""
        if self._open is None or step.get(_OBSERVED) is None:
            return []
        return [Result(self._open, plain(step[_OBSERVED]), seconds=self._seconds)]

    def _is_observation(self, message: Mapping[str, Any]) -> bool:
        kind = message.get("message_type")
        return self._open is not None and kind in (_OBSERVED, None)

    def _observed(self, message: Mapping[str, Any]) -> Result:
        call_ids = list_of(message.get("tool_call_ids"))
        call_id = str(call_ids[0]) if call_ids else message.get("tool_call_id") or self._open
        seconds, self._open, self._seconds = self._seconds, None, None
        value = plain(content_of(message.get("content")))
        return Result(str(call_id) if call_id else None, value, seconds=seconds)


def _used(message: Mapping[str, Any]) -> dict[str, int]:
    """Read the tokens of an answer, which mini-swe-agent keeps with its message."""
    return used(part_of(part_of(message.get("extra")).get("response")).get("usage"))


def _as_chat(message: Mapping[str, Any]) -> dict[str, Any]:
    names = ("role", "content", "tool_calls", "thinking_blocks")
    return {name: message[name] for name in names if message.get(name) is not None}


def _seconds(step: Mapping[str, Any]) -> float | None:
    told = number_of(step.get("execution_time"))
    return None if told is None or told < 0 else told
