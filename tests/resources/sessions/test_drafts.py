"""Whatever happens to the stream of an answer while it is written, the right text stands there."""

import threading

import pytest

from dari_nb.local import Draft, NewAttempt
from dari_nb.models import AssistantMessageItem
from dari_nb.resources import Dari

from ...waiting import until


def written(turn):
    """What stands where the answer is being written."""
    last = turn.items[-1] if turn.items else None
    is_open = isinstance(last, AssistantMessageItem) and last.status == "running"
    return last.text if is_open else None


@pytest.fixture
def agent(server):
    """Have an agent yield these steps, each when the gate before it is opened."""
    opened = []

    def making(*steps):
        gates = [threading.Event() for _ in steps]
        opened.extend(gates)

        @server.agent("writes")
        def writes(prompt):
            for gate, step in zip(gates, steps, strict=True):
                gate.wait(60)
                if isinstance(step, Exception):
                    raise step
                yield step

        return gates

    yield making
    for gate in opened:
        gate.set()


def follow(d, server, session_id):
    """Follow a session's first turn through a connection of one's own."""
    turn = d.sessions.get(session_id).turn()
    turn.session._feed.ended(turn.id)
    return turn


def test_a_stream_that_breaks_in_mid_draft_goes_on_with_all_of_it(watched, streams, agent):
    gates = agent(Draft("One "), Draft("two "), Draft("three"), "One two three.")
    turn = watched.agents.get("writes").send("Count.")
    turn.session._feed.ended(turn.id)
    gates[0].set()
    until(lambda: written(turn) == "One ")
    streams.kill()
    gates[1].set()
    until(lambda: written(turn) == "One two ")
    streams.refusing = True
    streams.kill()
    gates[2].set()
    streams.refusing = False
    until(lambda: written(turn) == "One two three")
    gates[3].set()
    assert turn.wait(60).text == "One two three."
    assert len(turn.items) == 2


def test_two_readers_and_a_late_one_see_the_same(watched, server, agent):
    gates = agent(Draft("One "), Draft("two "), "Done.")
    turn = watched.agents.get("writes").send("Count.")
    turn.session._feed.ended(turn.id)
    with Dari(server.url, server.api_key) as other, Dari(server.url, server.api_key) as later:
        second = follow(other, server, turn.session.id)
        gates[0].set()
        until(lambda: [written(turn), written(second)] == ["One "] * 2)
        gates[1].set()
        late = follow(later, server, turn.session.id)
        until(lambda: [written(one) for one in (turn, second, late)] == ["One two "] * 3)
        gates[2].set()
        assert [one.wait(60).text for one in (turn, second, late)] == ["Done."] * 3


def test_another_attempt_takes_back_what_the_one_before_wrote(watched, agent):
    gates = agent(Draft("Wrong, and long"), NewAttempt("the line broke"), Draft("Right"), "Right.")
    turn = watched.agents.get("writes").send("Say.")
    turn.session._feed.ended(turn.id)
    gates[0].set()
    until(lambda: written(turn) == "Wrong, and long")
    gates[1].set()
    until(lambda: written(turn) == "")
    gates[2].set()
    until(lambda: written(turn) == "Right")
    gates[3].set()
    assert turn.wait(60).text == "Right."


def test_a_draft_that_ends_in_failure_is_gone_and_the_cause_is_told(watched, agent):
    gates = agent(Draft("Half of "), ValueError("no more"))
    turn = watched.agents.get("writes").send("Say.")
    turn.session._feed.ended(turn.id)
    gates[0].set()
    until(lambda: written(turn) == "Half of ")
    gates[1].set()
    assert turn.wait(60).status == "failed"
    assert "no more" in turn.error
    assert "Half of" not in str(turn._repr_mimebundle_())
