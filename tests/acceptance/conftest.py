"""What acceptance tests share: a local Dari, and a connection to it."""

from collections.abc import Iterator

import pytest

import dari_nb as dari


@pytest.fixture
def server() -> Iterator[dari.local.LocalDari]:
    """Yield a local Dari in memory, with its demo agents."""
    with dari.local.LocalDari() as server:
        yield server


@pytest.fixture
def d(server: dari.local.LocalDari) -> Iterator[dari.Dari]:
    """Yield a connection to the local Dari."""
    with dari.Dari(server.url, server.api_key) as d:
        yield d
