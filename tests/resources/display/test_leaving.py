"""Views that nobody sees any more cost nothing, and go on when somebody does."""

import json
import time

COUNT = """
import asyncio, gc, json, threading
from ipywidgets.widgets import widget
from IPython.display import display

def left():
    gc.collect()
    tasks = [o for o in gc.get_objects() if isinstance(o, asyncio.Task) and not o.done()]
    following = [task for task in tasks if "dari_nb/resources" in repr(task)]
    threads = [t.name for t in threading.enumerate() if "dari" in t.name and t.name != "dari_nb"]
    names = [type(w).__name__ for w in widget._instances.values()]
    # Each view brings a layout with it.
    views = max(names.count("Layout"), len(names) - names.count("Layout"))
    print(json.dumps([len(following), len([t for t in threads if "draw" in t]), views]))

session = d.sessions.create("echo")
session.send("Hi").wait()
"""
NOTHING = [0, 0, 0]
STREAM = 1
"""The one task that reads a session, however many views follow it."""


def left(kernel):
    """Tasks that follow, threads that draw, and views that the kernel holds."""
    return json.loads(kernel.run("left()"))


def comes_to(kernel, wanted):
    """Wait until so much is left."""
    deadline = time.monotonic() + 180
    while (found := left(kernel)) != wanted:
        assert time.monotonic() < deadline, f"{found} is left, not {wanted}"
        time.sleep(0.1)


def say_all(kernel, views, content):
    for view in views:
        kernel.say(view, content)


HERE = {"kind": "here", "jupyter": True}


def test_chats_matrices_and_lists_leave_nothing_behind_either(kernel):
    kernel.run(COUNT)
    kernel.run("asked = d.sessions.create('echo', metadata={'task': 'greet'})")
    kernel.run("asked.send('Hi').wait(); batch = d.batches.from_runs([asked], task='task')")
    comes_to(kernel, NOTHING)
    kernel.run("display(session.chat()); display(batch.view()); display(d.sessions.view())")
    kernel.run("display(session.transcript().view())")
    views = kernel.page.views()
    assert len(views) == 4
    say_all(kernel, views, HERE)
    assert left(kernel)[0] > 0
    say_all(kernel, views, {"kind": "gone", "cleared": True})
    comes_to(kernel, NOTHING)


def test_a_view_whose_notebook_is_closed_rests_and_goes_on_with_its_page(kernel):
    kernel.run(COUNT)
    kernel.run("session.view()")
    [view] = kernel.page.views()
    kernel.say(view, HERE)
    kernel.say(view, {"kind": "gone", "cleared": False})
    comes_to(kernel, [0, 0, 1])
    kernel.run("session.send('a later question').wait()")
    assert "2 turns" not in kernel.page.widgets[view]["head"]
    kernel.say(view, HERE)
    kernel.until(lambda: "2 turns" in kernel.page.widgets[view]["head"])


def test_running_a_cell_again_closes_what_it_showed(kernel):
    kernel.run(COUNT)
    for _ in range(3):
        before = kernel.page.views()
        kernel.run("session.view()", cell="one")
        [new] = [view for view in kernel.page.views() if view not in before]
        kernel.say(new, HERE)
    comes_to(kernel, [1 + STREAM, 0, 1])
    assert kernel.page.views() == [new]
