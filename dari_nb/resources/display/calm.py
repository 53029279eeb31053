"""Errors that end a cell, and with it Run All, without a traceback: what they say is said once."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ...interrupts import Interrupted, deferred, next_cell
from ..connection import host
from .words import StoppedWatching, interrupted

if TYPE_CHECKING:
    from .subject import Subject

Show = Callable[..., Any]


class _Calm:
    """Stands before what a shell does with errors."""

    def __init__(self, shell: Any) -> None:
        self._kinds: tuple[type[BaseException], ...] = ()
        self._before = shell.custom_exceptions, shell.CustomTB
        shell.set_custom_exc((), self._show)
        self._own = shell.CustomTB
        self._shows = shell.showtraceback
        shell.showtraceback = self._show_elsewhere
        shell.events.register("pre_run_cell", self._begins)

    def take(self, shell: Any, kinds: tuple[type[BaseException], ...]) -> None:
        """Take these kinds, too, unless somebody came after."""
        self._kinds = tuple({*self._kinds, *kinds})
        if shell.CustomTB == self._own:
            shell.custom_exceptions = (*self._kinds, *self._before[0])

    def leave(self, shell: Any) -> None:
        """Restore what was there, unless somebody came after."""
        shell.events.unregister("pre_run_cell", self._begins)
        if shell.CustomTB == self._own:
            shell.custom_exceptions, shell.CustomTB = self._before
        if shell.showtraceback == self._show_elsewhere:
            shell.showtraceback = self._shows

    def _begins(self, *_: object) -> None:
        next_cell()

    def _show(
        self, shell: Any, kind: type, error: Any, traceback: Any, tb_offset: int | None = None
    ) -> Any:
        if not isinstance(error, self._kinds):
            return self._before[1](kind, error, traceback, tb_offset=tb_offset)
        # A kernel tells whoever executes notebooks what it showed last.
        shell._last_traceback = [str(error)]  # noqa: SLF001
        if not getattr(error, "is_said", False):
            print(error)  # noqa: T201
        return None

    def _show_elsewhere(self, exc_tuple: Any = None, *args: Any, **keys: Any) -> Any:
        """Show an error that ends something within a cell, as Outputs of ipywidgets do."""
        error = (exc_tuple or sys.exc_info())[1]
        if isinstance(error, self._kinds) and (shell := host.shell()) is not None:
            return self._show(shell, type(error), error, error.__traceback__)
        return self._shows(exc_tuple, *args, **keys)


_calm: WeakKeyDictionary[Any, _Calm] = WeakKeyDictionary()


def keep_calm(shell: Any, *kinds: type[BaseException]) -> None:
    """Have a shell show an interrupt that has words, and errors of these kinds, calmly."""
    if shell not in _calm:
        _calm[shell] = _Calm(shell)
    _calm[shell].take(shell, (Interrupted, *kinds))


def keep_calm_no_more(shell: Any) -> None:
    """Leave errors to the shell again."""
    calm = _calm.pop(shell, None)
    if calm is not None:
        calm.leave(shell)


@contextlib.contextmanager
def whole(*subjects: Subject) -> Iterator[None]:
    """Keep interrupts until subjects are shown; one that was not heard is said in words."""
    if (shell := host.shell()) is not None:
        keep_calm(shell)
    try:
        with deferred():
            yield
    except StoppedWatching:
        raise
    except KeyboardInterrupt:
        ending = interrupted(has_ended=all(subject.has_ended for subject in subjects))
        raise StoppedWatching(ending, is_said=False) from None
