"""What a notebook keeps of a view: all of it, or both ends and the count of what lacks."""

import re

import pytest

from dari_nb.models import AssistantMessageItem, ToolCallItem, UserMessageItem, text_block
from dari_nb.render import Head, static_timeline
from dari_nb.render.timeline.ends import ends

HEAD = Head("librarian", state="completed")


def turns(count, words="word " * 80):
    for n in range(count):
        yield UserMessageItem(id=f"u{n}", message_id=f"m{n}", content=[text_block(f"Step {n}.")])
        yield ToolCallItem(id=f"c{n}", message_id=f"m{n}", tool_name="look", status="completed")
        yield AssistantMessageItem(
            id=f"a{n}", message_id=f"m{n}", status="completed", content=[text_block(words)]
        )


def steps(text):
    return [int(n) for n in re.findall(r"Step (\d+)\.", text)]


def test_a_session_of_some_hundred_turns_is_kept_whole():
    items = list(turns(400))
    assert ends(items, HEAD) == static_timeline(items, HEAD)


@pytest.fixture(scope="module")
def longer():
    return ends(list(turns(8_000)), HEAD)


@pytest.mark.parametrize("form", ["text/html", "text/markdown", "text/plain"])
def test_a_longer_one_keeps_both_ends_and_says_what_lacks_between_them(longer, form):
    kept = longer[form]
    shown = steps(kept)
    assert shown[0] == 0
    assert shown[-1] == 7_999
    lacks = 8_000 - len(set(shown))
    assert lacks > 1_000
    assert f"… {lacks:,} turns ({3 * lacks:,} items) left out here" in kept
    gap = kept.index("left out here")
    assert len(set(steps(kept[:gap]))) + len(set(steps(kept[gap:]))) == 8_000 - lacks


def test_nothing_is_kept_of_nothing():
    assert "librarian" in ends([], HEAD)["text/plain"]
