"""The magics: thin lines over functions that a user could call."""

from __future__ import annotations

import sys
from typing import Any
from weakref import WeakKeyDictionary

from IPython.core.magic import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    no_var_expand,
)

from . import batches, chatting, dari, loading, publishing, sending, showing
from .catalogue import COMMANDS, PARSERS, overview
from .lines.parser import HELP, HelpAsked, Line
from .shell.completion import Completion
from .shell.questions import hear_questions, leave_questions
from .shell.statements import leave_statements, read_statements
from .state import State, usage_errors, whole

__all__ = ["DariMagics", "load_ipython_extension", "unload_ipython_extension"]


@magics_class
class DariMagics(Magics):
    """Messages to agents, and what came of them, from cells."""

    def __init__(self, shell: Any, state: State | None = None) -> None:
        super().__init__(shell)
        self.state = state or State()

    @line_magic
    @usage_errors
    def dari(self, line: str) -> Any:
        """Where am I; ``%dari help`` lists everything."""
        if line.split()[:1] in ([flag] for flag in HELP):
            raise HelpAsked(repr(COMMANDS["help"].run(self.state, Line(), [])))
        return dari.dari(self.state, line, COMMANDS, PARSERS)

    @no_var_expand
    @line_cell_magic
    @whole
    @usage_errors
    def dari_send(self, line: str, cell: str | None = None) -> Any:
        """Send a message to the current session: ``turn = session.send(text).follow()``."""
        return sending.send(self.shell, self.state, line, cell)

    @no_var_expand
    @line_cell_magic
    @whole
    @usage_errors
    def dari_agent(self, line: str, cell: str | None = None) -> Any:
        """Start a session with an agent: ``turn = d.agents.get(name).send(text).follow()``."""
        return sending.agent(self.shell, self.state, line, cell)

    @no_var_expand
    @line_cell_magic
    @whole
    @usage_errors
    def dari_batch(self, line: str, cell: str | None = None) -> Any:
        """Give tasks to LLMs: ``batch = d.batches.run(name, tasks, llms).follow()``."""
        return batches.batch(self.shell, self.state, line, cell)

    @no_var_expand
    @line_cell_magic
    @usage_errors
    def dari_publish(self, line: str, cell: str | None = None) -> Any:
        """Publish a folder, or the cell as a prompt: ``d.agents.publish_prompt(name, text)``."""
        return publishing.publish(self.shell, self.state, line, cell)

    @line_magic
    @whole
    @usage_errors
    def dari_follow(self, line: str) -> Any:
        """Show a session's last turn live, again: ``turn = session.follow()``."""
        return sending.follow(self.shell, self.state, line)

    @line_magic
    @usage_errors
    def dari_cancel(self, line: str) -> Any:
        """End a session's last turn, or a batch: ``turn.cancel()``, ``batch.cancel()``."""
        return sending.cancel(self.shell, self.state, line)

    @line_magic
    @usage_errors
    def dari_transcript(self, line: str) -> Any:
        """Show a session as it stands: ``session.transcript()``, or ``session.view()``."""
        return showing.transcript(self.shell, self.state, line)

    @line_magic
    @usage_errors
    def dari_chat(self, line: str) -> Any:
        """Chat in the cell: ``agent.chat()`` or ``session.chat()``."""
        return chatting.chat(self.shell, self.state, line)

    @line_magic
    @usage_errors
    def dari_workspace(self, line: str) -> Any:
        """Download a session's files and show them: ``session.workspace()``."""
        return showing.workspace(self.shell, self.state, line)

    @line_magic
    @usage_errors
    def dari_frame(self, line: str) -> Any:
        """Load sessions and what is in them: ``dari_nb.messages_frame(session)``."""
        return loading.frame(self.shell, self.state, line)


DariMagics.dari.__doc__ = f"{DariMagics.dari.__doc__}\n\n{overview()}"
for _name, _parser in PARSERS.items():
    _magic = getattr(DariMagics, _name)
    _magic.__doc__ = f"{_magic.__doc__}\n\n{_parser.help()}"


_STATES: WeakKeyDictionary[Any, State] = WeakKeyDictionary()
"""What each shell goes on with when the extension is loaded again."""


def load_ipython_extension(ipython: Any) -> None:
    """Register the magics, their completion and questions; agent and session are kept."""
    unload_ipython_extension(ipython)
    magics = DariMagics(ipython, _STATES.setdefault(ipython, State()))
    ipython.register_magics(magics)
    ipython.Completer.custom_matchers.append(Completion(magics.state, ipython.user_ns).matcher())
    read_statements(ipython)
    hear_questions(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Leave no trace in the shell; agent and session are kept for the next loading."""
    manager = ipython.magics_manager
    manager.registry.pop(DariMagics.__name__, None)
    for magics in manager.magics.values():
        for name, function in list(magics.items()):
            if isinstance(getattr(function, "__self__", None), DariMagics):
                del magics[name]
    configurables = ipython.configurables
    configurables[:] = [each for each in configurables if not isinstance(each, DariMagics)]
    matchers = ipython.Completer.custom_matchers
    matchers[:] = [m for m in matchers if getattr(m, "matcher_identifier", "") != "dari_nb"]
    leave_statements(ipython)
    leave_questions(ipython)
    if "dari_nb.resources.display.presentation" in sys.modules:
        sys.modules["dari_nb.resources.display.presentation"].leave(ipython)
