"""An answer that is being written goes to the page piece by piece."""

import json
from pathlib import Path

import pytest

from dari_nb.models import AssistantMessageItem, ToolCallItem, UserMessageItem, text_block
from dari_nb.render import GrowingItems, Head

WRITTEN = (Path(__file__).parents[2] / "render" / "written.md").read_text()
LONG = (WRITTEN * (80_000 // len(WRITTEN) + 1))[:80_000]
RUNNING = Head("tour", "small", "running")
DONE = Head("tour", "small", "completed")
USER = UserMessageItem(id="u", message_id="m", content=[text_block("Tell me.")])


def draft(text, status="running"):
    content = [text_block(text)] if text else []
    return AssistantMessageItem(
        id="m:pending",
        message_id="m",
        status=status,
        content=content,
        created_at="2026-03-31T18:40:00Z",
    )


def said(text, item_id="s:9"):
    return AssistantMessageItem(
        id=item_id,
        message_id="m",
        status="completed",
        content=[text_block(text)],
        created_at="2026-03-31T18:42:00Z",
    )


def failed():
    return AssistantMessageItem(
        id="s:8", message_id="m", status="failed", error_message="The line broke."
    )


class Page:
    """Takes changes as the front end does, which counts in UTF-16 units."""

    def __init__(self):
        self.items = {}
        self.order = []

    def apply(self, changes):
        for change in changes:
            self._grow(change) if "edits" in change else self._place(change)

    def _grow(self, change):
        [before] = [one for one, item in self.items.items() if item["rev"] == change["base"]]
        item = self.items.pop(before)
        html, at = b"", 0
        units = item["html"].encode("utf-16-le")
        for start, end, come in change["edits"]:
            html += units[2 * at : 2 * start] + come.encode("utf-16-le")
            at = end
        html = (html + units[2 * at :]).decode("utf-16-le")
        now = change["id"] or before
        self.order[self.order.index(before)] = now
        self.items[now] = {**item, "html": html, "rev": change["rev"]}

    def _place(self, change):
        if change["id"] in self.order:
            self.order.remove(change["id"])
        self.items.pop(change["id"], None)
        if change["html"] is not None:
            after = change["after"]
            self.order.insert(0 if after is None else self.order.index(after) + 1, change["id"])
            self.items[change["id"]] = change

    @property
    def html(self):
        return [self.items[item_id]["html"] for item_id in self.order]


@pytest.fixture
def page():
    return Page()


@pytest.fixture
def show(live, wire, page):
    """Show items, and have the page take what that sends; returns the changes."""

    def showing(*items, head=RUNNING):
        before = wire.count
        live.show([USER, *items], head)
        news = [change for _, changes in wire.since(before) for change in changes]
        page.apply(news)
        return news

    return showing


def whole(item):
    return GrowingItems().html(item, agent="tour")


def test_an_answer_of_80_kb_costs_the_page_less_than_three_times_its_html(live, wire, page, show):
    for end in range(0, len(LONG), 400):
        show(draft(LONG[:end]))
    show(said(LONG), draft(""))
    show(said(LONG), head=DONE)
    assert page.order == ["u", "s:9"]
    assert page.html[1] == whole(said(LONG))
    told = [
        len(json.dumps(data)) + sum(map(len, buffers))
        for data, buffers in live.comm.published
        if data.get("method") == "custom"
    ]
    assert sum(told) < 3 * len(whole(said(LONG)).encode())


def test_the_page_shows_at_every_moment_what_the_whole_draft_would_be(page, show):
    for end in range(1, len(WRITTEN), 51):
        show(draft(WRITTEN[:end]))
        assert page.html[-1] == whole(draft(WRITTEN[:end]))


def test_the_answer_takes_the_place_of_its_draft_and_brings_only_what_is_new(page, show):
    show(draft(f"{WRITTEN}\n\nTw"))
    [answer, pending] = show(said(f"{WRITTEN}\n\nTwo."), draft(""))
    assert (answer["id"], "edits" in answer) == ("s:9", True)
    assert sum(len(come) for _, _, come in answer["edits"]) < 200
    assert pending["html"].startswith('<div class="dari-pending"')
    assert page.order == ["u", "s:9", "m:pending"]
    assert page.html[1] == whole(said(f"{WRITTEN}\n\nTwo."))
    show(said(f"{WRITTEN}\n\nTwo."), draft("And"))
    assert page.html[2] == whole(draft("And"))


def test_a_call_after_the_text_stands_behind_it(page, show):
    call = ToolCallItem(id="s:10", message_id="m", tool_name="look", status="running")
    show(draft("I look."))
    show(said("I look."), call, draft(""))
    show(said("I look."), call, draft("Found"))
    assert page.order == ["u", "s:9", "s:10", "m:pending"]
    assert page.html[3] == whole(draft("Found"))


def test_a_second_attempt_and_a_failure_show_what_they_say(page, show):
    show(draft("Wrong, and\n\nlong"))
    show(draft("Right"))
    assert page.html[1] == whole(draft("Right"))
    show(failed(), head=Head("tour", "small", "failed"))
    assert page.html[1] == whole(failed())
    assert page.order == ["u", "s:8"]


def test_a_page_that_comes_late_gets_it_as_it_is(live, wire, page, show):
    show(draft("One.\n\nTw"))
    show(draft("One.\n\nTwo and thr"))
    wire.say({"kind": "hello"})
    content, late = wire.messages[-1]
    assert content["kind"] == "snapshot"
    fresh = Page()
    fresh.apply(late)
    news = show(draft("One.\n\nTwo and three"))
    fresh.apply(news)
    assert "edits" in news[0]
    assert fresh.html == page.html
