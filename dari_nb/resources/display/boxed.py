"""What a box of plain widgets shows: it changes with their clicks, and has static output below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..connection import host
from .presentation import watch
from .static_outputs import Bundle, StaticOutput, Write
from .subject import Subject
from .together import Shown
from .writing import Writing


class Boxed(Shown):
    """Presents a box that this package made of plain widgets, which tell of no page.

    Args:
        subject: What is shown.
        box: Its box.
        label: What it is called for those who hear the page.

    Attributes:
        subject: What is shown.
    """

    def __init__(self, subject: Subject, box: Any, label: str) -> None:
        from ...widgets import Border

        self.subject = subject
        self._box, self._border = box, Border(label=label)
        self._writing = Writing(lambda: StaticOutput(subject.static_output()), lambda _: None)
        box.presenter = self
        # Pages tell by this that something of ours is there, whose static output is out of sight.
        box.add_class("dari-view")
        if host.in_kernel():
            watch(host.shell())

    def fill(self, parts: Sequence[Any]) -> None:
        """Have these in the box; keys that are pressed there stay there."""
        self._box.children = [self._border, *parts]

    @property
    def known_static_output(self) -> Bundle | None:
        """Its static output, but where it would be seen beside the box."""
        is_needed = host.hides_static_output() or not host.is_watched()
        return self.subject.static_output() if is_needed else None

    def place(self, write: Write, *, is_held: bool) -> None:
        """Take notice of a place for its static output."""
        if host.hides_static_output():
            self._writing.places.append(write)

    def renew_static_output(self) -> None:
        """Write its static output anew, where it has any, in a moment."""
        if self._writing.places:
            self._writing.soon()
