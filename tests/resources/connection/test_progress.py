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

from dari_nb.resources import Transcript
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


def test_a_log_ends_with_what_was_done_before_an_error(capfd, clock):
    with pytest.raises(KeyError), Progress(9, "sessions") as told:  # noqa: PT012
        clock.now = 2
        told.advance(3)
        told.advance()
        raise KeyError
    assert capfd.readouterr().err == "3 of 9 sessions\n4 of 9 sessions in 2.0 s\n"


def test_what_judges_do_is_told_to_its_end_in_a_pipe(tmp_path):
    code = """
import dari_nb as dari
from dari_nb.resources.connection import progress
progress.PATIENCE = 0
d = dari.connect()
d.server.agent("echo")(lambda prompt: prompt)
d.server.agent("judge")(lambda prompt: '{"reason": "r", "score": 5}')
d.batches.run("echo", [str(n) for n in range(40)]).wait().judge("ok", rubric="Right?")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    told = [line for line in done.stderr.splitlines() if "answers judged" in line]
    assert told
    assert told[-1].startswith("40 ")


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


def test_no_time_is_told_before_those_side_by_side_have_done_as_many_again(clock):
    told = Progress(600, "answers scored", at_once=8)
    clock.now = 4
    for _ in range(15):
        told.advance()
        assert told.text == f"{told.done} of 600 answers scored"
    clock.now = 6
    told.advance()
    # Eight in two seconds, of which 584 are left.
    assert told.text == "16 of 600 answers scored · about 2 min 26 s left"
    told.advance(584)
    assert told.text == "600 of 600 answers scored"


def test_no_time_is_told_in_the_first_seconds(clock):
    told = Progress(600, "answers scored", at_once=8)
    told.advance(8)
    clock.now = 2
    told.advance(100)
    assert told.text == "108 of 600 answers scored"
    clock.now = 4
    assert told.text == "108 of 600 answers scored · about 20 s left"


def test_what_has_no_known_end_is_counted(capfd, monkeypatch, tmp_path):
    monkeypatch.setattr(progress, "PATIENCE", 0)
    path = tmp_path / "runs.jsonl"
    path.write_text('{"messages": [{"role": "user", "content": "Hi"}]}\n' * 2)
    assert len(Transcript.from_file(path)) == 2
    first, last = capfd.readouterr().err.splitlines()
    assert first == "1 runs read so far"
    assert last.startswith("2 runs read in ")


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
