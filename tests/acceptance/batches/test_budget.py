"""`max_cost` stops sending at the limit, also after a kill of the kernel or the server."""

import subprocess
import sys
from collections import Counter
from decimal import Decimal

import pytest

import dari_nb as dari

from ..serving import serving

TASKS = [f"Task {number}" for number in range(12)]


def test_limit_stops_sending(d, known):
    batch = d.batches.run("priced", TASKS, ["small"], max_cost=0.50).wait(60)
    assert batch.counts == {"completed": 5, "unsent": 7}
    assert known.spent == Decimal("0.50")
    assert len(batch.unsent) == 7
    assert Counter(batch.to_frame()["status"]) == {"completed": 5, "unsent": 7}


def test_resume_sends_rest_within_new_limit(d, known):
    batch = d.batches.run("priced", TASKS, ["small"], max_cost="0.30").wait(60)
    with pytest.raises(dari.errors.InvalidRequestError) as refused:
        batch.resume(max_cost="0.35")
    assert refused.value.code in {code.code for code in dari.errors.CODES}
    assert known.spent == Decimal("0.30")
    assert batch.resume(max_cost=Decimal("0.70")).wait(60).counts == {"completed": 7, "unsent": 5}
    assert batch.resume(max_cost=5).wait(60).counts == {"completed": 12}
    assert set(known.asked.values()) == {1}


def test_limit_holds_for_several_columns(d, known):
    batch = d.batches.run("priced", TASKS, ["small", "large"], max_cost=2).wait(60)
    assert Decimal("1.60") < known.spent <= 2
    assert len(known.asked) == batch.counts["completed"] == 24 - len(batch.unsent)


def test_limit_counts_what_was_spent_before(d, reconnect, known):
    d.batches.run("priced", TASKS, ["small"], max_cost=0.40).wait(60)
    same = reconnect().batches.run("priced", TASKS, ["small"], max_cost=0.40).wait(60)
    assert (same.started, same.found, len(same.unsent)) == (0, 4, 8)
    more = reconnect().batches.run("priced", TASKS, ["small"], max_cost=0.60).wait(60)
    assert (more.started, more.found, known.spent) == (2, 4, Decimal("0.60"))


def test_limit_counts_retries(d, known):
    known.fails = set(TASKS)
    batch = d.batches.run("priced", TASKS[:3], ["small"]).wait(60)
    assert batch.counts == {"failed": 3}
    with pytest.raises(dari.errors.InvalidRequestError):
        batch.retry_failed(max_cost=0.35)
    known.fails = set()
    assert batch.retry_failed(max_cost=0.50).wait(60).counts == {"completed": 2, "failed": 1}
    assert known.spent == Decimal("0.50")


def test_limit_holds_for_recovered_batch(d, reconnect, known):
    known.fails = set(TASKS)
    batch = d.batches.run("priced", TASKS[:3], ["small"]).wait(60)
    known.fails = set()
    recovered = reconnect().batches.recover(batch.run_id)
    assert recovered.retry_failed(max_cost="0.40").wait(60).counts == {"completed": 1, "failed": 2}


def test_dearer_turns_end_with_those_under_way(d, known):
    known.prices = {"small": Decimal(1)}
    batch = d.batches.run("priced", TASKS, ["small"], max_cost=0.45).wait(60)
    assert 1 <= len(known.asked) <= 4  # as many as the past cost allows
    assert len(batch.unsent) == 12 - len(known.asked)


def test_column_without_known_cost_is_refused(d, priced):
    with pytest.raises(dari.errors.InvalidRequestError) as refused:
        d.batches.run("priced", TASKS, ["small"], max_cost=1)
    assert refused.value.code == "cost_unknown"
    assert not d.sessions.list()


KERNEL = """
import sys
import dari_nb as dari

d = dari.connect(base_url=sys.argv[1], api_key=sys.argv[2])
tasks = [f"Task {number}" for number in range(12)]
d.batches.run("priced", tasks, ["small"], max_cost=1).wait()
"""


@pytest.mark.parametrize("held", [[], TASKS])
def test_killed_kernel_spends_limit_once(server, d, known, held):
    known.held = set(held)
    command = [sys.executable, "-c", KERNEL, server.url, server.api_key]
    with subprocess.Popen(command) as kernel:
        assert known.few_asked.wait(60)
        kernel.kill()
    known.release.set()
    batch = d.batches.run("priced", TASKS, ["small"], max_cost=1).wait(60)
    assert batch.found >= 3
    assert batch.counts == {"completed": 10, "unsent": 2}
    assert set(known.asked.values()) == {1}
    assert known.spent == 1


@pytest.mark.parametrize("held", [[], TASKS[:5]])
def test_killed_kernel_sends_no_task_twice(server, d, priced, held):
    priced.held = set(held)
    command = [sys.executable, "-c", KERNEL.replace("max_cost=1", "repeats=2")]
    with subprocess.Popen([*command, server.url, server.api_key]) as kernel:
        assert priced.few_asked.wait(60)
        kernel.kill()
    priced.release.set()
    for started in (24 - len(d.sessions.list()), 0):
        batch = d.batches.run("priced", TASKS, ["small"], repeats=2).wait(60)
        assert (batch.started, batch.counts) == (started, {"completed": 24})
    assert set(priced.asked.values()) == {2}
    assert len(d.sessions.list()) == 24


AGENTS = """
import threading
from pathlib import Path

@server.agent("holding", llms=["small"])
def holding(prompt):
    if "hold" in prompt and not Path("released").exists():
        threading.Event().wait()
    return prompt
"""


def test_killed_server_leaves_batch_to_retry(folder):
    tasks = ["one", "two", "hold three", "hold four"]
    with serving(folder / "course.db", AGENTS) as serve:
        served = serve()
        with served.connect() as d:
            batch = d.batches.run("holding", tasks, ["small"])
            while batch.refresh().counts != {"completed": 2, "running": 2}:
                pass
            served.kill()
        (folder / "released").touch()
        with serve().connect() as d:
            batch = d.batches.run("holding", tasks, ["small"]).wait(60)
            assert (batch.found, batch.started) == (4, 0)
            assert batch.counts == {"completed": 2, "failed": 2}
            assert batch.retry_failed().wait(60).counts == {"completed": 4}
            assert batch.started == 2
            texts = [
                part["text"] for s in d.sessions.list() for m in s.messages() for part in m.parts
            ]
            assert sorted(texts) == sorted([*tasks, *tasks[2:]])
