"""What belongs to one process alone, and must be left alone in those that are forked from it."""

from __future__ import annotations

import os
import weakref
from threading import RLock
from typing import Protocol


class Owned(Protocol):
    """Something that only the process that made it may use."""

    def before_fork(self) -> None:
        """Wait until no thread is in the middle of something."""

    def after_fork(self) -> None:
        """Go on, in the process that forked."""

    def leave(self) -> None:
        """In the forked process: be of no use from now on, and harm nothing."""


_owned: weakref.WeakSet[Owned] = weakref.WeakSet()
_held: list[Owned] = []
_forking = RLock()


def watch(owned: Owned) -> None:
    """Tell something about forks, for as long as it lives."""
    _owned.add(owned)


def unwatch(owned: Owned) -> None:
    """Tell it no longer."""
    _owned.discard(owned)


def _before() -> None:
    _forking.acquire()
    for owned in list(_owned):
        owned.before_fork()
        _held.append(owned)


def _after_in_parent() -> None:
    while _held:
        _held.pop().after_fork()
    _forking.release()


def _after_in_child() -> None:
    while _held:
        owned = _held.pop()
        _owned.discard(owned)
        owned.leave()
    _forking.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
