"""A session is followed by one stream, as long as somebody wants to know, and by none else."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import pytest

from dari_nb.errors import InvalidRequestError, TimedOutError

from ...waiting import until
from ..display.test_showing import interrupted_when


def test_however_many_look_a_session_has_one_stream(watched, streams, gate):
    sent = watched.agents.get("gated").send("Hi")
    session_id = sent.session.id
    turns = [sent.session.turn(sent.id) for _ in range(5)]
    turns += [watched.sessions.get(session_id).turn() for _ in range(5)]
    views = [watched.sessions.get(session_id).view() for _ in range(5)]
    chats = [watched.sessions.get(session_id).chat() for _ in range(3)]
    until(lambda: all(len(turn.items) == 3 for turn in turns))
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(turn.wait, 20) for turn in turns[:4]]
        gate.open()
        assert [one.result(20).text for one in waiting] == ["first\n\nsecond"] * 4
    assert streams.most == {session_id: 1}
    for view in (*views, *chats):
        view.close()
    until(lambda: not any(streams.open.values()))


@pytest.mark.parametrize("look", ["view"])
def test_nobody_is_asked_for_an_agents_name_while_a_session_is_followed(
    watched, streams, d, gate, look
):
    session_id = d.agents.get("gated").send("Hi").session.id
    session = watched.sessions.get(session_id)
    named = [line for line in streams.asked if "/agents/" in line]
    assert named
    shown = getattr(session, look)()
    if look != "turn":
        here = {"method": "custom", "content": {"kind": "here", "jupyter": False}}
        page = getattr(shown, "view", shown).comm
        page.handle_msg({"content": {"data": here}, "buffers": []})
    until(lambda: streams.open[session_id] == 1)
    gate.open()
    assert session.turn().wait(20).session.agent_name == "gated"
    assert "gated" in str(session.transcript().to_mimebundle())
    assert [line for line in streams.asked if "/agents/" in line] == named
    if look != "turn":
        getattr(shown, "view", shown).close()


def test_a_turn_that_nobody_holds_is_not_followed(watched, streams, gate):
    held = [watched.agents.get("gated").send("Hi")]
    until(lambda: len(held[0].items) == 3)
    assert streams.open.total() == 1
    held.clear()
    gc.collect()
    until(lambda: streams.open.total() == 0)


def test_an_interrupted_wait_leaves_no_stream_behind(watched, streams, gate):
    turn = watched.agents.get("gated").send("Hi")
    with pytest.raises(TimedOutError):
        turn.wait(0.05)
    with interrupted_when(lambda: len(turn.items) == 3):
        turn.wait()
    until(lambda: streams.open.total() == 0)
    gate.open()
    assert turn.wait(20).status == "completed"


def test_a_closed_connection_says_so_to_whoever_waits_or_asks(watched, gate):
    turn = watched.agents.get("gated").send("Hi")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(turn.wait, 20)
        until(lambda: len(turn.items) == 3)
        watched.close()
        with pytest.raises(InvalidRequestError, match="closed"):
            waiting.result(20)
    for ask in (turn.wait, lambda: turn.text, lambda: turn.session.send("x"), turn.session.view):
        with pytest.raises(InvalidRequestError, match="closed: connect again"):
            ask()
    assert turn.status == "running"
