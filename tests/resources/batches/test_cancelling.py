"""A batch is ended on the server: what runs and what waits, once, and nothing is paid for after."""

import threading
import time
from decimal import Decimal

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.local import Draft, ToolCall, Usage

CANCELLED = "1 was cancelled: retry_failed(cancelled=True) sends it, too."


@pytest.fixture
def mixed(server):
    """An agent that answers, fails, or writes half and waits until it is let go; told who began."""
    begun, go_on = threading.Semaphore(0), threading.Event()

    @server.agent("mixed")
    def mixed(prompt, turn):
        if turn.metadata["attempt"] != "1":
            return f"{prompt} at last"
        if prompt == "fails":
            raise RuntimeError("out of luck")
        return half(prompt) if prompt.startswith("slow") else f"{prompt} at once"

    def half(prompt):
        yield Usage(Decimal("0.25"))
        yield Draft("half an ans")
        begun.release()
        go_on.wait(60)
        yield "half an answer"

    yield begun
    go_on.set()


def until_ended(batch, number):
    """Wait until so many cells of a batch have ended."""
    while sum(map(batch.refresh().counts.get, ("completed", "failed"), (0, 0))) < number:
        time.sleep(0.01)


def test_what_runs_is_cancelled_and_what_has_ended_stays(d, mixed):
    batch = d.batches.run("mixed", ["quick", "fails", "slow 1", "slow 2"])
    for _ in range(2):
        assert mixed.acquire(timeout=20)
    until_ended(batch, 2)
    assert batch.cancel() is batch
    assert [cell.state for cell in batch.cells] == ["completed", "failed", "cancelled", "cancelled"]
    assert [cell.text for cell in batch.cells[2:]] == ["half an ans", "half an ans"]
    assert batch.cells[2].error is None
    assert batch.counts == {"completed": 1, "failed": 1, "cancelled": 2}
    assert batch.to_frame()["status"].to_list() == [cell.state for cell in batch.cells]
    assert "2 cancelled" in str(batch)
    assert batch.view().status == "failed"
    later = batch[2, None].session.send("quick").wait()
    assert later.status == "completed"


def test_a_retry_leaves_what_was_cancelled_alone_and_says_so(d, again, mixed, capsys):
    batch = d.batches.run("mixed", ["quick", "fails", "slow"])
    assert mixed.acquire(timeout=20)
    until_ended(batch, 2)
    batch.cancel()
    batch.retry_failed().wait(60)
    assert CANCELLED in capsys.readouterr().out
    assert [cell.attempts for cell in batch.cells] == [1, 2, 1]
    with pytest.raises(InvalidRequestError, match=r"nothing was sent\. 1 was cancelled"):
        batch.retry_failed()
    found = again().batches.recover(batch.run_id).wait(60)
    assert [cell.state for cell in found.cells] == ["completed", "completed", "cancelled"]
    found.retry_failed(cancelled=True).wait(60)
    assert [cell.text for cell in found.cells] == ["quick at once", "fails at last", "slow at last"]
    assert [cell.attempts for cell in found.cells] == [1, 2, 2]
    assert found[2, None].history[0].state == "cancelled"
    assert "cancelled" not in capsys.readouterr().out
    with pytest.raises(InvalidRequestError, match=r"nothing was sent\.$"):
        found.retry_failed(cancelled=True)


def test_a_plan_counts_what_was_cancelled_as_there(d, mixed):
    batch = d.batches.run("mixed", ["slow", "quick"])
    assert mixed.acquire(timeout=20)
    until_ended(batch, 1)
    batch.cancel()
    plan = d.batches.run("mixed", ["slow", "quick"], dry_run=True)
    assert (plan.items, plan.found, plan.sends) == (2, 2, 0)
    same = d.batches.run("mixed", ["slow", "quick"])
    assert (same.started, same.wait(60).counts) == (0, {"cancelled": 1, "completed": 1})


