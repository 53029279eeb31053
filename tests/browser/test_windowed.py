"""Notebooks of which only what is near is drawn: what ran far off is saved like all else."""

import json

import pytest

START = """
%load_ext dari_nb
import os
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
import dari_nb as dari
d = dari.connect("local")

@d.server.agent("helper", llms=["small", "large"])
def helper(prompt):
    yield f"You **said** {prompt}."
"""
FILL = "for n in range(40): print('line', n)"
SHOWN = {
    "%%dari_agent helper -o turn\nin a live turn": "said in a live turn",
    "%dari_send --bg behind": "said behind",
    "turn.session.view()": "said in a live turn",
    "turn.session.chat()": "said in a live turn",
    "d.sessions.view()": "in a live turn",
    "%%dari_batch helper --llm small --llm large -o batch\na task": "said a task",
    "batch.view()": "said a task",
}
TRACKER = "@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
SCROLL = """place => window.jupyterapp.shell.currentWidget.content.scrollToItem(place, "start")"""


@pytest.fixture
def windowed(lab):
    settings = lab.home / "settings" / TRACKER
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps({"windowingMode": "full"}))
    yield lab
    settings.unlink()


def test_what_ran_far_from_what_is_seen_is_there_again(windowed):
    far = [FILL] * 30
    book = windowed.open_notebook([START, *far, *SHOWN, *far], "windowed.ipynb")
    book.run_all()
    book.save()
    windowed.shutdown_kernels()
    book.reload()
    for place, text in enumerate(SHOWN.values(), 1 + len(far)):
        book.page.evaluate(SCROLL, place)
        cell = book.page.locator(f".jp-Cell[data-windowed-list-index='{place}']")
        cell.locator(".jp-OutputArea").get_by_text(text).first.wait_for()
    assert not book.page.get_by_text("model not found").first.is_visible()
