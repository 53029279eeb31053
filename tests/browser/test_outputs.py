"""What Outputs of ipywidgets show is there again in a notebook that is saved and reopened."""

import pytest

START = """
%load_ext dari_nb
import os
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
import dari_nb as dari, ipywidgets as w
from IPython.display import clear_output, display
d = dari.connect("local")

@d.server.agent("helper", llms=["small", "large"])
def helper(prompt):
    yield f"You **said** {prompt}."

agent = d.agents["helper"]
done = agent.send("what is read").wait()
"""
CELLS = {
    "earlier = w.Output()\nearlier": "said in a later cell",
    "with earlier:\n    agent.send('in a later cell').follow()": "",
    """
here = w.Output()
display(here)
with here:
    print("own words")
    agent.send("in the same cell").follow()
print("after")""": "said in the same cell",
    "inner = w.Output()\nwith inner:\n    display(done.session.view())\n"
    "w.VBox([w.Label('a label'), inner])": "said what is read",
    """
tabs = [w.Output(), w.Output()]
for n, each in enumerate(tabs):
    with each:
        display(agent.send(f"in tab {n}"))
w.Tab(tabs)""": "said in tab 1",
    "shown = w.interactive(lambda n: display(agent.send(f'choice {n}').wait()), n=[0, 1, 2])\n"
    "shown": "said choice 2",
    "four = w.Output()\nwith four:\n"
    "    d.batches.run('helper', ['a task'], llms=['small', 'large']).follow()\n"
    "four": "said a task",
    """
gone = w.Output()
with gone:
    agent.send("what is cleared").follow()
    clear_output()
    agent.send("what came after").follow()
gone""": "said what came after",
}


@pytest.mark.parametrize("front_end", ["lab", "notebook7"])
def test_turns_and_views_in_outputs_are_shown_again(request, front_end):
    server = request.getfixturevalue(front_end)
    book = server.open_notebook([START, *CELLS], "outputs.ipynb")
    page = book.page
    book.run_all()
    book.execute("shown.children[0].index = 2")
    for text in filter(None, CELLS.values()):
        page.locator(".widget-output .dari").get_by_text(text).first.wait_for(state="attached")
        page.locator(".dari-kept").get_by_text(text).first.wait_for(state="attached")
        assert not page.locator(".dari-kept").get_by_text(text).first.is_visible()
    saved = book.save()
    assert "widgets" not in saved.metadata
    server.shutdown_kernels()
    book.reload()
    for number, text in enumerate(CELLS.values(), 1):
        cell = page.locator(".jp-Cell").nth(number)
        cell.scroll_into_view_if_needed()
        if text:
            cell.locator(".dari-kept").get_by_text(text).first.wait_for()
        else:
            assert cell.locator(".dari").count() == 0
    assert not page.get_by_text("model not found").first.is_visible()
    assert page.get_by_text("choice 0").count() == 0
    assert page.get_by_text("what is cleared").locator("visible=true").count() == 1  # its source
    book.shot("outputs")


def test_an_output_with_nothing_of_ours_is_left_alone(lab):
    book = lab.open_notebook([START, "plain = w.Output()\nwith plain:\n    print('own')\nplain"])
    book.run_all()
    book.page.locator(".widget-output").get_by_text("own").wait_for()
    [output] = book.save().cells[1].outputs
    assert "application/vnd.jupyter.widget-view+json" in output.data


def test_a_chart_in_an_output_is_shown_again(lab):
    chart = """
batch = d.batches.run("helper", ["a task"], llms=["small", "large"]).wait()
out = w.Output()
with out:
    display(batch.plot("latency_s"))
out"""
    book = lab.open_notebook([START, chart])
    book.run_all()
    drawn = book.page.locator(".dari-plot svg").locator("visible=true")
    book.page.locator(".dari-kept .dari-plot").wait_for(state="attached")
    drawn.wait_for()
    assert book.page.locator(".widget-output .dari-plot").is_visible()
    book.save()
    lab.shutdown_kernels()
    book.reload()
    drawn.wait_for()
    assert book.page.locator(".dari-kept .dari-plot").is_visible()


def test_the_static_output_of_a_turn_in_an_earlier_output_grows_while_it_runs(lab):
    slow = """
gate = __import__("threading").Event()

@d.server.agent("slow")
def slow(prompt):
    yield "what came before the end"
    gate.wait()
    yield "the end"
"""
    cells = [
        START + slow,
        "out = w.Output()\nout",
        "with out:\n    display(d.agents['slow'].send('Hi'))",
    ]
    book = lab.open_notebook(cells)
    book.run_all()
    kept = book.page.locator(".dari-kept")
    kept.get_by_text("what came before the end").wait_for(state="attached")
    kept.get_by_text("This is how far the turn had come").wait_for(state="attached")
    book.execute("gate.set()")
    kept.get_by_text("the end", exact=True).wait_for(state="attached")
    kept.get_by_text("This is how far").wait_for(state="detached")
