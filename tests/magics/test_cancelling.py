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


def test_the_last_turn_is_cancelled_and_the_session_goes_on(shell, slow, capsys):
    shell.run("%dari use slow\nturn = %dari_send --bg begin")
    assert slow.wait(60)
    turn = shell.names["turn"]
    shell.run("%dari_cancel")
    assert f"cancelled: {turn.id}" in capsys.readouterr().out
    assert (turn.status, turn.text) == ("cancelled", "half an ans")
    assert turn.raise_for_status() is turn
    assert "cancelled" in turn.to_mimebundle()["text/plain"]
    shell.run("%dari_cancel")
    assert "had ended before" in capsys.readouterr().out
    shell.run("%dari_send --quiet -o later more")
    assert shell.names["later"].text == "heard more"
    assert shell.names["later"].session.id == turn.session.id


def test_who_cancels_what_had_ended_is_told_of_what_runs(shell, slow, capsys):
    shell.run("%dari use slow\nturn = %dari_send --quiet hello")
    shell.run("import dari_nb\nother = dari_nb.connect().agents['slow'].send('begin')")
    assert slow.wait(60)
    shell.run("%dari_cancel")
    other = shell.names["other"].session.id
    assert f"what runs is ended by %dari_cancel {other}" in capsys.readouterr().out
    shell.run(f"%dari_cancel {other}")
    assert shell.names["other"].status == "cancelled"


def test_a_bare_line_cancels_the_batch_that_was_started_last(shell, slow, capsys):
    shell.run("%dari use slow\n%dari_send --quiet hello")
    shell.run("%%dari_batch slow --bg --quiet --repeats 2 -o batch\nbegin")
    assert slow.wait(60)
    batch = shell.names["batch"]
    shell.run("%dari_cancel")
    assert f"{batch.run_id}: 2 of 2 cancelled" in capsys.readouterr().out
    assert batch.counts == {"cancelled": 2}
    shell.run("%dari_cancel")
    assert f"{batch.run_id} had ended before" in capsys.readouterr().out


def test_a_turn_after_a_batch_is_what_a_bare_line_means(shell, slow, capsys):
    shell.run("%%dari_batch slow --bg --quiet -o batch\nbegin")
    assert slow.wait(60)
    shell.run("turn = %dari_agent slow --quiet hello")
    capsys.readouterr()
    shell.run("%dari_cancel")
    said = capsys.readouterr().out
    run_id = shell.names["batch"].run_id
    assert said == (
        f"{shell.names['turn'].id} had ended before; what runs is ended by %dari_cancel {run_id}\n"
    )


def test_a_batch_of_python_is_named_where_no_session_is(shell, slow):
    shell.run("batch = d.batches.run('slow', ['begin'])")
    assert slow.wait(60)
    run_id = shell.names["batch"].run_id
    told = f"no session yet; what runs is ended by %dari_cancel {run_id}"
    with pytest.raises(UsageError, match=told):
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


def test_what_cannot_be_cancelled_is_told(shell, slow):
    with pytest.raises(UsageError, match="no session yet; nothing runs"):
        shell.run("%dari_cancel")
    with pytest.raises(UsageError, match="name one session"):
        shell.run("%dari_cancel sess_1 sess_2")
