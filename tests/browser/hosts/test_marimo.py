"""Views in marimo, which isn't Jupyter: to read, to chat, linked, and as static output."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..kinds import HIDDEN

APP = Path(__file__).with_name("app_marimo.py")
SETTINGS = '[display]\ntheme = "system"\n[runtime]\nauto_instantiate = true\n'


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """Where the notebook is shown as an app."""
    with serving("run", APP, tmp_path_factory.mktemp("marimo")) as url:
        yield url


@pytest.fixture
def edited(tmp_path):
    """Where a copy of the notebook is edited."""
    copy = Path(shutil.copy(APP, tmp_path / "edited.py"))
    with serving("edit", copy, tmp_path) as url:
        yield url


@contextmanager
def serving(mode, app, home):
    (home / ".config" / "marimo").mkdir(parents=True)
    (home / ".config" / "marimo" / "marimo.toml").write_text(SETTINGS)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "marimo", "-y", mode, str(app), "--headless", "--no-token"]
    log = (home / "log").open("wb")
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "-p", str(port)],
        cwd=home,
        env={
            **os.environ,
            "HOME": str(home),
            "XDG_CONFIG_HOME": "",
            "PYTHONPATH": str(APP.parents[3]),
        },
        stdout=log,
        stderr=log,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 180
        while not answers(f"{url}/health"):
            assert process.poll() is None, (home / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(60)
        log.close()


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_transcript_is_read_and_a_turn_runs(url, browser, axe, theme):
    page = browser.new_page()
    page.emulate_media(color_scheme=theme)
    page.goto(url)
    page.locator(".dari-reader .dari-answer").get_by_text("said").first.wait_for()
    page.locator(".dari-chat textarea").fill("what is new")
    page.locator(".dari-chat textarea").press("Control+Enter")
    page.locator(".dari-chat .dari-answer").get_by_text("what is new").wait_for()
    page.locator(".dari-chat .dari-call").get_by_text("look").first.wait_for()
    page.locator(".dari-turn .dari-answer").get_by_text("hello").first.wait_for()
    page.locator(".dari-player .dari-toggle").press("Space")
    page.locator(".dari-player .dari-answer").get_by_text("hello").first.wait_for()
    ground = page.locator("body").evaluate("e => getComputedStyle(e).colorScheme")
    assert ground == theme
    assert axe(page, "marimo-anywidget") == []
    row = page.locator(".dari-reader .dari-row").first
    row.hover()
    row.get_by_role("button", name="Copy, raw JSON").click()
    menu = row.locator(".dari-menu-list")
    menu.get_by_text("Raw JSON").wait_for()
    assert menu.evaluate(HIDDEN) == []
    menu.press("Escape")
    menu.wait_for(state="hidden")
    shots = APP.parents[1] / "shots"
    page.set_viewport_size({"width": 1200, "height": 1100})
    page.screenshot(path=shots / f"marimo-{theme}.png", full_page=True)
    page.close()


def test_a_chart_is_as_wide_as_its_place_and_follows_it(url, browser):
    page = browser.new_page()
    page.goto(url)
    drawn = page.locator(".dari-plot svg").locator("visible=true")
    drawn.wait_for()
    widths = []
    for width in (1400, 640):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(f"() => innerWidth === {width}")
        widths.append(drawn.bounding_box()["width"])
        place = drawn.locator("xpath=ancestor::*[contains(@class, 'dari-plot')]/..")
        assert abs(widths[-1] - place.bounding_box()["width"]) < 2
    assert widths[1] < 640 < widths[0]
    page.close()


def test_a_row_that_is_clicked_is_read_in_the_view_that_is_linked(url, browser):
    page = browser.new_page()
    page.goto(url)
    table = page.locator(".dari-sessions")
    table.locator("tr[aria-current]").get_by_role("button", name="hello").wait_for()
    table.get_by_role("button", name="something else").first.click()
    page.locator(".dari-reader").last.get_by_text("You said something else.").wait_for()
    told = page.get_by_text("active: sess_")
    told.wait_for()
    assert (
        told.inner_text() == f"active: {table.locator('tr[aria-current]').get_attribute('data-id')}"
    )
    page.close()


CELLS = """() => [...document.querySelectorAll("[data-cell-id]")].map((cell) =>
  [cell.dataset.cellId, cell.querySelector(".cm-content")?.textContent])"""
FOCUS = """([view, place]) => {
  const deep = (root) => [...root.querySelectorAll("*")].flatMap((e) =>
    e.shadowRoot ? [e, ...deep(e.shadowRoot)] : [e]);
  const root = deep(document).find((e) => e.matches(view));
  const element = place ? root.querySelector(place) : root;
  element.focus();
  return element.getRootNode().activeElement === element;
}"""
KEYS = [
    *("a", "b", "c", "v", "x", "q", "s", "d", "d", "j", "k", "g", "ArrowUp", "ArrowDown", "Enter"),
    *("Delete", "Backspace", "Shift+Backspace", "Escape", "Shift+ArrowDown", "Control+ArrowUp"),
    *("Control+Shift+O", "Control+Shift+P", "Control+Shift+9", "Control+Shift+1", "Control+h"),
]


PLACES = [
    (".dari-reader", ""),
    (".dari-reader", ".dari-log"),
    (".dari-reader", "summary"),
    (".dari-reader", ".dari-kinds button"),
    (".dari-chat", ""),
    (".dari-chat", "textarea"),
    (".dari-chat", ".dari-composer .dari-line button"),
    (".dari-player", ".dari-toggle"),
]


def test_no_key_of_the_notebook_acts_on_it_from_within_a_view(edited, browser):
    page = browser.new_page()
    page.goto(edited)
    page.on("filechooser", lambda _: None)
    page.locator(".dari-reader .dari-answer").get_by_text("said").first.wait_for()
    page.locator(".dari-chat textarea").wait_for()
    before = page.evaluate(CELLS)
    assert len(before) == 8
    for view, place in PLACES:
        for key in KEYS:
            assert page.evaluate(FOCUS, [view, place]), f"{view} {place}"
            page.keyboard.press(key)
            assert page.evaluate(CELLS) == before, f"{key} at {view} {place}"
    page.close()
