"""A batch is ended on the server: what runs and what waits, once, and nothing is paid for after."""

import threading
import time
from decimal import Decimal

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.local import Draft, ToolCall, Usage


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


def test_another_client_cancels_a_turn_of_it(d, again, mixed):
    batch = d.batches.run("mixed", ["slow", "quick"])
    assert mixed.acquire(timeout=20)
    until_ended(batch, 1)
    other = again().sessions.get(batch.refresh()[0, None].session_id)
    assert other.turn().cancel().text == "half an ans"
    assert batch.wait(60).counts == {"cancelled": 1, "completed": 1}


def test_what_waits_for_a_tool_is_cancelled(d, server):
    @server.agent("asks")
    def asks(prompt):
        answer = yield ToolCall("stock", {"item": prompt}, external=True)
        yield f"{answer.result} left"

    batch = d.batches.run("asks", ["tea", "sugar"])
    assert batch.cancel().counts == {"cancelled": 2}


def test_a_server_that_cannot_leaves_it_alone(d, mixed, monkeypatch):
    monkeypatch.setattr("dari_nb.local.http.app._EXTENSIONS", b"")
    batch = d.batches.run("mixed", ["slow"])
    with pytest.raises(InvalidRequestError, match=f"cannot end a turn: {batch.run_id} goes on"):
        batch.cancel()
