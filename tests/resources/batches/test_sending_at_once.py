"""Several sends of one run at the same time pay for each cell once, or tell what was paid twice."""

import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

import dari_nb
from dari_nb.client import batch_item
from dari_nb.errors import InvalidRequestError
from dari_nb.local import Usage
from dari_nb.resources import Dari

from ...conftest import TcpProxy

TASKS = [f"Task {number}" for number in range(24)]
SERVER = {"cost_delay": 0}
"""What turns cost is known at once."""

TOOK_OVER = "a later call took over; resume() sends what is missing"


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


def test_a_cap_that_is_taken_away_while_it_is_sent_pays_for_nothing_twice(d, again, slow):
    slow.go_on.clear()
    capped = d.batches.run("slow", TASKS, ["a"], max_cost="0.2")
    whole = again().batches.run("slow", TASKS, ["a"])
    slow.go_on.set()
    assert whole.wait(60).counts == {"completed": 24}
    assert slow.sent() == (24, {1})
    left = len(capped.wait(60).unsent)
    assert left == 16
    assert f"16 of 24 not sent: {TOOK_OVER}" in str(capped)
    assert capped.resume().wait(60).counts == {"completed": 24}
    assert slow.sent() == (24, {1})
    assert whole.started == 16


def test_further_llms_while_it_is_sent_pay_for_nothing_twice(d, slow):
    slow.go_on.clear()
    d.batches.run("slow", TASKS, ["a"], max_cost=5)
    both = d.batches.run("slow", TASKS, ["b", "a"])
    slow.go_on.set()
    assert both.wait(60).counts == {"completed": 48}
    assert slow.sent() == (48, {1})


def test_what_a_later_call_of_other_llms_leaves_is_sent_by_resuming(d, again, slow):
    slow.go_on.clear()
    first = d.batches.run("slow", TASKS, ["a"], run_id="both", max_cost=5)
    later = again().batches.run("slow", TASKS, ["b"], run_id="both", max_cost=5)
    slow.go_on.set()
    assert later.wait(60).counts == {"completed": 24}
    assert first.wait(60).counts == {"completed": 8, "unsent": 16}
    assert f"16 of 24 not sent: {TOOK_OVER}" in first.outcome
    assert first.resume().wait(60).counts == {"completed": 24}
    assert slow.sent() == (48, {1})


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


def test_judging_with_other_arguments_at_the_same_time_asks_once(d, again, server, slow):
    batch = d.batches.run("slow", TASKS[:12], ["a"]).wait(60)
    same = again().batches.recover(batch.run_id).wait(60)
    asked = Counter()

    @server.agent("judge")
    def judge(prompt):
        asked[prompt] += 1
        yield Usage(Decimal("0.01"))
        yield '{"score": 3}'

    d.agents.get("judge").send("before").wait(20)
    asked.clear()
    wishes = [(batch, {}), (same, {"seed": 1}), (batch, {"max_cost": "0.05"}), (same, {"seed": 7})]
    with ThreadPoolExecutor() as pool:
        judge_all = lambda wish: wish[0].judge("good", rubric="Any.", **wish[1])  # noqa: E731
        judged = list(pool.map(judge_all, wishes))
    assert len(asked) == sum(asked.values()) == 12
    for scores in (judged[0], judged[1], judged[3]):
        assert {score.value for score in scores} == {3}
    assert set(batch.to_frame()["score.judge.good"]) == {3}


def test_a_cancel_of_the_run_ends_its_sending_by_whichever_object(d, again, slow):
    slow.go_on.clear()
    batch = d.batches.run("slow", TASKS, ["a"], max_cost=5)
    again().batches.recover(batch.run_id).cancel()
    slow.go_on.set()
    batch.wait(60)
    assert "completed" not in batch.counts
    assert sum(slow.asked.values()) <= 8


CANCEL = """
import sys
import dari_nb

d = dari_nb.connect(base_url=sys.argv[1], api_key=sys.argv[2])
for run_id in sys.argv[3:]:
    print(d.batches.recover(run_id).cancel())
"""


def cancelled_elsewhere(server, *run_ids):
    """Cancel these runs in another process; returns what it says."""
    command = [sys.executable, "-c", CANCEL, server.url, server.api_key, *run_ids]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_cancel_in_another_process_ends_the_sending_and_both_say_so(d, server, slow):
    slow.go_on.clear()
    batch = d.batches.run("slow", TASKS, ["a"], run_id="shared", max_cost=5)
    said = cancelled_elsewhere(server, "shared")
    assert "should another process be sending this run, it stops soon; only what was sent" in said
    slow.go_on.set()
    assert batch.wait(60).counts == {"cancelled": 8, "unsent": 16}
    why = "turns of it were cancelled from elsewhere; resume() sends what is missing"
    assert f"16 of 24 not sent: {why}" in str(batch)
    assert f"16 of 24 not sent: {why}" in batch.outcome
    assert batch.resume().wait(60).counts == {"cancelled": 8, "completed": 16}


