"""The session browser in JupyterLab, worked by keyboard alone."""

import pytest

from tests.jupyter import KERNEL

WAITS = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.05)"

SETUP = """
import os
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
import dari_nb as dari
d = dari.connect("local")
agent = d.agents.get("calculator")
if not d.sessions.list():
    turns = [agent.send(f"{n} + 1", name=f"sum {n}", metadata={"n": str(n)}) for n in range(120)]
    for turn in turns:
        turn.wait()
    agent.send("Where is my passport?").wait().session.send("And my ticket?").wait()
    tasks = [f"{n} * 7" for n in range(18)]
    d.batches.run("calculator", tasks, ["small", "large"], run_id="triage").wait()
"""


@pytest.fixture(scope="module")
def notebook(lab_server, browser):
    lab_server.look_with(browser)
    yield lab_server.open_notebook([SETUP, "browser = d.sessions.view(); browser"])
    lab_server.clear()


@pytest.fixture
def book(notebook):
    """The same notebook; its sessions are made once, its browser is new for each test."""
    notebook.problems.clear()
    notebook.page.evaluate("document.querySelector('.dari-sessions')?.classList.add('old')")
    notebook.run_all()
    notebook.page.locator(".dari-sessions:not(.old) tbody tr").nth(2).wait_for()
    return notebook


def rows(page):
    return page.locator(".dari-sessions tbody tr")


def eventually(book, expression, expected):
    """Whether the kernel comes to know it: a page's news are on their way for a while."""
    for _ in range(100):
        if book.execute(f"print({expression})").strip() == expected:
            return True
        book.page.wait_for_timeout(50)
    return False


def test_a_whole_browser_is_worked_by_keyboard(book):
    page = book.page
    assert rows(page).count() == 100
    rows(page).nth(2).focus()
    for key in ("ArrowDown", " ", "ArrowDown", "x", "Enter"):
        page.keyboard.press(key)
    page.locator(".dari-beside .dari-answer").wait_for()
    assert "117 + 1" in page.locator(".dari-beside").inner_text()
    names = "[session.name for session in browser.selection]"
    assert eventually(book, names, "['sum 118', 'sum 117']")
    page.keyboard.press("Escape")
    page.locator(".dari-beside").wait_for(state="hidden")
    page.keyboard.press("/")
    page.keyboard.type("n=11")
    page.get_by_text("11 of 157 sessions").wait_for()
    page.locator(".dari-sessions tbody tr").first.focus()
    page.keyboard.press("a")
    page.get_by_text("11 selected").wait_for()
    assert eventually(book, "len(browser.selection)", "11")
    assert len(book.save().cells) == 2
    assert not book.problems


def test_sessions_are_found_by_what_was_asked_and_tell_the_way_back(book):
    page = book.page
    page.get_by_role("searchbox", name="Find").fill("passport")
    page.get_by_text("1 of 157 sessions").wait_for()
    line = rows(page).first
    assert line.locator("td").nth(1).inner_text() == "Where is my passport?"
    assert line.locator("td").nth(3).inner_text() == "2"
    assert line.locator("td").nth(4).inner_text().startswith("today ")
    line.get_by_role("button").click()
    page.locator(".dari-beside").get_by_text("And my ticket?").wait_for()
    typed = page.locator(".dari-back code").inner_text()
    session = "dari.current().sessions.list(text='passport')[0].id"
    assert typed == f"%dari_send --session {book.execute(f'print({session})').strip()} …"


def test_a_run_is_one_line_that_opens(book):
    page = book.page
    run = rows(page).first
    assert run.get_attribute("aria-expanded") == "false"
    assert run.locator("small").first.inner_text() == "run “triage”, 36 sessions"
    run.get_by_role("button", name="0 * 7").wait_for()
    run.focus()
    page.keyboard.press("Enter")
    page.locator(".dari-inner").nth(35).wait_for()
    page.get_by_role("button", name="17 * 7").first.wait_for()
    page.keyboard.press("x")
    page.get_by_text("36 selected").wait_for()
    assert eventually(book, "len(browser.selection)", "36")
    page.keyboard.press("Enter")
    page.locator(".dari-inner").first.wait_for(state="detached")
    assert "nb_" not in page.locator(".dari-sessions").inner_text()


