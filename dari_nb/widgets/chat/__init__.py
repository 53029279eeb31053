"""The chat."""

from .chat import ChatView
from .form import fields_of

__all__ = ["ChatView", "fields_of"]
