"""Views in marimo, which is no Jupyter: a transcript to read, a chat whose turn runs, and paper."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

APP = Path(__file__).with_name("app_marimo.py")


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    home = tmp_path_factory.mktemp("marimo")
    (home / ".config" / "marimo").mkdir(parents=True)
    (home / ".config" / "marimo" / "marimo.toml").write_text('[display]\ntheme = "system"\n')
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "marimo", "-y", "run", str(APP), "--headless", "--no-token"]
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
        deadline = time.monotonic() + 60
        while not answers(f"{url}/health"):
            assert process.poll() is None, (home / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(15)
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
    ground = page.locator("body").evaluate("e => getComputedStyle(e).colorScheme")
    assert ground == theme
    assert axe(page, "marimo-anywidget") == []
    shots = APP.parents[1] / "shots"
    page.set_viewport_size({"width": 1200, "height": 1100})
    page.screenshot(path=shots / f"marimo-{theme}.png", full_page=True)
    page.close()
