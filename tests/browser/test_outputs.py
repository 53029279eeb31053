"""What Outputs of ipywidgets show is there again in a notebook that is saved and reopened."""

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


def test_turns_and_views_in_outputs_are_shown_again(lab):
    book = lab.open_notebook([START, *CELLS], "outputs.ipynb")
    page = book.page
    book.run_all()
    book.execute("shown.children[0].index = 2")
    for text in filter(None, CELLS.values()):
        page.locator(".widget-output .dari").get_by_text(text).first.wait_for(state="attached")
        page.locator(".dari-kept").get_by_text(text).first.wait_for(state="attached")
        assert not page.locator(".dari-kept").get_by_text(text).first.is_visible()
    saved = book.save()
    assert "widgets" not in saved.metadata
    lab.shutdown_kernels()
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
