"""The lesson about tools: with the stand-in beside it, and with a real model if one is named."""

from __future__ import annotations

import json
import os
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import nbformat

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
STATIC = {"text/html", "text/markdown", "text/plain"}
REAL = os.environ.get("DARI_NB_TEST_LLM_URL")
MODEL = os.environ.get("DARI_NB_TEST_LLM_MODEL", "default")


def executed(**settings: str) -> list[Any]:
    """The code cells of the lesson, after it ran."""
    spec = spec_from_file_location("demo", NOTEBOOKS / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    demo = module_from_spec(spec)
    spec.loader.exec_module(demo)
    notebook = nbformat.read(NOTEBOOKS / "03_agents_with_tools.ipynb", nbformat.NO_CONVERT)
    demo.execute(notebook, NOTEBOOKS / "runs.jsonl", settings)
    saved = json.dumps(notebook)
    assert "dari_local_" not in saved
    assert "widget-view" not in saved
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(cells: list[Any], start: str) -> str:
    """What the cell shows that begins like this."""
    cell = next(cell for cell in cells if cell.source.startswith(start))
    shown = [output for output in cell.outputs if "data" in output]
    return "\n".join(output.data["text/plain"] for output in shown)


def test_the_lesson_runs_with_no_server_and_leaves_static_output() -> None:
    cells = executed()
    guessed = next(cell for cell in cells if "%dari_agent assistant" in cell.source)
    assert set(guessed.outputs[-1].data) == STATIC
    assert "18-karat gold necklace" in text_of(cells, "import tempfile")
    published = [cell for cell in cells if cell.source.startswith("%%dari_publish")]
    for cell in [*published, next(c for c in cells if c.source.startswith("%%dari_agent"))]:
        # What takes longer than a second leaves a line about that, too.
        assert [set(o.data) for o in cell.outputs if "data" in o][-1] == STATIC, cell.source
    assert "desk" in text_of(cells, "%%dari_agent")
    refused = text_of(cells, "[(call.tool_name")
    assert "sales_in" in refused
    assert "none of the agent's business" in refused
    assert "Be brief" in published[1].outputs[-1].data["text/plain"]
    frame = text_of(cells, "batch.refresh()")
    assert "ver_" in frame
    assert "NaN" not in frame


# With nothing to ask there is nothing to test: then this is no test, and none is skipped.
if REAL is not None:

    def test_the_lesson_runs_unchanged_with_a_real_model() -> None:
        cells = executed(DARI_NB_LLM_URL=REAL, DARI_NB_LLM_MODEL=MODEL)
        assert "3 tasks" in text_of(cells, "shop = d.agents")
