"""What a terminal gets, seen through a real one."""

import os
import pty
import subprocess
import sys

import pytest

CODE = """
from dari_nb.models import AssistantMessageItem, ToolCallItem, text_block
from dari_nb.render import Head
from dari_nb.resources.connection.host import print_items
calls = [ToolCallItem(id="1", tool_name="bash", arguments={"command": "ls"}, status="completed",
    result={"stdout": "", "exit_code": 2})]
said = [AssistantMessageItem(id="2", status="completed", content=[text_block("**Well** done")])]
print_items([*calls, *said], Head("tour", state="failed"))
"""


HOSTILE = r"""
import json, os, sys, tempfile
import dari_nb as dari
bad = "a\x1b]0;pwned\x07\x1b[2J\x9b31m\u202e b"
end = {"status": "failed", "previous_status": "running", "error": bad}
lines = [
    {"dari_tape": 1, "times": False},
    {"agent": bad},
    {"turn": "msg_1", "session": "sess_1", "key": "1" * 16, "agent": bad, "asked": bad},
    {"event": "message.status_changed", "data": end},
]
path = os.path.join(tempfile.mkdtemp(), "hostile.tape")
with open(path, "w") as file:
    file.writelines(json.dumps(line) + "\n" for line in lines)
os.environ["DARI_LOCAL_HOME"] = tempfile.mkdtemp()
d = dari.connect("local", tape=dari.Tape(path, mode="play"))
agent = d.agents.get(bad)
print(agent, list(d.agents), agent.version(), agent.chat())
for ask in (lambda: agent.send("other").wait(), lambda: d.agents.get(bad + "!")):
    try:
        ask()
    except dari.DariError as error:
        print(error)
print("all said")
"""


def test_no_escape_codes_of_a_server_get_to_a_terminal():
    shown = shown_by_a_terminal(HOSTILE)
    assert "all said" in shown
    assert shown.count("pwned") > 5
    assert not set(shown) & set("\x1b\x07\x9b\u202e")


def shown_by_a_terminal(code=CODE, **environment):
    """Run the code with a terminal as its output; returns what the terminal got."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    leader, follower = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-c", code],
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


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}])
def test_whoever_wants_no_colours_gets_no_escape_codes(environment):
    shown = shown_by_a_terminal(**environment)
    assert "\x1b" not in shown
    assert "bash ls" in shown
    assert "Well done" in shown
