"""The demo page shows all views with no kernel."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.jupyter import ROOT


@pytest.fixture
def url() -> Iterator[str]:
    """The address at which ``npm run demo`` serves, as it says itself."""
    process = subprocess.Popen(
        ["node", "build.mjs", "--demo"],
        cwd=ROOT / "js",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    found = (re.search(r"http://127\.0\.0\.1:\d+/", line) for line in process.stdout)
    yield next(match[0] for match in found if match)
    process.terminate()
    process.wait(60)
    process.stdout.close()


def test_every_view_works_with_no_kernel(browser, url):
    page = browser.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(url)
    page.get_by_role("button", name="Play a turn").click()
    page.locator("#live .dari-answer").get_by_text("Three customers did").wait_for()
    page.locator("#matrix").get_by_text("completed").first.wait_for()
    page.locator("#chat .dari-composer textarea").fill("Hello")
    page.locator("#chat .dari-composer textarea").press("Control+Enter")
    page.locator("#chat .dari-answer").get_by_text("You wrote 5 characters.").wait_for()
    page.locator("#sessions").get_by_text("1000 sessions").wait_for()
    assert problems == []
    page.close()
