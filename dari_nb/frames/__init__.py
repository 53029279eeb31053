"""Tidy DataFrames from the API's objects: one row a thing, fixed dtypes, the same when empty.

Ids join the frames: ``session_id`` and ``message_id`` stand wherever they make sense. Texts and
ids are ``string``, times ``datetime64[us, UTC]``, counts ``Int64``, yes or no ``boolean``, seconds
``float64``, and names and statuses ``category``. Values of any shape are JSON text, which
:func:`expanded` takes apart. ``frame.to_parquet(path)`` keeps columns and dtypes (it needs
``pip install 'dari-nb[parquet]'``), and :func:`dask` makes the same frames in partitions.

>>> dari.frames.events_frame(session.events())["type"].iloc[0]
'user.message'
"""

from .batches import BATCH_CELLS, BatchCell, batch_frame, matrix_cells, pivot
from .costs import COSTS, costs_frame
from .events import EVENTS, events_frame
from .expanding import expanded
from .filters import events_of, later
from .lists import AGENTS, RUNS, VERSIONS, text_frame, versions_frame
from .messages import MESSAGES, messages_frame
from .partitions import dask
from .sessions import SESSIONS, listed_sessions_frame, sessions_frame
from .tables import Table
from .tool_calls import TOOL_CALLS, tool_calls_frame
from .trajectories import CLUSTERS, TRAJECTORIES

__all__ = [
    "AGENTS",
    "BATCH_CELLS",
    "CLUSTERS",
    "COSTS",
    "EVENTS",
    "MESSAGES",
    "RUNS",
    "SESSIONS",
    "TOOL_CALLS",
    "TRAJECTORIES",
    "VERSIONS",
    "BatchCell",
    "Table",
    "batch_frame",
    "costs_frame",
    "dask",
    "events_frame",
    "events_of",
    "expanded",
    "later",
    "listed_sessions_frame",
    "matrix_cells",
    "messages_frame",
    "pivot",
    "sessions_frame",
    "text_frame",
    "tool_calls_frame",
    "versions_frame",
]
