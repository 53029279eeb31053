"""What a box of plain widgets shows: it changes with their clicks, and has paper below, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..connection import host
from .papers import Bundle, Paper, Write
from .presentation import watch
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
        self._writing = Writing(lambda: Paper(subject.paper()), lambda _: None)
        box.presenter = self
        # Pages tell by this that something of ours is there, whose paper is out of sight.
        box.add_class("dari-view")
        if host.in_kernel():
            watch(host.shell())

    def fill(self, parts: Sequence[Any]) -> None:
        """Have these in the box; keys that are pressed there stay there."""
        self._box.children = [self._border, *parts]

    @property
    def known_paper(self) -> Bundle | None:
        """Its paper, but where it would be seen beside the box."""
        is_needed = host.hides_paper() or not host.is_watched()
        return self.subject.paper() if is_needed else None

    def place(self, write: Write, *, is_held: bool) -> None:
        """Take notice of a place for its paper."""
        if host.hides_paper():
            self._writing.places.append(write)

    def renew_paper(self) -> None:
        """Write its paper anew, where it has any, in a moment."""
        if self._writing.places:
            self._writing.soon()
