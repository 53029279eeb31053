"""The objects people hold, in notebooks and scripts alike."""

from .agent import Agent
from .batches import Batch, Cell, Plan
from .connection import connect, current
from .dari import Dari
from .events import EventStream
from .frames import (
    batch_frame,
    costs_frame,
    events_frame,
    messages_frame,
    sessions_frame,
    tool_calls_frame,
)
from .listing import Listing
from .plots import plot_cost, plot_latency, plot_scores
from .publishing import Published
from .session import Session
from .tools import Tool, tool
from .transcript import Transcript
from .turn import Turn
from .version_diff import VersionDiff
from .versions import Version

__all__ = [
    "Agent",
    "Batch",
    "Cell",
    "Dari",
    "EventStream",
    "Listing",
    "Plan",
    "Published",
    "Session",
    "Tool",
    "Transcript",
    "Turn",
    "Version",
    "VersionDiff",
    "batch_frame",
    "connect",
    "costs_frame",
    "current",
    "events_frame",
    "messages_frame",
    "plot_cost",
    "plot_latency",
    "plot_scores",
    "sessions_frame",
    "tool",
    "tool_calls_frame",
]
