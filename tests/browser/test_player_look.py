"""How a player looks: what its track tells, in a narrow place, and printed."""

from __future__ import annotations

import json
import time
from io import BytesIO

import pytest
from PIL import Image

from dari_nb.resources import Tape
from tests.jupyter import SHOTS

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


ASKS = (
    {"mark": "first", "ask": "What comes?\n\n- an answer\n- an *error*\n- nothing"},
    {"mark": "second", "ask": "And now, what is `left`?"},
)
# How much the player scrolls by itself, and how far its buttons and its field are out of sight.
ROOM = """() => {
  const player = document.querySelector(".dari-player");
  const parts = [...player.querySelectorAll(".dari-question :is(textarea, .dari-main)")];
  const boxes = parts.map((part) => part.getBoundingClientRect());
  return [
    player.scrollHeight - player.clientHeight,
    Math.max(0, ...boxes.flatMap(({ top, bottom }) => [-top, bottom - innerHeight])),
  ];
}"""


def turns(count, asks=(), asked="Question {}?"):
    yield {"dari_tape": 1, "times": True}
    yield {"agent": "shop"}
    for number in range(1, count + 1):
        yield {
            "turn": f"msg_{number}",
            "session": "sess_1",
            "key": f"k{number}",
            "agent": "shop",
            "asked": asked.format(number),
        }
        call = {"tool_call_id": "call_1", "tool_name": "read"}
        failed = number == 2
        for kind, data in (
            ("tool.call_requested", {**call, "arguments": {}}),
            *([("ask", asks[number - 1])] if number <= len(asks) else []),
            ("tool.call_completed", {**call, "result": "no", "is_error": failed}),
            ("assistant.message_completed", {"content": "An answer."}),
            ("message.status_changed", {"status": "completed"}),
        ):
            yield data if kind == "ask" else {"after": 5, "event": kind, "data": data}
    yield {"scrubbed": {}}


def write(file, lines):
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


@pytest.fixture
def opened(browser, tmp_path):
    page = browser.new_page()

    def opened(count, asks=(), **how):
        file = write(tmp_path / "shop.tape", turns(count, asks, **how))
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


def test_in_a_narrow_place_the_controls_are_two_rows(opened):
    page = opened(3)
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate(ROWS) == 2
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360


DRAWN = "new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"


def point_at(page, share):
    """Move the mouse to a place on the track, as a share of its width."""
    box = page.locator(".dari-track input").bounding_box()
    page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


def test_a_click_on_the_track_goes_there_and_on_playing_or_stays(opened):
    page = opened(3)
    track = page.get_by_role("slider", name="Place in the recording")
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Stop").wait_for()
    point_at(page, 0.6)
    page.mouse.down()
    page.mouse.up()
    page.get_by_role("button", name="Stop").wait_for()
    holds(page, "Number(document.querySelector('.dari-track input').value) > 30")
    page.get_by_role("button", name="Stop").click()
    point_at(page, 0.25)
    page.mouse.down()
    page.mouse.up()
    assert 10 < float(track.input_value()) < 20
    assert page.get_by_role("button", name="Play").is_visible()


def holds(page, expression):
    """Wait until it does: such a page lets no script evaluate what it is given."""
    deadline = time.monotonic() + 200
    while not page.evaluate(expression):
        assert time.monotonic() < deadline
        page.wait_for_timeout(20)


def test_in_a_low_place_a_question_is_whole_and_some_of_the_transcript_is_seen(opened):
    page = opened(2, ASKS)
    page.set_viewport_size({"width": 400, "height": 330})
    page.locator(".dari-log").press("End")
    page.locator(".dari-question").wait_for()
    holds(page, "document.querySelector('.dari-log').offsetHeight > 120")
    holds(page, f"({ROOM})().every((pixels) => pixels < 1)")
    page.keyboard.type("An answer.")
    page.keyboard.press("Control+Enter")
    page.locator(".dari-question").wait_for(state="hidden")
    page.mouse.wheel(0, -2000)
    page.keyboard.press("End")
    page.locator(".dari-ask", has_text="left").wait_for()
    holds(page, f"({ROOM})().every((pixels) => pixels < 1)")


# That the newest is seen, of a transcript that no longer is seen whole.
NEWEST = """(() => {
  const log = document.querySelector(".dari-log");
  const isCut = log.scrollHeight - log.clientHeight > 8;
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 2;
  return isCut && isAtEnd && document.querySelector(".dari-latest").hidden;
})()"""
WHOLE = """(() => {
  const log = document.querySelector(".dari-log");
  return log.clientHeight > 0 && log.scrollHeight === log.clientHeight;
})()"""
LONG = "\n\n".join(f"Line {number} of it." for number in range(9))


def at_a_question(page):
    page.locator(".dari-user").first.wait_for()
    page.locator(".dari-log").press("End")
    page.locator(".dari-question").wait_for()


def resized(page, width, height):
    """Change the size of what is seen, and wait until it is drawn so."""
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(DRAWN)


def test_the_newest_stays_in_sight_at_a_question_in_a_page_whatever_takes_room(opened):
    page = opened(1, ASKS, asked=LONG)
    resized(page, 1280, 900)
    at_a_question(page)
    holds(page, WHOLE)
    resized(page, 1280, 520)
    holds(page, NEWEST)


def seen_in_forced_colours(page):
    """Look at the main button, and then at the track, its handle and the question on it."""
    page.emulate_media(forced_colors="active", color_scheme="dark")
    SHOTS.mkdir(exist_ok=True)
    page.locator(".dari-log").focus()
    page.locator(".dari-player").screenshot(path=SHOTS / "player-forced.png")
    button = Image.open(BytesIO(page.locator(".dari-main").screenshot())).convert("RGB")
    colours = button.crop((6, 4, button.width - 6, button.height - 4)).getcolors(10_000)
    _, ground = max(colours)
    assert max(contrast(one, ground) for _, one in colours) >= 4.5
    page.locator(".dari-log").press("Home")
    page.locator(".dari-question").wait_for(state="hidden")
    picture = Image.open(BytesIO(page.locator(".dari-track").screenshot())).convert("RGB")
    places = "(one) => one.offsetLeft + one.offsetWidth / 2"
    dot = page.locator(".dari-asks").evaluate(places)
    middle, line = picture.height // 2, int(0.9 * picture.width)
    ground = picture.getpixel((line, 1))
    for left in (line, 3, int(dot)):
        assert contrast(picture.getpixel((left, middle)), ground) >= 3


def contrast(one, other):
    lights = []
    for colour in (one, other):
        parts = [part / 255 for part in colour]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        lights.append(0.2126 * r + 0.7152 * g + 0.0722 * b)
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_in_forced_colours_a_page_shows_its_track_and_its_button(opened):
    page = opened(3, ASKS)
    at_a_question(page)
    seen_in_forced_colours(page)
