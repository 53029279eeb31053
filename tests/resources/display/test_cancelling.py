"""Stop ends the turn on a server that offers it: each place says so once, and one goes on."""

import re

import httpx
import pytest

ASK = "%%dari_agent gated -o turn\nHi"
BATCH = "%%dari_batch gated -o batch\nHi\nHo\nHum"


def press(kernel, view, what="stop"):
    kernel.say(view, {"kind": "request", "id": 1, "what": what, "body": None})


def begun(kernel, cell, seen="the first part"):
    """Start a cell, and wait until its page shows what came; returns the request and the view."""
    page = kernel.page
    page.rows = ""
    request = kernel.start(cell)
    kernel.until(lambda: seen in page.rows or any(seen in str(one) for one in page.told.values()))
    return request, page.views()[-1]


def last_static_output(kernel):
    return (kernel.page.static_outputs or [""])[-1]  # none while the one below makes room


def test_stop_of_a_turn_in_the_background_cancels_it_and_says_so_once(kernel):
    kernel.run(ASK.replace("-o turn", "--bg -o turn"))
    [view] = kernel.page.views()
    kernel.until(lambda: "the first part" in kernel.page.rows)
    assert kernel.page.widgets[view]["stop"] == "Stop"
    press(kernel, view)
    kernel.until(lambda: not kernel.page.views())
    assert last_static_output(kernel).count("cancelled") == 2  # in the head, and where it ended
    assert "the first part" in last_static_output(kernel)
    for untrue in ("stopped", "failed", "working", "running"):
        assert untrue not in last_static_output(kernel)
    assert kernel.run("print(turn.status, turn.text)") == "cancelled the first part\n"
    kernel.run("gate.set(); later = turn.session.send('more').wait()")
    assert kernel.run("print(later.status)") == "completed\n"


def test_stop_in_a_cell_that_waits_cancels_and_interrupts(kernel):
    request, view = begun(kernel, ASK)
    press(kernel, view)
    kernel.interrupt()
    assert kernel.end_of(request) == ("error", "")
    kernel.until(lambda: "cancelled" in last_static_output(kernel))
    assert last_static_output(kernel).count("cancelled") == 2  # in the head, and where it ended
    assert "the first part" in last_static_output(kernel)
    assert "stopped" not in last_static_output(kernel)
    kernel.until(lambda: not kernel.page.views())
    assert kernel.run("print(turn.status)") == "cancelled\n"


def test_an_interrupt_of_a_cell_that_waits_cancels_nothing_and_names_what_does(kernel):
    request, view = begun(kernel, ASK)
    kernel.interrupt()
    assert kernel.end_of(request) == ("error", "")
    assert last_static_output(kernel).count("you stopped watching") == 1
    assert "cancelled" not in last_static_output(kernel)
    assert kernel.run("print(turn.session.refresh().last_message_status)") == "running\n"
    kernel.until(lambda: "%dari_cancel" in last_static_output(kernel))
    typed = re.search(r"%dari_cancel sess_\w+", last_static_output(kernel))[0]
    assert kernel.run(typed).startswith("cancelled: msg_")
    assert kernel.run("print(turn.status)") == "cancelled\n"
    assert view not in kernel.page.views()


def test_stop_of_a_batch_that_a_cell_waits_for_cancels_all_its_turns(kernel):
    request, view = begun(kernel, BATCH, "news")
    assert kernel.page.widgets[view]["stop"] == "Stop"
    press(kernel, view)
    kernel.interrupt()
    status, printed = kernel.end_of(request)
    assert status == "error"
    assert "stopped" not in printed
    kernel.until(lambda: last_static_output(kernel).count("cancelled") > 3)
    assert "stopped" not in last_static_output(kernel)
    assert kernel.run("print(batch.counts)") == "{'cancelled': 3}\n"


