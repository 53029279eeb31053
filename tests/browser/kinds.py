"""A notebook with every kind of output, and a text of each that must be seen wherever it is."""

START = """
import os
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
%load_ext dari_nb
import dari_nb as dari
from dari_nb.local import ToolCall, ToolResult
d = dari.connect("local")

@d.server.agent("helper", llms=["small", "large"])
def helper(prompt, turn):
    yield ToolCall("look", {"where": "in the box"})
    yield ToolResult("found it")
    yield f"**{turn.llm_id}** says: {prompt}"

for asked in ("first for a tape", "anew for a tape"):
    with dari.recording("lesson.tape"):
        d.agents["helper"].send(asked).wait()
"""
SEND = "%%dari_agent helper --llm small -o turn\nsaid in a turn"
CELLS = {
    SEND: "small says: said in a turn",
    "turn.session": "said in a turn",
    "turn.session.view()": "small says: said in a turn",
    "turn.session.player()": "small says: said in a turn",
    "turn.session.chat()": "small says: said in a turn",
    "d.agents.list()": "helper",
    "d.sessions.list()": "helper",
    "d.sessions.view()": "helper",
    "%%dari_batch helper --llm small --llm large -o batch\nfirst task": "large says: first task",
    "batch.view()": "large says: first task",
    "batch.compare((0, 'small'), (0, 'large'))": "first task",
    "turn.session.workspace()": "workspace",
    "turn.session.workspace().diff(turn.session.workspace())": "the same",
    "dari.messages_frame([turn.session])": "said in a turn",
}
# Entries of a menu that cannot be clicked on, as something is above them or cuts them off.
HIDDEN = """(list) => [...list.querySelectorAll("button")].filter((button) => {
  const { left, right, top, bottom } = button.getBoundingClientRect();
  return [[left + 2, top + 2], [right - 2, bottom - 2]].some(
    ([x, y]) => list.getRootNode().elementFromPoint(x, y) !== button);
}).map((button) => button.textContent)"""
