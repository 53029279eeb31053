"""What is shown together: a view, or what holds some, with the static output of all below it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from ..connection import host
from . import outputs
from .calm import whole
from .static_outputs import Bundle, Sheet, Write
from .subject import Subject


class Shown(ABC):
    """One of the things that are shown.

    Attributes:
        subject: What is shown.
    """

    subject: Subject

    @property
    @abstractmethod
    def known_static_output(self) -> Bundle | None:
        """Its static output, if anybody has needed it so far."""

    @abstractmethod
    def place(self, write: Write, *, is_held: bool) -> None:
        """Take notice of a place for its static output.

        Args:
            write: Writes it there.
            is_held: Whether an Output holds its view; else the cell that runs shows it.
        """


def show(widget: Any, parts: Sequence[Shown], holders: Sequence[Any] = ()) -> None:
    """Show a widget that is a view, or holds some, with their static output in the output below it.

    Args:
        widget: What is shown.
        parts: Whatever is in it.
        holders: The Outputs in it, which may come to hold more.
    """
    from ...render.page.fallback import joined
    from ...widgets.view import mimebundle_of

    subjects = [part.subject for part in parts]
    with whole(*subjects):
        if not host.in_kernel():
            for subject in subjects:
                subject.print()
        elif not (host.is_watched() or holders):
            host.publish(joined([subject.static_output() for subject in subjects]))
        else:
            host.publish(mimebundle_of(widget, has_static_output=True))
            _place(parts, holders)


def expect(holders: Sequence[Any]) -> None:
    """Have a place for static output below empty Outputs that are about to be shown."""
    sheet = Sheet()
    for each in holders:
        outputs.shown(each, sheet)


def _place(parts: Sequence[Shown], holders: Sequence[Any]) -> None:
    """Have a place for the static output of what has just been shown."""
    sheet = Sheet()
    holder = host.taking()
    if holder is not None:
        for part in parts:
            outputs.take(holder, part)
    else:
        writes = [sheet.add(part, part.known_static_output) for part in parts]
        sheet.lay()
        for part, write in zip(parts, writes, strict=True):
            part.place(write, is_held=False)
    for each in holders:
        outputs.shown(each, sheet)
