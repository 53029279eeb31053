"""The objects people hold, in notebooks and scripts alike."""

from .agents.agent import Agent
from .agents.publishing import Published
from .agents.version_diff import VersionDiff
from .agents.versions import Version
from .batches import Batch, Cell, ComparedBatches, Plan, compare_batches
from .batches.matrix.plots import plot_cost, plot_latency, plot_scores
from .connections import connect, current, recording
from .dari import Dari
from .frames import (
    batch_frame,
    costs_frame,
    events_frame,
    messages_frame,
    sessions_frame,
    tool_calls_frame,
)
from .listing import Listing
from .sessions.event_stream import EventStream
from .sessions.session import Session
from .sessions.transcript import Transcript
from .sessions.turn import Turn
from .tapes.tape import Tape
from .tools import Tool, tool
from .trajectories import Trajectories

__all__ = [
    "Agent",
    "Batch",
    "Cell",
    "ComparedBatches",
    "Dari",
    "EventStream",
    "Listing",
    "Plan",
    "Published",
    "Session",
    "Tape",
    "Tool",
    "Trajectories",
    "Transcript",
    "Turn",
    "Version",
    "VersionDiff",
    "batch_frame",
    "compare_batches",
    "connect",
    "costs_frame",
    "current",
    "events_frame",
    "messages_frame",
    "plot_cost",
    "plot_latency",
    "plot_scores",
    "recording",
    "sessions_frame",
    "tool",
    "tool_calls_frame",
]
