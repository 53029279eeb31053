"""What of a tape is the format's own, wherever it stands: all else is what somebody wrote.

Names of fields stay as they are, and so do words such as a status: a pattern that matches them is
meant for what agents, tools and people wrote, and a tape without them would not play.
"""

from __future__ import annotations

import re

from ...models import events as ev
from ...models.resources import STATUSES
from ...models.usage import TOKENS
from .scrubber import Own

_STATUS = re.compile("|".join(STATUSES))
_ORDINAL = re.compile(r"(?:call|file)_[0-9]{1,6}")
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?", re.A
)
_ROLE = re.compile("user|assistant|system|developer|tool|function|agent|ai")
_TYPE = re.compile(
    "text|file|image|reasoning|document|tool_use|tool_result|tool_call|message|thinking"
    "|redacted_thinking|image_url|input_text|input_image|input_file|output_text|refusal|function"
    "|function_call|function_call_output|summary_text|reasoning_text|custom|item_reference"
)
_FORMAT = re.compile(
    "tape|chat completions|Anthropic messages|ATIF trajectory|OpenAI Responses"
    "|SWE-agent trajectory|Inspect log"
)


def _free(*names: str) -> dict[str, Own]:
    return dict.fromkeys(names)


BLOCKS: dict[str, Own] = {
    **_free("text", "reasoning", "provider", "sha256", "size", "name", "filename"),
    "type": _TYPE,
    "file_id": _ORDINAL,
}
"""Content blocks."""
_USAGE = _free(*TOKENS, "total_tokens")
PAYLOAD: dict[str, Own] = {
    **_free("tool_name", "arguments", "result", "is_error", "error", "attempt"),
    "content": BLOCKS,
    "status": _STATUS,
    "previous_status": _STATUS,
    "tool_call_id": _ORDINAL,
    "stop_reason": re.compile(ev.MAX_TOKENS),
    "usage": _USAGE,
}
"""What an event holds."""

_MESSAGE: dict[str, Own] = {
    **_free("arguments", "name", "id", "call_id", "tool_call_id", "tool_use_id", "source_call_id"),
    **_free("input", "text", "thought", "thinking", "signature", "encrypted_content", "is_error"),
    **_free("reasoning_content", "function_name", "step_id", "action", "response", "query"),
    **_free("tool_call_ids", "output", "schema_version", "trajectory_format", "model_name"),
    "role": _ROLE,
    "source": _ROLE,
    "message_type": re.compile("observation|action|thought|demonstration"),
    "object": re.compile("response"),
    "status": re.compile("completed|in_progress|incomplete|failed"),
    "type": _TYPE,
    "usage": _USAGE,
    "timestamp": _TIME,
}
"""What messages of other formats hold, one in another."""
_INSIDE = ("content", "message", "messages", "tool_calls", "function", "observation", "results")
_MESSAGE |= dict.fromkeys(
    (*_INSIDE, "steps", "history", "trajectory", "summary", "agent"), _MESSAGE
)
MORE: dict[str, Own] = {
    "recorded_messages": _MESSAGE,
    "recorded_document": _MESSAGE,
    "recorded_format": _FORMAT,
    "times": _TIME,
    "run": {
        **_free("model", "agent", "cost", "task", "repeat", "named", "scores", "notes"),
        "format": _FORMAT,
        "usage": _USAGE,
        "created_at": _TIME,
        "instructions": None,
        "content_first": _ROLE,
    },
}
"""What else the first event of a turn holds."""
