"""The magics: thin lines over functions that a user could call."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import (
    Magics,
    cell_magic,
    line_cell_magic,
    line_magic,
    magics_class,
    no_var_expand,
)

from . import batches, chatting, dari, loading, publishing, sending, showing
from .completion import Completion
from .state import State, usage_errors

__all__ = ["DariMagics", "load_ipython_extension"]


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
        return dari.dari(self.state, line)

    @no_var_expand
    @line_cell_magic
    @usage_errors
    def dari_send(self, line: str, cell: str | None = None) -> None:
        """Send a message to the current session: ``turn = session.send(text).follow()``."""
        sending.send(self.shell, self.state, line, cell)

    @no_var_expand
    @cell_magic
    @usage_errors
    def dari_agent(self, line: str, cell: str) -> None:
        """Start a session with an agent: ``turn = d.agents.get(name).send(text).follow()``."""
        sending.agent(self.shell, self.state, line, cell)

    @no_var_expand
    @line_cell_magic
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
    @usage_errors
    def dari_follow(self, line: str) -> None:
        """Show a session's last turn live, again: ``turn = session.follow()``."""
        sending.follow(self.shell, self.state, line)

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


def load_ipython_extension(ipython: Any) -> None:
    """Register the magics and their completion; loading again keeps agent and session."""
    before = ipython.magics_manager.registry.get("DariMagics")
    magics = DariMagics(ipython, before.state if before else None)
    ipython.register_magics(magics)
    matchers = ipython.Completer.custom_matchers
    matchers[:] = [m for m in matchers if getattr(m, "matcher_identifier", "") != "dari_nb"]
    matchers.append(Completion(magics.state, ipython.user_ns).matcher())
