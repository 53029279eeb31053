"""Stop reaches the kernel, whether it is free or blocked by the very cell that shows the turn."""

import httpx
import pytest

FEEDER = """
import asyncio, threading, time
from dari_nb.models import UserMessageItem, text_block
from dari_nb.render import Head
from dari_nb.widgets import LiveTranscript

loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
hello = UserMessageItem(id="u", message_id="m", content=[text_block("Hello")])
live = LiveTranscript(blocking={blocking})
pressed = threading.Event()
live.on_stop(pressed.set)
display(live)
loop.call_soon_threadsafe(live.update, [hello], Head("librarian", "small", "running"))
{then}
"""
BLOCKS = FEEDER.format(blocking=True, then="time.sleep(60)")
RETURNS = FEEDER.format(blocking=False, then="")


@pytest.mark.parametrize("front_end", ["lab", "notebook7"])
def test_items_show_while_their_cell_blocks_and_stop_interrupts_it(front_end, request):
    book = request.getfixturevalue(front_end).open_notebook([BLOCKS])
    book.start_all()
    book.page.locator(".dari-live .dari-user").wait_for()
    book.page.locator(".dari-stop").click()
    book.page.get_by_text("KeyboardInterrupt").first.wait_for()
    assert not book.problems


def test_stop_tells_a_kernel_that_is_free(lab):
    book = lab.open_notebook([RETURNS])
    book.run_all()
    book.page.locator(".dari-live .dari-user").wait_for()
    book.page.locator(".dari-stop").press("Enter")
    assert book.execute("print(pressed.wait(60))").strip() == "True"


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
    "think": "running",
    "write": "and then",
    "look": "map",
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
    assert said.count("cancelled") == (3 if phase in ("look", "ask") else 2)
    assert static_outputs(book).locator(".dari-head .dari-state").inner_text() == "cancelled"
    assert "failed" not in said
    assert "stopped" not in said
    assert ("old mill" in said) == (phase == "write")
    book.shot(f"stopped-{phase}", selector=".jp-OutputArea-output .dari")
    if phase == "queued":
        assert book.execute("print(first.status)") == "running\n"
        book.execute("gate.set(); first.wait()")
    again = "again = turn.session.send('again').wait(60)\nprint(turn.status, again.text)"
    assert book.execute(again) == "cancelled Here I am.\n"
    assert not book.problems


@pytest.mark.parametrize("front_end", ["lab", "notebook7"])
def test_stop_in_a_cell_that_waits_cancels_and_nothing_runs_after_it(front_end, request):
    cells = [START, "%dari_agent guide -o turn write", "print('never')"]
    book = request.getfixturevalue(front_end).open_notebook(cells)
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


def test_another_client_cancels_a_turn_and_the_page_says_so(lab):
    book = lab.open_notebook([START, "%dari_agent guide --bg -o turn write"])
    book.run_all()
    book.page.locator(".dari-live").get_by_text("and then").first.wait_for()
    where = "print(d.server.url, d.server.api_key, turn.session.id, turn.id)"
    url, key, session_id, message_id = book.execute(where).split()
    answer = httpx.post(
        f"{url}/v1/sessions/{session_id}/events",
        json={"type": "message.cancel_requested", "message_id": message_id},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 202
    static_outputs(book).get_by_text("cancelled").first.wait_for()
    assert "old mill" in static_outputs(book).inner_text()
    assert book.execute("print(turn.status)") == "cancelled\n"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chat_has_stop_while_a_turn_runs_and_goes_on_after_it(lab, theme, axe):
    book = lab.open_notebook([START, "chat = d.agents['guide'].chat()\nchat"])
    book.run_all()
    book.theme(theme)
    chat = book.page.locator(".dari-chat")
    field = chat.locator(".dari-composer textarea")
    field.fill("write")
    field.press("Control+Enter")
    chat.get_by_text("and then").first.wait_for()
    stop = chat.get_by_role("button", name="Stop", exact=True)
    stop.wait_for()
    book.shot(f"stop-chat-{theme}", selector=".dari-chat")
    stop.click()
    chat.locator(".dari-pending").get_by_text("cancelled").wait_for()
    stop.wait_for(state="hidden")
    assert chat.inner_text().count("cancelled") == 2
    assert chat.locator(".dari-head .dari-state").inner_text() == "cancelled"
    focused = "document.activeElement.getAttribute('aria-label')"
    assert book.page.evaluate(focused) == "Message to guide"
    assert axe(book.page, ".dari-chat") == []
    book.shot(f"stopped-chat-{theme}", selector=".dari-chat")
    field.fill("again")
    field.press("Control+Enter")
    chat.get_by_text("Here I am.").wait_for()
    assert not book.problems


def test_a_turn_that_was_asked_again_in_a_view_is_stopped_there(lab, axe):
    told = "session = d.agents['guide'].send('again').wait().session\nview = session.view()\nview"
    book = lab.open_notebook([START, told])
    book.run_all()
    view = book.page.locator(".dari-reader")
    stop = view.get_by_role("button", name="Stop", exact=True)
    view.get_by_text("Here I am.").wait_for()
    assert stop.is_hidden()
    view.get_by_text("again", exact=True).click()
    view.press("A")
    field = view.locator("textarea")
    field.fill("write")
    field.press("Control+Enter")
    view.get_by_text("and then").first.wait_for()
    assert axe(book.page, ".dari-reader") == []
    book.shot("stop-reader", selector=".dari-reader")
    stop.press("Enter")
    view.locator(".dari-pending").get_by_text("cancelled").wait_for()
    stop.wait_for(state="hidden")
    focused = "document.activeElement.getAttribute('aria-label')"
    assert book.page.evaluate(focused) == "Transcript"
    assert book.execute("print(view.session.turn().status, session.turn().status)") == (
        "cancelled completed\n"
    )
    assert not book.problems


BATCH = "%%dari_batch guide {bg} -o batch\nagain\nwrite\nlook\nask\n"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_stop_of_a_matrix_cancels_its_turns_and_each_cell_says_so(lab, theme):
    book = lab.open_notebook([START, BATCH.format(bg="--bg"), "batch.view()"])
    book.run_all()
    book.theme(theme)
    cells = book.page.locator(".jp-Cell")
    ends, stays = (cells.nth(place).locator(".dari-matrix") for place in (1, 2))
    stays.get_by_text("Here I am.").wait_for()
    book.shot(f"stop-matrix-{theme}", selector=".dari-matrix")
    stays.get_by_role("button", name="Stop", exact=True).click()
    stays.locator("td[data-state=cancelled]").nth(2).wait_for()
    ends.wait_for(state="detached")
    said = static_outputs(book).first
    assert said.locator("td .dari-state[data-state=cancelled]").count() == 3
    assert "failed" not in said.inner_text()
    assert stays.get_by_role("button", name="Stop", exact=True).is_hidden()
    book.shot(f"stopped-matrix-{theme}")
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


def test_where_a_server_cancels_nothing_the_button_only_stops_watching(lab):
    contract_only = "from dari_nb.local.http import app\napp._EXTENSIONS = b''\nd.agents.list()"
    book = lab.open_notebook([START, contract_only, "%dari_agent guide --bg -o turn write"])
    book.run_all()
    live = book.page.locator(".dari-live")
    live.get_by_role("button", name="Stop watching").click()
    static_outputs(book).get_by_text("you stopped watching").wait_for()
    assert "dari_cancel" not in static_outputs(book).last.inner_text()
    assert book.execute("print(turn.session.refresh().last_message_status)") == "running\n"
