"""One local Dari for a module, for tests that only read what a session or a batch holds."""

from collections.abc import Iterator

import pytest

import dari_nb as dari
from dari_nb.local import LocalDari


@pytest.fixture(scope="module")
def module_server() -> Iterator[LocalDari]:
    with LocalDari(cost_delay=0) as server:
        yield server


@pytest.fixture(scope="module")
def module_d(module_server: LocalDari) -> Iterator[dari.Dari]:
    with dari.Dari(module_server.url, module_server.api_key) as d:
        yield d


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of its own, since scores are saved in the current one."""
    monkeypatch.chdir(tmp_path)