def test_a_cancel_elsewhere_ends_what_was_sent_since_the_run_was_recovered(d, server, slow):
    batch = d.batches.run("slow", TASKS, ["a"], run_id="grown", max_cost="0.04").wait(60)
    with TcpProxy(server.url) as proxy, Dari(proxy.url, server.api_key) as other:
        found = other.batches.recover("grown")
        slow.go_on.clear()
        batch.resume(max_cost=5)
        assert "it stops soon" in str(found.cancel())
    slow.go_on.set()
    assert batch.wait(60).counts == {"completed": 4, "cancelled": 8, "unsent": 12}


def test_a_turn_that_its_own_process_cancels_does_not_end_the_sending(d, slow):
    slow.go_on.clear()
    batch = d.batches.run("slow", TASKS, ["a"], max_cost=5)
    batch.cells[0].session.turn().cancel()
    slow.go_on.set()
    assert batch.wait(60).counts == {"cancelled": 1, "completed": 23}
    assert "another process" not in str(batch.cancel())


def test_a_run_that_was_cancelled_elsewhere_while_nobody_sent_it_is_resumed_at_once(
    d, server, slow
):
    slow.go_on.clear()
    batch = d.batches.run("slow", TASKS, ["a"], run_id="later", max_cost="0.04")
    batch._stop_following()
    assert "it goes on: cancel it there" in cancelled_elsewhere(server, "later", "later")
    slow.go_on.set()
    assert batch.resume(max_cost=5).wait(60).counts == {"cancelled": 4, "completed": 20}


def test_a_cancel_ends_what_another_thread_is_sending_of_the_run(d, again, slow, monkeypatch):
    monkeypatch.setattr("dari_nb.resources.batches.sending.chunks.MOST_ITEMS", 1)
    slow.go_on.clear()
    tasks = [f"Task {number}" for number in range(200)]
    with ThreadPoolExecutor() as pool:
        sent = pool.submit(d.batches.run, "slow", tasks, ["a"], run_id="many")
        while not d.sessions.list(metadata={"managed_run_id": "many"}):
            assert not sent.done()
        again().batches.recover("many").cancel()
        batch = sent.result(60).wait(60)
    assert "completed" not in batch.counts
    assert len(d.sessions.list(metadata={"managed_run_id": "many"})) < 200


def test_a_refused_call_leaves_alone_what_is_being_sent(d, slow):
    slow.go_on.clear()
    capped = d.batches.run("slow", TASKS, ["a"], max_cost=5)
    with pytest.raises(InvalidRequestError, match="more than max_items"):
        d.batches.run("slow", TASKS, ["a", "b"], max_items=24)
    slow.go_on.set()
    assert capped.wait(60).counts == {"completed": 24}


def test_what_was_sent_twice_is_told_and_all_of_it_is_counted(d, again, slow):
    batch = d.batches.run("slow", TASKS[:5], ["a"]).wait(60)
    agent = d.agents.get("slow").id
    sessions = [d.client.sessions.get(cell.session_id) for cell in batch.cells[:3]]
    twice = [batch_item(agent, "x", llm_id="a", metadata=each.metadata) for each in sessions]
    d.client.batches.create(twice, idempotency_key="another process")
    found = again().batches.recover(batch.run_id).wait(60).refresh()
    assert len(found) == 5
    assert found.counts == {"completed": 5}
    assert "$0.08" in str(found).splitlines()[0]
    assert "3 of 5 sent twice, by two calls at the same moment" in str(found)
    assert dari_nb.costs_frame(found)["cost_usd"].sum() == pytest.approx(0.08)
    assert [cell.cost_usd for cell in found.cells] == [Decimal(f"0.0{n}") for n in (2, 2, 2, 1, 1)]
    left = r"1 of 6 not sent: \$0\.08 of max_cost=\$0\.08 is spent"
    with pytest.raises(InvalidRequestError, match=left):
        found.add(tasks=["one more"], max_cost="0.08")
    same = d.batches.run("slow", TASKS[:5], ["a"])
    assert "3 of 5 sent twice" in same.view().head


SEND = """
import sys
import dari_nb

d = dari_nb.connect(base_url=sys.argv[1], api_key=sys.argv[2])
tasks = [f"Task {number}" for number in range(24)]
print(d.batches.run("slow", tasks, [sys.argv[3]], run_id="parts", max_cost="0.24").wait(60))
"""


def sent_elsewhere(server, llm):
    """Send a part of a run in another process; returns what its matrix says."""
    command = [sys.executable, "-c", SEND, server.url, server.api_key, llm]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def timed(slow):
    """The same agent, where a turn takes a moment."""
    slow.go_on.wait = lambda _: time.sleep(0.3)
    return slow


