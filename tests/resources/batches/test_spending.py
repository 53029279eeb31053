"""``max_cost`` holds: no more is sent than it pays for, and the rest is named and sent later."""

import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import datetime
from decimal import Decimal

import pytest

import dari_nb
from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari, Reasoning, ToolCall, Usage
from dari_nb.resources import Dari
from dari_nb.resources.batches.following.reading import read_cost
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


def test_no_more_is_sent_than_is_paid_for(d, known):
    batch = d.batches.run("priced", TASKS, ["cheap"], max_cost=0.50).wait(60)
    assert known.spent == Decimal("0.50")
    assert batch.counts == {"completed": 5, "unsent": 7}
    assert [cell.task_index for cell in batch.unsent] == list(range(5, 12))
    why = "$0.50 of max_cost=$0.50 is spent, and one more turn costs about $0.10"
    assert batch.unsent[0].error == f"Not sent: {why}."
    assert f"7 of 12 not sent: {why}" in str(batch)
    assert f"7 of 12 not sent: {why}" in batch.view().head
    assert batch.outcome == f"{batch.run_id}: 5 sessions started, 7 of 12 not sent: {why}"
    assert repr(batch).endswith("5 completed, 7 unsent>")
    assert batch.view().status == "unsent"
    assert batch.to_frame()["status"].to_list() == ["completed"] * 5 + ["unsent"] * 7
    assert batch.to_frame()["error"].isna().sum() == 5


def test_a_tiny_limit_is_told_as_it_is(d, known):
    with pytest.raises(InvalidRequestError, match=r"\$0 of max_cost=\$0\.00001 is spent"):
        d.batches.run("priced", TASKS, ["cheap"], run_id="tiny", max_cost="0.00001")


def test_the_rest_is_sent_when_more_may_be_spent(d, known):
    batch = d.batches.run("priced", TASKS, ["cheap"], max_cost="0.30").wait(60)
    with pytest.raises(InvalidRequestError, match=r"9 of 12 not sent: \$0\.30 of max_cost=\$0\.35"):
        batch.resume(max_cost=0.35)
    assert len(batch.unsent) == 9
    for wrong, told in ((-1, "-1"), (10**400, "one of so many digits"), (10**9999, "one of so")):
        with pytest.raises(InvalidRequestError, match=f"an amount of US dollars, not {told}"):
            batch.resume(max_cost=wrong)
    assert batch.resume(max_cost=Decimal("0.70")).wait(60).counts == {"completed": 7, "unsent": 5}
    assert batch.resume(max_cost=5).wait(60).counts == {"completed": 12}
    assert batch.resume().wait(60).unsent == []
    assert set(known.asked.values()) == {1}
    assert known.spent == Decimal("1.20")


def test_the_same_call_again_finds_what_was_sent_and_what_it_cost(d, again, known):
    d.batches.run("priced", TASKS, ["cheap"], max_cost=0.40).wait(60)
    same = again().batches.run("priced", TASKS, ["cheap"], max_cost=0.40).wait(60)
    assert (same.started, same.found, len(same.unsent)) == (0, 4, 8)
    more = again().batches.run("priced", TASKS, ["cheap"], max_cost=0.60).wait(60)
    assert (more.started, more.found) == (2, 4)
    everything = again().batches.run("priced", TASKS, ["cheap"]).wait(60)
    assert (everything.started, everything.counts) == (6, {"completed": 12})
    assert set(known.asked.values()) == {1}


def test_a_kernel_that_is_gone_sends_no_more_and_the_next_one_goes_on(again, known):
    known.go_on.clear()
    first = again()
    first.batches.run("priced", TASKS, ["cheap"], max_cost=1)
    first.close()
    known.go_on.set()
    batch = again().batches.run("priced", TASKS, ["cheap"], max_cost=1).wait(60)
    assert (batch.found, batch.counts) == (AT_ONCE, {"completed": 10, "unsent": 2})
    assert set(known.asked.values()) == {1}
    assert known.spent == 1


KERNEL = """
import sys
import dari_nb

d = dari_nb.connect(base_url=sys.argv[1], api_key=sys.argv[2])
tasks = [f"Task {number}" for number in range(12)]
d.batches.run("priced", tasks, ["cheap"], max_cost=1).wait()
"""


def test_a_process_that_is_killed_has_sent_nothing_twice_and_the_cap_holds(server, again, known):
    enough = threading.Event()

    def price(prompt, llm):
        if len(known.asked) >= 3:
            enough.set()
        return PRICES[llm]

    known.price = price
    command = [sys.executable, "-c", KERNEL, server.url, server.api_key]
    with subprocess.Popen(command) as process:
        assert enough.wait(60)
        process.kill()
    batch = again().batches.run("priced", TASKS, ["cheap"], max_cost=1).wait(60)
    assert batch.found >= 3
    assert batch.counts == {"completed": 10, "unsent": 2}
    assert set(known.asked.values()) == {1}
    assert known.spent == 1


