"""Judgings that a limit or an interrupt cuts short: what they leave can be used, and is said."""

import threading
from collections import Counter
from decimal import Decimal

import pytest

from dari_nb.local import Usage

TASKS = [f"Task {n}" for n in range(10)]


class Paid:
    """An agent ``judge`` that takes $0.02 for each of its verdicts, and keeps what it was asked."""

    def __init__(self, server):
        self.asked = []
        self.on_asked = lambda count: None
        lock = threading.Lock()

        @server.agent("judge", llms=["mild", "strict"])
        def judge(prompt, turn):
            with lock:
                self.asked.append(prompt)
                count = len(self.asked)
            self.on_asked(count)
            yield Usage(Decimal("0.02"))
            yield f'{{"score": {2 if turn.llm_id == "strict" else 4}, "better": "tie"}}'


@pytest.fixture
def paid(d, server):
    """The judge, of which it is known what it costs."""
    made = Paid(server)
    for llm in ("mild", "strict"):
        d.agents.get("judge").send("before", llm=llm).wait(20)
    made.asked.clear()
    return made


@pytest.fixture
def batch(d, server, paid):
    @server.agent("writer", llms=["small", "large"])
    def writer(prompt, turn):
        return f"{prompt} {turn.llm_id}"

    return d.batches.run("writer", TASKS, ["small", "large"]).wait(60)


def test_a_limit_leaves_pairs_whose_both_orders_were_asked(batch, paid):
    planned = batch.judge_pairs("clear", rubric="Any.", max_cost=0.20, dry_run=True)
    assert planned.allowed == 10
    assert "about 5 of 10 pairs, each asked in both orders" in str(planned)
    duels = batch.judge_pairs("clear", rubric="Any.", max_cost=0.20)
    assert len(paid.asked) == 10
    assert Counter(duel.winner for duel in duels) == {"tie": 5, None: 5}
    rest = batch.judge_pairs("clear", rubric="Any.", max_cost=0.30, dry_run=True)
    assert "about 7 of 10 pairs, each asked in both orders" in str(rest)
    whole = batch.judge_pairs("other", rubric="Any.", dry_run=True)
    assert "10 pairs, each asked in both orders" in str(whole)


def test_a_judging_that_is_cut_short_takes_no_complete_one_away(batch, paid):
    batch.judge("good", rubric="Any.")
    judged = batch.judge("good", rubric="Any.", llm="strict", max_cost=0.04)
    assert [s.value for s in judged if s.value is not None] == [2, 2]
    assert "judge.good keeps the 20 scores it had" in str(judged)
    assert list(batch.to_frame()["score.judge.good"]) == [4] * 20
    assert "error" not in str(batch)
    done = batch.judge("good", rubric="Any.", llm="strict")
    assert "keeps" not in str(done)
    assert list(batch.to_frame()["score.judge.good"]) == [2] * 20


def down(prompt):
    raise RuntimeError("429 quota used up")


def down_but_for_one_task(prompt):
    if "Task 3" in prompt:
        return '{"score": 2}'
    raise RuntimeError("429 quota used up")


@pytest.mark.parametrize("says", [down, lambda prompt: "I cannot help."])
def test_a_judge_that_is_down_takes_no_scores_away(batch, server, says):
    state = {"says": lambda prompt: '{"score": 4}'}

    @server.agent("critic")
    def critic(prompt):
        return state["says"](prompt)

    batch.judge("good", "critic", rubric="One.")
    state["says"] = says
    judged = batch.judge("good", "critic", rubric="Two.")
    assert "judge.good keeps the 20 scores it had until this judging is complete: again" in (
        str(judged)
    )
    assert list(batch.to_frame()["score.judge.good"]) == [4] * 20
    assert "error" not in str(batch)
    state["says"] = lambda prompt: '{"score": 2}'
    done = batch.judge("good", "critic", rubric="Two.", again=True)
    assert "keeps" not in str(done)
    assert list(batch.to_frame()["score.judge.good"]) == [2] * 20