def test_what_was_cancelled_is_named_wherever_it_is_not_sent(d, again, mixed, capsys):
    batch = d.batches.run("mixed", ["slow", "quick", "fails"], run_id="day")
    assert mixed.acquire(timeout=20)
    until_ended(batch, 2)
    batch.cancel()
    for go_on in (batch.resume, batch.add, again().batches.recover("day").resume):
        capsys.readouterr()
        assert go_on().started == 0
        assert capsys.readouterr().out == f"{CANCELLED}\n"
    plan = batch.plan()
    assert (plan.sends, plan.failed, plan.cancelled) == (0, 1, 1)
    assert dict(plan.rows())["to send"] == (
        "nothing; retry_failed() sends 1 again that failed; "
        "retry_failed(cancelled=True) sends 1 again that was cancelled, too"
    )
    same = d.batches.run("mixed", ["slow", "quick", "fails"], run_id="day").wait(60)
    assert "1 of 3 cancelled: retry_failed(cancelled=True) sends it again" in str(same)
    batch.retry_failed(cancelled=True).wait(60)
    assert "cancelled" not in str(batch.plan())


def test_another_client_cancels_a_turn_of_it(d, again, mixed):
    batch = d.batches.run("mixed", ["slow", "quick"])
    assert mixed.acquire(timeout=20)
    until_ended(batch, 1)
    other = again().sessions.get(batch.refresh()[0, None].session_id)
    assert other.turn().cancel().text == "half an ans"
    assert batch.wait(60).counts == {"cancelled": 1, "completed": 1}


def test_it_costs_what_it_cost_and_no_score_counts_it(d, mixed):
    batch = d.batches.run("mixed", ["slow", "quick"])
    assert mixed.acquire(timeout=20)
    until_ended(batch, 1)
    batch.cancel()
    scored = batch.score("right", lambda turn: True)
    assert len(scored) == 1
    assert batch.refresh()[0, None].cost_usd == Decimal("0.25")


def test_what_waits_for_a_tool_is_cancelled(d, server):
    @server.agent("asks")
    def asks(prompt):
        answer = yield ToolCall("stock", {"item": prompt}, external=True)
        yield f"{answer.result} left"

    batch = d.batches.run("asks", ["tea", "sugar"])
    assert batch.cancel().counts == {"cancelled": 2}


def test_what_is_on_its_way_is_cancelled_and_the_rest_is_not_sent_until_wanted(
    d, server, monkeypatch
):
    monkeypatch.setattr("dari_nb.resources.batches.sending.chunks.MOST_ITEMS", 2)

    @server.agent("asks")
    def asks(prompt, turn):
        if turn.metadata["attempt"] == "1" and prompt != "now":
            yield ToolCall("stock", {"item": prompt}, external=True)
        yield prompt

    batch = d.batches.run("asks", ["now"]).wait(60)
    further = [f"item {number}" for number in range(60)]
    adding = threading.Thread(target=batch.add, kwargs={"tasks": further})
    adding.start()
    while len(d.sessions.list(agent="asks")) < 2:
        adding.join(0.01)
    batch.cancel()
    adding.join()
    unsent = batch.wait(60).unsent
    cancelled = 60 - len(unsent)
    assert batch.counts.get("cancelled", 0) == cancelled
    assert len(batch.unsent) == batch.plan().sends
    assert len(d.sessions.list(agent="asks")) == 1 + cancelled
    with pytest.raises(InvalidRequestError, match=f"{cancelled} were cancelled"):
        batch.retry_failed()
    assert len(batch.unsent) == len(unsent)
    if unsent:
        assert f"{len(unsent)} of 61 not sent: the run was cancelled before" in str(batch)
        batch.resume()
        assert not batch.unsent


def test_a_server_that_cannot_leaves_it_alone(d, mixed, monkeypatch):
    monkeypatch.setattr("dari_nb.local.http.app._EXTENSIONS", b"")
    batch = d.batches.run("mixed", ["slow"])
    with pytest.raises(InvalidRequestError, match=f"cannot end a turn: {batch.run_id} goes on"):
        batch.cancel()
