"""A kernel that is restarted while its model writes: nothing is left of it, and one goes on."""

import time
from pathlib import Path

from tests.jupyter import KERNEL

START = """
import os
os.environ["DARI_NB_CACHE"] = {cache!r}
%load_ext dari_nb
import dari_nb
d = dari_nb.connect("local")
"""
ASK = "%%dari_agent assistant\nWrite a long story about the sea."
NEXT = "%%dari_agent assistant -o turn\nWhat is the capital of France?"
CHOOSE = "n => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = n; }"
RUN = "() => void window.jupyterapp.commands.execute('notebook:run-cell')"
SAID = "e => getComputedStyle(e, '::before').content"


def models_of(kernel):
    """Processes of models that a kernel has started."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == kernel and b"gguf/runner.py" in (place / "cmdline").read_bytes():
                found.append(int(place.name))
        except OSError:
            continue  # it ended meanwhile
    return found


def start_cell(book, number):
    book.page.evaluate(CHOOSE, number)
    book.page.evaluate(RUN)
    return book.page.locator(".jp-Cell").nth(number)


def test_a_restart_in_mid_answer_leaves_no_process_and_one_true_word(lab, real_model):
    cache = str(real_model.parent.parent)
    book = lab.open_notebook([START.format(cache=cache), ASK, NEXT])
    page = book.page
    start_cell(book, 0)
    kernel = int(book.execute("print(os.getpid())"))
    cell = start_cell(book, 1)
    live = cell.locator(".dari-live")
    live.locator(".dari-answer[data-state]").wait_for()
    [model] = models_of(kernel)
    page.evaluate(f"() => {KERNEL}.restart()")
    page.locator(".dari-live.dari-gone").wait_for()
    while Path(f"/proc/{model}").exists():  # one that stays is found by the limit of each test
        time.sleep(0.05)
    assert live.evaluate(SAID) == '"The kernel is gone: run the cell again."'
    assert live.locator(".dari-bar").is_hidden()  # it says neither that it runs nor that it ended
    assert live.locator(".dari-answer").inner_text().strip()
    assert cell.get_by_text("%dari_follow").first.is_hidden()
    book.shot("restarted")

    start_cell(book, 0)
    start_cell(book, 2).locator(".dari:not(.dari-view) .dari-answer").last.wait_for()
    assert book.execute("print(turn.status, bool(turn.text.strip()))") == "completed True\n"
    book.save()
    assert not book.problems
    book.reload()
    said = cell.locator(".dari-kept").get_by_text("This is how far the turn had come")
    said.first.wait_for()
    assert "shows it again, while its kernel runs." in said.first.inner_text()
