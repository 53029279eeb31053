"""The error of a line that can't be right; IPython shows it without a traceback."""

from __future__ import annotations

from IPython.core.error import UsageError


def usage_error(text: str, *, code: str) -> UsageError:
    """Make a ``UsageError`` with a ``code``, as in :data:`dari_nb.errors.CODES`."""
    error = UsageError(text)  # IPython shows a subclass with a traceback
    error.code = code  # type: ignore[attr-defined]
    return error
