"""Times of the API: ISO 8601 in UTC with a trailing ``Z`` (contract, section 1.3)."""

from datetime import UTC, datetime


def parse_time(text: str | None) -> datetime | None:
    """Read a time; ``None`` for a missing or unreadable one, which never hides the rest.

    >>> parse_time("2026-03-31T18:40:00Z").minute
    40
    """
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def format_time(time: datetime) -> str:
    """Write a time with milliseconds and ``Z``.

    >>> format_time(datetime(2026, 3, 31, 18, 40, tzinfo=UTC))
    '2026-03-31T18:40:00.000Z'
    """
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Return the seconds from one time to another, or ``None`` when either is unknown."""
    first, last = parse_time(start), parse_time(end)
    return None if first is None or last is None else (last - first).total_seconds()
