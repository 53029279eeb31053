"""A JupyterLab for all tests of this folder, and what they do with its notebooks."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator

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


def reopened(lab: Jupyter, book: Notebook, number: int, text: str) -> Notebook:
    """Save a notebook once a cell's static output has a text, and open a copy in another page."""
    for _ in range(100):
        if text in str(book.save().cells[number].outputs):
            return lab.open_file(lab.copy_notebook(book.path.name))
        book.page.wait_for_timeout(100)
    raise AssertionError(f"{text} isn't in {book.save().cells[number].outputs}")


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
