"""The session browser."""

from .sessions import SessionsView
from .wire import Row, SessionSummary

__all__ = ["Row", "SessionSummary", "SessionsView"]
