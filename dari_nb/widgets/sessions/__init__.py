"""The session browser."""

from .sessions import SessionsView
from .wire import Row

__all__ = ["Row", "SessionsView"]
