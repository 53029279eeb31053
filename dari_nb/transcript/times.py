"""Times as other formats tell them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..models import parse_time
from ..models.times import format_time


def time_of(value: Any) -> str | None:
    """Read a time, ISO 8601 or in seconds since 1970, and write it as Dari does."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return format_time(datetime.fromtimestamp(value, UTC)) if value > 0 else None
        except (ValueError, OverflowError, OSError):
            return None
    found = parse_time(value) if isinstance(value, str) else None
    return format_time(found) if found else None
