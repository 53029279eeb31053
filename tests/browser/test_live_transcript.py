"""The live transcript in real front ends, fed by hand from a background thread."""

import re

import pytest

FEEDER = """
import asyncio, itertools, threading, time
from dari_nb.models import AssistantMessageItem, ToolCallItem, UserMessageItem, text_block
from dari_nb.render import Head
from dari_nb.widgets import LiveTranscript

STAMP = "2026-03-31T18:40:04.120Z"
def user(text, n=0):
    return UserMessageItem(id=f"u{n}", message_id=f"m{n}", content=[text_block(text)],
                           created_at=STAMP)
def answer(text, n=0, status="completed"):
    return AssistantMessageItem(id=f"a{n}-{len(text)}", message_id=f"m{n}", status=status,
                                content=[text_block(text)], created_at=STAMP)
def call(n, status="completed", turn=0, result="ok"):
    return ToolCallItem(id=f"c{n}", message_id=f"m{turn}", tool_call_id=f"c{n}", tool_name="search",
                        arguments={"query": f"churn {n}"}, status=status, created_at=STAMP,
                        result=result if status == "completed" else None)

loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
def feed(live, items, state="running"):
    loop.call_soon_threadsafe(live.update, list(items), Head("librarian", "small", state))
"""
SHOW = "live = LiveTranscript(); live"


@pytest.fixture(scope="module")
def notebook(lab_server, browser):
    lab_server.look_with(browser)
    yield lab_server.open_notebook([FEEDER, SHOW])
    lab_server.clear()


@pytest.fixture
def book(notebook):
    """The same notebook, run again: its ``live`` and the view of it are new."""
    notebook.problems.clear()
    notebook.run_all()
    return notebook


def test_items_appear_in_lab_while_the_turn_runs(book):
    book.execute("feed(live, [user('Which customers churned?'), call(1, 'running')])")
    view = book.page.locator(".dari-live")
    view.locator(".dari-call[data-state=running]").wait_for()
    assert view.locator(".dari-bar .dari-state").inner_text() == "running"
    book.execute(
        "feed(live, [user('Which customers churned?'), call(1), answer('Three did.')], 'completed')"
    )
    view.locator(".dari-answer").wait_for()
    kinds = view.locator("[data-item]").evaluate_all("all => all.map(e => e.dataset.item[0])")
    assert kinds == ["u", "c", "a"]
    assert view.locator(".dari-call").get_attribute("data-state") == "completed"
    assert view.locator(".dari-stop").is_hidden()
    assert not book.problems


def test_a_reloaded_page_shows_everything(book):
    book.execute("feed(live, [user('Hello'), *(call(n) for n in range(40))])")
    book.page.locator("[data-item=c39]").wait_for()
    book.save()
    book.reload()
    book.page.locator(".jp-OutputArea").last.wait_for()
    book.page.locator("[data-item=c39]").wait_for()
    assert book.page.locator("[data-item]").count() == 41


def test_two_views_of_one_widget_show_the_same(notebook):
    book = notebook.server.open_notebook(
        [FEEDER, "live = LiveTranscript(); display(live, live)"], "two.ipynb"
    )
    book.run_all()
    book.execute("feed(live, [user('Hello'), call(1, 'running')])")
    book.execute("feed(live, [user('Hello'), call(1), answer('Hello, you.')])")
    views = book.page.locator(".dari-live")
    for view in views.all():
        view.locator(".dari-answer").wait_for()
    assert views.count() == 2
    assert views.nth(0).inner_html() == views.nth(1).inner_html()
    book.close()


def test_what_the_reader_opened_stays_open_when_the_result_comes(book):
    book.execute("feed(live, [user('Hello'), call(1, 'running')])")
    book.page.locator(".dari-call > summary").click()
    book.execute("feed(live, [user('Hello'), call(1)])")
    done = book.page.locator(".dari-call[data-state=completed]")
    done.wait_for()
    assert done.evaluate("call => call.open")
    assert done.locator("summary").first.evaluate("e => e === document.activeElement")


def test_the_log_follows_its_end_only_while_the_reader_is_there(book):
    grow = "feed(live, [user('Hello'), *(answer('word ' * n, 0) for n in range(1, {}))])"
    book.execute(grow.format(60))
    log = book.page.locator(".dari-log")
    at_end = "log => log.scrollHeight - log.scrollTop - log.clientHeight < 2"
    book.page.locator("[data-item=a0-295]").wait_for()
    assert log.evaluate(at_end)
    log.hover()
    book.page.mouse.wheel(0, -600)
    book.page.locator(".dari-latest").wait_for()
    top = "log => [...log.querySelectorAll('[data-item]')].map(e => [e.dataset.item, \
        Math.round(e.getBoundingClientRect().top)]).find(([, top]) => top > 200)"
    seen = log.evaluate(top)
    book.execute(grow.format(80))
    book.page.locator("[data-item=a0-395]").wait_for(state="attached")
    assert log.evaluate(top) == seen
    book.page.locator(".dari-latest").click()
    book.page.locator(".dari-latest").wait_for(state="hidden")
    assert log.evaluate(at_end)


def test_a_burst_of_ten_thousand_items_arrives_whole(book):
    book.execute("feed(live, [user('Hello'), *(call(n) for n in range(10_000))])")
    book.page.wait_for_function(
        "() => document.querySelectorAll('[data-item]').length === 10001", polling=100
    )
    order = book.page.locator("[data-item]").evaluate_all("all => all.map(e => e.dataset.item)")
    assert order == ["u0", *(f"c{n}" for n in range(10_000))]
    # A batch goes out after so much rendering, so how many there are is the machine's affair.
    assert int(book.execute("print(live._outbox.n)")) < 10_000 / 10


def test_the_clock_ticks_and_the_final_time_stays(book):
    book.execute("live.started -= 75; feed(live, [user('Hello')])")
    clock = book.page.locator(".dari-clock")
    book.page.get_by_text(re.compile(r"1 min 1\d s")).first.wait_for()
    book.execute("feed(live, [user('Hello')], 'stopped')")
    book.page.get_by_text("stopped").first.wait_for()
    assert re.fullmatch(r"1 min \d+ s", clock.inner_text())


def test_the_log_scrolls_by_keyboard_and_leaves_the_notebook_alone(book):
    book.execute("feed(live, [user('Hello'), *(call(n) for n in range(80))])")
    book.page.locator("[data-item=c79]").wait_for()
    log = book.page.locator(".dari-log")
    before = log.evaluate("log => log.scrollTop")
    log.focus()
    book.page.keyboard.press("PageUp")
    book.page.keyboard.press("ArrowUp")
    book.page.locator(".dari-latest").wait_for()
    assert log.evaluate("log => log.scrollTop") < before - 100
    assert log.evaluate("log => log === document.activeElement")
    book.page.keyboard.press("b")
    assert book.page.locator(".jp-CodeCell").count() == 2


def test_the_live_view_follows_the_theme(book):
    book.execute("feed(live, [user('Hello'), call(1, 'running')])")
    book.page.locator(".dari-call").wait_for()
    colours = {}
    for theme in ("dark", "light"):
        book.theme(theme)
        for width in (700, 1400):
            book.shot(f"live-{theme}-{width}", width=width, selector=".dari-live")
        colours[theme] = book.page.locator(".dari-user").evaluate("e => getComputedStyle(e).color")
    assert colours["dark"] != colours["light"]
