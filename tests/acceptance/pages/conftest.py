"""A JupyterLab for all tests of this folder, and what they do with its notebooks."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.jupyter import CHROMIUM, Jupyter, Notebook, running, shown

SETUP = """
import os
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
import threading
import dari_nb as dari
%load_ext dari_nb
d = dari.connect("local")
"""


@pytest.fixture(scope="session")
def lab(tmp_path_factory) -> Iterator[Jupyter]:
    """Run one JupyterLab."""
    for server in running("lab", tmp_path_factory.mktemp("lab")):
        server.look_with(CHROMIUM.context())
        yield server
        CHROMIUM.end()


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait until an expression of a kernel has a value: news from a page take a moment."""

    def wait(book: Notebook, expression: str, expected: object) -> None:
        for _ in range(600):
            value = book.execute(f"print({expression})").strip()
            if value == str(expected):
                return
            book.page.wait_for_timeout(50)
        raise AssertionError(f"{expression} is {value}, not {expected}")

    return wait


def output(book: Notebook, number: int) -> Locator:
    """Find the output of a cell, counted from 0."""
    return book.page.locator(selector(number))


def selector(number: int) -> str:
    """Select the output of a cell."""
    return f'[data-windowed-list-index="{number}"] .jp-OutputArea'


def check_reopened(lab: Jupyter, book: Notebook, texts: dict[int, str]) -> None:
    """Save a notebook, open a copy in a page and kernel of its own, and find a text per cell.

    Static outputs follow their views after a moment, so the notebook is saved until all are there.
    """
    for _ in range(300):
        cells = book.save().cells
        missing = [text for number, text in texts.items() if text not in str(cells[number].outputs)]
        if not missing:
            break
        book.page.wait_for_timeout(100)
    assert missing == []
    again = lab.open_file(lab.copy_notebook(book.path.name))
    for number, text in texts.items():
        expect(output(again, number)).to_contain_text(text)
    again.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call):
    """Report with a failure what its pages show."""
    report = yield
    if call.when == "call" and report.failed:
        for page in CHROMIUM.pages:
            report.sections.append((f"what {page.url} shows", shown(page.main_frame)))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem):
    """End the browser with the last test of this folder: its event loop would stay in others."""
    yield
    if nextitem is None or not nextitem.path.is_relative_to(Path(__file__).parent):
        CHROMIUM.end()
