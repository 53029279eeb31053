"""While something long is rendered, streams are read on: that of every other session, too."""

import pytest

HOLD = """
from markdown_it import MarkdownIt
held, may_go = threading.Event(), threading.Event()
parse = MarkdownIt.parse

def holding(self, text, *rest):
    if "a very long text" in text and threading.current_thread() is not threading.main_thread():
        held.set()
        may_go.wait(60)
    return parse(self, text, *rest)

MarkdownIt.parse = holding

@d.server.agent("long")
def long(prompt):
    gate.wait(60)
    yield "```python\\nx = 1\\n```\\n\\na very long text"

def go():
    may_go.set()
    MarkdownIt.parse = parse

def others_go_on():
    "Whether another session's stream is read to its end while the long text is being rendered."
    assert held.wait(120), "it was never rendered"
    turn = d.agents.get("echo").send("Hi").wait(20)
    print(turn.status, "meanwhile" if not may_go.is_set() else "too late")

long = d.agents.get("long")
"""
SHOWN = {
    "turn": "turn = long.send('Go.')\nturn",
    "chat": "chat = long.chat()\nchat",
}


@pytest.mark.parametrize("cell", SHOWN.values(), ids=SHOWN)
def test_what_is_rendered_holds_up_no_stream(kernel, cell):
    assert kernel.run(HOLD) == ""
    assert "RED" not in kernel.run(cell)
    for view in kernel.page.views():
        kernel.say(view, {"kind": "here", "jupyter": True})
        if "chat" in cell:
            message = {"key": "k", "text": "Go.", "files": [], "llm": ""}
            kernel.say(view, {"kind": "request", "id": 1, "what": "send", "body": message})
    kernel.run("gate.set()")
    printed = kernel.run("others_go_on()\ngo()")
    assert printed.strip() == "completed meanwhile"
