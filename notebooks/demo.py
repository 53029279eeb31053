"""Executes the first notebook and the one on tape, prints them, and writes the first as demo.html.

``make demo`` runs it. The recorded runs that the notebook loads are those of the environment
variable ``DARI_NB_RUNS``, or else ``runs.jsonl`` in this folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from rich.console import Console
from rich.markdown import Markdown
from rich.padding import Padding
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

HERE = Path(__file__).parent
NOTEBOOK = HERE / "01_first_conversation.ipynb"
ON_TAPE = HERE / "04_a_lesson_on_tape.ipynb"
PAGE = HERE / "demo.html"
CACHE = "DARI_NB_CACHE"
"""The variable that says where pulled models are, when that is not the user's cache folder."""
NO_CDN = dict.fromkeys(("require_js_url", "mathjax_url", "jquery_url", "mermaid_js_url"), "")

console = Console(highlight=False)


def main() -> int:
    """Run and print both, and write the first; returns the exit code."""
    runs = Path(os.environ.get("DARI_NB_RUNS") or HERE / "runs.jsonl").absolute()
    if not runs.is_file():
        console.print(f"There is no file {runs}: RUNS=PATH names recorded runs.", markup=False)
        return 2
    notebook = nbformat.read(NOTEBOOK, nbformat.NO_CONVERT)
    try:
        execute(notebook, runs)
    except CellExecutionError as error:
        console.print(Text.from_ansi(str(error)))
        return 1
    finally:
        html, _ = HTMLExporter(**NO_CDN).from_notebook_node(notebook)
        PAGE.write_text(html, encoding="utf-8")
    console.print(Rule("that was the notebook; one that plays from a tape"))
    try:
        execute(nbformat.read(ON_TAPE, nbformat.NO_CONVERT), runs)
    except CellExecutionError as error:
        console.print(Text.from_ansi(str(error)))
        return 1
    console.print(Rule("that was all"))
    console.print(f"With all its colours it is in {PAGE}", markup=False, soft_wrap=True)
    console.print("`make lab` opens it in JupyterLab, to go on from there.", markup=False)
    return 0


def execute(
    notebook: nbformat.NotebookNode, runs: Path, settings: Mapping[str, str] | None = None
) -> None:
    """Run all cells in a kernel of their own, printing each as it finishes.

    The kernel has no API key, so it talks to a local Dari, and a folder to write into with nothing
    but the tapes of this one in it.
    ``settings`` are further variables of its environment.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith("DARI_") or k == CACHE}
    environment = kept | {
        "PYTHONPATH": str(HERE),
        "PYTHONDONTWRITEBYTECODE": "1",
        **(settings or {}),
    }
    with TemporaryDirectory() as folder:
        for tape in HERE.glob("*.tape"):
            copy(tape, folder)
        client = NotebookClient(
            notebook,
            timeout=120,
            resources={"metadata": {"path": folder}},
            on_cell_start=show_source,
            on_cell_executed=show_outputs,
            store_widget_state=False,
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
        )
        client.execute(env=environment | {"DARI_NB_RUNS": str(runs)})


def show_source(cell: nbformat.NotebookNode, cell_index: int) -> None:
    """Print a cell that is about to run; words are for reading, not for running."""
    if cell.cell_type == "markdown":
        console.print(Markdown(cell.source), "")
    elif cell.source.strip():
        console.print(
            Padding(Syntax(cell.source, "python", word_wrap=True), (0, 0, 1, 2), expand=False)
        )


def show_outputs(cell: nbformat.NotebookNode, cell_index: int, execute_reply: Any) -> None:
    """Print what a cell has shown, as its plain text."""
    for text in map(visible, texts(cell.outputs)):
        console.print(Padding(Text(text.strip("\n")), (0, 0, 1, 4), expand=False))


def texts(outputs: list[nbformat.NotebookNode]) -> Iterator[str]:
    """Give the text of each output that has one."""
    for output in outputs:
        if output.output_type == "stream":
            yield output.text
        elif "data" in output:
            yield output.data.get("text/plain", "")


def visible(text: str) -> str:
    """Take out colours and what else could move the terminal's cursor."""
    plain = Text.from_ansi(text).plain
    return "".join(c for c in plain if c.isprintable() or c in "\n\t")


if __name__ == "__main__":
    sys.exit(main())
