"""Stop reaches turns wherever they are, and the kernel that their cell blocks."""

import pytest

START = """
%load_ext dari_nb
import os, threading
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
from decimal import Decimal
import dari_nb
from dari_nb.local import Draft, ToolCall, ToolResult, Usage
d = dari_nb.connect("local")
gate = threading.Event()

@d.server.agent("guide")
def guide(prompt):
    if prompt == "again":
        yield "Here I am."
        return
    yield Usage(Decimal("0.01"))
    if "write" in prompt:
        yield Draft("Turn left at the\\n\\n- old mill\\n- and then ")
    if "look" in prompt:
        yield ToolCall("map", {"place": "mill"})
    if "ask" in prompt:
        answer = yield ToolCall("ask", {"what": "the way"}, external=True)
    gate.wait(120)
    yield "Turn left at the old mill."
"""
PHASES = {
    "ask": "waiting for a tool",
    "queued": "queued",
}


def static_outputs(book):
    return book.page.locator(".jp-OutputArea-output .dari:not(.dari-view)")


@pytest.mark.parametrize("phase", PHASES)
def test_stop_in_a_page_cancels_a_turn_wherever_it_is(lab, phase):
    ask = f"%dari_agent guide --bg -o turn {phase}"
    if phase == "queued":
        ask = "first = d.agents['guide'].send('think')\nturn = first.session.send('queued')\nturn"
    book = lab.open_notebook([START, ask])
    book.run_all()
    live = book.page.locator(".dari-live")
    live.get_by_text(PHASES[phase]).locator("visible=true").first.wait_for()
    stop = live.get_by_role("button", name="Stop", exact=True)
    book.shot(f"stop-{phase}", selector=".dari-live")
    stop.click()
    live.wait_for(state="detached")
    said = static_outputs(book).inner_text()
    # The head says so, and the end of what was written; what was open then was cancelled, too.
    assert said.count("cancelled") == (3 if phase == "ask" else 2)
    assert static_outputs(book).locator(".dari-head .dari-state").inner_text() == "cancelled"
    assert "failed" not in said
    assert "stopped" not in said
    book.shot(f"stopped-{phase}", selector=".jp-OutputArea-output .dari")
    if phase == "queued":
        assert book.execute("print(first.status)") == "running\n"
        book.execute("gate.set(); first.wait()")
    again = "again = turn.session.send('again').wait(60)\nprint(turn.status, again.text)"
    assert book.execute(again) == "cancelled Here I am.\n"
    assert not book.problems


def test_stop_in_a_cell_that_waits_cancels_and_nothing_runs_after_it(notebook7):
    cells = [START, "%dari_agent guide -o turn write", "print('never')"]
    book = notebook7.open_notebook(cells)
    book.start_all()
    book.page.locator(".dari-live").get_by_text("and then").first.wait_for()
    book.page.locator(".dari-stop").click()
    static_outputs(book).get_by_text("cancelled").first.wait_for()
    said = static_outputs(book).inner_text()
    assert said.count("cancelled") == 2
    assert "old mill" in said
    assert "stopped" not in said
    assert book.execute("print(turn.status)") == "cancelled\n"
    assert book.page.get_by_text("never", exact=True).count() == 0
    saved = book.save()
    assert str(saved.cells[1].outputs).count("stopped watching") == 0
    assert not book.problems


BATCH = "%%dari_batch guide {bg} -o batch\nagain\nwrite\nlook\nask\n"


def test_stop_of_a_matrix_cancels_its_turns_and_each_cell_says_so(lab):
    book = lab.open_notebook([START, BATCH.format(bg="--bg"), "batch.view()"])
    book.run_all()
    cells = book.page.locator(".jp-Cell")
    ends, stays = (cells.nth(place).locator(".dari-matrix") for place in (1, 2))
    stays.get_by_text("Here I am.").wait_for()
    book.shot("stop-matrix", selector=".dari-matrix")
    stays.get_by_role("button", name="Stop", exact=True).click()
    stays.locator("td[data-state=cancelled]").nth(2).wait_for()
    ends.wait_for(state="detached")
    said = static_outputs(book).first
    assert said.locator("td .dari-state[data-state=cancelled]").count() == 3
    assert "failed" not in said.inner_text()
    assert stays.get_by_role("button", name="Stop", exact=True).is_hidden()
    book.shot("stopped-matrix")
    retry = "try: batch.retry_failed()\nexcept Exception as error: print(error)"
    assert "3 were cancelled: retry_failed(cancelled=True)" in book.execute(retry)
    assert not book.problems


def test_stop_of_a_batch_that_a_cell_waits_for_cancels_its_turns(lab):
    book = lab.open_notebook([START, BATCH.format(bg="")])
    book.start_all()
    live = book.page.locator(".dari-matrix")
    live.get_by_text("Here I am.").wait_for()
    live.get_by_role("button", name="Stop", exact=True).click()
    static_outputs(book).locator("td .dari-state[data-state=cancelled]").nth(2).wait_for()
    assert "stopped" not in static_outputs(book).inner_text()
    assert book.execute("print(batch.counts)") == "{'completed': 1, 'cancelled': 3}\n"
    assert not book.problems
