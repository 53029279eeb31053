"""Plain IPython and a script: the same objects as text, in colour only where there is a screen."""

import os
import pty
import re
import select
import subprocess
import sys

import pytest
from rich.cells import cell_len

CODE = """
import os
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
import dari_nb as dari
from dari_nb.local import ToolCall, ToolResult
d = dari.connect("local")

@d.server.agent("helper")
def helper(prompt):
    yield ToolCall("look", {"where": "in the box" * 30})
    yield ToolResult("found it")
    yield "You **said** " + prompt * 9 + " ネコ" * 70

turn = d.agents.get("helper").send("hello ").follow()
"""
SHOW = "turn\nturn.session\nd.sessions.list()\nturn.session.view()\nexit\n"
CODES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[=>])")


def run(arguments, environment=None, stdin=None):
    inherited = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    return subprocess.run(
        [sys.executable, *arguments],
        env=inherited | (environment or {}),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    ).stdout


def on_a_screen(arguments, width):
    """Run it with a terminal of this width as its output; returns what came to the screen."""
    leader, follower = pty.openpty()
    environment = {"TERM": "xterm-256color", "COLUMNS": str(width)}
    process = subprocess.Popen(
        [sys.executable, *arguments], stdout=follower, env=os.environ | environment
    )
    os.close(follower)
    seen = b""
    while select.select([leader], [], [], 60)[0]:
        try:
            seen += os.read(leader, 65_536)
        except OSError:  # the other end is closed
            break
    os.close(leader)
    assert process.wait(60) == 0
    return seen.decode()


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(CODE)
    return path


@pytest.mark.parametrize("width", [60])
def test_on_a_screen_a_script_shows_a_turn_in_colour_and_in_its_width(script, width):
    screen = on_a_screen([str(script)], width)
    assert "\x1b[" in screen
    lines = CODES.sub("", screen).replace("\r", "").split("\n")
    assert max(cell_len(line) for line in lines) <= width
    text = " ".join(" ".join(lines).split())
    order = ["You", "hello", "look", "found it", "helper", "You said", "ネコ"]
    places = [text.index(word) for word in order]
    assert places == sorted(places)


def test_a_piped_script_writes_no_escape_codes(script):
    out = run([str(script)])
    assert "\x1b" not in out
    assert "You said" in out


def test_plain_ipython_shows_every_object_as_text(tmp_path):
    start = ["-m", "IPython", "--no-banner", "--simple-prompt", "--colors=NoColor"]
    out = run([*start, "-i"], {"IPYTHONDIR": str(tmp_path)}, CODE + SHOW)
    assert "\x1b" not in out
    assert "Traceback" not in out
    assert out.count("You said") >= 3
