"""Stopping what still runs when the interpreter ends, in the process that runs it."""

from __future__ import annotations

import atexit
import logging
import os
import weakref
from functools import cache
from typing import Protocol

from ..errors import DariError

_log = logging.getLogger(__name__)


class Stoppable(Protocol):
    """Something that serves until it is stopped."""

    def stop(self) -> None:
        """Stop serving; safe to call again."""

    def leave(self) -> None:
        """In a forked process: let the one that serves go on."""


_running: weakref.WeakSet[Stoppable] = weakref.WeakSet()


@cache
def stop_at_exit() -> None:
    """See to it that running servers are stopped at the end.

    To be called after the finalisers of their stores are made: what is registered last runs first,
    so servers stop before their stores are closed.
    """
    atexit.register(_stop_all)


def runs(server: Stoppable) -> None:
    """Note that a server runs."""
    _running.add(server)


def running() -> list[Stoppable]:
    """The servers that run in this process."""
    return list(_running)


def rests(server: Stoppable) -> None:
    """Note that a server is stopped."""
    _running.discard(server)


def _leave_all() -> None:
    for server in running():
        rests(server)
        server.leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all)


def _stop_all() -> None:
    for server in running():
        try:
            server.stop()
        except DariError as error:  # nobody is left who could catch it
            _log.error("%s", error)