def test_columns_of_two_prices_go_together(d, known):
    batch = d.batches.run("priced", TASKS, ["cheap", "dear"], max_cost=2).wait(60)
    assert known.spent == 2
    assert [cell.id for cell in batch.cells[:8]] == [
        cell.id for cell in batch.cells if cell.state == "completed"
    ]
    assert batch.resume(max_cost=2.1).wait(60).unsent[0].llm == "dear"


def test_few_turns_are_under_way_at_once(d, known):
    d.batches.run("priced", TASKS, ["cheap"], run_id="many", repeats=4, max_cost=100)
    assert d.batches.recover("many").wait(60)
    assert known.most <= AT_ONCE


def test_turns_that_are_dearer_than_before_end_it_with_those_under_way(d, known):
    known.price = lambda prompt, llm: Decimal(1)
    batch = d.batches.run("priced", TASKS, ["cheap"], max_cost=0.45).wait(60)
    assert known.spent == 4
    said = (
        "$4.00 is spent, $3.55 more than max_cost=$0.45, for turns that were under way, and one "
        "more turn costs about $1.00"
    )
    assert said in str(batch)
    assert str(batch.plan()).endswith("allows about 0 of 8")
    with pytest.raises(InvalidRequestError, match=r"\$3\.00 more than max_cost=\$1\.00, and one"):
        batch.resume(max_cost=1)


@pytest.mark.parametrize(("delay", "is_estimated"), [(0.5, False), (60.0, True)])
def test_costs_that_come_late_are_waited_for_or_estimated(folder, delay, is_estimated):
    kept = paid_once(folder)
    late = LocalDari(path=kept, cost_delay=delay)
    with late as server, Dari(server.url, server.api_key, server) as d:
        priced = Priced(server)
        priced.price = lambda prompt, llm: Decimal("0.05")
        batch = d.batches.run("priced", TASKS, ["cheap"], max_cost=0.20).wait(60)
        assert ("$0.20 of it estimated" in str(batch)) == is_estimated
        assert len(batch.unsent) == (10 if is_estimated else 8)


def test_without_a_known_price_nothing_is_sent(d, priced):
    with pytest.raises(InvalidRequestError, match=r"tells what cheap and dear cost.*with each"):
        d.batches.run("priced", TASKS, ["cheap", "dear"], max_cost=5)
    d.agents.get("priced").send("before", llm="cheap").wait(20)
    with pytest.raises(
        InvalidRequestError, match=r"what dear costs.*send it one message first.*dear"
    ):
        d.batches.run("priced", TASKS, ["cheap", "dear"], max_cost=5)
    with pytest.raises(InvalidRequestError, match=r"one more turn costs about \$0\.10\. Nothing"):
        d.batches.run("priced", TASKS, ["cheap"], max_cost=0.05)
    assert sum(priced.asked.values()) == 1


def test_an_llm_of_a_local_dari_that_has_no_price_is_told_from_one_nobody_asked(d, server):
    server.add_llms({"free": {"model": "nobody's", "base_url": "http://127.0.0.1:9/v1"}})
    said = r'free has no price.*add_llms\(\{\}, prices=\{"free": \{"input".*Nothing was sent'
    for llms in (["free"], None):
        with pytest.raises(InvalidRequestError, match=said):
            d.batches.run("assistant", TASKS, llms, max_cost=1)
    server.add_llms({}, prices={"nobody's": {"input": "1", "output": "2"}})
    with pytest.raises(InvalidRequestError, match=r"what free costs.*send it one message first"):
        d.batches.run("assistant", TASKS, ["free"], max_cost=1)


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


def test_costs_that_nobody_tells_any_more_stop_it_soon(d, known, monkeypatch):
    monkeypatch.setattr(
        "dari_nb.resources.batches.following.late_costs.TRIES", (0.0, 0.05, 0.1, 0.15)
    )
    known.price = lambda prompt, llm: None
    tasks = [f"Task {number}" for number in range(60)]
    batch = d.batches.run("priced", tasks, ["cheap"], max_cost=50).wait(60)
    assert "stays unknown" in str(batch)
    assert len(batch.unsent) >= 60 - 16 - AT_ONCE


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


def test_what_is_not_sent_is_not_counted_as_done_while_others_run(d, known):
    known.go_on.clear()
    batch = d.batches.run("priced", TASKS, list(PRICES), max_cost=10)
    with interrupted_when(lambda: batch.counts.get("running") == AT_ONCE):
        batch.wait(20)
    left = 24 - AT_ONCE
    head = str(batch).partition("\n")[0]
    assert "running · 0 of 24 · " in head
    assert f"{left} of 24 not sent" in head
    known.go_on.set()
    assert batch.wait(20).counts == {"completed": AT_ONCE, "unsent": left}


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


