"""``max_cost`` holds: no more is sent than it pays for, and the rest is named and sent later."""

import threading
from collections import Counter
from decimal import Decimal

import pytest

import dari_nb
from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari, Usage
from dari_nb.resources import Dari
from dari_nb.resources.batches.following.spending import AT_ONCE

from ..display.test_showing import interrupted_when

TASKS = [f"Task {number}" for number in range(12)]
SERVER = {"cost_delay": 0}
"""What turns cost is known at once."""

PRICES = {"cheap": Decimal("0.10"), "dear": Decimal("0.40")}


class Priced:
    """An agent named ``priced`` whose turns cost what its LLM costs.

    Attributes:
        asked: How often each text was asked of each LLM.
        price: What a turn costs, by its text and its LLM; ``None`` where that is unknown.
        spent: What all of them have cost.
        go_on: Turns wait for it where it is not set.
        most: The most that ran at once.
    """

    def __init__(self, server):
        self.asked, self.spent = Counter(), Decimal(0)
        self.price = lambda prompt, llm: PRICES[llm]
        self.go_on = threading.Event()
        self.go_on.set()
        self.most = self._running = 0
        self._lock = threading.Lock()

        @server.agent("priced", llms=list(PRICES))
        def priced(prompt, turn):
            llm = turn.llm_id or "cheap"
            cost = self.price(prompt, llm)
            with self._lock:
                self.asked[prompt, llm] += 1
                self._running += 1
                self.most = max(self.most, self._running)
                self.spent += cost or 0
            yield Usage(cost, input_tokens=1000)
            self.go_on.wait(20)
            with self._lock:
                self._running -= 1
            yield f"{prompt} by {llm}"


def paid_once(folder, price=PRICES["cheap"]):
    """Return the file of a server that knows what one turn has cost."""
    kept = folder / "dari.db"
    with LocalDari(path=kept, cost_delay=0) as server, Dari(server.url, server.api_key) as d:
        Priced(server).price = lambda prompt, llm: Decimal(price)
        d.agents.get("priced").send("before", llm="cheap").wait(20)
    return kept


@pytest.fixture
def priced(server):
    made = Priced(server)
    yield made
    made.go_on.set()


@pytest.fixture
def known(d, priced):
    """The agent, of which past sessions tell what it costs."""
    for llm in PRICES:
        d.agents.get("priced").send("before", llm=llm).wait(20)
    priced.spent = Decimal(0)
    priced.asked.clear()
    return priced


def test_few_turns_are_under_way_at_once(d, known):
    d.batches.run("priced", TASKS, ["cheap"], run_id="many", repeats=4, max_cost=100)
    assert d.batches.recover("many").wait(60)
    assert known.most <= AT_ONCE


@pytest.mark.parametrize(("delay", "is_estimated"), [(0.5, False), (60.0, True)])
def test_costs_that_come_late_are_waited_for_or_estimated(folder, monkeypatch, delay, is_estimated):
    monkeypatch.setattr(
        "dari_nb.resources.batches.following.late_costs.TRIES", (0.0, 0.2, 1.0, 1.5, 600.0)
    )
    kept = paid_once(folder)
    late = LocalDari(path=kept, cost_delay=delay)
    with late as server, Dari(server.url, server.api_key, server) as d:
        priced = Priced(server)
        priced.price = lambda prompt, llm: Decimal("0.05")
        batch = d.batches.run("priced", TASKS, ["cheap"], max_cost=0.20).wait(60)
        assert ("$0.20 of it estimated" in str(batch)) == is_estimated
        assert len(batch.unsent) == (10 if is_estimated else 8)


def test_a_cost_that_stays_unknown_stops_it(d, known, monkeypatch):
    monkeypatch.setattr(
        "dari_nb.resources.batches.following.late_costs.TRIES", (0.0, 0.05, 0.1, 0.15)
    )
    known.price = lambda prompt, llm: None if prompt == "Task 2" else PRICES[llm]
    tasks = [f"Task {number}" for number in range(60)]
    batch = d.batches.run("priced", tasks, ["cheap"], max_cost=50).wait(60)
    assert 0 < len(batch.unsent) < 58
    said = "what 2/cheap/0 has cost stays unknown; $"
    assert said in str(batch)
    assert "of it estimated)" in str(batch)
    assert batch.resume().wait(60).counts == {"completed": 60}


