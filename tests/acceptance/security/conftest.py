"""What the tests share: a hostile Dari, and pages that nothing may run on or leave."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, sync_playwright

from .browsing import SafePage
from .hostile import HostileDari


@pytest.fixture(scope="session")
def hostile() -> Iterator[HostileDari]:
    """Yield a Dari that serves each group of the corpus."""
    with HostileDari() as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    """Yield a Chromium without a content security policy."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium.new_context(bypass_csp=True)
        chromium.close()


@pytest.fixture
def open_page(browser: BrowserContext) -> Iterator[Callable[[str], SafePage]]:
    """Return a function that loads HTML in a page of its own."""
    pages: list[SafePage] = []

    def open_page(html: str) -> SafePage:
        pages.append(SafePage(browser.new_page(), html))
        return pages[-1]

    yield open_page
    for page in pages:
        page.page.close()
