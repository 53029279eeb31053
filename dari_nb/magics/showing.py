"""``%dari_transcript``: a session as it stands."""

from __future__ import annotations

from typing import Any

from IPython.core.error import UsageError

from . import options as opt
from .options import LineParser
from .state import State, assign, variable

TRANSCRIPT = LineParser("%dari_transcript [SESSION] [options]", (opt.ASSIGN, opt.QUIET))


def transcript(shell: Any, state: State, line: str) -> None:
    """Show the transcript of a session, the current one by default."""
    parsed, words = TRANSCRIPT.words(line)
    if len(words) > 1:
        raise UsageError(f"name one session\nusage: {TRANSCRIPT.usage}")
    name = variable(parsed.get(opt.ASSIGN))
    shown = state.session_or(words[0] if words else None).transcript()
    assign(shell, name, shown)
    if not parsed.has(opt.QUIET):
        shown.show()
