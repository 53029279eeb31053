"""How a player looks: what its track tells, in a narrow place, and printed."""

from __future__ import annotations

import json
import re
import time
from io import BytesIO

import pytest
from PIL import Image

from dari_nb.resources import Tape
from dari_nb.resources.tapes.player import PlayerSubject
from dari_nb.tapes import read_tape
from dari_nb.widgets.player.score import Score
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
OUTLINE = "() => getComputedStyle(document.querySelector('.dari-log')).outlineStyle"


ASKS = (
    {"mark": "first", "ask": "What comes?\n\n- an answer\n- an *error*\n- nothing"},
    {"mark": "second", "ask": "And now, what is `left`?"},
)
TITLE = "() => document.querySelector('.dari-asks:last-of-type').title"
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
# Room between the ring of a transcript and the cards in it.
INSIDE = """() => {
  const log = document.querySelector(".dari-log");
  const [ring, card] = [log, log.querySelector(".dari-user")].map((element) =>
    element.getBoundingClientRect());
  return Math.min(card.left - ring.left, ring.right - card.right);
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


@pytest.mark.parametrize("width", [360, 400, 600])
def test_in_a_narrow_place_the_controls_are_two_rows(opened, width):
    page = opened(3)
    page.set_viewport_size({"width": width, "height": 700})
    assert page.evaluate(ROWS) == 2
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_what_has_the_focus_is_not_framed_in_static_output(opened):
    page = opened(1)
    page.keyboard.press("Tab")
    page.locator(".dari-log").focus()
    assert page.evaluate(OUTLINE) != "none"
    page.emulate_media(media="print")
    assert page.evaluate(OUTLINE) == "none"


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


def test_a_track_that_is_held_stands_still_and_the_end_is_the_end(opened):
    page = opened(3)
    track = page.get_by_role("slider", name="Place in the recording")
    page.get_by_role("button", name="Play").click()
    point_at(page, 0.5)
    page.mouse.down()
    held = track.input_value()
    page.get_by_role("button", name="Play").wait_for()
    page.evaluate(DRAWN)
    assert track.input_value() == held
    point_at(page, 1.5)
    page.mouse.up()
    assert track.input_value() == track.get_attribute("max")
    assert page.get_by_role("button", name="Play").is_visible()


def test_a_mark_that_is_pointed_at_on_the_track_is_named(opened):
    page = opened(3, [{"mark": "Part 2: sums"}])
    mark = page.locator(".dari-mark")
    mark.wait_for()
    box = mark.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    named = "[...document.elementsFromPoint({x}, {y})].map((one) => one.title)[0]"
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    holds(page, f"{named.format(**place)} === 'Part 2: sums'")
    point_at(page, 0.9)
    holds(page, "document.querySelector('.dari-track input').title === ''")


KEPT = """() => [".dari-head", ".dari-part", ".dari-user > header"].map((name) => {
  const found = document.querySelector(name);
  return found && getComputedStyle(found).breakAfter;
})"""


def test_in_print_no_head_is_parted_from_what_it_stands_above(opened):
    page = opened(3)
    page.emulate_media(media="print")
    assert page.evaluate(KEPT) == ["avoid"] * 3


def holds(page, expression):
    """Wait until it does: such a page lets no script evaluate what it is given."""
    deadline = time.monotonic() + 200
    while not page.evaluate(expression):
        assert time.monotonic() < deadline
        page.wait_for_timeout(20)


@pytest.mark.parametrize("width", [800, 400])
def test_in_a_low_place_a_question_is_whole_and_some_of_the_transcript_is_seen(opened, width):
    page = opened(2, ASKS)
    page.set_viewport_size({"width": width, "height": 330})
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
LARGER = "document.documentElement.style.setProperty('--jp-content-font-size1', '24px')"


def at_a_question(page):
    page.locator(".dari-user").first.wait_for()
    page.locator(".dari-log").press("End")
    page.locator(".dari-question").wait_for()


def resized(page, width, height):
    """Change the size of what is seen, and wait until it is drawn so."""
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(DRAWN)


def tighter(page, how):
    """Take room from what is seen."""
    if how == "lower":
        resized(page, 1280, 520)
    elif how == "narrower":
        resized(page, 360, 640)
    elif how == "larger letters":
        page.evaluate(LARGER)
    else:
        resized(page, 1280, 790)
        page.locator(".dari-log").focus()
        page.keyboard.press("?")
        page.locator(".dari-keys").wait_for()


def stays_in_sight(page, how):
    """Look at the newest at a question, with room for all and then with less."""
    resized(page, 1280, 900)
    at_a_question(page)
    holds(page, WHOLE)
    tighter(page, how)
    page.evaluate(DRAWN)
    holds(page, NEWEST)


TIGHTER = pytest.mark.parametrize("how", ["lower", "narrower", "larger letters", "keys"])


@TIGHTER
def test_the_newest_stays_in_sight_at_a_question_in_a_page_whatever_takes_room(opened, how):
    stays_in_sight(opened(1, ASKS, asked=LONG), how)


@TIGHTER
def test_the_newest_stays_in_sight_at_a_question_in_a_notebook_whatever_takes_room(lab, how):
    write(lab.notebooks / "shop.tape", turns(1, ASKS, asked=LONG))
    book = lab.open_notebook(["import dari_nb as dari; dari.Tape('shop.tape').view()"])
    book.run_all()
    stays_in_sight(book.page, how)
    # The next test may have the same page.
    resized(book.page, 1280, 900)
    book.page.evaluate(LARGER.replace("24px", ""))
    assert book.problems == []


def seen_in_forced_colours(page, name, scheme):
    """Look at the main button, and then at the track, its handle and the question on it."""
    page.emulate_media(forced_colors="active", color_scheme=scheme)
    SHOTS.mkdir(exist_ok=True)
    page.locator(".dari-log").focus()
    page.locator(".dari-player").screenshot(path=SHOTS / f"player-{name}-forced-{scheme}.png")
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_forced_colours_a_page_shows_its_track_and_its_button(opened, scheme):
    page = opened(3, ASKS)
    at_a_question(page)
    seen_in_forced_colours(page, "page", scheme)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_forced_colours_a_notebook_shows_the_track_and_the_button(lab, scheme):
    write(lab.notebooks / "shop.tape", turns(3, ASKS))
    book = lab.open_notebook(["import dari_nb as dari; dari.Tape('shop.tape').view()"])
    book.run_all()
    at_a_question(book.page)
    seen_in_forced_colours(book.page, "lab", scheme)
    book.page.emulate_media(forced_colors="none", color_scheme="light")
    assert book.problems == []


TOGGLE = """(() => [".dari-toggle", ".dari-track"].map((name) => {
  const { left, width } = document.querySelector(name).getBoundingClientRect();
  return [left, width].join();
}).join())()"""


def test_the_track_stays_where_it_is_whether_it_plays_or_not(opened):
    page = opened(3)
    before = page.evaluate(TOGGLE)
    page.locator(".dari-toggle").click()
    page.get_by_role("button", name="Stop").wait_for()
    assert page.evaluate(TOGGLE) == before


CALL = """(() => [".dari-call > summary > code", ".dari-call > summary"].map(
  (name) => getComputedStyle(document.querySelector(name)).color).join(" "))()"""


def test_in_a_page_the_name_of_a_tool_is_told_from_what_it_was_given_as_in_a_notebook(opened):
    page = opened(1)
    page.locator(".dari-log").press("End")
    page.locator(".dari-call").first.wait_for()
    name, given = re.findall(r"\w+\([^)]*\)", page.evaluate(CALL))
    assert (name, given != name) == ("rgb(0, 0, 0)", True)


def test_the_track_tells_a_question_once_the_reader_is_there(opened):
    page = opened(2, ASKS)
    assert page.evaluate(TITLE) == "question"
    page.locator(".dari-log").press("End")
    page.locator(".dari-question").wait_for()
    assert page.evaluate(TITLE) == "What comes? · an answer · an error · nothing"
    page.keyboard.type("An answer.")
    page.keyboard.press("Control+Enter")
    page.locator(".dari-asks").nth(1).wait_for(state="attached")
    assert page.locator(".dari-asks").first.get_attribute("title") == "first"
    assert page.evaluate(TITLE) == "question"
    page.locator(".dari-log").press("End")
    page.locator(".dari-ask", has_text="left").wait_for()
    assert page.evaluate(TITLE) == "And now, what is left?"


def test_the_keys_tell_what_sends_and_each_is_in_one_column(opened):
    page = opened(1)
    page.keyboard.press("?")
    keys = page.locator(".dari-keys > div")
    assert "Ctrl+Enter\nsend the answer" in [one.inner_text() for one in keys.all()]
    assert "Esc\nleave the answer" in [one.inner_text() for one in keys.all()]
    assert keys.evaluate_all("(rows) => rows.map((row) => row.getClientRects().length)") == [
        1 for _ in range(keys.count())
    ]


def test_no_card_touches_the_ring_of_its_transcript(opened):
    page = opened(1)
    assert page.evaluate(INSIDE) >= 4


# How far a link stands below the top of the card that it is in, and how marks look.
STATIC = """() => {
  const [link, card] = ["a[href^='#']", ".dari-user"].map((one) =>
    document.querySelector(`.dari-turn > ${one}`).getBoundingClientRect());
  const marks = [...document.querySelectorAll(".dari-passed")].map((mark) => {
    const { fontSize, fontWeight } = getComputedStyle(mark);
    return `${mark.lastElementChild.textContent}: ${fontSize} ${fontWeight}`;
  });
  return [link.top > card.top && link.bottom < card.bottom, marks];
}"""


def test_in_static_output_a_link_is_in_its_card_below_a_mark_and_a_mark_that_asks_is_lighter(
    browser, tmp_path
):
    first, second, *rest = turns(1, ASKS)
    file = tmp_path / "shop.tape"
    lines = [first, second, {"mark": "Part 1"}, *rest]
    write(file, lines)
    page = browser.new_page()
    page.set_content(
        PlayerSubject(Score.of(read_tape(file)), dict, "").static_output()["text/html"]
    )
    is_inside, marks = page.evaluate(STATIC)
    page.close()
    assert is_inside
    assert marks[0] == "Part 1: 14px 600"
    assert marks[1].endswith("12.5px 400")
