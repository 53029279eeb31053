"""Texts that no traceback shows, and that nothing which is written holds."""

from typing import TypeVar

T = TypeVar("T")

_known: dict[str, None] = {}


def hidden(value: T) -> T:
    """Return a text with a ``repr`` that hides it, and anything else as it is."""
    return Secret(remembered(value)) if isinstance(value, str) else value  # type: ignore[return-value]


def remembered(text: str) -> str:
    """Return a text as it is, and know from now on that it is a secret."""
    _known[str(text)] = None
    return text


def known() -> list[str]:
    """The secrets that this process has had so far."""
    return list(_known)


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
