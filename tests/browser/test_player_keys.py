"""The keys of a player, for whoever works it by pointer as well, and by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from dari_nb.resources import Tape

from .test_player import ASKED, BEGUN, LINES, VIEW, written

LONG = [
    {**line, "after": 9} if line.get("after") == 0.2 else line
    for line in LINES
    if "mark" not in line
]
# Two questions at one place.
TWICE = [*ASKED[:6], {"mark": "a2", "ask": "And how many?"}, *ASKED[6:]]
LISTED = ".dari-keys"


@pytest.fixture(params=["page", "lab"])
def player(request, browser, tmp_path):
    """A player of about twenty seconds, in a page of its own and in a notebook."""
    if request.param == "lab":
        lab = request.getfixturevalue("lab")
        written(lab.notebooks / "shop.tape", LONG)
        book = lab.open_notebook([VIEW])
        book.run_all()
        view = book.page.locator(".dari-player")
        view.get_by_text("Which tickets are late?").wait_for()
        yield view
        return
    page = browser.new_page()
    yield opened(page, tmp_path, LONG)
    page.close()


def opened(page, folder, lines):
    """Open a page of its own."""
    written(folder / "shop.tape", lines)
    page.goto(Tape(folder / "shop.tape").to_html(folder / "shop.html").as_uri())
    page.locator(BEGUN).wait_for()
    return page.locator(".dari-player")


def at(track, share):
    """A place on the track in the window."""
    box = track.bounding_box()
    return box["x"] + box["width"] * share, box["y"] + box["height"] / 2


def plays(view):
    """Space begins, and Space stops, as `k` does."""
    keyboard, toggle = view.page.keyboard, view.locator(".dari-toggle")
    for key in (" ", "k"):
        keyboard.press(key)
        expect(toggle).to_have_attribute("aria-label", "Stop")
        keyboard.press(key)
        expect(toggle).to_have_attribute("aria-label", "Play")


def goes(view, key, seconds):
    """A key goes so far."""
    track = view.get_by_label("Place in the recording")
    before = float(track.input_value())
    view.page.keyboard.press(key)
    assert float(track.input_value()) == pytest.approx(before + seconds, abs=0.01)


def listed(view):
    """The list of keys comes and goes by its keys."""
    view.page.keyboard.press("?")
    expect(view.locator(LISTED)).to_be_visible()
    view.page.keyboard.press("Escape")
    expect(view.locator(LISTED)).to_be_hidden()


def test_who_has_clicked_or_dragged_on_the_track_has_the_keys(player):
    track, mouse = player.get_by_label("Place in the recording"), player.page.mouse
    mouse.click(*at(track, 0.3))
    plays(player)
    goes(player, "ArrowRight", 5)
    goes(player, "ArrowLeft", -5)
    listed(player)
    mouse.move(*at(track, 0.5))
    mouse.down()
    mouse.move(*at(track, 0.3), steps=4)
    mouse.up()
    plays(player)
    goes(player, "ArrowRight", 5)
    player.page.keyboard.press("]")
    expect(player.get_by_text("turn 2 of 2")).to_be_visible()
    player.page.keyboard.press("Home")
    player.page.keyboard.press("k")
    mouse.click(*at(track, 0.2))
    player.page.keyboard.press(" ")
    expect(player.locator(".dari-toggle")).to_have_attribute("aria-label", "Play")


def test_who_has_clicked_a_button_or_chosen_a_speed_has_the_keys(player):
    for name in ("One item on", "One item back", "Play"):
        player.get_by_role("button", name=name).click()
        if name == "Play":
            player.page.keyboard.press(" ")
        plays(player)
    player.get_by_role("button", name="Keys").click()
    expect(player.locator(LISTED)).to_be_visible()
    player.page.keyboard.press("Escape")
    expect(player.locator(LISTED)).to_be_hidden()
    speed = player.get_by_label("Speed")
    speed.click()
    player.page.keyboard.press("ArrowDown")
    player.page.keyboard.press("Enter")
    expect(speed).to_have_value("2")
    plays(player)
    listed(player)
    # Who looks at the choice and leaves it is led out, too.
    speed.click()
    player.page.keyboard.press("Escape")
    player.page.keyboard.press("Escape")
    plays(player)


def test_by_keyboard_alone_controls_keep_what_is_theirs(player, axe):
    keyboard, speed = player.page.keyboard, player.get_by_label("Speed")
    player.get_by_role("button", name="One item on").focus()
    keyboard.press("Tab")
    track = player.get_by_label("Place in the recording")
    expect(track).to_be_focused()
    goes(player, "ArrowRight", 5)
    goes(player, "ArrowLeft", -5)
    plays(player)
    expect(track).to_be_focused()
    keyboard.press("Tab")
    expect(speed).to_be_focused()
    for value in ("2", "4"):
        keyboard.press("ArrowDown")
        expect(speed).to_have_value(value)
    expect(speed).to_be_focused()
    keyboard.press("Escape")
    expect(player.locator(".dari-log")).to_be_focused()
    plays(player)
    player.get_by_role("button", name="One item on").focus()
    keyboard.press("Home")
    keyboard.press("Enter")
    keyboard.press(" ")
    expect(player.get_by_role("button", name="One item on")).to_be_focused()
    assert axe(player.page, ".dari-player") == []


def test_a_letter_on_the_track_begins_the_answer_where_something_is_asked(browser, tmp_path):
    page = browser.new_page()
    view = opened(page, tmp_path, ASKED)
    page.keyboard.press("End")
    field = view.locator(".dari-question textarea")
    field.wait_for()
    view.get_by_label("Place in the recording").focus()
    page.keyboard.type("x, k?")
    expect(field).to_have_value("x, k?")
    view.get_by_label("Speed").focus()
    page.keyboard.type("no")
    expect(field).to_have_value("x, k?")
    page.close()


@pytest.fixture
def asking(browser, tmp_path):
    """A page that is asked, with the keys in its transcript; and the field of its question."""
    page = browser.new_page()
    view = opened(page, tmp_path, TWICE)
    view.locator(".dari-log").focus()
    yield view, view.locator(".dari-question textarea")
    page.close()


def test_the_answer_after_an_answer_is_written_from_its_first_character_on(asking):
    view, field = asking
    view.page.keyboard.press("End")
    expect(field).to_be_focused()
    view.page.keyboard.type("It finds 2.")
    view.get_by_role("button", name="Go on and see").click()
    view.get_by_text("And how many?").wait_for()
    expect(field).to_be_focused()
    view.page.keyboard.type(".25, I think.")
    expect(field).to_have_value(".25, I think.")
    # It plays on to the next one.
    view.get_by_role("button", name="Go on and see").click()
    view.get_by_text("Can it close the shop?").wait_for()
    expect(field).to_be_focused()
    view.page.keyboard.type(".5")
    expect(field).to_have_value(".5")


@pytest.mark.parametrize("key", ["[", ","])
@pytest.mark.parametrize("come", ["play", "step"])
def test_a_key_that_did_not_lead_to_a_question_begins_its_answer(asking, key, come):
    view, field = asking
    keyboard = view.page.keyboard
    keyboard.press(key)
    if come == "play":
        view.page.mouse.click(*at(view.get_by_label("Place in the recording"), 0.05))
        view.get_by_label("Speed").select_option("16")
        view.get_by_role("button", name="Play").click()
    else:
        while view.locator(".dari-question").is_hidden():
            view.get_by_role("button", name="One item on").click()
    expect(field).to_be_focused()
    keyboard.type(f"{key}1, 2]")
    expect(field).to_have_value(f"{key}1, 2]")


def test_a_key_that_is_held_on_writes_nothing_and_pressed_anew_it_writes(asking):
    view, field = asking
    keyboard = view.page.keyboard
    keyboard.press("End")
    keyboard.type("mine")
    # Space leads from the transcript to the field.
    keyboard.press("Escape")
    for _ in range(3):
        keyboard.down("Space")
    expect(field).to_be_focused()
    keyboard.up("Space")
    expect(field).to_have_value("mine")
    keyboard.down("Control")
    keyboard.down("Enter")
    view.get_by_text("And how many?").wait_for()
    keyboard.up("Control")
    for _ in range(3):
        keyboard.down("Enter")
    expect(field).to_have_value("")
    keyboard.up("Enter")
    for _ in range(3):
        keyboard.down("Enter")
    expect(field).to_have_value("\n\n\n")


def test_who_works_a_control_by_pointer_where_something_is_asked_writes_there(asking):
    view, field = asking
    keyboard, mouse = view.page.keyboard, view.page.mouse
    track, log = view.get_by_label("Place in the recording"), view.locator(".dari-log")

    def drag():
        mouse.move(*at(track, 0.05))
        mouse.down()
        mouse.move(*at(track, 0.9), steps=4)
        mouse.up()

    def choose():
        view.get_by_label("Speed").click()
        keyboard.press("ArrowDown")
        keyboard.press("Enter")

    def click():
        mouse.click(*at(track, 0.9))

    step = view.get_by_role("button", name="One item on").click
    works = [
        ("Home", click),
        ("Home", drag),
        *(("End", one) for one in (click, drag, choose, step)),
    ]
    for begin, work in works:
        log.focus()
        keyboard.press(begin)
        expect(view.locator(".dari-question")).to_be_visible(visible=begin == "End")
        log.focus()
        work()
        expect(field).to_be_focused()
        keyboard.type("[1]")
        expect(field).to_have_value("[1]")
        field.fill("")
    view.get_by_role("button", name="Keys").click()
    expect(view.locator(LISTED)).to_be_visible()
    keyboard.press("Escape")
    expect(view.locator(LISTED)).to_be_hidden()
    expect(field).to_be_focused()
    keyboard.press("Escape")
    expect(log).to_be_focused()
    # Who goes back by pointer has the keys again.
    view.get_by_role("button", name="One item back").click()
    expect(log).to_be_focused()
    mouse.click(*at(track, 0.05))
    expect(log).to_be_focused()