def test_an_interrupt_sends_no_more_and_it_can_be_taken_up(d, known):
    known.go_on.clear()
    batch = d.batches.run("priced", TASKS, ["cheap"], max_cost=5)
    with interrupted_when(lambda: True) as said:
        batch.wait()
    assert "sending was interrupted; batch.resume() sends them" in str(said.value)
    assert len(batch.unsent) == 12 - AT_ONCE
    assert "4 of 12 not sent: sending was interrupted" in str(batch)
    known.go_on.set()
    assert batch.wait(60).counts == {"completed": AT_ONCE, "unsent": 4}
    assert batch.resume().wait(60).counts == {"completed": 12}
    assert set(known.asked.values()) == {1}


def test_what_is_cancelled_sends_no_more(d, known):
    known.go_on.clear()
    batch = d.batches.run("priced", TASKS, ["cheap"], max_cost=5)
    assert batch.cancel().counts == {"cancelled": AT_ONCE, "unsent": 12 - AT_ONCE}
    assert sum(known.asked.values()) <= AT_ONCE
    said = "4 of 12 not sent: the run was cancelled before; resume() sends what is missing"
    assert said in batch.outcome
    assert len(batch.unsent) == batch.plan().sends == 12 - AT_ONCE
    with pytest.raises(InvalidRequestError, match=f"{AT_ONCE} were cancelled"):
        batch.retry_failed()
    known.go_on.set()
    assert batch.resume().wait(60).counts == {"cancelled": AT_ONCE, "completed": 12 - AT_ONCE}
    assert batch.retry_failed(cancelled=True).wait(60).counts == {"completed": 12}


def test_adding_and_retrying_hold_it_too(d, known):
    batch = d.batches.run("priced", ["one"], ["cheap"], max_cost=0.30).wait(60)
    batch.add(tasks=TASKS).wait(60)
    assert batch.counts == {"completed": 3, "unsent": 10}
    with pytest.raises(InvalidRequestError, match="has failed: nothing was sent"):
        batch.retry_failed()
    assert known.spent == Decimal("0.30")


def test_while_it_is_sent_nothing_else_is(d, known):
    known.go_on.clear()
    batch = d.batches.run("priced", TASKS, ["cheap"], max_cost=5)
    assert batch.outcome.endswith("8 sessions started, more as max_cost allows")
    assert not batch.is_done
    for call in (batch.add, batch.retry_failed, batch.resume):
        with pytest.raises(InvalidRequestError, match="is being sent still: wait"):
            call()
    known.go_on.set()
    assert batch.wait(60).started == 12


def test_an_unknown_cost_is_no_zero(d, priced):
    priced.price = lambda prompt, llm: None
    d.agents.get("priced").send("before", llm="cheap").wait(20)
    with pytest.raises(InvalidRequestError, match="max_cost cannot be held"):
        d.batches.run("priced", TASKS, ["cheap"], max_cost=0.05)
    batch = d.batches.run("priced", TASKS[:2], ["cheap"]).wait(20)
    assert "$" not in str(batch)
    assert batch.to_frame()["cost_usd"].isna().all()
    batch.score("right", lambda turn: True)
    assert batch.summary("right")["unknown_costs"].to_list() == [2]


@pytest.fixture
def down(server, known, monkeypatch):
    """The agent whose turns fail before an LLM is asked, as long as it is set."""
    monkeypatch.setattr(
        "dari_nb.resources.batches.following.late_costs.TRIES",
        (0.0, 0.05, 0.1, 0.15, 600.0, 900.0),
    )
    down = threading.Event()
    down.set()
    answer = known.price
    down.failed = 0

    def price(prompt, llm):
        if down.is_set() or down.failed < getattr(down, "first", 0):
            down.failed += 1
            raise ValueError("503 overloaded")
        return answer(prompt, llm)

    known.price = price
    return down


