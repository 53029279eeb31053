"""The agents of the local Dari: scripted ones, and what a function needs to be one."""

from .echo import echo
from .functions import AgentFunction, run_agent
from .turn import Attachment, ToolCall, ToolResult, Turn

BUILT_IN: dict[str, AgentFunction] = {"echo": echo}
"""The scripted agents by name; each has the LLM options ``small`` and ``large``."""

__all__ = ["BUILT_IN", "AgentFunction", "Attachment", "ToolCall", "ToolResult", "Turn", "run_agent"]
