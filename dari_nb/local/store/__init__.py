"""The SQLite store, one module a noun: agents, sessions, ledgers, files and so on."""

from .agents import Agents
from .batches import Batches
from .costs import Costs
from .deliveries import Deliveries
from .event_log import EventLog
from .files import Files
from .ledgers import Ledgers
from .organizations import Organizations
from .sessions import Sessions
from .snapshots import Snapshots
from .webhooks import Webhooks


class Store(
    Agents,
    Sessions,
    Ledgers,
    Files,
    Batches,
    Costs,
    Webhooks,
    Deliveries,
    Organizations,
    Snapshots,
):
    """Everything the server remembers; each method is one transaction, safe from any thread."""


__all__ = ["EventLog", "Store"]
