"""Views of what goes on hold static output while it does, and say that its server is gone."""

import pytest
from nbconvert import HTMLExporter
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


@pytest.mark.parametrize("exporter", [HTMLExporter])
def test_a_page_made_of_a_saved_notebook_has_the_static_output_of_a_view_alone(kernel, exporter):
    kernel.run(SETUP)
    kernel.run("import ipywidgets\nipywidgets.VBox([session.view()])")
    kernel.until(lambda: sum("what came first" in told for told in kernel.page.static_outputs) == 3)
    outputs = [new_output("display_data", data) for data in kernel.page.outputs.values()]
    book = new_notebook(cells=[new_code_cell(outputs=outputs)])
    page, _ = exporter().from_notebook_node(book)
    assert page.count("what came first") >= 3
    assert "A view that lives" not in page
