"""A connection that nobody holds any more."""

import gc
import time
import warnings
from pathlib import Path

from dari_nb.resources import Dari


def connections_to(port):
    """How many sockets of this process are connected to a port of this machine."""
    at = f"0100007F:{port:04X}"
    with Path("/proc/self/net/tcp").open() as table:
        return sum(line.split()[2] == at and line.split()[3] in ("01", "08") for line in table)


def test_a_connection_that_is_forgotten_closes_what_it_had_open(server):
    port = int(server.url.rpartition(":")[2])
    before = connections_to(port)
    d = Dari(server.url, server.api_key)
    d.agents["echo"].send("Hi").wait()
    assert connections_to(port) > before
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del d
        gc.collect()
        deadline = time.monotonic() + 180
        while connections_to(port) > before:
            assert time.monotonic() < deadline, "its connections are open"
            gc.collect()
            time.sleep(0.05)