def test_what_is_cancelled_while_it_waits_to_be_sent_again_is_sent_by_the_call_that_is_named(
    d, known
):
    known.go_on.clear()
    batch = d.batches.run("priced", TASKS, ["cheap"], max_cost=5).cancel()
    batch = batch.resume().cancel()
    assert batch.counts == {"cancelled": 12}
    batch = batch.retry_failed(cancelled=True).cancel()
    said = "4 of 12 not sent again: the run was cancelled before; "
    assert f"{said}retry_failed(cancelled=True) sends what is missing" in str(batch)
    known.go_on.set()
    assert batch.retry_failed(cancelled=True).wait(60).counts == {"completed": 12}


def test_what_has_failed_and_waits_to_be_sent_again_is_sent_by_the_call_that_is_named(d, known):
    price, known.price = known.price, lambda prompt, llm: 1 / 0
    batch = d.batches.run("priced", TASKS, ["cheap"]).wait(60)
    assert batch.counts == {"failed": 12}
    known.price = price
    known.go_on.clear()
    batch = batch.retry_failed(max_cost=5).cancel()
    why = "the run was cancelled before; retry_failed() sends what is missing"
    assert f" of 12 not sent again: {why}" in str(batch)
    known.go_on.set()
    assert "failed" not in batch.retry_failed().wait(60).counts


def test_where_some_failed_and_some_were_cancelled_the_call_is_named_that_sends_all(d, known):
    price, half = known.price, TASKS[:6]
    known.price = lambda prompt, llm: 1 / 0 if prompt in half else price(prompt, llm)
    known.go_on.clear()
    batch = d.batches.run("priced", TASKS, ["cheap"])
    while batch.refresh().counts != {"failed": 6, "running": 6}:
        time.sleep(0.05)
    assert batch.cancel().counts == {"failed": 6, "cancelled": 6}
    known.price = price
    batch = batch.retry_failed(cancelled=True, max_cost=5).cancel()
    why = "the run was cancelled before; retry_failed(cancelled=True) sends what is missing"
    assert f" of 12 not sent again: {why}" in str(batch)
    known.go_on.set()
    assert batch.retry_failed(cancelled=True).wait(60).counts == {"completed": 12}


def test_the_cost_of_turns_that_others_cancel_is_not_waited_for_without_end(
    d, again, known, monkeypatch
):
    monkeypatch.setattr(
        "dari_nb.resources.batches.following.late_costs.TRIES",
        (0.0, 0.05, 0.1, 0.15, 600.0, 900.0),
    )
    known.go_on.clear()
    known.price = lambda prompt, llm: None
    batch = d.batches.run("priced", TASKS, ["cheap"], max_cost=5)
    other = again()
    while sum(known.asked.values()) < AT_ONCE:
        batch.refresh()
    known.price = lambda prompt, llm: PRICES[llm]
    for cell in batch.cells[:AT_ONCE]:
        other.sessions.get(cell.session_id).turn().cancel()
    known.go_on.set()
    assert batch.wait(30).counts == {"cancelled": AT_ONCE, "unsent": 12 - AT_ONCE}
    assert batch.resume().wait(30).counts == {"cancelled": AT_ONCE, "completed": 12 - AT_ONCE}


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


def test_what_came_is_compared_without_the_rest(d, known):
    batch = d.batches.run("priced", TASKS, ["cheap", "dear"], max_cost=4).wait(60)
    batch.score("right", lambda turn: turn.text.endswith("dear"))
    assert batch._snapshot().findings[0].tasks == 8


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


def test_when_turns_become_dearer_at_most_those_without_a_known_cost_go_beyond_it(folder):
    kept = paid_once(folder, "0.001")
    late = LocalDari(path=kept, cost_delay=1)
    with late as server, Dari(server.url, server.api_key, server) as d:
        priced = Priced(server)
        dear = lambda: sum(priced.asked.values()) > 5  # noqa: E731
        priced.price = lambda prompt, llm: Decimal("0.50") if dear() else Decimal("0.001")
        tasks = [f"Task {number}" for number in range(30)]
        batch = d.batches.run("priced", tasks, ["cheap"], max_cost=0.10).wait(60)
        assert priced.spent <= AT_ONCE * Decimal("0.50") + Decimal("0.10")
        assert batch.unsent


@pytest.mark.parametrize("told", [Usage("1.00", input_tokens=5000), "Part of an answer"])
def test_turns_that_fail_after_an_llm_was_asked_hold_the_cap_until_their_costs_come(
    folder, monkeypatch, told
):
    monkeypatch.setattr(
        "dari_nb.resources.batches.following.late_costs.TRIES", (0.0, 0.05, 0.1, 0.15, 3.0, 9.0)
    )
    kept = paid_once(folder, "0.01")
    late = LocalDari(path=kept, cost_delay=1)
    with late as server, Dari(server.url, server.api_key, server) as d:

        @server.agent("priced", llms=list(PRICES))
        def broken(prompt):
            yield told
            yield Usage("1.00") if isinstance(told, str) else "Part of an answer"
            raise ValueError("The provider broke.")

        tasks = [f"Task {number}" for number in range(60)]
        batch = d.batches.run("priced", tasks, ["cheap"], max_cost=0.50).wait(60)
        assert batch.counts == {"failed": AT_ONCE, "unsent": 60 - AT_ONCE}
        assert "$8.00 is spent, $7.50 more than max_cost=$0.50" in batch.view().head


