"""Hosted agents in Jupyter: magics, live chat cells, tidy frames, and a complete local Dari.

>>> import dari_nb as dari
>>> d = dari.connect()
>>> agent = d.agents["calculator"]
>>> turn = agent.send("What is 6 * 7?", llm="small")
>>> session = turn.session
>>> batch = d.batches.run(agent, ["2 / 3", "3 * 7"], llms=["small", "large"])
>>> scores = batch.score("exact", lambda turn: "approx" not in turn.text)
>>> client, server = d.client, d.server
>>> tape = dari.Tape("lesson.tape")

The examples of all docstrings go on from these lines; the files that they name are yours.

Names are loaded with their first use, so that importing the package costs next to nothing.

Docstrings cite the API's contract, by section (contract, section 8.4) and by what is open in it
(U5); it is in ``dari_nb/local/CONTRACT.md``, which is installed with the package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from . import errors, frames, local, scores
    from .client import AsyncClient, Client, verify_webhook
    from .errors import ApiError, DariError
    from .resources import (
        Agent,
        Batch,
        Dari,
        Session,
        Tape,
        Transcript,
        Turn,
        batch_frame,
        compare_batches,
        connect,
        costs_frame,
        current,
        events_frame,
        messages_frame,
        plot_cost,
        plot_latency,
        plot_scores,
        recording,
        sessions_frame,
        tool,
        tool_calls_frame,
    )
    from .resources.several import trajectories

__all__ = [
    "Agent",
    "ApiError",
    "AsyncClient",
    "Batch",
    "Client",
    "Dari",
    "DariError",
    "Session",
    "Tape",
    "Transcript",
    "Turn",
    "__version__",
    "batch_frame",
    "compare_batches",
    "connect",
    "costs_frame",
    "current",
    "errors",
    "events_frame",
    "frames",
    "local",
    "messages_frame",
    "plot_cost",
    "plot_latency",
    "plot_scores",
    "recording",
    "scores",
    "sessions_frame",
    "tool",
    "tool_calls_frame",
    "trajectories",
    "verify_webhook",
]

_HOME = {
    "ApiError": "errors",
    "AsyncClient": "client",
    "Client": "client",
    "DariError": "errors",
    "trajectories": "resources.several",
    "verify_webhook": "client",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in ("errors", "frames", "local", "scores"):
        return import_module(f".{name}", __name__)
    value = getattr(import_module(f".{_HOME.get(name, 'resources')}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


def load_ipython_extension(ipython: Any) -> None:
    """Make the magics available: ``%load_ext dari_nb``."""
    from .magics import load_ipython_extension as load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Take the magics away again: ``%unload_ext dari_nb``."""
    from .magics import unload_ipython_extension as unload

    unload(ipython)
