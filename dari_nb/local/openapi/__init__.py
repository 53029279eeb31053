"""The server's own description of itself, OpenAPI 3.1, made from one table of operations."""

from .document import description
from .operations import OPERATIONS, Operation

__all__ = ["OPERATIONS", "Operation", "description"]
