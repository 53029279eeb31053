"""A review with buttons in a real front end, by keyboard."""

import pytest
from playwright.sync_api import expect

from .keys import PLACES, STATE
from .test_player_look import LARGER

START = """
import os, tempfile
import dari_nb as dari

os.chdir(tempfile.mkdtemp())
d = dari.connect("local")
version = "first"

@d.server.agent("writer")
def writer(prompt):
    return f"{prompt} {version}"

for version in ("first", "second"):
    with dari.recording("lesson.tape"):
        for n in range(4):
            d.agents["writer"].send(f"Question {version} {n}?").wait()
"""
VIEW = "dari.Tape('lesson.tape').review().view()"
# What has the focus, and the heading that it is at or stands below.
FOCUS = """() => {
  const { activeElement: at } = document;
  const heads = [...document.querySelectorAll(".widget-html h3")].filter(
    (head) =>
      head.closest("[tabindex]:not(.dari-view)") === at ||
      head.compareDocumentPosition(at) & Node.DOCUMENT_POSITION_FOLLOWING
  );
  return [at.tagName, heads.at(-1)?.textContent ?? ""].join(" ");
}"""


@pytest.fixture(params=["lab", "notebook7"])
def book(request, browser):
    server = request.getfixturevalue(request.param)
    notebook = server.open_notebook([START, VIEW])
    notebook.run_all()
    return notebook


def test_whoever_presses_a_button_is_at_the_next_turn_then_and_at_the_end_in_the_review(book):
    page = book.page
    reject = page.get_by_role("button", name="Reject")
    reject.nth(3).wait_for()
    page.evaluate(f"window.focusIn = {FOCUS}")
    for place, turn in (1, "2 of 3"), (1, "2 of 2"), (0, "1 of 1"):
        reject.nth(place).focus()
        page.keyboard.press("Space")
        page.wait_for_function("(turn) => window.focusIn().includes(turn)", arg=turn)
        assert page.evaluate("window.focusIn()").startswith("DIV")
        assert "1 turn rejected." in page.locator(".widget-vbox").inner_text()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Replace"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing on the tape is new.", exact=True).wait_for()
    again = page.get_by_role("button", name="Look again")
    page.wait_for_function("window.focusIn().startsWith('BUTTON')")
    book.shot("review-nothing")
    book.execute("with dari.recording('lesson.tape'): d.agents['writer'].send('One more?').wait()")
    again.press("Enter")
    page.wait_for_function("window.focusIn().includes('1 of 1')")
    assert book.problems == []


def test_its_letters_are_as_large_as_readers_choose(book):
    page = book.page
    reject = page.get_by_role("button", name="Reject").first
    reject.wait_for()
    page.evaluate(LARGER)
    sizes = """(e) => [...e.querySelectorAll("h3, p, button, .widget-label")]
      .filter((one) => !one.closest(".dari") && one.textContent)
      .map((one) => [parseFloat(getComputedStyle(one).fontSize), one.textContent.slice(0, 20)])"""
    found = page.locator(".dari-review").evaluate(sizes)
    words, room = (reject.evaluate(f"(e) => e.{name}") for name in ("scrollHeight", "clientHeight"))
    book.shot("review-large", selector=".dari-review")
    # The page may be that of the next test, too.
    page.evaluate(LARGER.replace("24px", ""))
    assert len(found) > 8
    assert [one for one in found if one[0] < 24 * 0.8] == []
    assert words <= room


LOSES = """
with dari.recording("shop.tape"):
    session = d.agents["writer"].start()
    for prompt in ("What do you sell?", "And coffee?", "Tea?", "Sugar?"):
        session.send(prompt).wait()
version = "third"
with dari.recording("shop.tape"):
    session = d.agents["writer"].start()
    for prompt in ("What do you sell?", "Is there coffee?", "Tea?", "Sugar?"):
        session.send(prompt).wait()
"""


def test_no_key_that_decides_once_decides_something_else_when_it_is_pressed_again(lab):
    view = "dari.Tape('shop.tape').review().view()"
    book = lab.open_notebook([START, LOSES, view])
    book.run_all()
    page = book.page
    page.evaluate(f"window.focusIn = {FOCUS}")
    reject = page.get_by_role("button", name="Reject")
    reject.nth(2).focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Replace, and lose 1 turn").wait_for()
    page.wait_for_function("window.focusIn().includes('1 of 2')")
    before = book.execute("print(open('shop.tape').read())")
    for key in ("Enter", "Space"):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.tagName") != "BUTTON"
    assert book.execute("print(open('shop.tape').read())") == before
    assert "1 turn rejected." in page.locator(".widget-vbox").inner_text()
    assert book.problems == []


FAILS = """
import contextlib
from dari_nb.errors import TurnFailedError
from dari_nb.tapes import read_tape

fails = False

@d.server.agent("porter")
def porter(prompt):
    if fails and prompt == "Is it open?":
        raise RuntimeError("asleep")
    return f"{prompt} Yes."

for fails, prompts in (False, ["Is it open?"]), (True, ["Is it open?", "And now?"]):
    with dari.recording(dari.Tape("door.tape", mode="record")):
        session = d.agents["porter"].start()
        for prompt in prompts:
            with contextlib.suppress(TurnFailedError):
                session.send(prompt).wait()
"""


