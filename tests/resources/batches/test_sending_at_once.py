"""Several sends of one run at the same time pay for each cell once, or tell what was paid twice."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.local import Usage

TASKS = [f"Task {number}" for number in range(24)]
SERVER = {"cost_delay": 0}
"""What turns cost is known at once."""


class Slow:
    """An agent named ``slow`` whose turns cost 1 cent; they wait for ``go_on`` if that is clear.

    Attributes:
        asked: How often each text was asked of each LLM.
    """

    def __init__(self, server):
        self.asked = Counter()
        self.go_on = threading.Event()
        self.go_on.set()
        self._lock = threading.Lock()

        @server.agent("slow", llms=["a", "b"])
        def slow(prompt, turn):
            with self._lock:
                self.asked[prompt, turn.llm_id] += 1
            yield Usage(Decimal("0.01"))
            self.go_on.wait(20)
            yield '{"score": 3}'

    def sent(self):
        """How many cells were sent, and how often each."""
        return len(self.asked), set(self.asked.values())


@pytest.fixture
def slow(d, server):
    made = Slow(server)
    for llm in ("a", "b"):
        d.agents.get("slow").send("before", llm=llm).wait(20)
    made.asked.clear()
    yield made
    made.go_on.set()


def test_threads_that_send_one_run_with_other_arguments_pay_once(d, again, slow):
    other = again()
    calls = [(d, ["a"], 1), (other, ["a", "b"], 1), (d, ["b", "a"], 2), (other, ["b"], 2)]

    def run(call):
        connection, llms, repeats = call
        return connection.batches.run("slow", TASKS, llms, repeats).wait(60)

    with ThreadPoolExecutor() as pool:
        batches = list(pool.map(run, calls))
    assert [len(batch) for batch in batches] == [batch.counts["completed"] for batch in batches]
    assert slow.sent() == (48, {2})
    assert sum(batch.started for batch in batches) == 96


def test_a_cancel_of_the_run_ends_its_sending_by_whichever_object(d, again, slow):
    slow.go_on.clear()
    batch = d.batches.run("slow", TASKS, ["a"], max_cost=5)
    again().batches.recover(batch.run_id).cancel()
    slow.go_on.set()
    batch.wait(60)
    assert "completed" not in batch.counts
    assert sum(slow.asked.values()) <= 8


def test_a_refused_call_leaves_alone_what_is_being_sent(d, slow):
    slow.go_on.clear()
    capped = d.batches.run("slow", TASKS, ["a"], max_cost=5)
    with pytest.raises(InvalidRequestError, match="more than max_items"):
        d.batches.run("slow", TASKS, ["a", "b"], max_items=24)
    slow.go_on.set()
    assert capped.wait(60).counts == {"completed": 24}
