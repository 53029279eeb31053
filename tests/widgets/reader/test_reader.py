"""The kernel's side of the view for reading."""

import asyncio
import json

import pytest

from dari_nb.models import ToolCallItem
from dari_nb.render import Head
from dari_nb.widgets import TranscriptView

HEAD = Head("librarian", "small", "completed")


@pytest.fixture
def view():
    view = TranscriptView(events=lambda item: [{"about": item.id}], link=lambda item: f"#{item.id}")
    yield view
    view.close()


def sent(view):
    """The custom messages so far, each with its decoded buffers."""
    return [
        (data["content"], [json.loads(buffer) for buffer in buffers])
        for data, buffers in view.comm.published
        if data.get("method") == "custom"
    ]


def ask(view, what, body=None):
    request = {"kind": "request", "id": 1, "what": what, "body": body}
    message = {"content": {"data": {"method": "custom", "content": request}}, "buffers": []}
    view.comm.handle_msg(message)
    return sent(view)[-1]


def test_rows_come_numbered_and_only_as_they_change(view, make):
    items = [make.user("u"), make.answer("a")]
    view.show(items[:1], HEAD)
    view.show(items, HEAD)
    view.show(items, HEAD)
    told = [(m["n"], m["first"], m["total"], [r["id"] for r in b[0]]) for m, b in sent(view)]
    assert told == [(1, 0, 1, ["u"]), (2, 1, 2, ["a"])]


def test_a_page_that_comes_late_gets_all_rows(view, make):
    view.show([make.user(f"u{n}") for n in range(12_000)], HEAD)
    answer, parts = ask(view, "rows")
    assert answer["body"] == {"n": 3, "parts": 3}
    assert [len(part) for part in parts] == [5000, 5000, 2000, 24]


def test_the_items_that_are_seen_first_come_with_the_rows(make):
    view = TranscriptView()
    view.show([make.user(f"u{n}") for n in range(100)], HEAD)
    view.active = "u90"
    _, (_, pieces) = ask(view, "rows")
    assert [piece["id"] for piece in pieces] == [f"u{n}" for n in range(90, 100)]
    view.close()


def test_an_emptied_timeline_is_told(view, make):
    view.show([make.user("u")], HEAD)
    view.show([], HEAD)
    message, buffers = sent(view)[-1]
    assert (message["first"], message["total"], buffers) == (0, 0, [[]])


def test_fragments_are_sanitised_html(view, make):
    view.show([make.user("u", "<script>alert(1)</script> *hi*")], HEAD)
    _, (pieces,) = ask(view, "fragments", {"ids": ["u"]})
    assert pieces[0]["id"] == "u"
    assert "<em>hi</em>" in pieces[0]["html"]
    assert "<script" not in pieces[0]["html"]


def test_find_raw_and_copies_are_answered(view, make):
    call = ToolCallItem(
        id="c", message_id="m1", tool_call_id="c", tool_name="search", arguments={"q": "x"}
    )
    view.show([make.user("u", "**Hi**"), call], HEAD)
    assert ask(view, "find", {"query": "hi"})[0]["body"] == ["u"]
    raw = json.loads(ask(view, "raw", {"id": "c"})[0]["body"])
    assert raw["item"]["arguments"] == {"q": "x"}
    assert raw["events"] == [{"about": "c"}]
    copies = {
        form: ask(view, "copy", {"id": "u", "form": form})[0]["body"]
        for form in ("text", "markdown", "json", "link")
    }
    assert "**Hi**" in copies["text"]
    assert copies["markdown"].startswith("> ")
    assert json.loads(copies["json"])["id"] == "u"
    assert copies["link"] == "#u"


def test_what_is_no_longer_there_is_said(view, make):
    view.show([make.user("u")], HEAD)
    view.show([], HEAD)
    assert "no longer there" in ask(view, "copy", {"id": "u", "form": "text"})[0]["error"]


def test_a_burst_is_told_in_few_messages(view, make):
    items = [make.user(f"u{n}") for n in range(2000)]

    async def burst():
        for end in range(len(items)):
            view.update_from(lambda end=end: (items[: end + 1], HEAD))
            if end % 100 == 0:
                await asyncio.sleep(0)

    asyncio.run(burst())
    view.show(items, HEAD)
    assert sum(len(buffers[0]) for _, buffers in sent(view)) == 2000
    assert sent(view)[-1][0]["total"] == 2000
    assert len(sent(view)) < 10


def test_the_head_is_shown_with_its_state(view, make):
    view.show([make.user("u")], Head("<b>", "small", "failed"))
    assert view.status == "failed"
    assert "&lt;b&gt;" in view.head


def test_a_closed_view_says_nothing_more(make):
    view = TranscriptView()
    closed = []
    view.on_close(lambda: closed.append(True))
    view.close()
    view.close()
    assert closed == [True]
