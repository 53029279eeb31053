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
    return [each.data for each in cell.outputs if "data" in each]


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
    texts = {
        "turn = %dari_agent gated --bg Hi": "the second part",
        "turn": "the second part",
        "%dari_transcript {turn.session.id}": "Hi",
        "turn.session": "Hi",
        "%%dari_batch echo --llm small --llm large\nHello\nGoodbye": "Goodbye",
        "import ipywidgets as w\nw.HBox([turn.session.view(), d.sessions.view()])": "Hi",
        "%dari_agent opener Open": "opened",
    }
    tables = ["%dari", "%dari agents", "%dari sessions", "%dari_frame sessions --all"]
    notebook = execute(*texts, *tables, "_ = turn.wait()")
    _, *cells, _ = notebook.cells
    for cell, text in zip(cells, texts.values(), strict=False):
        [bundle] = shown(cell)
        assert set(bundle) == STATIC
        assert text in bundle["text/plain"]
    for cell in cells[len(texts) :]:
        assert {"text/html", "text/plain"} <= set(cell.outputs[0].data)
