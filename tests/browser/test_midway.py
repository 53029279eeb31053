"""A turn that is shown live, in a notebook that is saved, reloaded or left in the middle of it."""

import os
import signal

from tests.jupyter import SHOTS

START = """
import os
from pathlib import Path
%load_ext dari_nb
import dari_nb
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
d = dari_nb.connect("local")
Path("pid").write_text(str(os.getpid()))

@d.server.agent("slow", llms=["small"])
def slow(prompt):
    yield dari_nb.local.Draft("half a ")
    yield "said in the **middle**"
    yield dari_nb.local.Draft("as far as it was wri")
    while not Path("go").exists():
        __import__("time").sleep(0.02)
    yield "said at the end"
"""
SEND = "%%dari_agent slow\nthe question"
SEND_BESIDE = "turn = d.agents['slow'].send('the question').follow(wait=False)"


def begun(server, cell, *, seen=".dari-kept"):
    """Start a cell; returns its notebook once the static output has what was said in the middle."""
    book = server.open_notebook([START, cell])
    book.start_all()
    book.page.locator(seen, has_text="said in the middle").wait_for(state="attached")
    return book


def forms(book):
    """What the file holds of the cell's outputs in each form, joined."""
    outputs = [output.get("data", {}) for output in book.save().cells[1].outputs]
    kinds = ("text/html", "text/markdown", "text/plain")
    return {kind: "\n".join(data.get(kind, "") for data in outputs) for kind in kinds}


def let_it_end(book):
    (book.path.parent / "go").touch()


def test_what_was_said_is_in_the_file_whenever_it_is_saved(lab):
    book = begun(lab, SEND)
    page = book.page
    draft = page.locator(".dari-kept").get_by_text("as far as it was wri")
    draft.first.wait_for(state="attached")
    assert page.locator(".dari-live").get_by_text("said in the middle").is_visible()
    assert not page.locator(".dari-kept").first.is_visible()
    for form in forms(book).values():
        assert all(text in form for text in ("the question", "middle", "as far as it was wri"))
        assert "%dari_follow sess_" in form
    os.kill(int((book.path.parent / "pid").read_text()), signal.SIGKILL)
    page.locator(".jp-Dialog").get_by_role("button", name="Ok").click()
    assert "as far as it was wri" in forms(book)["text/markdown"]
    book.reload()
    page.locator(".dari-kept").get_by_text("as far as it was wri").first.wait_for()
    assert not page.get_by_text("model not found").first.is_visible()
    book.shot("midway-killed", width=900)


def test_a_page_that_is_loaded_anew_shows_what_was_saved(lab):
    book = begun(lab, SEND)
    page = book.page
    book.save()
    book.reload(is_busy=True)
    page.locator(".dari-kept").get_by_text("said in the middle").first.wait_for()
    let_it_end(book)
    page.get_by_text("model not found").first.wait_for(state="attached")
    assert not page.get_by_text("model not found").first.is_visible()
    assert page.locator(".dari-kept").get_by_text("%dari_follow sess_").first.is_visible()


def test_a_page_that_is_loaded_anew_beside_a_turn_has_all_of_it_in_the_end(lab):
    book = begun(lab, SEND_BESIDE)
    page = book.page
    book.save()
    book.reload(is_busy=True)
    page.locator(".dari-live").get_by_text("as far as it was wri").wait_for()
    let_it_end(book)
    page.locator(".dari-kept").get_by_text("said at the end").first.wait_for()
    assert page.locator(".dari-kept").get_by_text("said in the middle").is_visible()
    assert page.locator(".dari-live").count() == 0
    assert page.get_by_text("%dari_follow sess_").count() == 0


def test_a_chat_that_is_closed_stays_in_every_page_and_says_how_to_go_on(lab):
    book = lab.open_notebook([START, "chat = d.agents['slow'].chat()\nchat"])
    page = book.page
    book.run_all()
    say(page, "asked in the first page")
    book.save()
    with page.context.expect_page() as opened:
        page.evaluate("url => void window.open(url)", f"{page.url}")
    other = opened.value
    lab.pages.append(other)
    other.locator(".dari-chat").get_by_text("asked in the first page").first.wait_for()
    for each in (page, other):
        each.locator(".dari-chat").get_by_text("said in the middle").first.wait_for()
    book.execute("chat.close()")
    for each in (page, other):
        each.locator(".dari-kept").get_by_text("This view was closed").wait_for()
        assert each.locator(".dari-kept").get_by_text("asked in the first page").is_visible()
        assert each.locator(".dari-kept").get_by_text("said in the middle").is_visible()
        assert each.locator(".dari-chat").count() == 0
    other.screenshot(path=SHOTS / "lab-midway-closed.png")


def say(page, text):
    chat = page.locator(".dari-chat")
    chat.locator("textarea").fill(text)
    chat.get_by_role("button", name="Send").click()
    chat.get_by_text("said in the middle").first.wait_for()
