"""Tapes checked live: what was recorded is asked again, and what no longer holds is named."""

from .answers import Answer, Scorer
from .findings import Check, Finding
from .live import check_live, check_server

__all__ = ["Answer", "Check", "Finding", "Scorer", "check_live", "check_server"]
