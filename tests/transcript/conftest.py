import pytest

from dari_nb.local import LocalDari
from dari_nb.resources import Dari


@pytest.fixture
def server():
    with LocalDari() as server:
        yield server


@pytest.fixture
def d(server):
    with Dari(server.url, server.api_key, server) as d:
        yield d
