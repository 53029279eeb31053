"""How far something is: nothing for quick things, and in each place what fits it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from dari_nb.resources.connection import progress
from dari_nb.resources.connection.progress import Progress

from ... import kernels

ROOT = Path(__file__).parents[3]
CODE = """
from dari_nb.resources.connection import progress
progress.PATIENCE = progress._NOTEBOOK_PAUSE = 0
with progress.Progress(4, "sessions") as told:
    for n in range({count}):
        told.advance()
"""


def test_quick_things_are_not_told_of(capfd):
    with Progress(3, "sessions") as told:
        told.advance(3)
    assert capfd.readouterr() == ("", "")


def test_a_log_gets_a_line_and_one_more_at_the_end(capfd, clock):
    with Progress(1_234, "sessions") as told:
        clock.now = 1
        told.advance(617)
        told.advance(616)
        assert capfd.readouterr().err == "617 of 1,234 sessions\n"
        clock.now = 2
        told.advance()
    assert capfd.readouterr().err == "1,234 sessions in 2.0 s\n"


class Clock:
    """Stands still until it is told to go on."""

    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def test_nothing_is_told_when_nobody_wants_it(capfd, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0)
    with Progress(2, "sessions", shown=False) as told:
        told.advance()
    assert capfd.readouterr() == ("", "")


def test_a_terminal_has_a_bar_that_goes_away():
    ours, theirs = pty.openpty()
    script = CODE.format(count=3)
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        stderr=theirs,
        stdout=subprocess.PIPE,
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert done.stdout == b""
    assert "3 of 4 sessions" in shown
    assert "━" in shown
    # The line of the bar is erased at the end.
    assert shown.rstrip().endswith("\x1b[2K")


def test_a_notebook_keeps_one_output_that_ends_as_a_line_of_text():
    cells = [nbformat.v4.new_code_cell(CODE.format(count=n)) for n in (4, 3)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernels.manager(), timeout=180).execute(cleanup_kc=True)
    texts = [[output.data["text/plain"] for output in cell.outputs] for cell in notebook.cells]
    assert [len(outputs) for outputs in texts] == [1, 1]
    assert texts[0][0].startswith("4 sessions in ")
    assert texts[1][0].startswith("3 of 4 sessions in ")
    assert "<progress" not in notebook.cells[0].outputs[0].data["text/html"]
