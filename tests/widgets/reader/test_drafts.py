"""A view for reading is pushed what is new of an answer that is being written."""

import json

from dari_nb.models import AssistantMessageItem, text_block
from dari_nb.render import GrowingItems, Head
from dari_nb.widgets import TranscriptView

RUNNING = Head("tour", "small", "running")


def answer(text, item_id="m:pending", status="running"):
    return AssistantMessageItem(
        id=item_id, message_id="m", status=status, content=[text_block(text)] if text else []
    )


def edited(html, edits):
    for start, end, come in reversed(edits):
        html = html[:start] + come + html[end:]
    return html


def pushed(view):
    """The growths of each message that brought rows."""
    told = [
        list(buffers)
        for data, buffers in view.comm.published
        if data.get("content", {}).get("kind") == "rows"
    ]
    return [json.loads(buffers[1]) if len(buffers) > 1 else [] for buffers in told]


def test_a_draft_grows_and_the_answer_takes_its_place():
    view = TranscriptView()
    texts = ["One.\n\nTw", "One.\n\nTwo and", "One.\n\nTwo and **thr"]
    for text in texts:
        view.show([answer(text)], RUNNING)
    view.show([answer("One.\n\nTwo and three.", "s", "completed"), answer("")], RUNNING)
    view.show([answer("One.\n\nTwo and three.", "s", "completed"), answer("More")], RUNNING)
    growths = pushed(view)
    html, rev = "", 0
    for [growth] in growths[:4]:
        assert growth["base"] == rev
        html, rev = edited(html, growth["edits"]), growth["rev"] if growth["id"] != "s" else 0
    assert [growth["id"] for [growth] in growths] == [*["m:pending"] * 3, "s", "m:pending"]
    assert html == GrowingItems().html(
        answer("One.\n\nTwo and three.", "s", "completed"), agent="tour"
    )
    assert growths[4][0]["base"] == 0
    assert sum(len(come) for _, _, come in growths[1][0]["edits"]) < 10
    view.close()


def test_what_is_not_written_now_is_pushed_to_nobody():
    view = TranscriptView()
    view.show([answer("Said.", "s", "completed")], RUNNING)
    view.show([answer("Said.", "s", "completed"), answer("")], RUNNING)
    assert pushed(view) == [[], []]
    view.close()
