"""The magics in a real kernel, with no front end: what nbclient and papermill see."""

import os
import time

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from .. import kernels

START = """
%load_ext dari_nb
import dari_nb, threading
d = dari_nb.connect("local")
key = d.server.api_key
gate = threading.Event()

@d.server.agent("gated")
def gated(prompt):
    yield "the first part"
    gate.wait(60)
    yield "the second part"
"""
BUNDLE = {"text/html", "text/markdown", "text/plain"}


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setenv("DARI_LOCAL_STEP_DELAY", "0")
    for name in ("DARI_API_KEY", "DARI_API_URL"):
        monkeypatch.delenv(name, raising=False)


def execute(*cells):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in (START, *cells)]
    )
    NotebookClient(notebook, kernels.manager(), timeout=180).execute(cleanup_kc=True)
    return notebook


def bundles(cell):
    return [set(output.data) for output in cell.outputs if output.output_type == "display_data"]


def test_a_turn_leaves_static_output_and_no_widget():
    notebook = execute("%%dari_agent tour\nHello", "print(key)")
    assert bundles(notebook.cells[1]) == [BUNDLE]
    saved = nbformat.writes(nbformat.v4.new_notebook(cells=notebook.cells[:2]))
    assert "widget-view" not in saved
    assert "widgets" not in notebook.metadata
    key = notebook.cells[2].outputs[0].text.strip()
    assert key.startswith("dari_local_")
    assert key not in saved


@pytest.mark.parametrize("line", ["%%dari_agent gated", "%%dari_batch gated"])
def test_a_time_that_is_up_is_said_once_and_calmly(line):
    cells = (START, f"{line} --timeout 0.5\nHello", "gate.set()")
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    NotebookClient(notebook, kernels.manager(), timeout=180, allow_errors=True).execute(
        cleanup_kc=True
    )
    outputs = notebook.cells[1].outputs
    assert [output for output in outputs if output.output_type == "error"] == []
    shown = "".join(output.get("text") or output.data["text/plain"] for output in outputs)
    assert shown.count("not finished after 0.5 s") == 1
    assert shown.count("goes on") == 1


def test_a_box_of_views_leaves_their_static_output_and_no_widget():
    box = """
import ipywidgets as w
session = d.agents["tour"].send("What is in a box?").wait().session
w.HBox([w.Tab([session.view(), session.chat()]), w.IntSlider(), d.sessions.view()])"""
    notebook = execute(box)
    assert bundles(notebook.cells[1]) == [BUNDLE]
    told = notebook.cells[1].outputs[0].data["text/plain"]
    assert (told.count("1 turn · 3 calls"), told.count("sess_")) == (2, 1)
    assert "widget-view" not in nbformat.writes(notebook)


def test_a_failing_magic_stops_the_run():
    with pytest.raises(CellExecutionError):
        execute("%%dari_agent nobody\nHello", "raise AssertionError('never reached')")


def test_a_failed_turn_stops_the_run():
    with pytest.raises(CellExecutionError):
        execute("%%dari_agent tour\nAn error, please", "raise AssertionError('never reached')")


def test_a_turn_at_the_end_of_a_cell_becomes_static_output_when_it_ends():
    notebook = execute(
        "turn = d.agents.get('gated').send('Hi')\nturn",
        "gate.set()\nturn.wait()",
        "turn",
    )
    assert bundles(notebook.cells[1]) == [BUNDLE]
    assert "the second part" in notebook.cells[1].outputs[0].data["text/plain"]
    assert bundles(notebook.cells[3]) == [BUNDLE]


def test_a_turn_that_ends_in_the_last_cell_is_static_output_before_the_kernel_goes():
    for _ in range(3):
        notebook = execute(
            "turn = d.agents.get('gated').send('Hi')\nturn", "gate.set()\nturn.wait()\nNone"
        )
        assert bundles(notebook.cells[1]) == [BUNDLE]
        assert "the second part" in notebook.cells[1].outputs[0].data["text/plain"]


def test_lists_frames_and_sessions_show_as_tables_and_transcripts():
    notebook = execute(
        "%%dari_agent echo -o turn\nHi",
        "%dari agents",
        "%dari",
        "turn.session",
        "%dari_transcript",
        "dari_nb.events_frame(turn)",
    )
    for cell in notebook.cells[2:]:
        assert "text/html" in cell.outputs[0].data


@pytest.fixture
def kernel():
    manager, client = kernels.started(os.environ)
    yield Kernel(manager, client)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