def test_turns_that_fail_before_an_llm_is_asked_hold_nobody_up(d, server, known, monkeypatch):
    monkeypatch.setattr(
        "dari_nb.resources.batches.following.late_costs.TRIES",
        (0.0, 0.05, 0.1, 0.15, 600.0, 900.0),
    )

    @server.agent("priced", llms=list(PRICES))
    def broken(prompt):
        raise ValueError("Not today.")

    tasks = [f"Task {number}" for number in range(20)]
    batch = d.batches.run("priced", tasks, ["cheap"], max_cost=50).wait(60)
    assert batch.counts == {"failed": 20}


@pytest.fixture
def late(folder, monkeypatch):
    """A Dari whose costs come late, and where ``priced`` was cheap; it is to be made anew."""
    monkeypatch.setattr(
        "dari_nb.resources.batches.following.late_costs.TRIES", (0.0, 0.05, 0.1, 0.15, 3.0, 9.0)
    )
    kept = folder / "dari.db"
    with LocalDari(path=kept, cost_delay=0) as server, Dari(server.url, server.api_key) as d:
        Priced(server).price = lambda prompt, llm: Decimal("0.01")
        d.agents.get("priced").send("before", llm="cheap").wait(20)
    with (
        LocalDari(path=kept, cost_delay=2) as server,
        Dari(server.url, server.api_key, server) as d,
    ):
        yield d, server


MANY = [f"Task {number}" for number in range(60)]


@pytest.mark.parametrize(
    "told",
    [Usage("1.00"), Reasoning("Let me think."), ToolCall("lookup", {"q": 1}), "Part of an answer"],
    ids=["usage without tokens", "reasoning", "tool call", "text"],
)
def test_whatever_shows_that_an_llm_was_asked_holds_the_cap(late, told):
    d, server = late

    @server.agent("priced", llms=list(PRICES))
    def broken(prompt):
        yield told
        if not isinstance(told, Usage):
            yield Usage("1.00")
        raise ValueError("The provider broke.")

    batch = d.batches.run("priced", MANY, ["cheap"], max_cost=0.50).wait(60)
    assert batch.counts == {"failed": AT_ONCE, "unsent": 60 - AT_ONCE}
    assert "$8.00 is spent, $7.50 more than max_cost=$0.50" in batch.view().head


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


def test_many_turns_that_fail_for_nothing_do_not_stop_what_comes_after(d, known, down):
    down.first = 30
    down.clear()
    batch = d.batches.run("priced", MANY, ["cheap"], max_cost=50).wait(60)
    assert batch.counts == {"failed": 30, "completed": 30}
    assert "$3.00" in batch.view().head
    assert "is not known" not in str(batch.plan())
    assert "spent" not in str(batch)


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


def breaking(server, known):
    """Have turns take tokens, for what they cost, and then fail."""

    @server.agent("priced", llms=list(PRICES))
    def broken(prompt, turn):
        yield Usage(known.price(prompt, turn.llm_id), input_tokens=1000)
        raise ValueError("The provider broke.")


def test_costs_that_stayed_unknown_do_not_stop_what_is_sent_once_they_come(
    d, server, known, monkeypatch
):
    monkeypatch.setattr(
        "dari_nb.resources.batches.following.late_costs.TRIES", (0.0, 0.05, 0.1, 0.15)
    )
    breaking(server, known)
    price, known.price = known.price, lambda prompt, llm: None
    batch = d.batches.run("priced", MANY, ["cheap"], max_cost=50).wait(60)
    batch.resume().wait(60)
    assert batch.counts == {"failed": 2 * AT_ONCE, "unsent": 60 - 2 * AT_ONCE}
    assert "stays unknown" in str(batch)
    known.price = price
    assert batch.resume().wait(60).counts == {"failed": 60}


def test_a_cap_that_late_costs_have_broken_does_not_blame_turns_under_way(
    d, server, known, costs_come
):
    breaking(server, known)
    known.price = lambda prompt, llm: Decimal(1)
    batch = d.batches.run("priced", MANY, ["cheap"], max_cost=4).wait(60)
    batch.resume().wait(60)
    costs_come.set()
    batch.refresh()
    over = "$16.00 is spent, $12.00 more than max_cost=$4.00, for turns that were under way or "
    assert f"{over}whose costs came late" in batch.view().head