def test_an_interrupt_of_a_batch_names_what_cancels_it(kernel):
    request, _ = begun(kernel, BATCH, "news")
    kernel.interrupt()
    kernel.end_of(request)
    typed = re.search(r"%dari_cancel run_\w+", last_static_output(kernel))[0]
    assert "3 of 3 cancelled" in kernel.run(typed)
    assert kernel.run("print(batch.wait().counts)") == "{'cancelled': 3}\n"


def test_stop_of_a_batch_in_the_background_and_in_its_view(kernel):
    kernel.run(BATCH.replace("-o batch", "--bg -o batch"))
    kernel.run("batch.view()")
    stays = kernel.page.views()[-1]
    state = kernel.page.widgets[stays]
    kernel.say(stays, {"kind": "here", "jupyter": True})
    kernel.until(lambda: state["busy"] and state["stop"] == "Stop")
    press(kernel, stays)
    kernel.until(lambda: state["status"] == "cancelled" and not state["busy"])
    assert 'data-state="cancelled"' in state["head"]
    assert ">3 cancelled<" in state["head"]
    kernel.until(lambda: kernel.page.views() == [stays])
    kernel.until(lambda: all("cancelled" in static for static in kernel.page.static_outputs[-2:]))
    for static in kernel.page.static_outputs[-2:]:
        assert "stopped" not in static


def test_stop_in_a_chat_cancels_the_turn_and_the_chat_goes_on(kernel):
    kernel.run("chat = d.agents.get('gated').chat()\nchat")
    [view] = kernel.page.views()
    state = kernel.page.widgets[view]
    kernel.say(view, {"kind": "here", "jupyter": True})
    say(kernel, view, "Hi")
    kernel.until(lambda: state["watch"] == "Stop")
    press(kernel, view, "watch")
    kernel.until(lambda: state["watch"] == "" and state["status"] == "cancelled")
    assert state["note"] == ""
    assert 'data-state="cancelled"' in state["head"]
    assert kernel.run("print(chat.session.turn().text)") == "the first part\n"
    kernel.run("gate.set()")
    say(kernel, view, "again")
    kernel.until(lambda: state["watch"] == "" and state["status"] == "completed")


def say(kernel, view, text):
    message = {"key": text, "text": text, "files": [], "llm": ""}
    kernel.say(view, {"kind": "request", "id": 9, "what": "send", "body": message})


WAITS = """
@d.server.agent("waits")
def waits(prompt):
    yield "I have to ask."
    answer = yield ToolCall("ask", {"what": "the way"}, external=True)
    yield f"{answer.result}!"
"""


def test_what_waits_for_an_answer_in_a_chat_is_cancelled_with_its_form(kernel):
    kernel.run(WAITS + "chat = d.agents.get('waits').chat()\nchat")
    [view] = kernel.page.views()
    state = kernel.page.widgets[view]
    kernel.say(view, {"kind": "here", "jupyter": True})
    say(kernel, view, "Hi")
    kernel.until(lambda: len(state["open_calls"]) == 1)
    press(kernel, view, "watch")
    kernel.until(lambda: state["status"] == "cancelled" and not state["open_calls"])
    said = kernel.run("print(chat.session.turn())")
    assert "ask the way · cancelled" in said
    assert "failed" not in said


ASKS = """
@d.server.agent("keeper")
def keeper(prompt):
    answer = yield ToolCall("remove", {"row": prompt}, external=True)
    yield f"{answer.result}!"

def remove(row: str) -> str:
    "Remove a row."
    print("REMOVED")
"""


def asked(kernel, cell):
    """Start a cell whose agent calls a function, until it asks by the input field."""
    request = kernel.start(cell)
    prompt = kernel.client.get_stdin_msg(timeout=180)["content"]["prompt"]
    assert "remove wants to run" in prompt
    return request


def cancel_elsewhere(url, key):
    """Cancel the last turn of the newest session as another client does."""
    with httpx.Client(base_url=f"{url}/v1", headers={"Authorization": f"Bearer {key}"}) as http:
        [session] = http.get("/sessions").json()["sessions"]
        cancel = {"type": "message.cancel_requested", "message_id": session["last_message_id"]}
        assert http.post(f"/sessions/{session['id']}/events", json=cancel).status_code == 202


