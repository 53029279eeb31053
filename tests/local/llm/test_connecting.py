"""The embedded Dari gets its LLMs through ``connect``."""

from contextlib import ExitStack

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError


@pytest.fixture
def connecting(monkeypatch, tmp_path):
    """Connects to an embedded Dari of this test's own."""
    monkeypatch.setattr("dari_nb.workbench.connection._servers", {})
    monkeypatch.setattr("dari_nb.workbench.connection._current", None)
    monkeypatch.setenv("DARI_LOCAL_PACE", "0")
    with ExitStack() as stack:

        def connect(**options):
            d = stack.enter_context(dari.connect("local", path=tmp_path / "x.db", **options))
            stack.callback(d.server.stop)
            return d

        yield connect


def test_connect_brings_llms_and_the_assistant(connecting, stand_in):
    settings = {"model": "m", "base_url": stand_in.url}
    d = connecting(llms={"small": settings})
    assert d.agents.get("assistant").llms == ["small"]
    turn = d.agents.get("assistant").send("hi")
    turn.wait(timeout=180)
    assert turn.text == "You said: hi"
    again = connecting(llms={"large": settings})
    assert again.agents.get("assistant").llms == ["small", "large"]
    turn = again.agents.get("assistant").send("ho", llm="large")
    turn.wait(timeout=180)
    assert turn.session.llm_id == "large"


def test_llms_are_for_the_embedded_dari_only():
    with pytest.raises(InvalidRequestError, match="for the embedded Dari"):
        dari.connect("https://dari.example", api_key="dari_x", llms={"small": {"model": "m"}})
