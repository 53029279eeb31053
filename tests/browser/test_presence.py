"""Views are followed as long as a page shows them; what is saved of them is all that was said."""

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


def views(book):
    return int(book.execute("views()"))


def wait_for_views(book, count):
    for _ in range(200):
        if views(book) == count:
            return
        book.page.wait_for_timeout(100)
    raise AssertionError(f"{views(book)} views are left, not {count}")


def test_running_a_cell_again_closes_what_it_showed(lab):
    book = lab.open_notebook([START, "session.view()"])
    book.run_all()
    book.page.locator(".dari-reader").get_by_text("the first question").first.wait_for()
    for _ in range(3):
        book.run_all()
    book.page.locator(".dari-reader").get_by_text("the first question").first.wait_for()
    wait_for_views(book, 1)


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


def test_a_view_says_that_its_kernel_is_gone_and_loses_no_message(lab):
    book = lab.open_notebook([START, SLOW, "session.chat()"])
    page = book.page
    book.run_all()
    live, chat = page.locator(".dari-live"), page.locator(".dari-chat")
    live.get_by_text("what came before the end").wait_for()
    book.execute(KILL)
    for view in (live, chat):
        page.wait_for_function(
            "view => getComputedStyle(view, '::before').content.includes('gone: run the cell')",
            arg=view.element_handle(),
        )
    assert live.get_by_text("what came before the end").is_visible()
    assert not live.locator(".dari-bar").is_visible()
    page.locator(".jp-Dialog").get_by_role("button", name="Ok").click()
    chat.locator("textarea").fill("not lost")
    chat.get_by_role("button", name="Send").click()
    chat.get_by_text("The kernel is gone: run the cell again.").wait_for()
    chat.get_by_role("button", name="Edit").click()
    assert chat.locator("textarea").input_value() == "not lost"
    book.shot("kernel-gone", width=900)
