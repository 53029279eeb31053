"""Thoughts in a real page: open while they are written, then folded, or as the reader chose."""

START = """
import dari_nb, threading
from dari_nb.local import Draft, Reasoning
d = dari_nb.connect("local")
go = [threading.Event() for _ in range(3)]

@d.server.agent("thinks")
def thinks(prompt):
    yield Draft("The user asks what a *closure* is", "reasoning")
    go[0].wait(60)
    yield Draft(", so I say what it keeps.", "reasoning")
    go[1].wait(60)
    yield Draft("A closure is")
    go[2].wait(60)
    yield "A closure is a function that keeps the variables of its place."
"""
ASK = "turn = d.agents['thinks'].send('What is a closure?').follow(wait=False)"
OPEN = "fold => fold.open"
# JupyterLab does so now and then.
DRAW_AGAIN = """fold => {
  const staticOutput = fold.closest(".dari");
  const again = staticOutput.cloneNode(true);
  for (const one of again.querySelectorAll("details")) one.open = false;
  staticOutput.replaceWith(again);
}"""


def test_they_are_open_while_they_are_written_and_folded_when_done(lab):
    book = lab.open_notebook([START, ASK])
    book.run_all()
    page = book.page
    view = page.locator(".dari-view")
    thought = view.locator(".dari-answer .dari-thought")
    thought.get_by_text("The user asks what a closure is").wait_for()
    assert thought.evaluate(OPEN)
    assert thought.locator("summary").inner_text() == "thinking …"
    book.shot("thought-open")
    book.execute("go[0].set()")
    thought.get_by_text("so I say what it keeps").wait_for()
    book.execute("go[1].set()")
    view.locator(".dari-answer > p").get_by_text("A closure is").wait_for()
    assert not thought.evaluate(OPEN)
    assert thought.locator("summary").inner_text() == "thought · 13 words"
    book.shot("thought-folded")
    thought.locator("summary").click()  # it stays as the reader leaves it
    book.execute("go[2].set()")
    view.wait_for(state="detached")
    static = page.locator(".jp-OutputArea-output .dari-thought")
    assert static.count() == 1
    assert static.evaluate(OPEN)
    static.evaluate(DRAW_AGAIN)
    assert static.evaluate(OPEN)
    assert page.locator(".dari-answer > p").inner_text().startswith("A closure is a function")
    book.shot("thought-static")
    assert book.problems == []
