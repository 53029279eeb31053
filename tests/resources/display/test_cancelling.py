"""Stop ends the turn on a server that offers it: each place says so once, and one goes on."""

import httpx
import pytest

BATCH = "%%dari_batch gated -o batch\nHi\nHo\nHum"


def press(kernel, view, what="stop"):
    kernel.say(view, {"kind": "request", "id": 1, "what": what, "body": None})


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
    ["%dari_agent keeper --tools remove the last one"],
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
