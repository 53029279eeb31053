"""Views where a page has other widgets handled beside the main thread, as JupyterLab does."""

LATE = """
import pathlib, time
session = d.agents.get("echo").send("hello").wait().session
player = session.player()

def speak_late():
    while not pathlib.Path(place).exists():
        time.sleep(0.01)
    player.height = 200

threading.Thread(target=speak_late).start()
player
"""


def subshell(kernel, kind, **content):
    """Ask the kernel for a subshell, or to end one; returns what it answered."""
    request = kernel.client.session.msg(f"{kind}_subshell_request", content)
    kernel.client.control_channel.send(request)
    return kernel.client.get_control_msg(timeout=180)["content"]


def test_a_view_hears_its_page_when_a_subshell_has_ended_that_was_at_work_last(kernel, tmp_path):
    place = tmp_path / "now"
    assert kernel.run(f"place = {str(place)!r}") == ""
    kernel.run(LATE)
    page = kernel.page
    [view] = page.views()
    subshell_id = subshell(kernel, "create")["subshell_id"]
    # What another widget is told there, and then what a thread says to the page of this one.
    other = kernel.client.session.msg("comm_info_request", {})
    other["header"]["subshell_id"] = subshell_id
    kernel.client.shell_channel.send(other)
    assert "comms" in kernel.client.get_shell_msg(timeout=180)["content"]
    place.touch()
    kernel.until(lambda: page.widgets[view].get("height") == 200)
    assert subshell(kernel, "delete", subshell_id=subshell_id)["status"] == "ok"
    kernel.say(view, {"kind": "request", "id": 1, "what": "outline", "body": None})
    kernel.until(lambda: any(said.get("kind") == "answer" for said in page.told.get(view, ())))
