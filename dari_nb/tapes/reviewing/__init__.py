"""What waits to be adopted on a tape, and what becomes of it."""

from .deciding import Change
from .review import Proposal, Review

__all__ = ["Change", "Proposal", "Review"]
