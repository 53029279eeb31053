"""Views of what goes on hold static output while it does, and say that its server is gone."""

import re

import pytest
from nbconvert import HTMLExporter, MarkdownExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output

HERE = {"kind": "here", "jupyter": True}
SETUP = """
from IPython.display import display
from dari_nb.client._following import breaks
breaks.jittered = lambda *_: 0.01  # connects again at once, as often as ever
srv = dari_nb.local.LocalDari().start()
e = dari_nb.connect(base_url=srv.url, api_key=srv.api_key)
go_on = threading.Event()

@srv.agent("slow")
def slow(prompt):
    yield "what came first"
    go_on.wait(120)
    yield "what came last"

turn = e.agents["slow"].send("Hi")
session = turn.session
view, chat = session.view(), session.chat()
display(view); display(chat)
"""


def test_a_view_of_a_running_session_has_static_output_below_it_and_says_when_its_server_is_gone(
    kernel,
):
    kernel.run(SETUP)
    page = kernel.page
    views = page.views()
    assert len(views) == 2
    assert not any("object at 0x" in data.get("text/plain", "") for data in page.outputs.values())
    for view in views:
        kernel.say(view, HERE)
    kernel.until(lambda: sum("what came first" in told for told in page.static_outputs) == 2)
    assert not any("what came last" in told for told in page.static_outputs)
    kernel.run("srv.stop()")
    kernel.until(lambda: all("disconnected" in page.widgets[view]["head"] for view in views))
    kernel.until(lambda: all("disconnected" in page.widgets[view]["note"] for view in views))
    assert [page.widgets[view]["watch"] for view in views] == ["Watch again"] * 2
    kernel.until(lambda: sum("disconnected" in told for told in page.static_outputs) == 2)
    assert sum("what came first" in told for told in page.static_outputs) == 2


HALF = """
@d.server.agent("half")
def half(prompt):
    yield dari_nb.local.Draft("as far as it was wri")
    gate.wait(60)
    yield "all of it"
"""


def test_static_output_lies_below_a_live_turn_from_its_start_and_goes_into_its_place(kernel):
    kernel.run(HALF)
    page = kernel.page
    request = kernel.start("%dari_agent half The question.")
    kernel.until(lambda: any("as far as it was wri" in static for static in page.static_outputs))
    [static] = page.static_outputs
    assert "The question." in static
    said = re.search(r"had come when it was saved: %dari_follow sess_\w+ (.*)", static)
    assert said[1] == "shows it again, while its kernel runs."
    assert sum("application/vnd.jupyter.widget-view+json" in one for one in page.outputs.values())
    kernel.interrupt()
    kernel.end_of(request)
    [static] = page.static_outputs
    assert static.count("as far as it was wri") == static.count("you stopped watching") == 1
    kernel.until(lambda: page.static_outputs and "dari-kept" not in str(page.outputs))
    [static] = page.static_outputs
    assert static.count("as far as it was wri") == static.count("you stopped watching") == 1


def test_a_front_end_that_could_not_hide_it_gets_no_static_output_below_what_lives(kernel):
    kernel.run(HALF)
    page = kernel.page
    kernel.start("%dari_agent half --bg The question.", "vscode-notebook-cell:/a.ipynb#W0")
    kernel.until(lambda: any("items" in str(told) for told in page.told.values()))
    assert page.static_outputs == []
    kernel.run("gate.set()")
    kernel.until(lambda: any("all of it" in static for static in page.static_outputs))


@pytest.mark.parametrize("exporter", [HTMLExporter, MarkdownExporter])
def test_a_page_made_of_a_saved_notebook_has_the_static_output_of_a_view_alone(kernel, exporter):
    kernel.run(SETUP)
    kernel.run("import ipywidgets\nipywidgets.VBox([session.view()])")
    kernel.until(lambda: sum("what came first" in told for told in kernel.page.static_outputs) == 3)
    outputs = [new_output("display_data", data) for data in kernel.page.outputs.values()]
    book = new_notebook(cells=[new_code_cell(outputs=outputs)])
    page, _ = exporter().from_notebook_node(book)
    assert page.count("what came first") >= 3
    assert "A view that lives" not in page


def test_a_view_that_is_closed_leaves_what_it_showed_and_how_to_go_on(kernel):
    kernel.run(SETUP)
    page = kernel.page
    views = page.views()
    for view in views:
        kernel.say(view, HERE)
    kernel.until(lambda: sum("what came first" in told for told in page.static_outputs) == 2)
    kernel.run("view.close(); chat.close()")
    for way, static in zip(("view", "chat"), page.static_outputs, strict=True):
        assert "what came first" in static
        assert "running then" in static
        assert re.search(
            rf'view was closed: d\.sessions\.get\("sess_\w+"\)\.{way}\(\) goes', static
        )
    assert all("view was closed" in str(page.told[view][-1]) for view in views)
    assert page.views() == []
    kernel.run("display(chat)")
    assert len(page.views()) == 1


def test_a_turn_whose_end_the_next_cell_sees_was_never_lost(kernel):
    for _ in range(5):
        kernel.run("gate.clear()\nturn = d.agents.get('gated').send('Hi')\nturn")
        [view] = kernel.page.views()
        kernel.say(view, HERE)
        kernel.run("gate.set()\nturn.wait()\nNone")
        kernel.until(lambda: kernel.page.views() == [])
        kernel.run("print('later')")
        kernel.until(lambda: "the second part" in kernel.page.static_outputs[-1])
    assert not [static for static in kernel.page.static_outputs if "disconnected" in static]
