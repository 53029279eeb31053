"""Stop, an interrupt, a limit of time and a failure each say one true thing, once."""

import contextlib
import os
import pty
import re
import subprocess
import sys
import threading

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from ... import kernels

ASK = "%%dari_agent gated -o turn\nHi"
BATCH = "%%dari_batch gated -o batch\nHi"
FOLLOW = "turn = d.agents.get('gated').send('Hi')\nturn.follow()"
TELLS = """
@d.server.agent("tells")
def tells(prompt):
    print("asked")
    gate.wait(60)
    yield "Yes."
"""
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


@pytest.mark.parametrize("cell", [ASK, FOLLOW], ids=["magic", "python"])
def test_an_interrupt_is_said_once_in_static_output_and_nowhere_else(kernel, cell):
    status, printed, static = interrupted(kernel, cell, "items")
    assert status == "error"
    assert printed == ""
    assert len(re.findall("you stopped watching", static)) == 1
    assert re.search(r"The turn goes on in its session: %dari_follow sess_\w+ shows it", static)
    for stale in ("working", "running", "stopped following"):
        assert stale not in static
    kernel.run("on = True")  # a Stop that came with the interrupt was heard until here
    kernel.until(lambda: kernel.page.views() == [])


def test_an_interrupt_within_an_output_is_said_once_too(kernel):
    kernel.run("import ipywidgets\nout = ipywidgets.Output()\nout")
    inside = f"with out:\n    {FOLLOW.splitlines()[1]}\n    print('never')\nprint('after it')"
    request = kernel.start(f"{FOLLOW.splitlines()[0]}\n{inside}")
    kernel.until(lambda: any("items" in str(told) for told in kernel.page.told.values()))
    kernel.interrupt()
    assert kernel.end_of(request) == ("ok", "after it\n")
    kernel.until(lambda: "you stopped watching" in kernel.page.static_outputs[-1])


def test_other_errors_within_an_output_are_shown_as_ever(kernel):
    kernel.run("import ipywidgets\nout = ipywidgets.Output()\nout")
    assert kernel.run(f"{FOLLOW.splitlines()[0]}\nwith out:\n    1 / 0") == (
        "RED ZeroDivisionError: division by zero"
    )


def test_what_it_says_to_do_works(kernel):
    _, _, static = interrupted(kernel, ASK, "items")
    kernel.run("gate.set()")
    follow = re.search(r"%dari_follow sess_\w+", static)[0]
    assert kernel.run(follow) == ""
    assert "the second part" in kernel.page.static_outputs[-1]


def test_an_interrupt_of_a_batch_is_said_once(kernel):
    status, printed, static = interrupted(kernel, BATCH, "news")
    assert status == "error"
    assert "RED" not in printed
    assert static.count("goes on: batch.follow(), or the cell run again, shows it") == 1
    assert "stopped" not in printed


def test_an_interrupted_cell_stops_the_ones_that_were_to_run_after_it(kernel):
    first = kernel.start(ASK)
    second = kernel.start("print('never')")
    kernel.until(lambda: any("items" in str(told) for told in kernel.page.told.values()))
    kernel.interrupt()
    assert kernel.end_of(first)[0] == "error"
    assert kernel.client.get_shell_msg(timeout=120)["parent_header"]["msg_id"] == second
    assert kernel.run("print('on')") == "on\n"


def test_without_a_view_an_interrupt_is_one_line(kernel):
    kernel.run(TELLS)
    request = kernel.start("%%dari_agent tells --quiet\nHi")
    kernel.until(lambda: "asked" in kernel.page.printed)
    with pressing(kernel):
        status, printed = kernel.end_of(request)
    assert status == "error"
    assert printed.count("\n") == 1
    assert printed.startswith("you stopped watching; the turn goes on in its session: %dari_follow")


@contextlib.contextmanager
def pressing(kernel):
    """Interrupt the kernel, and again when a first one came too early to be heard."""
    done = threading.Event()

    def press():
        kernel.interrupt()
        while not done.wait(2.0):
            kernel.interrupt()

    thread = threading.Thread(target=press)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_a_failure_is_said_once_and_stops_the_run(kernel):
    kernel.run(FAILS)
    request = kernel.start("%%dari_agent fails\nHi")
    status, printed = kernel.end_of(request)
    assert status == "error"
    assert printed == ""
    assert kernel.page.static_outputs[-1].count("the shelf is empty") == 1


def test_a_failure_that_is_not_shown_is_one_line(kernel):
    kernel.run(FAILS)
    status, printed = kernel.end_of(kernel.start("%%dari_agent fails --quiet\nHi"))
    assert status == "error"
    assert printed.count("the shelf is empty") == 1
    assert printed.count("\n") == 1


def test_headless_a_failure_is_in_static_output_once_and_in_the_error_that_ends_the_run():
    start = "%load_ext dari_nb\nimport dari_nb\nd = dari_nb.connect('local')\n" + FAILS
    cells = [start, "%%dari_agent fails\nHi", "raise AssertionError('never reached')"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with pytest.raises(CellExecutionError, match="the shelf is empty"):
        NotebookClient(book, kernels.manager(), timeout=180).execute(cleanup_kc=True)
    assert str(book.cells[1].outputs[-1].data["text/plain"]).count("the shelf is empty") == 1
    assert [output.output_type for output in book.cells[1].outputs] == ["display_data"]


def test_stop_in_the_page_leaves_calm_static_output_where_the_server_cancels_nothing(stranger):
    kernel = stranger
    kernel.run(ASK.replace("-o turn", "--bg -o turn"))
    [view] = kernel.page.views()
    kernel.until(lambda: any("items" in str(told) for told in kernel.page.told.get(view, ())))
    assert kernel.page.widgets[view]["stop"] == "Stop watching"
    kernel.say(view, {"kind": "request", "id": 1, "what": "stop", "body": None})
    kernel.until(lambda: not kernel.page.views())
    static = kernel.page.static_outputs[-1]
    assert static.count("you stopped watching") == 1
    assert "working" not in static
    assert "dari_cancel" not in static
    assert kernel.run("print(turn.session.refresh().last_message_status)") == "running\n"


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


def test_a_view_is_watched_again_where_the_server_cancels_nothing(stranger):
    kernel = stranger
    kernel.run("session = d.agents.get('gated').send('Hi').session\nsession.view()")
    [view] = kernel.page.views()
    kernel.say(view, {"kind": "here", "jupyter": True})
    state = kernel.page.widgets[view]
    kernel.until(lambda: state["watch"] == "Stop watching")
    kernel.say(view, {"kind": "request", "id": 1, "what": "watch", "body": None})
    kernel.until(lambda: state["watch"] == "Watch again")
    kernel.run("gate.set(); session.turn().wait()")
    kernel.say(view, {"kind": "request", "id": 2, "what": "watch", "body": None})
    kernel.until(lambda: state["watch"] == "" and state["status"] == "completed")


def test_a_transcript_that_is_no_session_has_nothing_to_stop(kernel):
    kernel.run("session = d.agents.get('echo').send('Hi').wait().session")
    kernel.run("session.transcript().view()")
    [view] = kernel.page.views()
    assert (kernel.page.widgets[view]["note"], kernel.page.widgets[view]["watch"]) == ("", "")
