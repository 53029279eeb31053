import pytest
from IPython.core.interactiveshell import InteractiveShell

from dari_nb.local import LocalDari
from dari_nb.magics import load_ipython_extension
from dari_nb.resources import Dari, connections


class Shell:
    """A real IPython shell; :meth:`run` raises what a cell raised."""

    def __init__(self, ip):
        self.ip = ip
        self.names = ip.user_ns

    def run(self, cell):
        result = self.ip.run_cell(cell)
        if result.error_in_exec or result.error_before_exec:
            raise result.error_in_exec or result.error_before_exec
        return result.result


@pytest.fixture
def server():
    with LocalDari() as server:
        yield server


@pytest.fixture
def shell(server, monkeypatch):
    ip = InteractiveShell()
    load_ipython_extension(ip)
    with Dari(server.url, server.api_key, server) as d:
        monkeypatch.setattr(connections, "_current", d)
        ip.user_ns["d"] = d
        yield Shell(ip)
    ip.history_manager.end_session()
