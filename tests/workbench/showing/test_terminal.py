"""What a terminal gets, seen through a real one."""

import os
import pty
import subprocess
import sys

import pytest

CODE = """
from dari_nb.models import AssistantMessageItem, ToolCallItem, text_block
from dari_nb.render import Head
from dari_nb.workbench.link.host import print_items
calls = [ToolCallItem(id="1", tool_name="bash", arguments={"command": "ls"}, status="completed",
    result={"stdout": "", "exit_code": 2})]
said = [AssistantMessageItem(id="2", status="completed", content=[text_block("**Well** done")])]
print_items([*calls, *said], Head("tour", state="failed"))
"""


def shown_by_a_terminal(**environment):
    """Run the code with a terminal as its output; returns what the terminal got."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    leader, follower = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-c", CODE],
            stdout=follower,
            env=inherited | {"TERM": "xterm-256color", "COLUMNS": "80"} | environment,
            check=True,
            timeout=180,
        )
        return os.read(leader, 65_536).decode()
    finally:
        os.close(leader)
        os.close(follower)


def test_a_terminal_gets_colours():
    shown = shown_by_a_terminal()
    assert "\x1b[" in shown
    assert "exit 2" in shown


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_whoever_wants_no_colours_gets_no_escape_codes(environment):
    shown = shown_by_a_terminal(**environment)
    assert "\x1b" not in shown
    assert "bash ls" in shown
    assert "Well done" in shown
