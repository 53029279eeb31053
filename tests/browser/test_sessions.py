"""The session browser in JupyterLab, worked by keyboard alone."""

import pytest

SETUP = """
import os
os.environ["DARI_LOCAL_PACE"] = "0"
import dari_nb as dari
d = dari.connect("local")
agent = d.agents.get("calculator")
if not d.sessions.list():
    turns = [agent.send(f"{n} + 1", name=f"sum {n}", metadata={"n": str(n)}) for n in range(120)]
    for turn in turns:
        turn.wait()
"""


@pytest.fixture(scope="module")
def notebook(lab_server, browser):
    lab_server.browser = browser
    yield lab_server.open_notebook([SETUP, "browser = d.sessions.view(); browser"])
    lab_server.clear()


@pytest.fixture
def book(notebook):
    """The same notebook; its sessions are made once, its browser is new for each test."""
    notebook.problems.clear()
    notebook.run_all()
    notebook.page.locator(".dari-sessions tbody tr").nth(2).wait_for()
    return notebook


def rows(page):
    return page.locator(".dari-sessions tbody tr")


def told(book, expression, expected):
    """Whether the kernel comes to know it: a page's news are on their way for a while."""
    for _ in range(100):
        if book.execute(f"print({expression})").strip() == expected:
            return True
        book.page.wait_for_timeout(50)
    return False


def test_a_whole_browser_is_worked_by_keyboard(book):
    page = book.page
    assert rows(page).count() == 100
    rows(page).first.focus()
    for key in ("ArrowDown", " ", "ArrowDown", "x", "Enter"):
        page.keyboard.press(key)
    page.locator(".dari-beside .dari-answer").wait_for()
    assert "117 + 1" in page.locator(".dari-beside").inner_text()
    names = "[session.name for session in browser.selected]"
    assert told(book, names, "['sum 118', 'sum 117']")
    page.keyboard.press("Escape")
    page.locator(".dari-beside").wait_for(state="hidden")
    page.keyboard.press("/")
    page.keyboard.type("n=11")
    page.get_by_text("11 of 120 sessions").wait_for()
    page.locator(".dari-sessions tbody tr").first.focus()
    page.keyboard.press("a")
    page.get_by_text("11 selected").wait_for()
    assert told(book, "len(browser.selected)", "11")
    assert len(book.save().cells) == 2
    assert not book.problems


def test_columns_sort_and_more_rows_come_on_request(book):
    page = book.page
    page.get_by_role("searchbox", name="Filter").fill("")
    page.get_by_role("button", name="20 more").click()
    assert rows(page).count() == 120
    page.get_by_role("button", name="name").click()
    page.locator("th[aria-sort=ascending]").get_by_text("name").wait_for()
    assert "sum 0" in rows(page).first.inner_text()
    page.get_by_role("button", name="name").click()
    assert "sum 119" in rows(page).first.inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(book, axe, theme):
    book.theme(theme)
    page = book.page
    rows(page).first.focus()
    page.keyboard.press(" ")
    page.keyboard.press("Enter")
    page.locator(".dari-beside .dari-answer").wait_for()
    assert axe(page, ".dari-sessions") == []
    for width in (700, 1400):
        book.shot(f"sessions-{theme}-{width}", width=width)


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
