"""Views in boxes and tabs: followed while a page shows them, let go after, static below."""

import json
import time

import pytest

START = """
import asyncio, gc, json
import ipywidgets as w
from IPython.display import display

def left():
    gc.collect()
    tasks = [o for o in gc.get_objects() if isinstance(o, asyncio.Task) and not o.done()]
    print(json.dumps(len([task for task in tasks if "dari_nb/resources" in repr(task)])))

session = d.sessions.create("echo", name="the one")
session.send("the first question").wait()
table, reader = d.sessions.view(), session.view()
box = w.HBox([w.IntSlider(), w.VBox([table]), reader])
"""
HERE = {"kind": "here", "jupyter": True}
CLEARED = {"kind": "gone", "cleared": True}


@pytest.fixture
def page(kernel):
    assert kernel.run(START) == ""
    return kernel.page


def comes_to(kernel, wanted):
    """Wait until so many tasks follow something."""
    deadline = time.monotonic() + 180
    while (found := json.loads(kernel.run("left()"))) != wanted:
        assert time.monotonic() < deadline, f"{found} follow, not {wanted}"
        time.sleep(0.1)


def say_all(kernel, content):
    for view in kernel.page.views():
        kernel.say(view, content)


def test_what_a_box_shows_is_followed_has_static_output_below_and_is_let_go(kernel, page):
    kernel.run("box", cell="one")
    assert len(page.views()) == 2
    say_all(kernel, HERE)
    told = "You wrote:\n\n> the first question"
    kernel.until(
        lambda: [(told in static, "sess_" in static) for static in page.static_outputs] == [(1, 1)]
    )
    kernel.run("session.send('the second question').wait()")
    kernel.until(lambda: any("the second question" in static for static in page.static_outputs))
    say_all(kernel, CLEARED)
    comes_to(kernel, 0)
    before = page.views()
    kernel.run("session.send('the third question').wait()\nbox", cell="two")
    assert page.views() == before  # what a box holds stays as it is for it
    say_all(kernel, HERE)
    kernel.until(lambda: any("3 turns" in page.widgets[view].get("head", "") for view in before))