def test_what_was_over_the_cap_before_has_no_cause_now(d, again, server, known):
    d.batches.run("priced", TASKS[:5], ["cheap"]).wait(60)
    same = again().batches.run("priced", TASKS[:5], ["cheap"], max_cost="0.20").wait(60)
    head = str(same).splitlines()[0]
    assert "$0.50 is spent, $0.30 more than max_cost=$0.20 · nothing sent" in head
    more = again().batches.run("priced", TASKS[:5], list(PRICES), max_cost="0.20").wait(60)
    assert "$0.30 more than max_cost=$0.20, and one more turn costs about $0.40" in str(more)

    @server.agent("judge")
    def judge(prompt):
        yield Usage("0.10")
        yield "I cannot say."

    def judged(**given):
        try:
            return str(same.judge("good", rubric="Any.", **given).notes)
        except InvalidRequestError as error:
            return str(error)

    judged()
    said = judged(again=True, max_cost=0)
    assert "$0.50 is spent, $0.50 more than max_cost=$0'" in said
    assert "for turns" not in said


def test_a_tool_call_alone_tells_that_a_cost_is_unknown(d, server):
    @server.agent("tooled")
    def tooled(prompt):
        yield ToolCall("lookup", {"q": 1})
        if prompt in TASKS[:2]:
            yield Usage("1.00")
        raise ValueError("The provider broke.")

    batch = d.batches.run("tooled", TASKS[:4]).wait(60)
    batch.refresh()
    assert "$2.00 so far, unknown for 2 of 4" in batch.view().head


@pytest.fixture
def costs_come(monkeypatch):
    """Nobody is told what turns of a batch cost until it is set."""
    come, late_costs = threading.Event(), "dari_nb.resources.batches.following.late_costs"

    async def read(client, session_id):
        return await read_cost(client, session_id) if come.is_set() else None

    monkeypatch.setattr(f"{late_costs}.read_cost", read)
    monkeypatch.setattr(f"{late_costs}.TRIES", (0.0, 0.05, 0.1, 0.15, 2.0))
    return come


@pytest.mark.parametrize(
    ("price", "told"),
    [
        (
            "1.00",
            (
                "$3.00 is spent, $2.70 more than max_cost=$0.30, for turns that were under way, "
                "and one more turn costs about $1.00"
            ),
        ),
        (
            "0.05",
            "$0.15 of max_cost=$0.30 is spent, as costs tell that came late; resume() sends more",
        ),
    ],
)
def test_costs_that_come_when_it_has_ended_are_told_with_what_is_left_out(
    d, known, costs_come, price, told
):
    known.price = lambda prompt, llm: Decimal(price)
    batch = d.batches.run("priced", TASKS, ["cheap"], max_cost=0.30).wait(60)
    assert "$0.30 of max_cost=$0.30 is spent ($0.30 of it estimated), and" in str(batch)
    with pytest.raises(InvalidRequestError, match="Nothing was sent"):
        batch.resume(max_cost=0.01)
    costs_come.set()
    batch.refresh()
    said = f"9 of 12 not sent: {told}"
    assert said in batch.view().head
    assert batch.outcome.endswith(said)
    assert batch.unsent[0].error == f"Not sent: {told}."


def test_a_cost_that_comes_after_it_has_stopped_the_sending_is_no_longer_called_unknown(
    d, known, costs_come
):
    tasks = [f"Task {number}" for number in range(60)]
    batch = d.batches.run("priced", tasks, ["cheap"], max_cost=50).wait(60)
    assert "what 0/cheap/0 has cost stays unknown; $" in str(batch)
    costs_come.set()
    batch.refresh()
    known_now = f"what 0/cheap/0 has cost came late; ${known.spent} of max_cost=$50.00 is spent"
    assert str(batch).splitlines()[0].endswith(known_now)


def test_what_all_was_sent_for_and_is_more_than_the_cap_is_told(d, known):
    known.price = lambda prompt, llm: Decimal(1)
    batch = d.batches.run("priced", TASKS[:4], ["cheap"], max_cost=0.45).wait(60)
    assert batch.counts == {"completed": 4}
    said = "$4.00 is spent, $3.55 more than max_cost=$0.45, for turns that were under way"
    assert said in batch.view().head


def test_a_cap_that_is_a_text_is_a_plain_number(d, known):
    batch = d.batches.run("priced", TASKS[:3], ["cheap"], max_cost=" 0.10 ").wait(60)
    for wrong in ("1_0", "1e1", "1,0", "0x1", "+ 1", "", "Infinity", "１"):  # noqa: RUF001
        calls = (
            lambda: d.batches.run("priced", TASKS, ["cheap"], max_cost=wrong),  # noqa: B023
            lambda: batch.resume(max_cost=wrong),  # noqa: B023
            lambda: batch.judge("good", "priced", rubric="Any.", max_cost=wrong),  # noqa: B023
        )
        for call in calls:
            with pytest.raises(InvalidRequestError, match="max_cost is an amount of US dollars"):
                call()
    assert sum(known.asked.values()) == 1
    assert batch.resume(max_cost="+.20").wait(60).started == 1


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


