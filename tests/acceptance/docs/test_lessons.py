"""The lessons run in a kernel, with what is installed by default, and leave static outputs."""

import json
import os
from pathlib import Path
from shutil import copy

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))
STATIC = {"text/html", "text/markdown", "text/plain"}
WIDGET = "application/vnd.jupyter.widget-view+json"
EXTRAS = {"PIL", "altair", "dask", "matplotlib", "pyarrow", "vl_convert", "xllamacpp", "zstandard"}
NEEDED = {"02_comparing_models": {"altair", "vl_convert", "pyarrow"}}
"""Extras of lessons: charts and a Parquet file."""
SHOWING = ("%%dari_agent", "%dari_send", "%dari_transcript", "%%dari_batch", "%%dari_publish")
NO_CDN = dict.fromkeys(("require_js_url", "mathjax_url", "jquery_url", "mermaid_js_url"), "")


def read(path):
    return nbformat.read(path, nbformat.NO_CONVERT)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def run(notebook, folder, env):
    """Run a notebook in a folder with the tapes of the lessons."""
    for tape in NOTEBOOKS.glob("*.tape"):
        copy(tape, folder)
    paths = os.pathsep.join([str(folder), env["PYTHONPATH"], str(NOTEBOOKS)])
    runs = {"DARI_NB_RUNS": str(NOTEBOOKS / "runs.jsonl"), "PYTHONPATH": paths}
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": folder}}, store_widget_state=False
    )
    client.execute(env={**env, **runs})


@pytest.fixture(scope="module", params=LESSONS, ids=lambda path: path.stem)
def lesson(request, plain_env, tmp_path_factory):
    """Return a lesson after it has run, without the extras that it doesn't need."""
    folder = tmp_path_factory.mktemp("lesson")
    missing = sorted(EXTRAS - NEEDED.get(request.param.stem, set()))
    # Python imports this module before anything else.
    hide = f"import sys\nsys.modules.update(dict.fromkeys({missing}))\n"
    (folder / "sitecustomize.py").write_text(hide)
    notebook = read(request.param)
    run(notebook, folder, plain_env)
    return notebook


def test_lesson_shows_static_outputs(lesson):
    shown = [cell for cell in code_cells(lesson) if cell.source.startswith(SHOWING)]
    assert shown
    for cell in shown:
        assert STATIC in [set(o.data) for o in cell.outputs if "data" in o], cell.source
    assert WIDGET not in json.dumps(lesson)


def test_lesson_saves_no_key(lesson):
    assert "dari_local_" not in json.dumps(lesson)


def test_lesson_exports_to_page(lesson):
    page, _ = HTMLExporter(**NO_CDN).from_notebook_node(lesson)
    title = lesson.cells[0].source.partition("\n")[0].removeprefix("# ")
    assert f"<title>{title}" in page


def test_first_lesson_asks_pulled_model(real_model, plain_env, tmp_path):
    notebook = read(LESSONS[0])
    place = next(n for n, cell in enumerate(notebook.cells) if cell.id == "model-01")
    notebook.cells = notebook.cells[: place + 1]
    run(notebook, tmp_path, {**plain_env, "DARI_NB_CACHE": os.environ["DARI_NB_CACHE"]})
    [output] = notebook.cells[-1].outputs
    assert set(output.data) == STATIC
    assert "assistant" in output.data["text/plain"]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lesson_is_saved_without_outputs(path):
    notebook = read(path)
    assert not [c.source for c in code_cells(notebook) if c.outputs or c.execution_count]
    assert "widgets" not in notebook.metadata
