"""A complete Dari of its own: an embedded server with scripted agents, functions and recordings.

>>> from dari_nb.local import LocalDari
>>> with LocalDari() as server:
...     server.url.startswith("http://127.0.0.1:")
True
"""

from .agents import Attachment, NewAttempt, ToolCall, ToolResult, Turn, Usage
from .llm.reach import LlmState
from .organization import Organization
from .reachable import reachable_llms
from .server import LocalDari

__all__ = [
    "Attachment",
    "LlmState",
    "LocalDari",
    "NewAttempt",
    "Organization",
    "ToolCall",
    "ToolResult",
    "Turn",
    "Usage",
    "reachable_llms",
]
