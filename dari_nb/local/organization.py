"""One organization of a local Dari, with its key."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Organization:
    """An organization: its key sees its own agents, sessions and files, and no other's.

    Attributes:
        id: The organization's id.
        name: Its name on this server.
        api_key: The key that its clients must bring.
    """

    id: str
    name: str
    api_key: str = field(repr=False)
