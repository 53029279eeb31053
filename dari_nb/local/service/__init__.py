"""What the API does, without HTTP: the service, how an organization sees it, and its verbs."""

from .access import Access, Refusal
from .service import Service

__all__ = ["Access", "Refusal", "Service"]
