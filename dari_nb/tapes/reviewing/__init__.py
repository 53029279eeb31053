"""What waits to be adopted on a tape, and what becomes of it."""

from .deciding import Change
from .proposal import Proposal
from .review import Review

__all__ = ["Change", "Proposal", "Review"]
