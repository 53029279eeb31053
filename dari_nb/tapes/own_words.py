"""Names and words of the tape format itself, which are never redacted.

A pattern that matches one of them is meant for what agents, tools and people wrote. Without these
words a tape wouldn't play.
"""

from __future__ import annotations

import re

from ..models import events as ev
from ..models.resources import STATUSES
from ..models.usage import TOKENS

_BLOCKS = ("text", "reasoning", "provider", "sha256", "size", "name", "filename", "type", "file_id")
_EVENTS = (
    *("tool_name", "tool_call_id", "arguments", "result", "is_error", "error", "attempt"),
    *("content", "status", "previous_status", "stop_reason", "usage", "expects"),
)
_MESSAGES = (
    *("id", "call_id", "tool_use_id", "source_call_id", "input", "thought", "thinking"),
    *("signature", "encrypted_content", "reasoning_content", "function_name", "step_id", "action"),
    *("response", "query", "tool_call_ids", "output", "schema_version", "trajectory_format"),
    *("model_name", "role", "source", "message_type", "object", "timestamp", "message"),
    *("messages", "tool_calls", "function", "observation", "results", "steps", "history"),
    *("trajectory", "summary", "agent"),
)
_MORE = (
    *("recorded_messages", "recorded_document", "recorded_format", "times", "run", "model"),
    *("cost", "task", "repeat", "named", "scores", "notes", "format", "created_at"),
    *("instructions", "content_first", "total_tokens", "api_key_env", "api_key_secret"),
)
NAMES = frozenset((*_BLOCKS, *_EVENTS, *_MESSAGES, *_MORE, *TOKENS))
"""Names of fields."""

_WORDS = (
    *(*STATUSES, ev.MAX_TOKENS, "in_progress", "incomplete"),
    *("user", "assistant", "system", "developer", "tool", "function", "agent", "ai"),
    *("text", "file", "image", "reasoning", "document", "tool_use", "tool_result", "tool_call"),
    *("message", "thinking", "redacted_thinking", "image_url", "input_text", "input_image"),
    *("input_file", "output_text", "refusal", "function_call", "function_call_output"),
    *("summary_text", "reasoning_text", "custom", "item_reference", "response", "observation"),
    *("action", "thought", "demonstration", "tape", "chat completions", "Anthropic messages"),
    *("ATIF trajectory", "OpenAI Responses", "SWE-agent trajectory", "Inspect log"),
)
_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?"
WORDS = re.compile(rf"{'|'.join(map(re.escape, _WORDS))}|(?:call|file)_[0-9]{{1,6}}|{_TIME}")
"""Statuses, roles, types, formats, ordinals and times, as whole texts."""
