"""A disk without room for a while: an error with a code, and nothing acknowledged is lost."""

import resource
from contextlib import contextmanager

import pytest

import dari_nb as dari

from .conftest import send, stored_texts

pytestmark = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="needs limits of other processes (Linux)"
)


@contextmanager
def no_room(pid, size):
    """Let no file of a process grow beyond this size, which fails as on a full disk."""
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("size", [10, 2_000_000])
def test_full_disk_refuses_send_and_recovers(serve, size):
    served, text = serve(), "x" * size
    with served.client() as client:
        stored = {send(client, "echo", f"before {n}"): f"before {n}" for n in range(3)}
        with no_room(served.pid, 4096):
            with pytest.raises(dari.errors.ServerError) as refused:
                send(client, "echo", text)
            assert refused.value.code in {code.code for code in dari.errors.CODES}
            assert refused.value.status in (503, 507)
            assert refused.value.idempotency_key is not None
            assert stored_texts(client) == stored
        stored[send(client, "echo", text)] = text
        assert stored_texts(client) == stored
        served.kill()
    with serve().connect() as d:
        assert stored_texts(d.client) == stored
        assert d.agents.get("echo").send("goes on").wait(30).text
