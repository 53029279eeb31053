"""The lessons run from top to bottom, and their outputs are paper that reads anywhere."""

from __future__ import annotations

import json
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
REAL_RUNS = NOTEBOOKS.parents[1] / "shared" / "data" / "airline-gpt4o.jsonl.gz"
RUNS = [path for path in (NOTEBOOKS / "runs.jsonl", REAL_RUNS) if path.is_file()]
PAPER = {"text/html", "text/markdown", "text/plain"}
TURN_MAGICS = ("%%dari_agent", "%dari_send", "%dari_transcript")
MATRICES = (
    "matrix",
    "compared",
    'desk = d.batches.run("clerk", orders, ["quick", "careful"]).follow()',
    "desk = desk.retry_failed().follow()",
    'desk = desk.add(tasks=further, llms=["expert"]).follow()',
    "desk.view()",
    "difference",
    'homework = course.batches.recover("homework").follow()',
)
HISTORY = '[(attempt.number, attempt.state, attempt.error) for attempt in desk[0, "quick"].history]'


@pytest.fixture
def demo() -> ModuleType:
    spec = spec_from_file_location("demo", NOTEBOOKS / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_lessons_are_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not [cell.source for cell in cells if cell.outputs or cell.execution_count]
    assert "widgets" not in notebook.metadata


@pytest.mark.parametrize("runs", RUNS, ids=lambda path: path.name)
def test_the_first_lesson_runs_and_leaves_paper(
    demo: ModuleType, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = nbformat.read(demo.NOTEBOOK, nbformat.NO_CONVERT)
    demo.execute(notebook, runs)
    shown = {
        cell.source: [set(output.data) for output in cell.outputs if "data" in output]
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source.startswith(TURN_MAGICS)
    }
    assert len(shown) >= 3
    assert all(bundles == [PAPER] for bundles in shown.values()), shown
    saved = json.dumps(notebook)
    assert "dari_local_" not in saved
    assert "widget-view" not in saved
    assert "evaluate" in capsys.readouterr().out


@pytest.mark.parametrize("runs", RUNS, ids=lambda path: path.name)
def test_the_second_lesson_runs_pays_once_and_leaves_paper(demo: ModuleType, runs: Path) -> None:
    before = sorted(NOTEBOOKS.iterdir())
    notebook = nbformat.read(NOTEBOOKS / "02_comparing_models.ipynb", nbformat.NO_CONVERT)
    demo.execute(notebook, runs)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    shown = {
        cell.id: [set(output.data) for output in cell.outputs if "data" in output]
        for cell in cells
        if cell.source.startswith("%%dari_batch") or cell.source.split("\n")[-1] in MATRICES
    }
    assert len(shown) == len(MATRICES) + 2
    assert all(bundles == [PAPER] for bundles in shown.values()), shown
    printed = "".join(o.text for cell in cells for o in cell.outputs if o.output_type == "stream")
    assert re.fullmatch(r"(\S+): 20 sessions started\n\1: nothing sent, all is there .*\n", printed)
    values = {
        cell.source.split("\n")[0]: output.data["text/plain"]
        for cell in cells
        for output in cell.outputs
        if "data" in output
    }
    assert "(1, 'failed', 'RuntimeError: spilled the ink'), (2, 'completed'" in values[HISTORY]
    assert values["import tempfile"] == "True"
    saved = json.dumps(notebook)
    assert "dari_local_" not in saved
    assert "widget-view" not in saved
    assert sorted(NOTEBOOKS.iterdir()) == before


def test_a_missing_file_of_runs_is_named(
    demo: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DARI_NB_RUNS", "nowhere.jsonl")
    assert demo.main() == 2
    assert "nowhere.jsonl" in capsys.readouterr().out
