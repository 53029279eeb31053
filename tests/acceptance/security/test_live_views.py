"""Live views of hostile texts: nothing runs, and nothing is loaded."""

import pytest

from ... import kernels
from .frontend import HTML, FrontEnd
from .hostile import GROUPS, LONG, MIXED, RUNNING

TEXTS = GROUPS[MIXED]
ITEMS = 5 * len(TEXTS)
"""The fewest items that show texts: prompts, calls and answers."""
START = """
import dari_nb as dari
d = dari.Dari({url!r}, "key")
long, running = (d.sessions.get(each) for each in {sessions!r})
batch = d.batches.from_runs(d.sessions.list(), task="task", score_columns=["exact"])
"""
# Counts the different articles that have been seen in a log, and goes on by half a screen.
READ = """(log) => {
  window.seen ??= new Set();
  for (const each of log.querySelectorAll("article"))
    if (each.innerText.toLowerCase().includes("needle")) window.seen.add(each.outerHTML);
  const is_end = log.scrollTop + log.clientHeight >= log.scrollHeight - 1;
  log.scrollTop = is_end ? 0 : log.scrollTop + log.clientHeight / 2;
  return window.seen.size;
}"""


@pytest.fixture(scope="module")
def client(hostile):
    manager, client = kernels.started()
    client.execute(START.format(url=hostile.url(MIXED), sessions=[LONG, RUNNING]), reply=True)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def front_end(client, open_page):
    front_end = FrontEnd(open_page(HTML), client)
    yield front_end
    front_end.run("if hasattr(view, 'close'): view.close()")


def words(front_end):
    return front_end.page.inner_text("body").lower().count("needle")


def test_sessions_are_inert(front_end):
    front_end.run("view = d.sessions.view()\nview")
    rows = front_end.page.get_by_role("row")
    front_end.wait(lambda: rows.count() > 80)
    rows.nth(1).get_by_role("button").click()
    front_end.wait(lambda: front_end.page.get_by_role("article").count() > 1)
    front_end.inert.check()


def test_reader_is_inert(front_end):
    front_end.page.set_viewport_size({"width": 1280, "height": 5_000})
    front_end.run("view = long.view(height=5_000)\nview")
    log = front_end.page.get_by_role("log")
    front_end.wait(lambda: log.count() and log.evaluate(READ) >= ITEMS)
    front_end.inert.check()


def test_chat_is_inert(front_end):
    front_end.run("view = long.chat()\nview")
    log = front_end.page.get_by_role("log")
    front_end.wait(lambda: log.count() and log.evaluate(READ) >= 40)
    front_end.inert.check()


def test_player_is_inert(front_end):
    front_end.run("view = long.player()\nview")
    slider = front_end.page.get_by_role("slider")
    front_end.wait(slider.count)
    slider.press("End")
    front_end.wait(lambda: words(front_end) >= ITEMS)
    front_end.inert.check()


def test_running_turn_is_inert(front_end):
    front_end.run("view = running.turn()\nview")
    front_end.wait(lambda: words(front_end) >= 4 * len(TEXTS))
    front_end.inert.check()


def test_matrix_is_inert(front_end):
    front_end.run("view = batch.view()\nview")
    cells = front_end.page.get_by_role("gridcell")
    front_end.wait(lambda: cells.count() > 20)
    cells.first.click()
    front_end.wait(lambda: front_end.page.get_by_role("article").count() > 1)
    front_end.inert.check()


def test_trajectories_are_inert(front_end):
    front_end.run("view = batch.trajectories().view()\nview")
    runs = front_end.page.get_by_role("columnheader").get_by_role("button")
    front_end.wait(runs.count)
    runs.first.click()
    front_end.wait(lambda: front_end.page.get_by_role("article").count())
    front_end.inert.check()
