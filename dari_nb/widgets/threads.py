"""A widget whose traits are set by several threads at once: pages, and whatever draws."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import anywidget


class _Own:
    """An attribute that each thread has for itself.

    Args:
        make: Makes its first value.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, widget: Any, _owner: type) -> Any:
        return self if widget is None else _own(widget).setdefault(self._name, self._make())

    def __set__(self, widget: Any, value: Any) -> None:
        _own(widget)[self._name] = value


def _own(widget: Any) -> dict[str, Any]:
    own: threading.local = vars(widget).setdefault("_of_threads", threading.local())
    return vars(own)


class SetByThreads(anywidget.AnyWidget):
    """Keeps apart what several threads do with its traits.

    An ordinary widget that takes in what a page has set holds back what is told of all its traits,
    checks none until the end, and takes all of them back where one was wrong: those, too, that
    another thread has set meanwhile. What one thread gathers for a message it sends or forgets with
    that of another.
    """

    _property_lock = _Own(dict)
    _holding_sync = _Own(bool)
    _states_to_send = _Own(set)
    _held_changes: Any = _Own(lambda: None)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take in what a page has set: each trait is checked as it is set, and all told of then."""
        self._held_changes = []
        try:
            super().set_state(sync_data)
        finally:
            self._held_changes = None

    @contextlib.contextmanager
    def hold_trait_notifications(self) -> Iterator[None]:
        """Tell of what is set in here when that is over."""
        changes = self._held_changes
        if changes is None:
            with super().hold_trait_notifications():
                yield
            return
        try:
            yield
        finally:
            self._held_changes = None
            for change in changes:
                self.notify_change(change)

    def notify_change(self, change: Any) -> None:
        """Tell of a change, unless a page is setting more at this moment."""
        if self._held_changes is None:
            super().notify_change(change)
        else:
            self._held_changes.append(change)
