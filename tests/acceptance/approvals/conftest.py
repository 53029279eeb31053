"""Approvals: static output of recorded sessions and batches, compared with reviewed files.

``python -m pytest tests/acceptance/approvals --accept`` accepts all changes.
"""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .outline import Outlines
from .replay import Replay

FOLDER = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="write changed approvals")


@pytest.fixture(scope="module")
def accept(request: pytest.FixtureRequest) -> bool:
    """Whether to write what has changed; without the option when a parent folder is run."""
    return bool(request.config.getoption("--accept", default=False))


@pytest.fixture(scope="module")
def replay() -> Iterator[Replay]:
    with Replay(FOLDER / "inputs") as replay:
        yield replay


@pytest.fixture(scope="module")
def outlines() -> Iterator[Outlines]:
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    outlines = Outlines(next(filter(None, map(shutil.which, names)), None))
    yield outlines
    outlines.close()


@pytest.fixture(scope="module", autouse=True)
def in_utc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set the time zone, and a working folder without ratings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        patch.chdir(tmp_path_factory.mktemp("work"))
        time.tzset()
        yield
    time.tzset()
