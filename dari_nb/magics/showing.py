"""``%dari_transcript`` and ``%dari_workspace``: a session as it stands, and its files."""

from __future__ import annotations

from typing import Any

from .lines import options as opt
from .lines.options import Option
from .lines.parser import LineParser
from .results import shown
from .state import State, assign, variable
from .usage import usage_error

VIEW = Option("--view", None, "as a view to find one's way in, which goes on with the session")
WAIT = Option("--wait", "S", "wait so many seconds for a workspace that is not there yet")
TRANSCRIPT = LineParser(
    "%dari_transcript [SESSION] [options]",
    (opt.ASSIGN, VIEW, opt.QUIET),
    does="show all of a session",
    example="%dari_transcript --view",
)
WORKSPACE = LineParser(
    "%dari_workspace [SESSION] [options]",
    (opt.ASSIGN, WAIT, opt.QUIET),
    does="show the files of a session",
    example="%dari_workspace -o workspace --wait 60",
)


def transcript(shell: Any, state: State, line: str) -> Any:
    """Show the transcript of a session, the current one by default."""
    parsed, words = TRANSCRIPT.words(line)
    name = variable(parsed.get(opt.ASSIGN))
    session = state.session_or(_one(words, TRANSCRIPT), "%dari_transcript {}")
    if parsed.has(VIEW):
        view = session.view()
        assign(shell, name, view)
        return shown(view) if parsed.has(opt.QUIET) else view
    found = session.transcript()
    assign(shell, name, found)
    if not parsed.has(opt.QUIET):
        found.show()
    return shown(found)


def workspace(shell: Any, state: State, line: str) -> Any:
    """Download the workspace of a session, the current one by default, and show its files."""
    parsed, words = WORKSPACE.words(line)
    name, wait = variable(parsed.get(opt.ASSIGN)), opt.seconds(parsed.get(WAIT), WAIT)
    found = state.session_or(_one(words, WORKSPACE), "%dari_workspace {}").workspace(wait=wait)
    assign(shell, name, found)
    return shown(found) if parsed.has(opt.QUIET) else found


def _one(words: list[str], parser: LineParser) -> str | None:
    if len(words) > 1:
        raise usage_error(f"name one session\nusage: {parser.usage}", code="missing_session")
    return words[0] if words else None
