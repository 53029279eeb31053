"""From ledger events to timeline items and messages, purely; the same for live, saved, replayed."""

from ._turn import TurnState, error_text
from .ledger import Ledger, fold
from .messages import message_of

__all__ = ["Ledger", "TurnState", "error_text", "fold", "message_of"]
