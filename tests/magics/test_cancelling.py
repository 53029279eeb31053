"""A turn is ended from a cell, keeps what was written, and its session goes on."""

import threading

import pytest
from IPython.core.error import UsageError

from dari_nb.errors import TurnFailedError
from dari_nb.local import Draft


@pytest.fixture
def slow(server):
    """An agent that writes half of its answer and waits; told when it has begun."""
    begun, go_on = threading.Event(), threading.Event()

    @server.agent("slow")
    def slow(prompt):
        if prompt != "begin":
            return f"heard {prompt}"
        return half()

    def half():
        yield Draft("half an ans")
        begun.set()
        go_on.wait(60)
        yield "half an answer"

    yield begun
    go_on.set()


def test_a_batch_of_python_is_named_where_no_session_is(shell, slow):
    shell.run("batch = d.batches.run('slow', ['begin'])")
    assert slow.wait(60)
    run_id = shell.names["batch"].run_id
    with pytest.raises(UsageError, match=run_id):
        shell.run("%dari_cancel")
    shell.run(f"%dari_cancel {run_id}")
    assert shell.names["batch"].wait(60).counts == {"cancelled": 1}


def test_a_turn_that_has_ended_stays_as_it_is(shell, slow):
    shell.run("%dari use slow\nturn = %dari_send --quiet hello")
    turn = shell.names["turn"].cancel()
    assert (turn.status, turn.text) == ("completed", "heard hello")


def test_a_failed_turn_is_not_a_cancelled_one(shell, server):
    @server.agent("broken")
    def broken(prompt):
        raise ValueError("no")

    shell.run("%dari use broken\nturn = %dari_send --bg hello")
    turn = shell.names["turn"].wait()
    assert turn.cancel().status == "failed"
    with pytest.raises(TurnFailedError, match="no"):
        turn.text  # noqa: B018
