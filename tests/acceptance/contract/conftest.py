"""One local Dari for each module of the contract, called through plain HTTP."""

from collections.abc import Iterator

import pytest

from dari_nb.local import LocalDari

from .caller import Api, Description


@pytest.fixture(scope="module")
def server() -> Iterator[LocalDari]:
    """Yield a server in memory, with an agent ``parrot`` that repeats each prompt."""
    with LocalDari(webhook_backoff=(0.01, 0.01), cost_delay=0, max_upload=50_000) as server:
        server.agent("parrot", llms=["small", "large"])(lambda prompt: prompt)
        yield server


@pytest.fixture(scope="module")
def description(server: LocalDari) -> Description:
    return Description(server.url)


@pytest.fixture(scope="module")
def api(server: LocalDari, description: Description) -> Iterator[Api]:
    with Api.of(server, description) as api:
        yield api


@pytest.fixture(scope="module")
def other(server: LocalDari, description: Description) -> Iterator[Api]:
    """Yield calls with the key of another organization."""
    with Api(server.url, server.organization("other").api_key, description) as other:
        yield other
