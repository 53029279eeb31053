"""Texts that no traceback shows."""

from typing import TypeVar

T = TypeVar("T")


def hidden(value: T) -> T:
    """Return a text with a ``repr`` that hides it, and anything else as it is."""
    return Secret(value) if isinstance(value, str) else value  # type: ignore[return-value]


class Secret(str):
    """A text whose ``repr`` hides it: tracebacks that show variables print their ``repr``.

    >>> Secret("dari_1")
    '[hidden]'
    >>> f"Bearer {Secret('dari_1')}"
    'Bearer dari_1'
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "'[hidden]'"
