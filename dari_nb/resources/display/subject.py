"""What is presented: how a turn, a batch, a session or a chat looks in each place."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from .words import Ending, closed, lost

if TYPE_CHECKING:
    from ...widgets.stopping import Stopped
    from ...widgets.view import View

Changed = Callable[[], object]


class Subject:
    """One thing as a presentation sees it; each kind of thing overrides what differs."""

    has_ended = False
    """Whether nothing more comes, so that there is only static output to show."""
    can_cancel = False
    """Whether the server offers to end it."""
    is_at_rest = True
    """Whether nothing happens now, so that its static output is worth bringing up to date."""

    def view(self, *, blocking: bool, stop: Stopped) -> View:
        """Return the widget that shows it while it lives.

        Args:
            blocking: Whether the kernel hears no page until the end.
            stop: What a page's Stop calls: at once, or when the kernel hears of it.
        """
        raise NotImplementedError

    def static_output(self, ending: Ending | None = None) -> dict[str, str]:
        """Return it as it stands, as a MIME bundle; takes its time."""
        raise NotImplementedError

    def so_far(self) -> dict[str, str]:
        """Return it as it goes on: what is left of it when nobody comes back to the view."""
        return self.static_output()

    def print(self) -> None:
        """Show it as it stands where there is no notebook."""
        raise NotImplementedError

    def draw(self) -> None:
        """Have the view take notice of news; on the background loop, so it must not wait."""

    def tick(self) -> None:
        """Do what only the waiting thread can do, some 20 times a second."""

    def end(self) -> None:
        """Print what is left where there is no notebook."""

    async def follow(self, changed: Changed) -> None:
        """Call ``changed`` at each change until nothing more comes; cancelled when nobody looks."""

    def cancel(self) -> Future[None] | None:
        """Have the server end it; ``None`` where it does not offer that."""
        return None

    def stopped(self) -> Ending:
        """Stop what was done only for who watched; returns what to say."""
        return lost()

    def closed(self) -> Ending:
        """Return what to say below what stays when its view was closed."""
        return closed()

    def lost(self, ending: Ending) -> None:
        """Say in the view of what stays that it is followed no longer; on the background loop."""

    def when_more_is_known(self, changed: Changed) -> None:
        """Call ``changed``, in any thread, when figures come after the end."""