def test_a_run_that_is_recovered_is_as_it_ended_without_a_wait(d, again, failing):
    batch = d.batches.run("failing", ["one", "two", "good"], run_id="ended").wait(60)
    for find in ("recover", "named"):
        found = getattr(again().batches, find)("ended")
        assert found.counts == {"completed": 1, "failed": 2}
        assert found.is_done
        head = str(found).splitlines()[0]
        assert "1 done · 2 failed" in head
        assert head.endswith("$1.50")
        frame = found.to_frame()
        assert frame["cost_usd"].sum() == 1.5
        assert frame["text"].to_list()[2] == "Done."
        assert "Not today." in frame["error"].to_list()[0]
    by_id = again().batches.get(batch.cells[0].batch_id)
    assert (by_id.counts, by_id.to_frame()["cost_usd"].sum()) == (found.counts, 1.5)


def test_what_a_recovered_run_lacks_is_not_shown_as_running(d, again, known):
    d.batches.run("priced", TASKS[:2], ["cheap"], 2, run_id="part", max_cost="0.30").wait(60)
    found = again().batches.recover("part")
    assert found.counts == {"completed": 3, "unsent": 1}
    assert "1 of 4 not sent: there is no session; resume() sends what is missing" in str(found)
    assert "running" not in str(found)
    assert found.resume(max_cost=5).wait(60).counts == {"completed": 4}
    assert "without max_cost" not in found.outcome


def test_a_recovered_run_that_goes_beyond_what_it_might_cost_says_so(d, again, known):
    first = d.batches.run("priced", TASKS[:2], ["cheap"], 2, run_id="part", max_cost="0.30")
    assert "without max_cost" not in first.wait(60).outcome
    found = again().batches.recover("part")
    assert found.resume().wait(60).counts == {"completed": 4}
    assert found.outcome == (
        "part: 1 session started, 3 there already, "
        "without max_cost, which a recovered run has only once a call gives it"
    )


def test_what_failed_and_cannot_be_paid_again_is_named(d, again, failing):
    batch = d.batches.run("failing", ["one", "two", "three"], run_id="thrice").wait(60)
    failing.fails = set()
    why = r"3 of 3 not sent again: \$1\.50 of max_cost=\$1\.60 is spent"
    with pytest.raises(InvalidRequestError, match=why + r".*Nothing was sent"):
        batch.retry_failed(max_cost=1.6)
    assert "3 of 3 not sent again: $1.50" in batch.outcome
    assert "there already (--new-run" not in batch.outcome
    assert "nothing; retry_failed() sends 3 again that failed" in str(batch.plan())
    found = again().batches.recover("thrice").wait(60)
    with pytest.raises(InvalidRequestError, match=why):
        found.retry_failed(max_cost=1.6)
    assert found.retry_failed(max_cost=2.1).wait(60).counts == {"completed": 1, "failed": 2}
    assert found.retry_failed(max_cost=9).wait(60).counts == {"completed": 3}
    assert "not sent" not in str(found)


def test_a_limit_that_holds_no_more_is_not_told_after_a_retry(d, failing):
    batch = d.batches.run("failing", ["one", "two"]).wait(60)
    failing.fails = set()
    batch.add(tasks=["three", "four", "five"], max_cost=1.5).wait(60)
    assert batch.counts == {"completed": 1, "failed": 2, "unsent": 2}
    assert "2 of 5 not sent: $1.50 of max_cost=$1.50 is spent" in str(batch)
    with pytest.raises(InvalidRequestError, match="2 of 5 not sent again"):
        batch.retry_failed()
    batch.retry_failed(max_cost=5).wait(60)
    for said in (str(batch), batch.view().head, batch.outcome):
        assert "2 of 5 not sent: left out before; resume() sends what is missing" in said
        assert "max_cost" not in said
    failing.fails = {"four"}
    assert batch.resume(max_cost=3.1).wait(60).counts == {"completed": 3, "failed": 1, "unsent": 1}
    with pytest.raises(InvalidRequestError, match="1 of 5 not sent again"):
        batch.retry_failed()
    batch.resume(max_cost=9).wait(60)
    assert "max_cost" not in str(batch)


def test_a_resume_that_is_refused_leaves_the_cap_as_it_was(d, priced):
    d.agents.get("priced").send("before", llm="cheap").wait(20)
    batch = d.batches.run("priced", TASKS, ["cheap"], max_cost="0.30").wait(20)
    before = str(batch)
    for cap in ("0.05", "0.30", "0.39"):
        with pytest.raises(InvalidRequestError, match="Nothing was sent"):
            batch.resume(max_cost=cap)
        assert batch.plan().max_cost == Decimal("0.30")
        assert str(batch) == before
    assert batch.resume(max_cost="0.40").wait(20).counts == {"completed": 4, "unsent": 8}


