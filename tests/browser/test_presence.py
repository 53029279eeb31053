"""Views are followed as long as a page shows them; what is saved of them is all that was said."""

import json

import pytest

START = """
%load_ext dari_nb
import gc, json, os
from ipywidgets.widgets import widget
import dari_nb
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
d = dari_nb.connect("local")
session = d.sessions.create("echo")
turn = session.send("the first question").wait()

def views():
    gc.collect()
    print(len([w for w in widget._instances.values() if hasattr(w, "_esm")]))
"""
LONG = """
from pathlib import Path
says = [{"role": "user", "content": f"Step {n}."} if n % 2 == 0
        else {"role": "assistant", "content": f"Week {n // 2} was *quiet*."} for n in range(300)]
Path("long.jsonl").write_text(json.dumps({"messages": says}))
[long] = d.server.load_runs("long.jsonl")
d.sessions.get(long).view()
"""


def views(book):
    return int(book.execute("views()"))


def wait_for_views(book, count):
    for _ in range(200):
        if views(book) == count:
            return
        book.page.wait_for_timeout(100)
    raise AssertionError(f"{views(book)} views are left, not {count}")


def test_a_view_whose_output_is_cleared_is_let_go_and_can_be_shown_again(lab):
    book = lab.open_notebook([START, "view = session.view()\nview"])
    book.run_all()
    book.page.locator(".dari-reader").get_by_text("the first question").first.wait_for()
    assert views(book) == 1
    book.command("editmenu:clear-all")
    wait_for_views(book, 0)
    book.execute("session.send('the second question').wait()")
    book.command("notebook:run-cell")
    book.page.locator(".dari-reader").get_by_text("the second question").first.wait_for()
    assert book.problems == []


def test_views_that_are_shown_and_cleared_by_their_cell_are_let_go(lab):
    loop = """
from IPython.display import clear_output, display
for _ in range(20):
    display(session.view())
    clear_output()
"""
    book = lab.open_notebook([START, loop, "session.view()"])
    book.run_all()
    book.page.locator(".dari-reader").get_by_text("the first question").first.wait_for()
    wait_for_views(book, 1)


def test_running_a_cell_again_closes_what_it_showed(lab):
    book = lab.open_notebook([START, "session.view()"])
    book.run_all()
    book.page.locator(".dari-reader").get_by_text("the first question").first.wait_for()
    for _ in range(3):
        book.run_all()
    book.page.locator(".dari-reader").get_by_text("the first question").first.wait_for()
    wait_for_views(book, 1)


def test_a_view_goes_on_when_its_page_is_loaded_anew(lab):
    book = lab.open_notebook([START, "session.view()"])
    book.run_all()
    book.page.locator(".dari-reader").get_by_text("the first question").first.wait_for()
    book.save()
    book.reload()
    book.page.locator(".dari-reader").get_by_text("the first question").first.wait_for()
    book.execute("session.send('the second question').wait()")
    book.page.locator(".dari-reader").get_by_text("the second question").first.wait_for()


def test_a_long_session_is_saved_from_its_first_step_to_its_last(lab):
    book = lab.open_notebook([START, LONG])
    book.run_all()
    kept = book.page.locator(".dari-kept")
    kept.get_by_text("Step 0.").first.wait_for(state="attached")
    saved = book.save()
    lab.shutdown_kernels()
    [static] = [o.data["text/html"] for o in saved.cells[1].outputs if "text/html" in o.data]
    assert all(f"Step {n}." in static for n in range(0, 300, 2))
    book.reload()
    book.page.get_by_text("Step 0.").first.wait_for()
    assert book.page.get_by_text("Step 298.").count() == 1
    assert json.dumps(saved).count("dari_local_") == 0
    book.shot("reopened-long")


SLOW = """
go_on = __import__("threading").Event()

@d.server.agent("slow")
def slow(prompt):
    yield "what came before the end"
    go_on.wait()

get_ipython().run_line_magic("dari", "use slow")
get_ipython().run_line_magic("dari_send", "--bg Hi")
"""


KILL = """
import signal
threading = __import__('threading')
threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGKILL]).start()
"""


def kill(book):
    book.execute(KILL)


def restart(book):
    kernel = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    book.page.evaluate(f"() => {kernel}.restart()")


@pytest.mark.parametrize(
    ("front_end", "end"), [("lab", kill), ("notebook7", kill), ("lab", restart)]
)
def test_a_view_says_that_its_kernel_is_gone_and_loses_no_message(front_end, end, request):
    book = request.getfixturevalue(front_end).open_notebook([START, SLOW, "session.chat()"])
    page = book.page
    book.run_all()
    live, chat = page.locator(".dari-live"), page.locator(".dari-chat")
    live.get_by_text("what came before the end").wait_for()
    end(book)
    for view in (live, chat):
        page.wait_for_function(
            "view => getComputedStyle(view, '::before').content.includes('gone: run the cell')",
            arg=view.element_handle(),
        )
    assert live.get_by_text("what came before the end").is_visible()
    assert not live.locator(".dari-bar").is_visible()
    if end is kill:
        page.locator(".jp-Dialog").get_by_role("button", name="Ok").click()
    chat.locator("textarea").fill("not lost")
    chat.get_by_role("button", name="Send").click()
    chat.get_by_text("The kernel is gone: run the cell again.").wait_for()
    chat.get_by_role("button", name="Edit").click()
    assert chat.locator("textarea").input_value() == "not lost"
    book.shot("kernel-gone", width=900)