def test_who_keeps_both_versions_has_the_answer_beside_the_failure_after_that(lab):
    book = lab.open_notebook([START, FAILS, "dari.Tape('door.tape').review().view()"])
    book.run_all()
    page = book.page
    box = page.locator(".widget-vbox").first
    box.get_by_role("button", name="Keep both versions of 2 turns").wait_for()
    assert box.get_by_role("button").all_inner_texts() == [
        *("Replace", "Keep both", "Reject 2 turns"),
        *("Keep both versions of 2 turns", "Reject"),
    ]
    book.shot("review-failure", selector=".widget-vbox")
    box.get_by_role("button", name="Keep both versions of 2 turns").click()
    page.get_by_text("“And now?”: 2 turns adopted.", exact=True).wait_for()
    on_it = "[(t.line.asked, t.status, t.line.new) for t in read_tape('door.tape').turns]"
    statuses = book.execute(f"print({on_it})")
    assert "('Is it open?', 'completed', False), ('Is it open?', 'failed', False)" in statuses
    assert book.problems == []


# Buttons that are not as wide as their words, lines that are far from each other, what is cut off.
NARROW = """() => {
  const all = (names) => [...document.querySelectorAll(`.jp-OutputArea ${names}`)];
  const lines = all(".widget-html-content > p").filter(({ textContent }) => textContent);
  return {
    width: document.querySelector(".widget-vbox").clientWidth,
    cut: all("button").filter((one) => one.scrollWidth > one.clientWidth).length,
    heights: lines.map((line) => parseFloat(getComputedStyle(line).lineHeight)),
    tables: all(".dari-compare").filter((one) => one.scrollWidth > one.clientWidth).length,
  };
}"""


def test_in_a_narrow_place_buttons_have_all_their_words_and_a_comparison_its_columns(lab):
    book = lab.open_notebook([START, LOSES, "dari.Tape('shop.tape').review().view()"])
    book.run_all()
    page = book.page
    page.get_by_role("button", name="Replace, and lose 1 turn").or_(
        page.get_by_role("button", name="Reject")
    ).first.wait_for()
    page.set_viewport_size({"width": 720, "height": 900})
    page.wait_for_function("document.querySelector('.widget-vbox').clientWidth < 400")
    seen = page.evaluate(NARROW)
    book.shot("review-narrow", selector=".widget-vbox")
    assert seen["width"] > 280
    assert (seen["cut"], seen["tables"]) == (0, 0)
    assert seen["heights"]
    assert max(seen["heights"]) < 24
    assert book.problems == []


# The contrast of a button's words and of its ring with its ground.
CONTRASTS = """(button) => {
  const light = (colour) => {
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (...colours) => {
    const [low, high] = colours.map(light).sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const { color, backgroundColor, outlineColor, outlineOffset } = getComputedStyle(button);
  const isInside = parseFloat(outlineOffset) < 0;
  return [contrast(color, backgroundColor), isInside ? contrast(outlineColor, backgroundColor) : 0];
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_and_rings_of_buttons_are_told_from_their_ground(lab, theme):
    book = lab.open_notebook([START, LOSES, "dari.Tape('shop.tape').review().view()"])
    book.run_all()
    page = book.page
    page.evaluate(f"window.focusIn = {FOCUS}")
    page.get_by_role("button", name="Reject").nth(2).click()
    loses = page.get_by_role("button", name="Replace, and lose 1 turn")
    # What asks next gets the focus after a decision, and would get it from what has it by then.
    page.wait_for_function("window.focusIn().includes('1 of 2')")
    book.theme(theme)
    for button in (loses, page.locator(".mod-primary").first):
        if button.count():
            button.focus()
            page.keyboard.press("Shift+Tab")
            page.keyboard.press("Tab")
            expect(button).to_be_focused()
            words, ring = button.evaluate(CONTRASTS)
            assert words >= 4.5
            assert ring >= 3
    book.shot(f"review-buttons-{theme}", selector=".widget-vbox")
    book.theme("light")
    assert book.problems == []


def test_no_key_pressed_in_a_review_acts_on_the_notebook(book):
    page = book.page
    page.get_by_role("button", name="Reject").nth(3).wait_for()
    page.evaluate(PLACES)
    before = page.evaluate(STATE)
    box = page.locator(".widget-vbox").first
    keep = page.get_by_role("button", name="Keep both").first
    for place in (keep, page.locator(".widget-html h3").first):
        # Pressed, and let go of elsewhere: nothing is decided.
        place.hover()
        page.mouse.down()
        page.mouse.move(5, 5)
        page.mouse.up()
        for key in ("x", "d", "d", "a", "b", "m", "0", "0", "Shift+M", "ArrowDown"):
            page.keyboard.press(key)
        assert box.evaluate("(box) => box.contains(document.activeElement)")
    assert page.evaluate(STATE) == before
    assert page.evaluate("() => window.ran") == []
    page.keyboard.press("Control+s")
    page.wait_for_function("() => window.ran.includes('docmanager:save')")
    keep.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Reject"
    page.keyboard.press("Space")
    # What had the focus has gone, and nobody else has got it yet.
    for key in ("x", "d", "d"):
        page.keyboard.press(key)
    page.get_by_text("1 turn rejected.").first.wait_for()
    assert page.evaluate(STATE) == before
    assert book.problems == []
