"""Stop, an interrupt, a limit of time and a failure each say one true thing, once."""

import os
import pty
import re
import subprocess
import sys

ASK = "%%dari_agent gated -o turn\nHi"
FOLLOW = "turn = d.agents.get('gated').send('Hi')\nturn.follow()"
FAILS = """
@d.server.agent("fails")
def fails(prompt):
    yield "so far"
    raise RuntimeError("the shelf is empty")
"""


def interrupted(kernel, cell, seen):
    """Interrupt a cell once its page shows what came; returns status, print, last static output."""
    request = kernel.start(cell)
    kernel.until(
        lambda: kernel.page.outputs and any(seen in str(t) for t in kernel.page.told.values())
    )
    kernel.interrupt()
    status, printed = kernel.end_of(request)
    return status, printed, kernel.page.static_outputs[-1]


def test_an_interrupt_is_said_once_in_static_output_and_nowhere_else(kernel):
    status, printed, static = interrupted(kernel, FOLLOW, "items")
    assert status == "error"
    assert printed == ""
    assert len(re.findall("you stopped watching", static)) == 1
    assert re.search(r"The turn goes on in its session: %dari_follow sess_\w+ shows it", static)
    for stale in ("working", "running", "stopped following"):
        assert stale not in static
    kernel.run("on = True")  # a Stop that came with the interrupt was heard until here
    kernel.until(lambda: kernel.page.views() == [])


def test_an_interrupted_cell_stops_the_ones_that_were_to_run_after_it(kernel):
    first = kernel.start(ASK)
    second = kernel.start("print('never')")
    kernel.until(lambda: any("items" in str(told) for told in kernel.page.told.values()))
    kernel.interrupt()
    assert kernel.end_of(first)[0] == "error"
    assert kernel.client.get_shell_msg(timeout=120)["parent_header"]["msg_id"] == second
    assert kernel.run("print('on')") == "on\n"


def test_a_failure_that_is_not_shown_is_one_line(kernel):
    kernel.run(FAILS)
    status, printed = kernel.end_of(kernel.start("%%dari_agent fails --quiet\nHi"))
    assert status == "error"
    assert printed.count("the shelf is empty") == 1
    assert printed.count("\n") == 1


def test_a_chat_is_stopped_and_watched_again_where_the_server_cancels_nothing(stranger):
    kernel = stranger
    kernel.run("chat = d.agents.get('gated').chat()\nchat")
    [view] = kernel.page.views()
    message = {"key": "k", "text": "Hi", "files": [], "llm": ""}
    kernel.say(view, {"kind": "here", "jupyter": True})
    kernel.say(view, {"kind": "request", "id": 1, "what": "send", "body": message})
    state = kernel.page.widgets[view]
    kernel.until(lambda: state["watch"] == "Stop watching")
    kernel.say(view, {"kind": "request", "id": 2, "what": "watch", "body": None})
    kernel.until(lambda: state["watch"] == "Watch again")
    assert state["note"] == "you stopped watching; the turn goes on in its session"
    kernel.run("gate.set(); chat.session.turn().wait()")
    assert state["watch"] == "Watch again"
    kernel.say(view, {"kind": "request", "id": 3, "what": "watch", "body": None})
    kernel.until(lambda: state["watch"] == "" and state["status"] == "completed")
    assert state["note"] == ""


START = """
%load_ext dari_nb
import dari_nb, threading, _thread
d = dari_nb.connect("local")

@d.server.agent("gated")
def gated(prompt):
    yield "the first part"
    threading.Timer(1.0, _thread.interrupt_main).start()
    threading.Event().wait(60)
"""
TERMINAL = [START, "%dari use gated", "%dari_send Hi", "print('still', 'here')"]


def test_in_a_terminal_an_interrupt_is_one_line_and_the_shell_goes_on(tmp_path):
    script = tmp_path / "script.ipy"
    script.write_text("\n".join(f"get_ipython().run_cell({cell!r})" for cell in TERMINAL))
    said = _in_a_terminal([sys.executable, "-m", "IPython", "--no-banner", str(script)])
    assert len(re.findall("you stopped watching", said)) == 1
    assert "goes on in its session: %dari_follow sess_" in said
    assert "Traceback" not in said
    assert "UsageError" not in said
    assert "still here" in said


def _in_a_terminal(command):
    """Run a command with a terminal as its output; returns what the terminal got."""
    leader, follower = pty.openpty()
    environment = os.environ | {"TERM": "dumb", "COLUMNS": "200", "DARI_LOCAL_STEP_DELAY": "0"}
    process = subprocess.Popen(command, stdout=follower, stderr=follower, env=environment)
    os.close(follower)
    said = b""
    while True:
        try:
            part = os.read(leader, 65_536)
        except OSError:
            break
        if not part:
            break
        said += part
    process.wait(60)
    os.close(leader)
    return said.decode()


def test_a_turn_is_stopped_in_the_view_of_its_session(kernel):
    kernel.run("session = d.agents.get('gated').send('Hi').session\nsession.view()")
    [view] = kernel.page.views()
    kernel.say(view, {"kind": "here", "jupyter": True})
    state = kernel.page.widgets[view]
    kernel.until(lambda: state["watch"] == "Stop")
    kernel.say(view, {"kind": "request", "id": 1, "what": "watch", "body": None})
    kernel.until(lambda: state["watch"] == "")
    assert state["note"] == ""
    assert kernel.run("print(session.refresh().last_message_status)") == "failed\n"
    kernel.run("gate.set()\nsession.send('And now?').wait()")
    kernel.until(lambda: state["status"] == "completed" and state["watch"] == "")