def test_an_addition_that_is_refused_leaves_the_batch_as_it_was(d, priced):
    d.agents.get("priced").send("before", llm="cheap").wait(20)
    batch = d.batches.run("priced", ["one"], ["cheap"]).wait(60)
    for _ in range(2):
        with pytest.raises(InvalidRequestError, match=r"what dear costs.*Nothing was sent"):
            batch.add(tasks=["two"], llms=["dear"], max_cost=5)
    assert (len(batch), len(batch.columns), len(batch.tasks)) == (1, 1, 1)
    assert batch.add(tasks=["two"]).wait(60).counts == {"completed": 2}
    kept = repr(batch)
    with pytest.raises(InvalidRequestError, match=r"\$0\.20 is spent, \$0\.05 more.*Nothing was"):
        batch.add(repeats=2, max_cost=0.15)
    assert repr(batch) == kept
    assert (batch.plan().sends, batch.resume(max_cost=5).wait(60).started) == (0, 0)
    assert batch.add(tasks=TASKS, max_cost=0.45).wait(60).counts == {"completed": 4, "unsent": 10}


def test_costs_that_have_only_not_come_yet_are_told_apart(folder):
    late = LocalDari(cost_delay=600)
    with late as server, Dari(server.url, server.api_key, server) as d:
        Priced(server)
        d.batches.run("priced", TASKS[:8], ["cheap"]).wait(60)
        with pytest.raises(InvalidRequestError, match=r"costs of 8 turns have not come yet.*again"):
            d.batches.run("priced", TASKS, ["cheap"], max_cost=5)

        plan = d.batches.run("priced", TASKS, ["cheap"], max_cost=5, dry_run=True)
        said = "unknown: the costs of 8 turns have not come yet, or never will"
        assert dict(plan.rows())["estimated cost"] == said
        both = d.batches.run("priced", TASKS, ["cheap", "dear"], dry_run=True)
        assert (
            dict(both.rows())["estimated cost"]
            == f"{said}, and no past session tells what dear costs"
        )
        with pytest.raises(InvalidRequestError, match="No past session of priced tells what dear "):
            d.batches.run("priced", TASKS, ["cheap", "dear"], max_cost=5)


@pytest.mark.parametrize("unknown", [8, 20])
def test_what_a_turn_costs_is_found_behind_turns_that_told_no_cost(d, priced, unknown):
    for price, count in (("0.10", 10), (None, unknown)):
        priced.price = lambda prompt, llm: price and Decimal(price)  # noqa: B023
        d.batches.run("priced", [f"{price} {n}" for n in range(count)], ["cheap"]).wait(60)
    priced.price = lambda prompt, llm: Decimal("0.10")
    batch = d.batches.run("priced", TASKS, ["cheap"], max_cost="0.30").wait(60)
    assert batch.counts == {"completed": 3, "unsent": 9}


def test_an_agent_that_never_tells_a_cost_is_not_asked_for_that_of_all_its_sessions(
    d, priced, monkeypatch
):
    priced.price = lambda prompt, llm: None
    tasks = [f"Task {number}" for number in range(90)]
    d.batches.run("priced", tasks, ["cheap"]).wait(60)
    asked = Counter()

    async def read(client, session_id):
        asked[session_id] += 1
        return await read_cost(client, session_id)

    monkeypatch.setattr("dari_nb.resources.batches.following.past_costs.read_cost", read)
    with pytest.raises(InvalidRequestError, match="have not come yet"):
        d.batches.run("priced", ["one"], ["cheap"], max_cost=1)
    assert len(asked) == 32


def test_turns_whose_costs_are_known_are_not_counted_as_late(d, server):
    @server.agent("breaking")
    def breaking(prompt):
        if prompt == "breaks":
            yield Usage(Decimal("0.10"))
            raise ValueError("Not today.")
        yield "Done."

    for prompt in ("breaks", "breaks", "goes well"):
        d.agents.get("breaking").send(prompt).wait(20)
    with pytest.raises(InvalidRequestError, match="The cost of 1 turn has not come yet"):
        d.batches.run("breaking", TASKS, max_cost=1)


def test_one_message_to_each_llm_is_enough_although_costs_come_a_moment_later(folder):
    with LocalDari(cost_delay=0.4) as server, Dari(server.url, server.api_key, server) as d:
        Priced(server)
        for llm in ("cheap", "dear"):
            assert d.agents.get("priced").send("Hi", llm=llm).text
        batch = d.batches.run("priced", TASKS[:2], ["cheap", "dear"], max_cost=5)
        assert batch.wait(60).counts == {"completed": 4}


