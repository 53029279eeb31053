import pytest

from dari_nb.local import ToolCall


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DARI_LOCAL_STEP_DELAY", "0")
    return tmp_path / "state"


@pytest.fixture
def server(server):
    @server.agent("caller")
    def caller(prompt):
        """Calls the tool that the prompt names, as often as it says."""
        name, _, arguments = prompt.partition(" ")
        given = eval(arguments or "{}")
        for one in given if isinstance(given, list) else [given]:
            result = yield ToolCall(name, one, external=True)
            yield f"{'error' if result.is_error else 'result'}: {result.result}"

    return server


@pytest.fixture
def caller(d):
    return d.agents.get("caller")