@pytest.mark.parametrize(
    "cell",
    [
        "%dari_agent keeper --tools remove the last one",
        "turn = d.agents['keeper'].send('the last one', tools=[remove]).wait()",
        "d.agents['keeper'].send('the last one', tools=[remove]).text",
    ],
    ids=["magic", "wait", "text"],
)
def test_what_another_client_cancels_is_asked_about_no_more(kernel, cell):
    kernel.run(ASKS)
    where = kernel.run("print(d.server.url, d.server.api_key)").split()
    request = asked(kernel, cell)
    cancel_elsewhere(*where)
    status, printed = kernel.end_of(request)
    assert status == "ok"
    # Where a view is, its page takes the field away.
    assert ("press Enter in the input field" in printed) == ("%dari" not in cell)
    assert "REMOVED" not in kernel.page.printed
    assert kernel.run("print(d.sessions.list()[0].turn().status)") == "cancelled\n"
    # What the user reads by themselves is read as ever.
    request = kernel.start("said = input('say: ')")
    kernel.client.get_stdin_msg(timeout=180)
    kernel.client.input("Hi")
    assert kernel.end_of(request)[0] == "ok"
    assert kernel.run("print(said)") == "Hi\n"


def test_the_page_is_told_that_its_cell_reads_no_input_any_more(kernel):
    kernel.run(ASKS)
    where = kernel.run("print(d.server.url, d.server.api_key)").split()
    request = asked(kernel, "%dari_agent keeper --tools remove the last one")
    cancel_elsewhere(*where)
    assert kernel.end_of(request)[0] == "ok"
    assert {"kind": "unasked"} in [one for told in kernel.page.told.values() for one in told]


def test_the_text_of_a_batch_stays_while_stop_is_on_its_way(kernel):
    request = kernel.start(BATCH)
    kernel.until(lambda: last_static_output(kernel).count("the first part") == 3)
    view, static_outputs = kernel.page.views()[-1], []
    kernel.interrupt()
    assert kernel.end_of(request)[0] == "error"
    press(kernel, view)

    def is_settled():
        static_outputs.extend(kernel.page.static_outputs)
        return not kernel.page.views()

    kernel.until(is_settled)
    assert {static.count("the first part") for static in static_outputs} == {3}
    assert last_static_output(kernel).count("cancelled") > 3
    assert "stopped" not in last_static_output(kernel)


def test_after_an_interrupt_the_static_output_says_so_in_the_file_at_once_and_in_the_page_soon(
    kernel,
):
    request, view = begun(kernel, ASK)
    kernel.interrupt()
    kernel.end_of(request)
    assert "you stopped watching" in last_static_output(kernel)
    assert view in kernel.page.views()  # Stop, if it was that, is heard only now
    kernel.until(lambda: kernel.page.static_outputs and "dari-kept" not in str(kernel.page.outputs))
    assert last_static_output(kernel).count("you stopped watching") == 1


def test_a_branch_that_was_cancelled_is_told_as_that_where_branches_are_compared(kernel):
    kernel.run(ASK.replace("-o turn", "--bg -o turn"))
    kernel.run("turn.cancel(); turn.wait(); gate.set(); again = turn.again('Ho').wait()")
    kernel.run("again.session.view()")
    view = kernel.page.views()[-1]
    kernel.until(lambda: kernel.page.widgets[view].get("branches"))
    [branch] = kernel.page.widgets[view]["branches"]
    body = {"turn": branch["turn"], "by": 0}
    kernel.say(view, {"kind": "request", "id": 1, "what": "compare", "body": body})
    kernel.until(lambda: any("branch 2" in str(told) for told in kernel.page.told.get(view, ())))
    compared = str(kernel.page.told[view][-1])
    assert "cancelled" in compared
    assert "failed" not in compared
