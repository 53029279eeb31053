"""The embedded Dari gets its LLMs through ``connect``."""

from contextlib import ExitStack

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError, TapeMissError


@pytest.fixture
def connecting(monkeypatch, tmp_path):
    """Connects to an embedded Dari of this test's own."""
    monkeypatch.setattr("dari_nb.resources.connections._servers", {})
    monkeypatch.setattr("dari_nb.resources.connections._current", None)
    monkeypatch.setenv("DARI_LOCAL_STEP_DELAY", "0")
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
    with pytest.raises(InvalidRequestError):
        dari.connect("https://dari.example", api_key="dari_x", llms={"small": {"model": "m"}})


@pytest.fixture
def recorded(connecting, stand_in, tmp_path):
    """A tape of one question to the assistant; gives what is asked with, in any mode."""
    path = tmp_path / "lesson.tape"
    d = connecting(llms={"main": {"model": "m", "base_url": stand_in.url}}, tape=path)
    d.agents["assistant"].send("hi").wait()
    return lambda mode: dari.Tape(path, mode=mode, speed="instant")


def test_while_a_tape_plays_and_after_it_the_assistant_that_is_here_is_as_before(
    connecting, recorded, stand_in
):
    d = connecting()
    d.insert(recorded("play"))
    asked = len(stand_in.requests)
    session = d.agents["assistant"].send("hi").wait().session
    assert len(stand_in.requests) == asked
    for ask in (d.agents["assistant"].send, session.send):
        with pytest.raises(TapeMissError):
            ask("more")
    d.insert(recorded("auto"))
    assert d.agents["assistant"].send("ho").wait().text == "You said: ho"
    d.eject()
    assert d.agents["assistant"].send("ha").wait().text == "You said: ha"
    assert session.send("more").wait().text == "You said: more"
