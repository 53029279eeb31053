"""What waits to be adopted on a tape, and what becomes of it."""

from .review import Change, Proposal, Review

__all__ = ["Change", "Proposal", "Review"]
