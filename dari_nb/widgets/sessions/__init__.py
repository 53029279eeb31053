"""The session browser."""

from .sessions import SessionsView
from .wire import Gist, Row

__all__ = ["Gist", "Row", "SessionsView"]