def reported_and_spent(timed, *texts):
    """Check that all tell what was spent, and return that."""
    spent = Decimal("0.01") * sum(timed.asked.values())
    for said in texts:
        head = said.splitlines()[0]
        assert f"${spent} of max_cost=$0.24 is spent" in head or f"${spent} is spent, " in head
    return spent


def test_a_process_that_sends_another_part_of_a_run_keeps_within_the_same_limit(d, server, timed):
    with ThreadPoolExecutor() as pool:
        other = pool.submit(sent_elsewhere, server, "a")
        while sum(timed.asked.values()) < 8:
            time.sleep(0.02)
        here = d.batches.run("slow", TASKS, ["b"], run_id="parts", max_cost="0.24").wait(60)
    spent = reported_and_spent(timed, str(here), other.result(60))
    assert Decimal("0.24") <= spent <= Decimal("0.24") + 8 * Decimal("0.01")
    assert {llm for _, llm in timed.asked} == {"a", "b"}


def test_processes_that_begin_together_go_over_their_limit_by_turns_under_way_only(server, timed):
    with ThreadPoolExecutor() as pool:
        told = list(pool.map(sent_elsewhere, [server, server], ["a", "b"]))
    spent = reported_and_spent(timed, *told)
    assert Decimal("0.24") <= spent <= Decimal("0.24") + 8 * Decimal("0.01")


def test_turns_that_others_have_under_way_are_estimated(d, again, server, slow):
    first = d.batches.run("slow", TASKS[:4], ["a"], run_id="beside").wait(60)
    slow.go_on.clear()
    items = [
        batch_item(first.agent.id, "x", llm_id="b", metadata={**known.metadata, "llm_id": "b"})
        for known in (d.client.sessions.get(cell.session_id) for cell in first.cells)
    ]
    d.client.batches.create(items, idempotency_key="another process")
    batch = again().batches.run("slow", TASKS, ["a"], run_id="beside", max_cost="0.08").wait(60)
    left = "20 of 24 not sent: $0.08 of max_cost=$0.08 is spent ($0.04 of it estimated)"
    assert left in str(batch)
    slow.go_on.set()
    while "estimated" in str(batch.refresh()):
        time.sleep(0.1)
    assert "20 of 24 not sent: $0.08 of max_cost=$0.08 is spent, and" in str(batch)


def test_a_judging_tells_what_another_process_has_asked_at_the_same_moment(d, again, server, slow):
    batch = d.batches.run("slow", TASKS[:12], ["a"]).wait(60)
    elsewhere, first, ended = again(), threading.Lock(), threading.Semaphore(0)

    @server.agent("judge")
    def judge(prompt):
        if prompt == "the same again":
            ended.release()
        elif first.acquire(blocking=False):
            asked = elsewhere.client.sessions.list(metadata={"judge": "judge.good"})[:3]
            agent = elsewhere.agents.get("judge").id
            same = [batch_item(agent, "the same again", metadata=each.metadata) for each in asked]
            elsewhere.client.batches.create(same, idempotency_key="another process")
            for _ in same:
                ended.acquire(timeout=20)
        yield Usage(Decimal("0.01"))
        yield '{"score": 3, "reason": "As it is."}'

    judged = batch.judge("good", rubric="Any.")
    twice = "3 of 12 sent twice, by two calls at the same moment: the cost is that of both"
    assert judged.notes == [twice, "12 sessions started, 0 there already · $0.15 in all"]
    assert {score.value for score in judged} == {3}
    once_more = batch.judge("good", rubric="Any.").notes
    assert once_more == [twice, "0 sessions started, 12 there already · $0.15 in all"]


JUDGE = """
import sys
import dari_nb

d = dari_nb.connect(base_url=sys.argv[1], api_key=sys.argv[2])
batch = d.batches.recover("judged")
judged = batch.judge("good", "slow", rubric="Any.", seed=int(sys.argv[3]), max_cost="0.12")
print(judged.notes[-1])
"""


def test_judges_of_several_processes_keep_within_their_limit_and_tell_the_sum(d, server, timed):
    batch = d.batches.run("slow", TASKS, ["a"], run_id="judged").wait(60)
    timed.asked.clear()
    command = [sys.executable, "-c", JUDGE, server.url, server.api_key]
    judge = lambda seed: subprocess.run(  # noqa: E731
        [*command, str(seed)], capture_output=True, text=True, check=True
    )
    with ThreadPoolExecutor() as pool:
        told = [done.stdout for done in pool.map(judge, (1, 2))]
    spent = Decimal("0.01") * sum(timed.asked.values())
    assert Decimal("0.12") <= spent <= Decimal("0.12") + 8 * Decimal("0.01")
    assert all(said.strip().endswith(f"${spent} in all") for said in told)
    assert (
        f"${spent} in all" in batch.judge("good", "slow", rubric="Any.", max_cost="0.12").notes[-1]
    )
