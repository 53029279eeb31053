import pytest

import dari_nb as dari
from dari_nb.resources import connections


@pytest.fixture
def turns(d):
    agent = d.agents.get("calculator")
    turns = [agent.send("1 + 2", metadata={"task": str(n)}).wait() for n in range(2)]
    turns[1].session.send("3 * 4").wait()
    return turns


def test_a_turn_has_only_its_own_rows(d, turns):
    assert dari.messages_frame(turns[1], dari=d).prompt.tolist() == ["1 + 2"]
    assert dari.tool_calls_frame(turns[1], dari=d).message_id.unique().tolist() == [turns[1].id]
    assert len(dari.sessions_frame(turns[1], dari=d)) == 1


def test_without_a_source_all_sessions_of_the_current_connection_are_meant(d, turns, monkeypatch):
    monkeypatch.setattr(connections, "_current", d)
    assert len(dari.sessions_frame()) == 2
    assert len(dari.messages_frame()) == 3
    assert dari.sessions_frame()["metadata.task"].tolist() == ["0", "1"]
