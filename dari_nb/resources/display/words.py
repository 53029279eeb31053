"""What Stop, an interrupt, a limit of time and a broken connection say, once, wherever that is."""

from __future__ import annotations

from typing import NamedTuple

from ...interrupts import Interrupted
from ..connection import host

STOP = "Stop"
"""What the button says that ends the turn, on a server that offers it."""
LEAVE = "Stop watching"
"""What it says elsewhere: it ends the watching and leaves the turn alone."""
AGAIN = "Watch again"


class Ending(NamedTuple):
    """Why something is shown as it stands, although it goes on.

    Attributes:
        state: What its head says in place of its status.
        line: What is said below it, names of code in backticks; empty when all is said elsewhere.
    """

    state: str
    line: str = ""

    @property
    def said(self) -> str:
        """Both on one line, as an error or a terminal says it."""
        line = self.line.rstrip(".").replace("`", "")
        line = line.replace("The turn", "the turn", 1)
        return f"{self.state}; {line}" if line else self.state


class StoppedWatching(Interrupted):
    """An interrupt while something was shown or waited for.

    Args:
        ending: What it means.
        is_said: Whether the output says so already.
    """

    def __init__(self, ending: Ending, *, is_said: bool) -> None:
        super().__init__(ending.said, is_said=is_said)


def turn_stopped(session_id: str, *, can_cancel: bool) -> Ending:
    """The reader watches a turn no longer, and it goes on."""
    again = f"%dari_follow {session_id}" if host.has_magic("dari_follow") else "turn.follow()"
    line = f"The turn goes on in its session: `{again}` shows it again"
    return Ending("you stopped watching", line + _end(session_id, "turn", can_cancel))


def turn_so_far(session_id: str, status: str, *, ends_with_kernel: bool) -> Ending:
    """The turn goes on while this is written, and is seen when its view is gone."""
    again = f"%dari_follow {session_id}" if host.has_magic("dari_follow") else "turn.follow()"
    how = f"`{again}` shows it again{', while its kernel runs' if ends_with_kernel else ''}."
    return Ending(then(status), f"This is how far the turn had come when it was saved: {how}")


def batch_so_far(run_id: str, name: str) -> Ending:
    """The batch goes on while this is written; ``name`` is how Python calls it."""
    line = f"This is how far {run_id} had come when it was saved: `{name}.follow()`, or the cell"
    return Ending(then("running"), f"{line} run again, shows it.")


def batch_stopped(run_id: str, name: str, *, can_cancel: bool) -> Ending:
    """The reader watches a batch no longer, and it goes on; ``name`` is how Python calls it."""
    line = f"{run_id} goes on: `{name}.follow()`, or the cell run again, shows it"
    return Ending("you stopped watching", line + _end(run_id, name, can_cancel))


def judging_stopped(run_id: str, left: str, *, can_cancel: bool) -> Ending:
    """The reader waits no longer for a judge, who goes on; ``left`` says what was not asked."""
    line = f"{run_id} goes on: judging again with the same arguments waits for it"
    end = _end(run_id, f'd.batches.recover("{run_id}")', can_cancel)
    rest = f" {left}; judging again with the same arguments sends them." if left else ""
    return Ending("you stopped watching", line + end + rest)


def _end(named: str, name: str, can_cancel: bool) -> str:
    """Say what ends it on the server, where anything does."""
    if not can_cancel:
        return "."
    how = f"%dari_cancel {named}" if host.has_magic("dari_cancel") else f"{name}.cancel()"
    return f", `{how}` ends it."


def not_cancelled(ending: Ending, error: BaseException | None) -> Ending:
    """The server did not end what the reader wished to end, and watches no longer."""
    why = f": {error}" if error else ""
    return ending._replace(line=f"{ending.line} It could not be cancelled{why}.")


def stopped_reading() -> Ending:
    """The reader of a session watches its turn no longer, and it goes on."""
    return Ending("you stopped watching", "The turn goes on in its session.")


def unasked() -> str:
    """The input prompt was left without an answer, because its question is settled elsewhere."""
    if host.in_kernel():
        return "Nothing waits for an answer any more: press Enter in the input field to go on."
    return "\nNothing waits for an answer any more."


def closed(state: str = "", how: str = "") -> Ending:
    """Whoever held a view has closed it; ``how`` is Python that shows it again."""
    return Ending(state, f"This view was closed{f': `{how}` goes on' if how else ''}.")


def interrupted(*, has_ended: bool) -> Ending:
    """The interrupt came while something was put in place, and ended nothing but the cell."""
    return Ending("interrupted", f"what is shown {'had ended' if has_ended else 'goes on'}")


def then(status: str) -> str:
    """The status of what was open when somebody stopped watching, and may have ended since."""
    from ...render.plain.words import state_text

    return f"{state_text(status)} then"


def late(seconds: float | None) -> Ending:
    """The time is up for which somebody wanted to wait; the error says what to do."""
    return Ending(f"not finished after {seconds:g} s" if seconds is not None else "not finished")


def lost(error: BaseException | None = None) -> Ending:
    """The connection broke; ``error`` says why where nothing else does."""
    return Ending("disconnected", str(error) if error else "")
