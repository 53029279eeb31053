"""Judgings that a limit or an interrupt cuts short: what they leave can be used, and is said."""

import _thread
import re
import threading
from collections import Counter
from decimal import Decimal

import pytest

from dari_nb.local import Usage
from dari_nb.resources import Dari
from dari_nb.resources.batches.judging import asking

from ...conftest import TcpProxy

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


def test_a_limit_leaves_columns_that_are_judged_on_the_same_tasks(batch, paid):
    judged = batch.judge("good", rubric="Any.", max_cost=0.20)
    assert len(paid.asked) == 10
    tasks = {"small": set(), "large": set()}
    for score in judged:
        if score.value is not None:
            tasks[score.llm_id].add(score.task_index)
    assert tasks["small"] == tasks["large"]
    assert tasks["small"] != {0, 1, 2, 3, 4}
    assert "different tasks" not in str(judged)


def test_means_of_different_tasks_are_told_as_that(batch, paid):
    judged = batch.judge("good", rubric="Any.", max_cost=0.10)
    assert sorted(Counter(s.llm_id for s in judged if s.value is not None).values()) == [2, 3]
    assert "scored on different tasks, 2 of them in common" in str(judged).splitlines()[0]


def stopped(call, paid, count):
    """Call, and stop waiting when so much was asked; returns what that says."""
    paid.on_asked = lambda asked: asked == count and _thread.interrupt_main()
    with pytest.raises(KeyboardInterrupt) as told:
        call()
    paid.on_asked = lambda count: None
    return str(told.value)


@pytest.mark.parametrize("is_pairs", [False, True])
def test_who_stops_a_judging_reads_what_takes_it_up_and_what_ends_it(d, batch, paid, is_pairs):
    verb = batch.judge_pairs if is_pairs else batch.judge
    said = stopped(lambda: verb("good", rubric="Any.", max_cost=1), paid, 5)
    assert "resume" not in said
    assert "follow" not in said
    assert "judging again with the same arguments waits for it" in said
    assert re.search(
        r"\d+ of 20 not sent: .*; judging again with the same arguments sends them", said
    )
    ended = re.search(r'd\.batches\.recover\("(judge_\w+)"\)\.cancel\(\) ends it', said)
    d.batches.recover(ended[1]).cancel()
    before = len(paid.asked)
    assert before < 20
    verb("good", rubric="Any.", max_cost=1)
    assert len(paid.asked) == 20


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


@pytest.mark.parametrize("says", [down, down_but_for_one_task, lambda prompt: "I cannot help."])
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


def test_a_turn_that_fails_where_there_was_no_score_leaves_all_others_too(batch, server):
    state = {"says": lambda prompt: "I cannot help." if "Task 3" in prompt else '{"score": 4}'}

    @server.agent("critic")
    def critic(prompt):
        return state["says"](prompt)

    batch.judge("good", "critic", rubric="One.")
    state["says"] = lambda prompt: down(prompt) if "Task 3" in prompt else '{"score": 2}'
    judged = batch.judge("good", "critic", rubric="Two.")
    assert "judge.good keeps the 18 scores it had until" in str(judged)
    assert batch.to_frame()["score.judge.good"].value_counts().to_dict() == {4: 18}
    # What fails takes nothing away from what is said again.
    judged = batch.judge("good", "critic", rubric="One.", again=True)
    assert "keeps" not in str(judged)
    assert batch.to_frame()["score.judge.good"].value_counts().to_dict() == {4: 18}


def test_a_judge_that_says_nothing_to_some_is_complete_all_the_same(batch, server):
    state = {"score": 4}

    @server.agent("critic")
    def critic(prompt):
        return "I cannot help." if "Task 3" in prompt else f'{{"score": {state["score"]}}}'

    for score in (4, 2):
        state["score"] = score
        judged = batch.judge("good", "critic", rubric=f"Worth {score}.")
        assert "keeps" not in str(judged)
        assert batch.to_frame()["score.judge.good"].value_counts().to_dict() == {score: 18}


def test_what_was_yes_on_another_scale_is_a_number_of_this_one(d, server, batch):
    @server.agent("sure")
    def sure(prompt):
        return '{"score": 1}'

    for scale, kind in (((0, 1), bool), ((1, 5), int), ((0, 1), bool)):
        batch.judge("good", "sure", rubric="Any.", scale=scale)
        assert {type(cell.scores["judge.good"]) for cell in batch.cells} == {kind}


def test_who_stops_a_second_judging_keeps_the_first_one(batch, paid):
    batch.judge("good", rubric="Any.")
    given = {"rubric": "Any.", "llm": "strict", "max_cost": 1}
    said = stopped(lambda: batch.judge("good", **given), paid, len(paid.asked) + 12)
    assert "stopped watching" in said
    assert list(batch.to_frame()["score.judge.good"]) == [4] * 20
    batch.judge("good", **given)
    assert list(batch.to_frame()["score.judge.good"]) == [2] * 20


