"""What operations are, and the server's own description of them, OpenAPI 3.1."""

from .document import description
from .operation import Operation, Operations

__all__ = ["Operation", "Operations", "description"]
