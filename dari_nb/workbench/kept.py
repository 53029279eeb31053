"""Views that live and yet leave something behind: their paper lies in the output below them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import host

if TYPE_CHECKING:
    from ..widgets.view import View

Paper = Callable[[], dict[str, str]]


class Kept:
    """Shows a view, and keeps its paper for whoever opens the saved notebook without a kernel.

    JupyterLab and Notebook 7 hide the paper while the view lives; other hosts could not, so there
    it stays empty. Where nobody watches, as in nbclient, there is paper only; in a terminal it is
    printed.

    Args:
        view: What lives.
        paper: Gives the paper as it would be now.
        print_it: Shows it where there is no notebook.
    """

    def __init__(self, view: View, paper: Paper, print_it: Callable[[], object]) -> None:
        self._view = view
        self._paper = paper
        self._print = print_it
        self._handles: list[Any] = []
        self._is_filled = False
        view.present_with(self.show)
        view.on_jupyter(self._fill)

    def show(self) -> None:
        """Show the view in the place that fits."""
        if not host.in_kernel():
            self._print()
        elif not host.is_watched():
            host.publish(self._paper())
        else:
            from ..render.kept import kept

            host.publish(self._view)
            self._handles.append(host.publish(kept(self._paper() if self._is_filled else None)))

    def refresh(self) -> None:
        """Bring the paper up to date; call it when something has come to rest."""
        from ..render.kept import kept

        if self._is_filled:
            for handle in self._handles:
                # The kernel is about to end, and with it the way to the page.
                with contextlib.suppress(RuntimeError):
                    handle.update(kept(self._paper()), raw=True)

    def _fill(self) -> None:
        if not self._is_filled:
            self._is_filled = True
            self.refresh()