def test_turns_that_fail_for_nothing_spend_nothing(d, again, known, down):
    batch = d.batches.run("priced", TASKS, ["cheap"], max_cost=0.30, run_id="down").wait(60)
    assert batch.counts == {"failed": 12}
    assert "spent" not in str(batch)
    down.clear()
    batch.retry_failed().wait(60)
    assert batch.counts == {"completed": 3, "failed": 9}
    said = "9 of 12 not sent again: $0.30 of max_cost=$0.30 is spent, and one more turn costs about"
    assert said in batch.view().head
    seen = again().batches.recover("down").retry_failed(max_cost=1).wait(60)
    assert seen.counts == {"completed": 10, "failed": 2}


@pytest.fixture
def failing(server):
    """An agent that is paid and then fails where its set ``fails`` has the text."""

    @server.agent("failing")
    def failing(prompt):
        yield Usage(Decimal("0.50"))
        if prompt in failing.fails:
            raise ValueError("Not today.")
        yield "Done."

    failing.fails = {"one", "two", "three"}
    return failing


def test_what_failed_attempts_have_cost_counts_in_all_that_is_shown(d, again, failing):
    batch = d.batches.run("failing", ["one", "two", "three"], run_id="thrice").wait(60)
    failing.fails = {"three"}
    batch.retry_failed().wait(60)
    for seen in (batch, again().batches.recover("thrice").wait(60)):
        seen.refresh()
        assert "$3.00" in seen.view().head
        assert "$3.00" in str(seen)
        frame = seen.to_frame()
        assert frame["cost_usd"].to_list() == [1.0, 1.0, 1.0]
        assert frame["attempts"].to_list() == [2, 2, 2]
        assert dari_nb.costs_frame(seen)["cost_usd"].sum() == 3


def test_a_plan_tells_how_much_the_cap_allows(d, known):
    plan = d.batches.run("priced", TASKS, ["cheap"], max_cost=0.55, dry_run=True)
    assert plan.allowed == 5
    assert "allows about 5 of 12" in str(plan)
    batch = d.batches.run("priced", TASKS, ["cheap"], max_cost=0.30).wait(60)
    assert batch.plan().allowed == 0
    for wrong in (-1, "much"):
        with pytest.raises(InvalidRequestError, match="an amount of US dollars"):
            d.batches.run("priced", TASKS, ["cheap"], max_cost=wrong, dry_run=True)


def test_judging_ends_where_max_cost_does_and_goes_on_without(d, server, priced):
    asked = []

    @server.agent("paid")
    def paid(prompt):
        asked.append(prompt)
        yield Usage(Decimal("0.10"))
        yield '{"score": 4, "better": "tie"}'

    batch = d.batches.run("priced", TASKS[:4], list(PRICES)).wait(60)
    given = {"name": "helpful", "agent": "paid", "rubric": "Any."}
    with pytest.raises(InvalidRequestError, match="cost"):
        batch.judge(**given, max_cost=1)
    with pytest.raises(InvalidRequestError, match="max_cost is an amount of US dollars"):
        batch.judge(**given, max_cost="much")
    assert not asked
    d.agents.get("paid").send("before").wait(20)
    asked.clear()
    judged = batch.judge(**given, max_cost="0.30")
    assert Counter(score.value for score in judged) == {4: 3, None: 5}
    assert "not asked: max_cost left it out" in str(judged)
    assert len(asked) == 3
    assert [score.value for score in batch.judge(**given)] == [4] * 8
    assert len(asked) == 8
    duels = batch.judge_pairs(**given, max_cost=0.20)
    assert len(asked) == 10
    assert None in [duel.winner for duel in duels]
    again = batch.judge_pairs(**given, max_cost=0.20, again=True)
    assert len(asked) == 10
    assert [duel.winner for duel in again] == [duel.winner for duel in duels]
