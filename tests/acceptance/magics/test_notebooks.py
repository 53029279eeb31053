"""Notebooks that nbclient runs, with no front end: static output is saved, failures stop."""

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from ... import kernels

STATIC = {"text/html", "text/markdown", "text/plain"}


@pytest.fixture(autouse=True)
def agents(server, gate):
    @server.agent("opener")
    def opener(prompt):
        gate.opened.set()
        return "opened"

    @server.agent("broken")
    def broken(prompt):
        yield "so far"
        raise ValueError("no luck")


@pytest.fixture
def execute(env, monkeypatch):
    """Return a function that runs cells in a kernel of their own and returns the notebook."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)

    def run(*cells, fails=False):
        sources = ["%load_ext dari_nb\nimport dari_nb as dari\nd = dari.connect()", *cells]
        notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, sources)))
        client = NotebookClient(notebook, kernels.manager(), timeout=60)
        if fails:
            with pytest.raises(CellExecutionError):
                client.execute(cleanup_kc=True)
        else:
            client.execute(cleanup_kc=True)
        saved = nbformat.writes(notebook)
        assert "widget-view" not in saved
        assert env["DARI_API_KEY"] not in saved
        return notebook

    return run


def shown(cell):
    return [each.data for each in cell.outputs if each.output_type == "display_data"]


@pytest.mark.parametrize(
    "failing",
    ["%dari_agent nobody Hi", "%dari_agent broken Hi", "%dari_send {nope}", "%dari_send --llm"],
)
def test_failing_magic_stops_run(execute, failing):
    notebook = execute("%dari_agent echo Hello", failing, "print('reached')", fails=True)
    assert "widgets" not in notebook.metadata
    _, answer, _, after = notebook.cells
    [bundle] = shown(answer)
    assert set(bundle) == STATIC
    assert "Hello" in bundle["text/plain"]
    assert after.outputs == []
    assert after.execution_count is None


def test_outputs_are_saved_as_static_output(execute):
    notebook = execute(
        "turn = %dari_agent gated --bg Hi",
        "%%dari_batch echo --llm small --llm large\nHello\nGoodbye",
        "%dari agents",
        "%dari_transcript {turn.session.id}",
        "import ipywidgets as w\nw.HBox([turn.session.view(), d.sessions.view()])",
        "%dari_agent opener Open",
        "_ = turn.wait()",
    )
    turn, batch, agents, transcript, box, opener, _ = notebook.cells[1:]
    for cell, words in (
        (turn, "the second part"),
        (batch, "Goodbye"),
        (transcript, "the first part"),
        (box, "the first part"),
        (opener, "opened"),
    ):
        [bundle] = shown(cell)
        assert set(bundle) == STATIC
        assert words in bundle["text/plain"]
    assert {"text/html", "text/plain"} <= set(agents.outputs[0].data)
