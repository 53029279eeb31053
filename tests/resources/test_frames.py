import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
from dari_nb.resources import connections

FRAMES = [dari.sessions_frame, dari.messages_frame, dari.events_frame, dari.tool_calls_frame]


@pytest.fixture
def turns(d):
    agent = d.agents.get("calculator")
    turns = [agent.send("1 + 2", metadata={"task": str(n)}).wait() for n in range(2)]
    turns[1].session.send("3 * 4").wait()
    return turns


def test_frames_take_ids_objects_turns_and_lists(d, turns):
    session = turns[1].session
    for frame in FRAMES:
        by_id = frame(session.id, dari=d)
        assert frame(session, dari=d).equals(by_id)
        assert frame([session.resource], dari=d).equals(by_id)
        assert frame([turns[0].session, session], dari=d).session_id.nunique() == 2
    assert dari.events_frame(session.events()).equals(dari.events_frame(session))
    assert dari.messages_frame(session.messages()).equals(dari.messages_frame(session))


def test_a_turn_has_only_its_own_rows(d, turns):
    assert dari.messages_frame(turns[1], dari=d).prompt.tolist() == ["1 + 2"]
    assert dari.tool_calls_frame(turns[1], dari=d).message_id.unique().tolist() == [turns[1].id]
    assert len(dari.sessions_frame(turns[1], dari=d)) == 1


def test_without_a_source_all_sessions_of_the_current_connection_are_meant(d, turns, monkeypatch):
    monkeypatch.setattr(connections, "_current", d)
    assert len(dari.sessions_frame()) == 2
    assert len(dari.messages_frame()) == 3
    assert dari.sessions_frame()["metadata.task"].tolist() == ["0", "1"]


def test_empty_frames_have_the_same_dtypes(d, turns):
    for frame in FRAMES:
        full, empty = frame(turns, dari=d), frame([], dari=d)
        assert len(empty) == 0
        columns = [c for c in full.columns if not c.startswith("metadata.")]
        assert full[columns].dtypes.map(str).to_dict() == empty.dtypes.map(str).to_dict()


@pytest.mark.parametrize("source", ["echo", 3, ["sess_1", None, 3.0]])
def test_what_is_no_session_is_refused(d, source):
    with pytest.raises((InvalidRequestError, dari.DariError)):
        dari.sessions_frame(source, dari=d)
