"""The magics in a real kernel, with no front end: what nbclient and papermill see."""

import os
import time

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

START = """
%load_ext dari_nb
import dari_nb, threading
d = dari_nb.connect("local")
key = d.server.api_key
gate = threading.Event()

@d.server.agent("gated")
def gated(prompt):
    yield "the first part"
    gate.wait(20)
    yield "the second part"
"""
BUNDLE = {"text/html", "text/markdown", "text/plain"}


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setenv("DARI_LOCAL_PACE", "0")
    for name in ("DARI_API_KEY", "DARI_API_URL"):
        monkeypatch.delenv(name, raising=False)


def execute(*cells):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in (START, *cells)]
    )
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    return notebook


def bundles(cell):
    return [set(output.data) for output in cell.outputs if output.output_type == "display_data"]


def test_a_turn_leaves_paper_and_no_widget():
    notebook = execute("%%dari_agent tour\nHello", "print(key)")
    assert bundles(notebook.cells[1]) == [BUNDLE]
    saved = nbformat.writes(nbformat.v4.new_notebook(cells=notebook.cells[:2]))
    assert "widget-view" not in saved
    assert "widgets" not in notebook.metadata
    key = notebook.cells[2].outputs[0].text.strip()
    assert key.startswith("dari_local_")
    assert key not in saved


def test_a_failing_magic_stops_the_run():
    with pytest.raises(CellExecutionError):
        execute("%%dari_agent nobody\nHello", "raise AssertionError('never reached')")


def test_a_failed_turn_stops_the_run():
    with pytest.raises(CellExecutionError):
        execute("%%dari_agent tour\nAn error, please", "raise AssertionError('never reached')")


def test_a_turn_at_the_end_of_a_cell_becomes_paper_when_it_ends():
    notebook = execute(
        "turn = d.agents.get('gated').send('Hi')\nturn",
        "gate.set()\nturn.wait()\nimport time\ntime.sleep(0.5)",
        "turn",
    )
    assert bundles(notebook.cells[1]) == [BUNDLE]
    assert "the second part" in notebook.cells[1].outputs[0].data["text/plain"]
    assert bundles(notebook.cells[3]) == [BUNDLE]


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
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=dict(os.environ))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=30)
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
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            message = self.client.get_iopub_msg(timeout=30)
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["content"].get("execution_state") == "idle":
                return self.client.get_shell_msg(timeout=10)["content"]["status"], outputs
            outputs.append(message["content"])
        raise AssertionError("the cell did not end in 30 s")


def test_an_interrupt_returns_within_a_second_and_following_goes_on(kernel):
    assert kernel.run(START)[0] == "ok"
    request = kernel.client.execute("%%dari_agent gated -o turn\nHi")
    kernel.client.get_iopub_msg(timeout=10)
    time.sleep(1.5)
    began = time.monotonic()
    kernel.manager.interrupt_kernel()
    status, outputs = kernel.end_of(request)
    assert time.monotonic() - began < 1
    assert status == "error"
    paper = [o["data"] for o in outputs if "text/html" in o.get("data", {})]
    assert "the first part" in paper[-1]["text/plain"]
    errors = "".join(o.get("text", "") for o in outputs)
    assert "stopped following; the turn goes on in sess_" in errors
    assert "%dari_follow" in errors
    assert "Traceback" not in errors

    status, outputs = kernel.run("gate.set()\nget_ipython().run_line_magic('dari_follow', '')")
    assert status == "ok"
    paper = [o["data"] for o in outputs if "text/html" in o.get("data", {})]
    assert "the second part" in paper[-1]["text/plain"]
    assert kernel.run("assert turn.status == 'completed'")[0] == "ok"
