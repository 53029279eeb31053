"""The documentation site, built from the checkout and opened without a network."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_BYTES = 20_000_000


@pytest.fixture(scope="module")
def site():
    done = subprocess.run(["make", "docs"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "docs" / "_build" / "html"


def test_site_pages_ask_no_other_host(site, browser):
    pages = sorted(site.rglob("*.html"))
    assert {"index.html", "comparing.html", "02_comparing_models.html"} <= {p.name for p in pages}
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("http*://**", lambda route: route.abort())
    for file in pages:
        page.goto(file.as_uri())
    page.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_site_shows_outputs_of_lessons(site, browser):
    page = browser.new_page()
    page.goto((site / "lessons" / "01_first_conversation.html").as_uri())
    page.locator(".cell_output").get_by_text("evaluate").first.wait_for(state="attached")
    page.close()


def test_site_has_texts_for_llms_and_stays_small(site):
    assert "comparing" in (site / "llms.txt").read_text()
    assert sum(file.stat().st_size for file in site.rglob("*") if file.is_file()) < MOST_BYTES
