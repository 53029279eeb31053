"""Functions as agents: what one is given, what it yields, and the running of it."""

from .agent_loop import AgentLoop
from .functions import AgentFunction, error_text, run_agent, run_call
from .slots import Slot, Slots
from .turn import (
    Attachment,
    CutOff,
    Draft,
    DraftKind,
    NewAttempt,
    Reasoning,
    ToolCall,
    ToolResult,
    Turn,
    TurnFailure,
    Unasked,
    Usage,
)

__all__ = [
    "AgentFunction",
    "AgentLoop",
    "Attachment",
    "CutOff",
    "Draft",
    "DraftKind",
    "NewAttempt",
    "Reasoning",
    "Slot",
    "Slots",
    "ToolCall",
    "ToolResult",
    "Turn",
    "TurnFailure",
    "Unasked",
    "Usage",
    "error_text",
    "run_agent",
    "run_call",
]