class Kernel:
    def __init__(self, manager, client):
        self.manager = manager
        self.client = client

    def run(self, code):
        """Run a cell to its end; returns the reply's status and the outputs' contents."""
        return self.end_of(self.client.execute(code))

    def end_of(self, request):
        outputs = []
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            message = self.client.get_iopub_msg(timeout=180)
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["content"].get("execution_state") == "idle":
                return self._reply(request)["content"]["status"], outputs
            outputs.append(message["content"])
        raise AssertionError("the cell did not end in 60 s")

    def _reply(self, request):
        while True:
            reply = self.client.get_shell_msg(timeout=180)
            if reply["parent_header"]["msg_id"] == request:
                return reply  # and not to a question from when the kernel started


def test_an_interrupt_returns_while_the_turn_goes_on_and_following_does_too(kernel):
    assert kernel.run(START)[0] == "ok"
    request = kernel.client.execute("%%dari_agent gated -o turn\nHi")
    shown = b""
    while b"the first part" not in shown:
        shown = b"".join(kernel.client.get_iopub_msg(timeout=180)["buffers"])
    kernel.manager.interrupt_kernel()
    status, outputs = kernel.end_of(request)
    assert status == "error"
    static = [o["data"] for o in outputs if "text/html" in o.get("data", {})]
    assert "the first part" in static[-1]["text/plain"]
    assert "The turn goes on in its session: %dari_follow sess_" in static[-1]["text/plain"]
    assert not [o for o in outputs if "text" in o or "traceback" in o]

    status, outputs = kernel.run("gate.set()\nget_ipython().run_line_magic('dari_follow', '')")
    assert status == "ok"
    # The static output of the cell before may be written anew meanwhile.
    told = [o.get("data", {}).get("text/plain", "") for o in outputs]
    assert any("the second part" in text for text in told)
    assert kernel.run("assert turn.status == 'completed'")[0] == "ok"


@pytest.mark.parametrize("waits", ["await turn", "turn.text", "turn.wait()", "await batch"])
def test_whoever_waits_for_a_turn_hears_an_interrupt_before_anything_comes(kernel, waits):
    assert kernel.run(START)[0] == "ok"
    begin = "turn = d.agents.get('gated').send('Hi')"
    if "batch" in waits:
        begin = "batch = d.batches.run('gated', ['Hi'])\nturn = batch[0, None].turn"
    request = kernel.client.execute(
        f"{begin}\nwhile len(turn.items) < 3: pass\nprint('now')\n{waits}"
    )
    while "now" not in kernel.client.get_iopub_msg(timeout=120)["content"].get("text", ""):
        pass
    kernel.manager.interrupt_kernel()
    assert kernel.end_of(request)[0] == "error"
    assert kernel.run("assert turn.status == 'running'")[0] == "ok"


def test_a_question_on_a_line_is_asked():
    notebook = execute(
        "%dari use echo",
        "%dari_send What is a closure?",
        "turn = %dari_send --quiet And what is a generator??",
        "print([message.parts[0]['text'] for message in d.sessions.list()[0].messages()])",
    )
    assert bundles(notebook.cells[2]) == [BUNDLE]
    asked = ["What is a closure?", "And what is a generator??"]
    assert notebook.cells[4].outputs[0].text.strip() == str(asked)


@pytest.mark.parametrize(
    "cell",
    [
        "%dari_send Hello",
        "t = %dari_send Hello",
        "%%dari_agent echo\nHello",
        "%dari_agent echo Hello",
        "get_ipython().run_line_magic('dari_send', 'Hello')",
        "%load_ext dari_nb\n%dari_send Hello",
    ],
)
def test_a_turn_is_one_output_of_its_cell(cell):
    before = "%unload_ext dari_nb" if cell.startswith("%load_ext") else "pass"
    notebook = execute("%dari use echo", before, cell)
    assert [output.output_type for output in notebook.cells[3].outputs] == ["display_data"]


def test_a_magic_still_tells_what_it_does_and_completes_its_line(kernel):
    assert kernel.run(START)[0] == "ok"
    line = "%dari_send --qui"
    told = kernel.client.inspect(line, 5, reply=True, timeout=180)["content"]
    assert told["found"]
    assert "message" in told["data"]["text/plain"]
    offered = kernel.client.complete(line, len(line), reply=True, timeout=180)["content"]
    assert "--quiet" in offered["matches"]
    asking = kernel.client.is_complete("%dari_send What is a closure?")
    replied = kernel.client.get_shell_msg(timeout=180)
    assert replied["parent_header"]["msg_id"] == asking
    assert replied["content"]["status"] == "complete"
