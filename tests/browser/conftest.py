"""Real JupyterLab and Notebook 7 in a real Chromium, see :mod:`tests.jupyter`."""

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import (
    BrowserContext,
    Error,
    Frame,
    Page,
)

from tests.jupyter import CHROMIUM, Jupyter, running, serious_findings, shown


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    yield from _running("lab", tmp_path_factory)


@pytest.fixture(scope="session")
def notebook7_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    yield from _running("notebook", tmp_path_factory)


_running_servers: list[Jupyter] = []


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    """A Chromium whose pages share a cache; a module leaves it no page but those to use again."""
    context = CHROMIUM.context()
    yield context
    kept = {page for server in _running_servers for page in server.standing()}
    with suppress(Error):  # It has ended: the next module gets another one.
        for page in set(context.pages) - kept:
            page.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say with a failure what its pages show, since what is seldom is not seen again."""
    report = yield
    if call.when == "call" and report.failed:
        for page in CHROMIUM.pages:
            for frame in page.frames:
                report.sections.append((f"what {frame.url} shows", shown(frame)))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """End the browser with the last test that has one.

    While playwright is started its loop counts as running in this thread, and tests in other
    folders start loops of their own.
    """
    yield
    if nextitem is None or not nextitem.path.is_relative_to(Path(__file__).parent):
        CHROMIUM.end()


@pytest.fixture
def lab(lab_server: Jupyter, browser: BrowserContext) -> Iterator[Jupyter]:
    lab_server.look_with(browser)
    yield lab_server
    lab_server.clear()


@pytest.fixture
def notebook7(notebook7_server: Jupyter, browser: BrowserContext) -> Iterator[Jupyter]:
    notebook7_server.look_with(browser)
    yield notebook7_server
    notebook7_server.clear()


@pytest.fixture
def axe() -> Callable[[Page | Frame, str], list[str]]:
    """``axe(page, selector)``: what axe-core finds there, or in a frame, that is serious."""

    return serious_findings


def _running(kind: str, temporary: pytest.TempPathFactory) -> Iterator[Jupyter]:
    for server in running(kind, temporary.mktemp(kind)):
        _running_servers.append(server)
        yield server


def telling(cell):
    """What a saved cell shows: its outputs that are not empty.

    Below a live view is its static output, for those who save meanwhile; it is emptied at the end.
    """
    return [output for output in cell.outputs if any(output.get("data", {}).values())]