def test_columns_sort_and_more_lines_come_on_request(book):
    page = book.page
    page.get_by_role("searchbox", name="Find").fill("")
    page.get_by_role("button", name="22 more").click()
    assert rows(page).count() == 122
    page.get_by_text("4 + 1", exact=True).first.wait_for()
    page.get_by_role("button", name="asked").click()
    page.locator("th[aria-sort=ascending]").get_by_text("asked").wait_for()
    rows(page).first.get_by_role("button", name="0 * 7").wait_for()
    page.get_by_role("button", name="asked").click()
    rows(page).first.get_by_role("button", name="Where is my passport?").wait_for()


def test_a_row_opens_wherever_it_is_clicked_and_its_box_chooses(book):
    page = book.page
    page.get_by_role("searchbox", name="Find").fill("n=11")
    page.get_by_text("11 of 157 sessions").wait_for()
    rows(page).nth(1).locator("td").nth(2).click()
    page.locator(".dari-beside .dari-answer").wait_for()
    assert rows(page).nth(1).get_attribute("aria-current") == "true"
    assert "selected" not in page.locator(".dari-count").inner_text()
    rows(page).nth(2).locator("td").first.click()
    page.get_by_text("1 selected").wait_for()
    assert rows(page).nth(1).get_attribute("aria-current") == "true"


@pytest.mark.parametrize("place", ["td:nth-child(2) button", "td:nth-child(2) small", "td input"])
def test_a_press_ends_where_it_began_whatever_is_drawn_meanwhile(book, place):
    page = book.page
    line = rows(page).filter(has_text="n=118")
    line.locator(place).hover()
    page.mouse.down()
    book.execute("browser.selection = [d.sessions.list()[0].id]")
    page.get_by_text("1 selected").wait_for()
    page.mouse.up()
    if "input" in place:
        page.get_by_text("2 selected").wait_for()
    else:
        page.locator(".dari-beside").get_by_text("118 + 1").first.wait_for()
    assert not book.problems


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(book, axe, theme):
    book.theme(theme)
    page = book.page
    rows(page).first.focus()
    for width in (700, 1400):
        book.shot(f"sessions-{theme}-{width}", width=width)
    for key in ("Enter", " ", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.locator(".dari-beside .dari-answer").wait_for()
    assert axe(page, ".dari-sessions") == []
    for width in (700, 1400):
        book.shot(f"sessions-open-{theme}-{width}", width=width)


def test_while_the_kernel_is_busy_nothing_else_stands_for_what_was_opened(lab):
    book = lab.open_notebook([SETUP, "d.sessions.view()"])
    book.run_all()
    page, beside = book.page, book.page.locator(".dari-beside")
    rows(page).nth(2).click()
    beside.locator(".dari-answer").wait_for()
    page.evaluate(f"(code) => void {KERNEL}.requestExecute({{ code }})", WAITS)
    rows(page).nth(4).click()
    beside.get_by_text("The kernel does not answer yet, and may be busy with a cell").wait_for()
    assert beside.locator(".dari-answer").count() == 0
    book.shot("sessions-busy", selector=".dari-sessions")
    (lab.notebooks / "go").touch()
    beside.locator(".dari-answer").wait_for()
    assert book.problems == []


def test_a_reopened_notebook_shows_the_table(lab):
    book = lab.open_notebook(
        [
            "import dari_nb as dari; d = dari.connect('local')",
            "d.agents.get('echo').send('hi', name='kept one').wait(); d.sessions.view()",
        ],
        "sessions.ipynb",
    )
    book.run_all()
    book.page.locator(".dari-kept").get_by_text("kept one").wait_for(state="attached")
    book.save()
    lab.shutdown_kernels()
    book.reload()
    book.page.locator(".dari-kept").get_by_text("kept one").wait_for()
    assert not book.page.get_by_text("model not found").is_visible()
