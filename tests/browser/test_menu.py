"""The menu of a message is whole wherever it opens."""

from .kinds import HIDDEN

# Resolves when a row has come into sight and stays where it is: front ends scroll, too.
SETTLED = """async (row) => {
    let [before, frames] = [NaN, 0];
    while (frames < 10) {
        row.scrollIntoView({ block: "end" });
        await new Promise(requestAnimationFrame);
        const { top } = row.getBoundingClientRect();
        frames = top === before ? frames + 1 : 0;
        before = top;
    }
}"""
AWAY = """(row) => {
    let box = row.closest(".jp-Cell");
    while (box.scrollTop === 0) {
        box = box.parentElement;
        box.scrollTop = box.scrollHeight;
    }
    return row.getBoundingClientRect().bottom < box.getBoundingClientRect().top;
}"""
ONE = """
import dari_nb as dari
session = dari.connect("local").agents["echo"].send("Which city is it?").wait().session
"""


def test_the_menu_of_a_short_session_is_whole_and_worked_by_keyboard(lab):
    book = lab.open_notebook([ONE, "session.view()", *[""] * 20])
    book.run_all()
    page = book.page
    row = page.locator(".dari-reader .dari-row").first
    row.locator(".dari-user").wait_for()
    # There are no tools to choose from.
    assert page.locator(".dari-tools select").is_hidden()
    toggle = row.get_by_role("button", name="Copy, raw JSON")
    menu = row.locator(".dari-menu-list")
    for height in (900, 330):
        page.set_viewport_size({"width": 1280, "height": height})
        row.evaluate(SETTLED)
        row.focus()
        page.keyboard.press("m")
        menu.get_by_text("Raw JSON").wait_for()
        page.wait_for_function("document.activeElement.textContent === 'Edit and ask again'")
        assert menu.evaluate(HIDDEN) == []
        beside, button = menu.bounding_box(), toggle.bounding_box()
        assert abs(beside["x"] + beside["width"] - button["x"] - button["width"]) < 2
        book.shot(f"reader-menu-{height}")
        page.keyboard.press("Escape")
        menu.wait_for(state="hidden")
        page.wait_for_function("document.activeElement.ariaLabel === 'Copy, raw JSON'")
    # It comes into sight with its row, wherever the notebook was scrolled meanwhile.
    assert row.evaluate(AWAY)
    page.keyboard.press("m")
    page.wait_for_function("document.activeElement.textContent === 'Edit and ask again'")
    assert menu.evaluate(HIDDEN) == []
    page.keyboard.press("Escape")
    menu.wait_for(state="hidden")
    page.wait_for_function("document.activeElement.ariaLabel === 'Copy, raw JSON'")
    page.keyboard.press("Enter")
    menu.wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Escape")
    menu.wait_for(state="hidden")
    toggle.click()
    menu.get_by_text("Raw JSON").click()
    row.locator(".dari-raw").wait_for()
    assert menu.is_hidden()
    toggle.click()
    menu.wait_for()
    page.locator(".dari-reader .dari-head").click()
    menu.wait_for(state="hidden")
    assert not book.problems
