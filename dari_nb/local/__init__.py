"""A complete Dari of its own: an embedded server with demo agents, functions and recordings.

>>> from dari_nb.local import LocalDari
>>> with LocalDari() as server:
...     server.url.startswith("http://127.0.0.1:")
True

Docstrings cite the API's contract, by section (contract, section 8.4) and by what is open in it
(U5); it is in ``dari_nb/local/CONTRACT.md``, which is installed with the package.
"""

from .agents import Attachment, Draft, NewAttempt, Reasoning, ToolCall, ToolResult, Turn, Usage
from .gguf import ModelState, list_models, pull_model, remove_model
from .llm.reach import LlmState
from .server import LocalDari, reachable_llms
from .service.organizations import Organization

__all__ = [
    "Attachment",
    "Draft",
    "LlmState",
    "LocalDari",
    "ModelState",
    "NewAttempt",
    "Organization",
    "Reasoning",
    "ToolCall",
    "ToolResult",
    "Turn",
    "Usage",
    "list_models",
    "pull_model",
    "reachable_llms",
    "remove_model",
]