def test_turns_that_failed_are_told_apart_from_costs_that_come_late(d, server):
    @server.agent("broken", llms=["cheap", "dear"])
    def broken(prompt, turn):
        if turn.llm_id == "dear":
            yield Usage(input_tokens=1000)
        raise ValueError("Decimals only")

    for llm in ("cheap", "dear"):
        d.batches.run("broken", TASKS, [llm]).wait(60)
    said = (
        "12 turns of broken have failed, and nobody tells what cheap costs, so max_cost cannot be "
        "held: the last of them with ValueError: Decimals only. Once that is mended, send it one "
        'message, d.agents["broken"].send("Hi", llm="cheap"), or leave max_cost out. '
        "Nothing was sent."
    )
    for llms in (["cheap"], ["cheap", "dear"]):
        with pytest.raises(InvalidRequestError) as refused:
            d.batches.run("broken", ["one"], llms, max_cost=5)
        assert str(refused.value) == said
    with pytest.raises(InvalidRequestError, match=r"costs of 12 turns have not come yet.*again"):
        d.batches.run("broken", ["one"], ["dear"], max_cost=5)


def test_all_that_a_run_has_cost_counts_also_what_a_later_call_leaves_out(d, server, known):
    d.batches.run("priced", TASKS[:4], ["cheap"], run_id="day").wait(60)

    @server.agent("priced", llms=list(PRICES))
    def changed(prompt):
        yield Usage("0.10")
        yield "new"

    limited = {"run_id": "day", "max_cost": 0.60}
    plan = d.batches.run("priced", TASKS[:4], ["cheap"], dry_run=True, **limited)
    assert plan.allowed == 2
    assert dict(plan.rows())["spent beside"].startswith("$0.40 for what is not in this plan")
    batch = d.batches.run("priced", TASKS[:4], ["cheap"], **limited).wait(60)
    assert batch.counts == {"completed": 2, "unsent": 2}
    assert "$0.60 of max_cost=$0.60 is spent" in str(batch)
    with pytest.raises(InvalidRequestError, match=r"\$0\.60 of max_cost=\$0\.65 is spent"):
        d.batches.recover("day").add(tasks=["more"], max_cost=0.65)


def test_a_plan_tells_how_much_the_cap_allows(d, known):
    plan = d.batches.run("priced", TASKS, ["cheap"], max_cost=0.55, dry_run=True)
    assert plan.allowed == 5
    assert "allows about 5 of 12" in str(plan)
    batch = d.batches.run("priced", TASKS, ["cheap"], max_cost=0.30).wait(60)
    assert batch.plan().allowed == 0
    for wrong in (-1, "much", "1e999999", "\u0661"):
        with pytest.raises(InvalidRequestError, match="an amount of US dollars"):
            d.batches.run("priced", TASKS, ["cheap"], max_cost=wrong, dry_run=True)


def test_a_head_says_of_when_the_answers_are(d, again, known):
    first = d.batches.run("priced", ["one"], ["cheap"]).wait(60)
    assert "nothing sent" not in first.view().head
    same = again().batches.run("priced", ["one"], ["cheap"]).wait(60)
    made = datetime.fromisoformat(same.cells[0].created_at)
    said = f"nothing sent, answers of {made:%b} {made.day} {made:%H:%M}"
    assert said in same.view().head
    assert said in str(same)


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


def test_a_judging_says_by_how_much_it_has_gone_over_its_cap(d, server, priced):
    cost = Decimal("0.01")

    @server.agent("paid")
    def paid(prompt):
        yield Usage(cost, input_tokens=1000)
        if cost == 1:
            raise ValueError("The provider broke.")

    batch = d.batches.run("priced", TASKS, ["cheap"]).wait(60)
    d.agents.get("paid").send("before").wait(20)
    cost = Decimal(1)
    judged = batch.judge("helpful", "paid", rubric="Any.", max_cost=0.50)
    said = "$8.00 is spent, $7.50 more than max_cost=$0.50, for turns that were under way"
    assert any(note.startswith(said) for note in judged.notes)


def test_a_judging_goes_on_past_turns_that_fail_for_nothing(d, server, priced, monkeypatch):
    monkeypatch.setattr(
        "dari_nb.resources.batches.following.late_costs.TRIES", (0.0, 0.05, 0.1, 0.15)
    )
    asked = Counter()

    @server.agent("paid")
    def paid(prompt):
        asked["all"] += 1
        if 1 < asked["all"] <= 22:
            raise ValueError("503 overloaded")
        yield Usage("0.10", input_tokens=1000)
        yield '{"score": 4, "better": "tie"}'

    batch = d.batches.run("priced", MANY[:30], ["cheap"]).wait(60)
    d.agents.get("paid").send("before").wait(20)
    judged = batch.judge("helpful", "paid", rubric="Any.", max_cost="1.00")
    assert Counter(score.value for score in judged) == {4: 9, None: 21}
    assert not any("unknown" in note or "more than" in note for note in judged.notes)
