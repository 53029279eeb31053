"""The API's nouns and verbs on ids, sync and async, over httpx; usable alone.

Docstrings cite the API's contract, by section (contract, section 8.4) and by what is open in it
(U5); it is in ``dari_nb/local/CONTRACT.md``, which is installed with the package.
"""

from ..bundles import Bundle
from ._client import AsyncClient, Client
from ._following.stream import AsyncEventStream, EventStream
from ._request import State
from ._retry import Reconnect, Retry
from .endpoints.batches import batch_item
from .endpoints.publishing import PublishProgress
from .fetching import Fetching, fetch_many
from .webhooks import verify_webhook
from .workspaces.workspace import Limits, Workspace, WorkspaceFile

__all__ = [
    "AsyncClient",
    "AsyncEventStream",
    "Bundle",
    "Client",
    "EventStream",
    "Fetching",
    "Limits",
    "PublishProgress",
    "Reconnect",
    "Retry",
    "State",
    "Workspace",
    "WorkspaceFile",
    "batch_item",
    "fetch_many",
    "verify_webhook",
]