def test_what_a_limit_leaves_out_is_no_error_in_the_matrix(batch, paid):
    judged = batch.judge("good", rubric="Any.", max_cost=0.20)
    assert "10 of 20 are not judged: max_cost left it out; judging again with a larger" in str(
        judged
    )
    assert "again=True" not in str(judged)
    assert "error" not in str(judged)
    assert batch.to_frame()["score.judge.good"].count() == 10
    for form in batch.to_mimebundle().values():
        assert "good: error" not in form
        assert "not scored" in form
    assert "not judged" not in str(batch.judge("good", rubric="Any.", max_cost=1))
    assert list(batch.to_frame()["score.judge.good"]) == [4] * 20


def test_an_error_of_another_judging_does_not_stand_where_nothing_was_asked(d, server, batch, paid):
    @server.agent("mute")
    def mute(prompt):
        return "No."

    batch.judge("good", "mute", rubric="Any.")
    assert "judge.good: error" in str(batch) or "no JSON" in str(batch)
    batch.judge("good", rubric="Any.", max_cost=0.20)
    assert batch.to_frame()["score.judge.good"].count() == 10
    assert "error" not in str(batch)


def test_what_a_limit_leaves_out_is_not_counted_as_judged(batch, monkeypatch):
    told = []
    monkeypatch.setattr("dari_nb.resources.connection.progress.PATIENCE", 0)
    monkeypatch.setattr("dari_nb.resources.connection.host.in_kernel", lambda: False)
    monkeypatch.setattr(
        "dari_nb.resources.connection.progress.Progress._log", lambda self: told.append(self.text)
    )
    monkeypatch.setattr("dari_nb.resources.connection.progress._LOG_PAUSE", 0)
    batch.judge("clear", rubric="Any.", max_cost=0.10)
    counts = [int(text.split()[0]) for text in told if "answers judged" in text]
    assert counts[-1] == len(batch.to_frame()["score.judge.clear"].dropna())
    assert counts[-1] < len(batch.cells)


def test_asking_once_more_counts_all_that_was_paid_before(d, server, batch):
    calls = []

    @server.agent("hard")
    def hard(prompt):
        calls.append(prompt)
        yield Usage(Decimal("0.02"))
        yield "no verdict" if "Task 3 small" in prompt else '{"score": 4}'

    d.agents.get("hard").send("before").wait(20)
    calls.clear()
    about = {"agent": "hard", "rubric": "Any."}
    batch.judge("clear", **about)
    limit = 0.02 * len(calls) + 0.05
    for _ in range(2):
        for one in (batch, d.batches.recover(batch.run_id)):
            told = one.judge("clear", **about, again=True, max_cost=limit)
    assert len(calls) == 22
    assert str(told).endswith("0 sessions started, 22 there already · $0.44 in all")
    assert "spent so far    $0.44" in str(batch.judge("clear", **about, again=True, dry_run=True))


@pytest.mark.parametrize("again", [False, True])
def test_who_stops_a_judging_that_is_complete_loses_no_scores(batch, paid, monkeypatch, again):
    batch.judge("clear", rubric="Any.")
    judged = batch.to_frame()["score.judge.clear"].tolist()
    wait = asking._wait

    def stopped(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(asking, "_wait", stopped)
    with pytest.raises(KeyboardInterrupt):
        batch.judge("clear", rubric="Any.", again=again)
    assert batch.to_frame()["score.judge.clear"].tolist() == judged
    monkeypatch.setattr(asking, "_wait", wait)
    batch.judge("clear", rubric="Any.")
    assert len(paid.asked) == 20


class Overheard(TcpProxy):
    """Keeps which paths were asked for."""

    def __init__(self, target):
        super().__init__(target)
        self.paths = []

    async def _pump(self, reader, writer, pair):
        read = reader.read

        async def overhearing(size):
            data = await read(size)
            self.paths += re.findall(rb"GET (/\S+) HTTP", data)
            return data

        reader.read = overhearing
        await super()._pump(reader, writer, pair)


def test_a_dry_run_that_asks_once_more_reads_each_session_once(server, batch):
    @server.agent("hard")
    def hard(prompt):
        yield Usage(Decimal("0.02"))
        yield "no verdict" if "Task 3 small" in prompt else '{"score": 4}'

    about = {"agent": "hard", "rubric": "Any.", "again": True}
    batch.judge("clear", agent="hard", rubric="Any.").batch.refresh()
    for sessions in (20, 21):
        with Overheard(server.url) as proxy, Dari(proxy.url, server.api_key) as d:
            plan = d.batches.recover(batch.run_id).judge("clear", **about, dry_run=True)
            read = Counter(proxy.paths)
        told = dict(plan.rows())
        assert (plan.sends, told["spent so far"]) == (1, f"${0.02 * sessions:.2f}")
        assert [read[path] for path in paths_of(plan, server)] == [1] * sessions
        batch.judge("clear", **about).batch.refresh()


def paths_of(plan, server):
    """Return where the messages of a plan's run are."""
    with Dari(server.url, server.api_key) as d:
        sessions = d.batches.recover(plan.run_id).sessions
        return [f"/v1/sessions/{session.id}/messages".encode() for session in sessions]
