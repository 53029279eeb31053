"""Times of the API: ISO 8601 in UTC with a trailing ``Z`` (contract, section 1.3).

A time without a zone is in UTC, wherever it comes from.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from numbers import Real

from ..errors import InvalidRequestError

UNKNOWN_TIME = "1970-01-01T00:00:00.000Z"
"""Stands where the API has a time and nobody knows it, as in recorded runs.

Any client can read it, and nobody takes it for a time of an agent; here it is read as no time.
"""
_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)

Since = str | date | timedelta | None
"""How people say from when on; a ``datetime`` is a ``date``, too."""

_AGO = re.compile(r"(?:last |past )?(\d+(?:\.\d+)?)? ?([a-z]+)(?: ago)?")
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
}
_DAYS = {"today": 0, "yesterday": 1}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST = 3


def parse_time(text: str | None) -> datetime | None:
    """Read a time; ``None`` for an unknown or unreadable one, which never hides the rest.

    >>> parse_time("2026-03-31T18:40:00Z").minute
    40
    """
    if not text:
        return None
    try:
        told = as_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None
    return None if told == _UNKNOWN else told


def as_utc(time: datetime) -> datetime:
    """Bring a time to UTC; one without a zone is in UTC already.

    >>> as_utc(datetime(2026, 3, 31, 18, 40)).isoformat()
    '2026-03-31T18:40:00+00:00'
    """
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def since_time(since: str | date | timedelta, now: datetime | None = None) -> datetime:
    """Read from when on something is wanted.

    Args:
        since: A time; a day, which begins in UTC as all that has no zone; how long ago, as a
            ``timedelta`` or such as ``"2d"``, ``"3 hours"``, ``"90 min"``, ``"1 week"``; or
            ``"today"``, ``"yesterday"`` and weekdays such as ``"monday"``, the last there was,
            today included: all of them days of this machine's clock.
        now: What they are counted from.

    Raises:
        InvalidRequestError: It is none of these.

    >>> since_time("3 hours", datetime(2026, 3, 31, 18, 40)).isoformat()
    '2026-03-31T15:40:00+00:00'
    """
    if isinstance(since, datetime):
        return as_utc(since)
    if isinstance(since, date):
        return as_utc(datetime.combine(since, time()))
    now = as_utc(now or datetime.now(UTC))
    try:
        found = now - since if isinstance(since, timedelta) else _said(since, now)
    except OverflowError:
        found = None
    if found is None:
        raise InvalidRequestError(
            f"{since!r} is no time: give one such as '2026-05-18T12:00:00Z', '2026-05-18', "
            "'yesterday', 'monday', '3 hours' or '2d'.",
            code="invalid_since",
        )
    return found


def _said(text: object, now: datetime) -> datetime | None:
    if not isinstance(text, str):
        return None
    words = " ".join(text.lower().split())
    ago = _days_ago(words, now)
    if ago is not None:
        day = now.astimezone().date() - timedelta(days=ago)
        return datetime.combine(day, time()).astimezone().astimezone(UTC)
    match = _AGO.fullmatch(words)
    if match and match[2] in _UNITS:
        return now - float(match[1] or 1) * _UNITS[match[2]]
    return parse_time(text.strip())


def _days_ago(words: str, now: datetime) -> int | None:
    """Return how long ago a day is that has a name; of a weekday the last one, today included."""
    if words in _DAYS:
        return _DAYS[words]
    name = words.removeprefix("last ")
    named = [day for day in _WEEKDAYS if len(name) >= _SHORTEST and day.startswith(name)]
    if len(named) != 1:
        return None
    ago = (now.astimezone().weekday() - _WEEKDAYS.index(named[0])) % len(_WEEKDAYS)
    return ago or (0 if name == words else len(_WEEKDAYS))


def checked_seconds(seconds: float | None, name: str = "timeout") -> float | None:
    """Return for how long to wait at most; ``None`` for without limit.

    Raises:
        InvalidRequestError: It is no number of seconds.
    """
    is_number = isinstance(seconds, Real) and not isinstance(seconds, bool)
    if seconds is None or (is_number and seconds >= 0):
        return seconds
    raise InvalidRequestError(
        f"{name} is a number of seconds or None, not {seconds!r}.", code="invalid_timeout"
    )


def format_time(time: datetime) -> str:
    """Write a time with milliseconds and ``Z``; one without a zone is in UTC.

    >>> format_time(datetime(2026, 3, 31, 18, 40, tzinfo=UTC))
    '2026-03-31T18:40:00.000Z'
    """
    return as_utc(time).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Return the seconds from one time to another, or ``None`` when either is unknown."""
    first, last = parse_time(start), parse_time(end)
    return None if first is None or last is None else (last - first).total_seconds()
