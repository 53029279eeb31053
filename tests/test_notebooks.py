"""The lessons run from top to bottom, and their outputs are static output that reads anywhere."""

from __future__ import annotations

import json
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter

import dari_nb as dari

from .recorded import FILES

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
STATIC = {"text/html", "text/markdown", "text/plain"}
PROGRESS = re.compile(r"[\d,]+ [a-z ]+ in [\d.]+ m?s")
TURN_MAGICS = ("%%dari_agent", "%dari_send", "%dari_transcript")
MATRICES = (
    "second",
    "beside",
    "matrix",
    "compared",
    'matrix.trajectories(int(task), success="reward")',
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


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_the_page_of_a_lesson_is_called_as_its_first_line(path: Path) -> None:
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    page, _ = HTMLExporter().from_notebook_node(notebook)
    title = notebook.cells[0].source.partition("\n")[0].removeprefix("# ")
    assert f"<title>{title} · dari_nb</title>" in page


def is_shown(output: Any) -> bool:
    """Whether an output is none that only a busy machine has, on which something took a while."""
    return "data" in output and not PROGRESS.fullmatch(output.data.get("text/plain", ""))


@pytest.mark.parametrize("runs", FILES, ids=lambda path: path.name)
def test_the_first_lesson_runs_and_leaves_static_output(
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
    assert all(bundles == [STATIC] for bundles in shown.values()), shown
    saved = json.dumps(notebook)
    assert "dari_local_" not in saved
    assert "widget-view" not in saved
    told = capsys.readouterr().out
    assert "evaluate" in told
    assert "No language model is here: the demo agents answer" in told


def test_the_first_lesson_asks_a_real_model(demo: ModuleType, real_model: Path) -> None:
    notebook = nbformat.read(demo.NOTEBOOK, nbformat.NO_CONVERT)
    places = [place for place, cell in enumerate(notebook.cells) if cell.id == "model-01"]
    notebook.cells = notebook.cells[: places[0] + 1]
    demo.execute(notebook, FILES[0])
    [output] = notebook.cells[-1].outputs
    assert set(output.data) == STATIC
    assert "assistant" in output.data["text/plain"]
    assert "exact" in output.data["text/plain"]


@pytest.mark.parametrize("runs", FILES, ids=lambda path: path.name)
def test_the_second_lesson_runs_pays_once_and_leaves_static_output(
    demo: ModuleType, runs: Path, tmp_path: Path
) -> None:
    before = sorted(NOTEBOOKS.iterdir())
    notebook = nbformat.read(NOTEBOOKS / "02_comparing_models.ipynb", nbformat.NO_CONVERT)
    # The words of a model are on a tape: it need not be here.
    demo.execute(notebook, runs, {"DARI_NB_CACHE": str(tmp_path)})
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    shown = {
        cell.id: [set(output.data) for output in cell.outputs if is_shown(output)]
        for cell in cells
        if cell.source.startswith("%%dari_batch") or cell.source.split("\n")[-1] in MATRICES
    }
    assert len(shown) == len(MATRICES) + 2
    assert all(bundles == [STATIC] for bundles in shown.values()), shown
    printed = "".join(o.text for cell in cells for o in cell.outputs if o.output_type == "stream")
    assert re.fullmatch(r"(\S+): 20 sessions started\n\1: nothing sent, all is there .*\n", printed)
    [dashboard] = [cell for cell in cells if "widgets.HBox([table, reader]" in cell.source]
    boxes, chart = (output.data for output in dashboard.outputs)
    assert (set(boxes), boxes["text/plain"].count("A ticket costs 121")) == (STATIC, 1)
    assert chart["text/plain"].startswith("llm_id  median")
    values = {
        cell.source.split("\n")[0]: output.data["text/plain"]
        for cell in cells
        for output in cell.outputs
        if "data" in output
    }
    assert "(1, 'failed', 'RuntimeError: spilled the ink'), (2, 'completed'" in values[HISTORY]
    assert values["import tempfile"] == "True"
    beside = values["beside = dari.compare_batches(first, second)"]
    assert "2 columns, 2 are worse, 6 better, 16 alike against prompt 1" in beside
    assert "12 tasks do not settle which" in beside
    saved = json.dumps(notebook)
    assert "dari_local_" not in saved
    assert "widget-view" not in saved
    assert sorted(NOTEBOOKS.iterdir()) == before


@pytest.mark.parametrize("model", ["no model", "the model"])
def test_the_lesson_on_tape_plays_what_a_model_said_where_there_is_none(
    demo: ModuleType, model: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    settings = {"DARI_NB_CACHE": str(tmp_path)}
    if model == "the model":
        request.getfixturevalue("real_model")
        settings = {}
    before = {path: path.read_bytes() for path in NOTEBOOKS.glob("*.tape")}
    notebook = nbformat.read(NOTEBOOKS / "04_a_lesson_on_tape.ipynb", nbformat.NO_CONVERT)
    demo.execute(notebook, FILES[0], settings)
    cells = {cell.source: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}

    def output_of(start: str) -> str:
        outputs = next(outputs for source, outputs in cells.items() if source.startswith(start))
        return "\n".join(o.data["text/plain"] if "data" in o else o.text for o in outputs)

    assert "has an inner function" in output_of("%%dari_agent assistant")
    assert "map_attr" in output_of("%dari_send")
    assert "13 * 8" in output_of(
        'with dari.recording(mine):\n    session = d.agents.get("calculator")'
    )
    assert "It goes on behind this question" in output_of("mine.view()")
    assert "leap year" in output_of("tape.view(")
    assert "Will it be right?" in output_of("tape.answers()")
    saved = json.dumps(notebook)
    # What comes behind a question that nobody has answered; ids may have such digits, too.
    assert re.search(r"(?<![\w.-])1999(?![\w-])", saved) is None
    assert "widget-view" not in saved
    assert {path: path.read_bytes() for path in NOTEBOOKS.glob("*.tape")} == before


def test_the_lesson_says_of_a_page_what_the_page_says(tmp_path: Path) -> None:
    lesson = nbformat.read(NOTEBOOKS / "04_a_lesson_on_tape.ipynb", nbformat.NO_CONVERT)
    told = " ".join(" ".join(cell.source.split()) for cell in lesson.cells)
    tape = dari.Tape(NOTEBOOKS / "04_a_lesson_on_tape.tape")
    page = tape.to_html(tmp_path / "x.html").read_text()
    holds = "also what comes behind its questions"
    assert holds in page
    assert holds in told
    assert "no page" not in told


def test_a_missing_file_of_runs_is_named(
    demo: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DARI_NB_RUNS", "nowhere.jsonl")
    assert demo.main() == 2
    assert "nowhere.jsonl" in capsys.readouterr().out
