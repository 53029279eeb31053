"""How a player looks: what its track tells, in a narrow place, and printed."""

from __future__ import annotations

import json

import pytest

from dari_nb.workbench import Tape

TRACK = """() => Object.fromEntries(["items", "errors", "turns"].map((kind) => {
  const path = document.querySelector(`.dari-track .dari-${kind}`);
  const lines = (path.getAttribute("d") ?? "").split("M").length - 1;
  return [kind, [getComputedStyle(path).stroke, lines]];
}))"""
ROWS = """() => new Set([...document.querySelectorAll(
  ".dari-play > *, .dari-chosen > *"
)].map((element) => {
  const { top, height } = element.getBoundingClientRect();
  return Math.round((top + height / 2) / 12);
})).size"""
OUTLINE = "() => getComputedStyle(document.querySelector('.dari-log')).outlineStyle"


def turns(count):
    yield {"dari_tape": 1, "times": True}
    yield {"agent": "shop"}
    for number in range(1, count + 1):
        yield {
            "turn": f"msg_{number}",
            "session": "sess_1",
            "key": f"k{number}",
            "agent": "shop",
            "asked": f"Question {number}?",
        }
        call = {"tool_call_id": "call_1", "tool_name": "read"}
        failed = number == 2
        for kind, data in (
            ("tool.call_requested", {**call, "arguments": {}}),
            ("tool.call_completed", {**call, "result": "no", "is_error": failed}),
            ("assistant.message_completed", {"content": "An answer."}),
            ("message.status_changed", {"status": "completed"}),
        ):
            yield {"after": 5, "event": kind, "data": data}
    yield {"scrubbed": {}}


@pytest.fixture
def opened(browser, tmp_path):
    page = browser.new_page()

    def opened(count):
        file = tmp_path / "shop.tape"
        file.write_text("".join(json.dumps(line) + "\n" for line in turns(count)))
        page.goto(Tape(file).to_html(tmp_path / "shop.html").as_uri())
        page.locator("#dari-player[tabindex]").wait_for()
        return page

    yield opened
    page.close()


def test_an_error_is_told_apart_on_the_track_and_so_many_turns_are_no_bar(opened):
    track = opened(3).evaluate(TRACK)
    assert len({stroke for stroke, _ in track.values()}) == 3
    assert [count for _, count in track.values()] == [6, 1, 3]
    track = opened(400).evaluate(TRACK)
    assert [count for _, count in track.values()] == [0, 1, 0]


@pytest.mark.parametrize("width", [360, 400, 600])
def test_in_a_narrow_place_the_controls_are_two_rows(opened, width):
    page = opened(3)
    page.set_viewport_size({"width": width, "height": 700})
    assert page.evaluate(ROWS) == 2
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_what_has_the_focus_is_not_framed_on_paper(opened):
    page = opened(1)
    page.keyboard.press("Tab")
    page.locator(".dari-log").focus()
    assert page.evaluate(OUTLINE) != "none"
    page.emulate_media(media="print")
    assert page.evaluate(OUTLINE) == "none"
