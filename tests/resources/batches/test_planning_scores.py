"""What a plan says can be shown is of what has a score, or is likely to get one."""

import hashlib
import re
import time
from collections import Counter
from dataclasses import replace
from itertools import combinations
from statistics import NormalDist
from threading import Lock

import numpy as np
import pytest
from scipy import stats

from dari_nb.local import ToolCall, Usage
from dari_nb.scores import Score, detectable, paired_difference
from dari_nb.scores.power.variation import variation

from ...benchmarks import power

SERVER = {"cost_delay": 0}
"""What turns cost is known at once."""

TASKS = [f"Task {number}" for number in range(30)]
RUNS = 1_000


@pytest.fixture
def tried(d, server):
    """Send to an agent that answers each cell in its own way; ``tried(tasks, llms, repeats)``."""
    sent, alone = Counter(), Lock()

    @server.agent("tried", llms=["a", "b", "c"])
    def tried(prompt, turn):
        if "breaks" in prompt and turn.llm_id == "b":
            raise ValueError("broken")
        with alone:
            sent[prompt, turn.llm_id] += 1
            again = sent[prompt, turn.llm_id]
        yield Usage("0.01")
        yield f"{prompt} by {turn.llm_id} again {again}"

    def run(*options, **more):
        batch = d.batches.run("tried", *options, **more)
        return batch if more.get("dry_run") else batch.wait(60)

    return run


def chance(*of):
    """A number from 0 to 1 that is another one for all that is another."""
    return int(hashlib.sha256(repr(of).encode()).hexdigest(), 16) % 10**6 / 10**6


def is_right(turn):
    """Right as often as the task is easy, and a bit more or less by chance."""
    return chance(turn.text, "try") < 0.25 + 0.5 * chance(turn.text.split(" by ")[0], "easy")


def size(turn):
    """A number that varies by task, and in the repeats of it."""
    return 3 * chance(turn.text.split(" by ")[0]) + 2 * chance(turn.text, "try")


def some(score, share):
    """Score that share of the answers, and not the others."""
    return lambda turn: score(turn) if chance(turn.text, "scored") < share else None


def can_show(plan):
    return dict(plan.rows())["can show"]


def compared_in(batch):
    """How many tasks the matrix says are compared."""
    return int(re.search(r"(\d+) tasks? do", batch.to_mimebundle()["text/plain"])[1])


def scored(batch, name):
    """Which cells have a score, as columns of tasks of repeats; and the values by column."""
    frame, shape = batch.to_frame(), (len(batch.columns), len(batch.tasks), batch.repeats)
    has, columns = np.zeros(shape, bool), [{} for _ in batch.columns]
    llms = [column.llm for column in batch.columns]
    for row in frame[frame[f"score.{name}"].notna()].to_dict("records"):
        place = llms.index(row["llm_id"])
        has[place, row["task_index"], row["repeat"]] = True
        columns[place].setdefault(row["task_index"], []).append(float(row[f"score.{name}"]))
    # Which repeat has which answer is chance.
    return np.sort(has, axis=2), columns


def seen(plan, columns, has):
    """How many percent of runs show the told difference, whose cells ``has`` says are scored.

    Either column may be the better one; what it lost of yes and no is 0. It is the fewest of both.
    """
    told, repeats = variation(columns), plan.repeats
    alike = 1.0 if told.alike is None else told.alike
    both = min(0.3, alike) if told.correlation is None else told.correlation
    if told.two:
        draw, unit = power._tries(told.mean, alike, both).draw, 1
    else:
        draw, unit = power._numbers(alike, both).draw, told.sd / power.SD
    found = []
    for first in (0, 1) if told.two else (0,):
        random, shape = np.random.default_rng(5), (RUNS, plan.tasks, repeats)
        above, below = draw(random, plan.shows.difference / unit, shape)
        drawn = zip(above, below, strict=True)
        found.append(np.mean([shows(*of, has(random), first, bool(told.two)) for of in drawn]))
    return 100 * min(found)


def shows(one, other, has, first, is_yes_or_no):
    """Whether a run, whose cells are scored where ``has`` says so, tells that the one is better."""
    mine, theirs = has[first], has[1 - first]
    pairs = [mine.any(axis=1) & theirs.any(axis=1)]
    if is_yes_or_no:
        pairs.append(theirs.any(axis=1))
        one = one * mine
    for compared, are_there in zip(pairs, (mine, np.ones_like(mine)), strict=False):
        tasks = np.flatnonzero(compared).tolist()
        ours = {t: one[t][are_there[t]].tolist() for t in tasks}
        others = {t: other[t][theirs[t]].tolist() for t in tasks}
        kind = "yes/no" if is_yes_or_no else "number"
        if len(tasks) < 2 or not paired_difference(ours, others, draws=499, kind=kind).low > 0:
            return False
    return True


@pytest.mark.parametrize(("score", "share"), [(is_right, 0.4), (is_right, 0.7), (size, 0.5)])
def test_what_is_told_is_seen_so_often_where_scores_are_missing(tried, score, share):
    batch = tried(TASKS, ["a", "b"], 3)
    batch.score("x", some(score, share))
    has, columns = scored(batch, "x")
    there = batch.plan()
    assert seen(there, columns, lambda random: has) == pytest.approx(80, abs=3.5)
    coming = tried([f"More {n}" for n in range(50)], ["a", "b"], 3, dry_run=True)
    often = seen(coming, columns, lambda random: has[:, random.integers(30, size=50)])
    assert often == pytest.approx(80, abs=3.5)


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("score", [is_right, size])
def test_what_is_told_is_seen_so_often_where_whole_tasks_get_no_score(tried, score, repeats):
    tasks = [f"{task}{' hollow' * (n % 5 < 2)}" for n, task in enumerate(TASKS)]
    batch = tried(tasks, ["a", "b"], 3)
    batch.score("x", lambda turn: None if "hollow" in turn.text else score(turn))
    coming = tried([f"More {n}" for n in range(50)], ["a", "b"], repeats, dry_run=True)
    told = "if again 72 of 180 cells get no score: 30 of 50 tasks can be compared"
    assert told in can_show(coming)

    def has(random):
        return np.broadcast_to(random.random((50, 1)) < 0.6, (2, 50, repeats))

    assert seen(coming, scored(batch, "x")[1], has) == pytest.approx(80, abs=3.5)


@pytest.mark.parametrize(("repeats", "again"), [(3, 1), (1, 3)])
@pytest.mark.parametrize("score", [is_right, size])
def test_what_is_told_is_seen_so_often_with_more_or_fewer_repeats(tried, score, repeats, again):
    batch = tried([f"Task {n}" for n in range(60)], ["a", "b"], repeats)
    batch.score("x", lambda turn: score(turn) if " by a" in turn.text else some(score, 0.6)(turn))
    has, columns = scored(batch, "x")
    plan = tried([f"More {n}" for n in range(40)], ["a", "b"], again, dry_run=True)
    often = has.mean(axis=(1, 2)).reshape(2, 1, 1)
    apart = 1 if repeats == 1 else again  # one does not tell whether others fare as it does

    def has_again(random):
        return np.broadcast_to(random.random((2, 40, apart)) < often, (2, 40, again))

    assert seen(plan, columns, has_again) == pytest.approx(80, abs=3.5)


@pytest.mark.parametrize("score", [is_right, size])
def test_what_is_told_is_seen_so_often_where_repeats_are_added(tried, score):
    batch = tried(TASKS, ["a", "b"], 3)
    batch.score("x", lambda turn: score(turn) if " by a" in turn.text else some(score, 0.8)(turn))
    has, columns = scored(batch, "x")
    plan = tried(TASKS, ["a", "b"], 5, run_id=batch.run_id, dry_run=True)
    often = has.mean(axis=(1, 2)).reshape(2, 1, 1)

    def has_in_all(random):
        return np.concatenate([has, random.random((2, 30, 2)) < often], axis=2)

    assert seen(plan, columns, has_in_all) == pytest.approx(80, abs=3.5)


@pytest.mark.parametrize(
    ("repeats", "lacks", "again", "compared"),
    [
        (3, lambda task, repeat: repeat == task % 3, 1, 26),
        (3, lambda task, repeat: repeat <= task % 3, 1, 13),
        (3, lambda task, repeat: repeat < 2, 2, 26),
        (3, lambda task, repeat: repeat == task % 3, 3, 40),
        (1, lambda task, repeat: task % 2, 3, 20),
        (2, lambda task, repeat: task % 2, 3, 20),
        (2, lambda task, repeat: task % 4 == 0 or (task % 4 < 3 and repeat), 2, 30),
    ],
    ids=["one of three", "up to two", "two of three", "as many", "single", "whole", "one or both"],
)
def test_so_many_new_tasks_are_compared_as_cells_get_a_score_again(
    tried, repeats, lacks, again, compared
):
    batch = tried([f"Task {n}" for n in range(60)], ["a", "b"], repeats)

    def score(turn):
        task, repeat = int(turn.text.split()[1]), int(turn.text.split()[-1]) - 1
        return None if " by b" in turn.text and lacks(task, repeat) else size(turn)

    batch.score("x", score)
    plan = tried([f"More {n}" for n in range(40)], ["a", "b"], again, dry_run=True)
    assert plan.shows.tasks == compared


@pytest.mark.parametrize("score", [is_right, size])
def test_as_many_new_tasks_show_what_a_run_itself_does_if_again_so_many_get_none(tried, score):
    batch = tried([f"Task {n}" for n in range(40)], ["a", "b"], 2)
    batch.score("x", lambda turn: score(turn) if int(turn.text.split()[1]) < 12 else None)
    there = batch.plan()
    plan = tried([f"More {n}" for n in range(40)], ["a", "b"], 2, dry_run=True)
    told = "; if again 112 of 160 cells get no score: 12 of 40 tasks can be compared"
    assert told in can_show(plan)
    assert (plan.shows.difference, plan.shows.tasks) == (there.shows.difference, 12)


def test_of_one_past_column_those_tasks_count_that_have_a_score(tried):
    tried(TASKS, ["a"]).score("x", lambda turn: None if is_b_of_even(turn, "a") else size(turn))
    plan = tried([f"More {n}" for n in range(40)], ["a", "b"], dry_run=True)
    told = "; if again 15 of 30 cells of a get no score: 20 of 40 tasks can be compared"
    assert told in can_show(plan)


def test_repeats_without_a_score_are_told_where_each_task_has_one(tried):
    batch = tried(TASKS, ["a", "b"], 2)
    batch.score("x", lambda turn: None if "again 2" in turn.text else size(turn))
    plan = tried([f"More {n}" for n in range(40)], ["a", "b"], 4, dry_run=True)
    assert "; if again 60 of 120 cells get no score)" in can_show(plan)
    assert "repeats not known to differ: as for one repeat" in can_show(plan)


def test_of_a_batch_that_is_done_those_tasks_count_that_the_matrix_compares(tried):
    batch = tried(TASKS, ["a", "b"], 3)
    batch.score("right", some(is_right, 0.2))
    plan, (has, _) = batch.plan(), scored(batch, "right")
    assert plan.shows.tasks == compared_in(batch) < 20
    lacking = has.size - has.sum()
    told = f"; {lacking} of 180 cells have no score: {plan.shows.tasks} of 30 tasks can be compared"
    assert told in can_show(plan)
    batch.score("right", is_right)
    assert "no score" not in can_show(batch.plan())
    assert batch.plan().shows.tasks == 30


def test_cells_that_failed_count_for_nothing_and_so_do_those_to_come_that_may(tried):
    tasks = [f"{task} breaks" if n % 3 == 0 else task for n, task in enumerate(TASKS)]
    batch = tried(tasks, ["a", "b"], 2)
    told = "; 20 of 120 cells have no answer: 20 of 30 tasks can be compared"
    assert told in can_show(batch.plan())
    assert batch.plan().shows.tasks == 20
    batch.score("right", is_right)
    assert batch.plan().shows.tasks == compared_in(batch) == 20
    plan = tried([f"More {n}" for n in range(90)], ["a", "b"], 2, dry_run=True)
    told = "; if again 20 of 120 cells get no score: 60 of 90 tasks can be compared"
    assert told in can_show(plan)
    alone = tried([f"More {n}" for n in range(90)], ["a", "c"], 2, dry_run=True)
    # What b has lost is not put on c.
    assert "on 20 tasks of a and b, and nothing there tells how c varies" in can_show(alone)
    assert "no score" not in can_show(alone)
    assert alone.shows.tasks == 90


def test_a_share_is_that_of_both_llms_where_it_is_known(tried):
    batch = tried(TASKS, ["a", "b"])
    batch.score("x", lambda turn: None if is_b_of_even(turn) else size(turn))
    plan = tried([f"More {n}" for n in range(100)], ["a", "b"], dry_run=True)
    told = "if again 15 of 60 cells get no score: 50 of 100 tasks can be compared"
    assert told in can_show(plan)


def is_b_of_even(turn, llm="b"):
    return f" by {llm}" in turn.text and int(turn.text.split()[1]) % 2 == 0


def test_what_max_cost_allows_is_counted_in_the_same_way(tried):
    tried(TASKS, ["a", "b"], 2).score("x", some(size, 0.5))
    plan = tried([f"More {n}" for n in range(40)], ["a", "b"], 2, dry_run=True, max_cost="0.8")
    told = dict(plan.rows())
    assert told["can show"].startswith("with what max_cost allows, ")
    for row, tasks in (("can show", 40), ("all of it", 40)):
        assert re.search(rf"if again \d+ of 120 cells get .*: \d+ of {tasks} tasks", told[row])
    assert plan.shows.difference < plan.shows_within.difference
    assert plan.shows_within.tasks < plan.shows.tasks < 40


@pytest.mark.parametrize(
    ("missing", "own", "other"),
    [
        (
            lambda turn: None,
            "no task has a score in two columns",
            "no task of run proof has a score in two columns",
        ),
        (
            lambda turn: None if " by b" in turn.text else size(turn),
            "b has no score",
            "b has no score in run proof",
        ),
    ],
    ids=["all", "one column"],
)
def test_where_no_task_can_be_compared_no_difference_is_told(tried, missing, own, other):
    batch = tried(TASKS, ["a", "b"], run_id="proof")
    batch.score("x", missing)
    later = tried(["x", "y"], ["a", "b"], dry_run=True)
    for plan, why in ((batch.plan(), own), (later, other)):
        assert (plan.shows, can_show(plan)) == (None, f"unknown: {why}")


@pytest.mark.parametrize(("llms", "count"), [("ab", 2), ("abc", 6)])
def test_the_matrix_judges_as_many_comparisons(tried, llms, count):
    batch = tried(TASKS, list(llms))
    batch.score("right", is_right)
    assert batch.plan().shows.level == pytest.approx(1 - 0.05 * 2 / count)
    batch.score("words", lambda turn: turn.text)
    batch.score("size", size)
    findings = batch._snapshot().findings
    assert {finding.comparisons for finding in findings} == {count}
    assert batch.plan().shows.level == pytest.approx(findings[0].level)
    told = f"of {count} comparisons together: comparisons={count}"
    assert told in can_show(batch.plan())


def test_columns_and_scores_that_the_matrix_does_not_compare_are_no_comparisons(tried):
    batch = tried(TASKS, ["a", "b", "c"])
    batch.score("right", lambda turn: None if " by c" in turn.text else is_right(turn))
    batch.rate((0, "a"), "mine", 4)
    (finding,) = batch._snapshot().findings
    assert (finding.comparisons, batch.plan().shows.level) == (1, 0.95)
    assert batch.plan().shows.tasks == 30
    assert "; c has no score)" in can_show(batch.plan())


@pytest.mark.parametrize("lacks", ["", "c"])
def test_new_tasks_are_compared_as_often_as_the_matrix_of_the_past_run_did(tried, lacks):
    batch = tried(TASKS, ["a", "b", "c"])
    batch.score("right", is_right)
    batch.score("size", lambda turn: None if f" by {lacks or '-'} " in turn.text else size(turn))
    batch.score("words", lambda turn: turn.text)
    plan = tried([f"More {n}" for n in range(30)], ["a", "b", "c"], dry_run=True)
    assert plan.shows == batch.plan().shows
    assert f"comparisons={4 if lacks else 6}" in can_show(plan)


def test_what_is_added_is_compared_by_each_score_that_is_there(d, tried):
    tried(TASKS, ["a", "b"], run_id="own").score("right", is_right)
    tried(TASKS, ["a", "b"], run_id="own").score("size", size)
    plan = tried(TASKS, ["a", "b", "c"], run_id="own", dry_run=True)
    assert plan.sends == 30
    assert "comparisons=6" in can_show(plan)


def test_a_note_alone_tells_nothing(tried):
    batch = tried(TASKS, ["a", "b"])
    before = can_show(batch.plan())
    batch.rate((0, "a"), "mine", None, "a bit short")
    assert can_show(batch.plan()) == before
    assert "assumed" in before


def test_where_another_run_tells_it_is_said_that_its_own_scores_do_not(tried):
    tried(TASKS, ["a", "b"], run_id="pilot").score("size", size)
    of = "variance of size in run pilot on 30 tasks"
    again = TASKS[::-1]
    batch = tried(again, ["a", "b"], run_id="own")
    assert f"{of}, correlation" in can_show(batch.plan()) or f"{of})" in can_show(batch.plan())
    batch.score("x", lambda turn: 3.5)
    assert f"{of}, since this run's own scores tell nothing" in can_show(batch.plan())
    later = tried(["x", "y", "z"], ["a", "b"], dry_run=True)
    assert "own scores" not in can_show(later)


def test_a_number_on_too_few_tasks_tells_nothing_and_yes_or_no_is_what_is_assumed(tried):
    pilot = tried(TASKS[:1], ["a", "b"], 5)
    pilot.score("size", size)
    plan = tried(TASKS, ["a", "b"], dry_run=True)
    assert can_show(plan) == "unknown: it takes 5 tasks to tell how much size varies"
    pilot.score("size", is_right)
    plan = tried(TASKS, ["a", "b"], dry_run=True)
    assert plan.shows.difference == detectable(30).difference
    assert "assumed, since no score tells yet how much values vary" in can_show(plan)


def test_a_column_with_too_few_scores_is_named_as_the_matrix_names_it(tried):
    batch = tried(TASKS, ["a", "b", "c"])
    few = [f"Task {n} by c again 1" for n in range(8, 30)]
    batch.score("x", lambda turn: None if turn.text in few else size(turn))
    assert "c has it on 8 of 30 tasks and is not compared" in str(batch)
    assert "; c has a score on too few tasks to be compared)" in can_show(batch.plan())


def test_that_what_is_lost_counts_as_0_is_told_of_yes_and_no_alone(tried):
    batch, told = tried(TASKS, ["a", "b"]), "; what the better one lacks counted as 0)"
    batch.score("x", some(is_right, 0.8))
    coming = tried([f"More {n}" for n in range(30)], ["a", "b"], dry_run=True)
    assert told in can_show(batch.plan())
    assert told in can_show(coming)
    batch.score("x", some(size, 0.8))
    assert "counted as 0" not in can_show(batch.plan())
    batch.score("x", is_right)
    assert "counted as 0" not in can_show(batch.plan())


MORE = [f"More {number}" for number in range(30)]


def wild_of(odd):
    """A number that hardly varies, and much in answers that hold a text."""
    return lambda turn: 100 + (300 if odd in turn.text else 3) * chance(turn.text)


def test_llms_that_are_not_compared_do_not_tell_how_values_vary(tried):
    batch = tried(TASKS, ["a", "b", "c"])
    batch.score("x", wild_of(" by c"))
    told = detectable(30, like=scored(batch, "x")[1][:2]).difference
    same, more = (tried(tasks, ["a", "b"], dry_run=True) for tasks in (TASKS, MORE))
    for plan in (tried(TASKS, ["a", "b"]).plan(), same, more):
        assert plan.shows.difference == pytest.approx(told)
    wild = tried(MORE, ["a", "c"], dry_run=True).shows.difference
    assert min(wild, batch.plan().shows.difference) > 10 * told


def test_nor_do_they_tell_of_which_kind_they_are(tried):
    batch = tried(TASKS, ["a", "b", "c"])
    batch.score("x", lambda turn: is_right(turn) if " by c" in turn.text else chance(turn.text))
    assert can_show(batch.plan()).startswith("unknown: no score has a mean")
    two = tried(TASKS, ["a", "b"])
    told = detectable(30, like=scored(two, "x")[1]).difference
    for plan in (two.plan(), tried(MORE, ["a", "b"], dry_run=True)):
        assert plan.shows.difference == pytest.approx(told)


def test_other_versions_of_the_same_llms_do_not_tell_either(tried, server):
    tried(TASKS, ["a", "b"])

    @server.agent("tried", llms=["a", "b"], description="anew")
    def again(prompt, turn):
        return f"{prompt} by {turn.llm_id} anew"

    both = tried(TASKS, ["a", "b"], versions=[1, 2])
    both.score("x", wild_of(" anew"))
    old, new = (tried(MORE, ["a", "b"], versions=[n], dry_run=True).shows for n in (1, 2))
    assert new.difference > 10 * old.difference


@pytest.mark.parametrize("score", [is_right, size])
def test_llms_that_are_compared_tell_before_others_that_have_more(tried, score):
    tried(TASKS, ["a", "b"], run_id="same").score("x", score)
    before = tried(MORE, ["a", "b"], dry_run=True)
    more = [*TASKS, "Task 30"]
    tried(more, ["a", "c"], run_id="others").score("x", lambda turn: 10 * score(turn))
    after = tried(MORE, ["a", "b"], dry_run=True)
    assert after.shows == before.shows
    assert "variance of x in run same on 30 tasks" in can_show(after)


def test_those_that_stand_in_are_named_with_how_many_tasks_they_tell_by(tried):
    tried(TASKS[:4], ["a", "b"], run_id="same").score("x", size)
    tried(TASKS[:6], ["a", "c"], run_id="others").score("x", size)
    plan = tried(MORE, ["a", "b"], dry_run=True)
    assert "variance of x in run others on 6 tasks of a and c" in can_show(plan)
    plan = tried(MORE, ["a", "c"], dry_run=True)
    assert re.search(r"variance of x in run others on 6 tasks[,)]", can_show(plan))


def test_another_llm_stands_in_where_no_other_has_a_score(tried):
    tried(TASKS, ["c"], run_id="own").score("x", size)
    before = tried(TASKS, ["a", "b"], run_id="own", dry_run=True)
    batch = tried(TASKS, ["a", "b"], run_id="own")
    for plan in (before, batch.plan()):
        assert "variance of x in run own on 30 tasks of c" in can_show(plan)
    batch.score("x", lambda turn: 10 * size(turn))
    assert batch.plan().shows.difference > 5 * before.shows.difference


@pytest.mark.parametrize(
    ("own", "other", "told"),
    [
        (lambda turn: True, lambda turn: 3 + size(turn), "assumed, since no score tells yet"),
        (lambda turn: 70, lambda turn: chance(turn.text), "nothing tells yet how much ok varies"),
        (lambda turn: "good", size, "unknown: no score has a mean"),
        (lambda turn: "good", lambda turn: turn.text, "unknown: no score has a mean"),
        (
            lambda turn: 3.5,
            lambda turn: 3 + size(turn),
            "variance of ok in run pilot on 30 tasks, since",
        ),
        (lambda turn: True, is_right, "variance of ok in run pilot on 30 tasks, since"),
    ],
    ids=["yes", "number beside shares", "words", "other words", "numbers", "yes and no"],
)
def test_another_run_tells_of_a_score_what_may_be_on_the_same_scale(tried, own, other, told):
    tried(TASKS, ["a", "b"], run_id="pilot").score("ok", other)
    batch = tried(MORE, ["a", "b"])
    batch.score("ok", own)
    assert told in can_show(batch.plan())


def judged(run, scale, value):
    """Keep what a judge would have said of each cell."""
    run.book.add(
        Score(
            run_id=run.run_id,
            task_index=cell.task_index,
            llm_id=cell.llm,
            version_id=cell.version,
            session_id=cell.session_id,
            name="judge.ok",
            value=value(cell.task_index),
            scale=scale,
        )
        for cell in run.cells
    )


def test_what_a_judge_has_not_scored_yet_is_said_to_be_judged(tried):
    judged(tried(TASKS, ["a", "b"], run_id="own"), (1, 5), lambda number: 1 + number % 5)
    batch = tried(TASKS, ["a", "b", "c"], run_id="own")
    assert "30 of 90 answers are not scored yet: batch.judge(...)" in can_show(batch.plan())


def test_what_a_judge_gave_on_another_scale_does_not_tell(tried):
    pilot, batch = (tried(tasks, ["a", "b"]) for tasks in (TASKS, MORE))
    given = ((pilot, (0, 10), lambda number: number % 10), (batch, (1, 5), lambda number: 4))
    for run, scale, value in given:
        judged(run, scale, value)
    assert "nothing tells yet how much judge.ok varies" in can_show(batch.plan())


@pytest.mark.parametrize(
    ("score", "count"), [("judge", 3), ("rating", 3), ("share", 3), ("mine", 3), ("judge", 10)]
)
def test_a_difference_that_is_larger_than_a_known_scale_is_none(tried, score, count):
    batch = tried(TASKS, ["a", "b"])
    if score == "judge":
        judged(batch, (1, 5), lambda number: 1 + number * number % 5)
    elif score == "share":
        batch.score(score, lambda turn: chance(turn.text))
    else:
        for cell in batch.cells:
            batch.rate(cell, score, up_to(5)(cell))
    plan = tried(MORE[:count], ["a", "b"], dry_run=True)
    if count == 3 and score != "mine":
        assert plan.shows.difference is None
        assert can_show(plan).startswith("no difference, however large (power 80 %; variance of ")
        assert can_show(plan).endswith(": give more tasks")
    else:
        # Nothing tells what else such a rating could be, and ten tasks can show less.
        assert (plan.shows.difference > 4) is (score == "mine")


def test_cells_that_were_not_sent_are_not_missing(d, tried):
    for llm in "ab":
        d.agents["tried"].send("Task", llm=llm).wait(20)
    batch = tried(TASKS[:10], ["a", "b"], max_cost="0.05")
    assert batch.counts == {"completed": 5, "unsent": 15}
    batch.score("right", lambda turn: " by a" in turn.text)
    own, later = batch.plan(), tried(MORE[:10], ["a", "b"], dry_run=True)
    for plan in (own, later):
        assert plan.shows.difference == detectable(10).difference
        assert "get no score" not in plan.shows.assumption


def test_what_was_answered_and_not_scored_yet_is_likely_to_get_a_score(d, tried):
    tried([f"First {n}" for n in range(2)], ["a", "b"])  # tells what a turn costs
    batch = tried(TASKS, ["a", "b"], max_cost="0.26")
    batch.score("x", some(size, 0.8))
    before, there = batch.plan().shows, batch.counts["completed"]
    batch.resume(max_cost=5).wait(60)
    lost = f"if again {there - len(scores_of(batch, 'x'))} of {there} cells get no score"
    left = f"; {60 - there} of 60 answers are not scored yet: batch.score(...); {lost}: "
    assert left in can_show(batch.plan())
    assert batch.plan().shows.difference == before.difference
    later = tried(MORE, ["a", "b"], dry_run=True)
    assert lost in can_show(later)
    assert later.shows.difference == pytest.approx(before.difference, rel=0.2)
    batch.score("x", some(size, 0.8))
    lacking = 60 - len(scores_of(batch, "x"))
    assert f"; {lacking} of 60 cells have no score: " in can_show(batch.plan())
    assert "not scored yet" not in can_show(batch.plan())


def scores_of(batch, name):
    return batch.to_frame()[f"score.{name}"].dropna()


def test_what_a_function_could_not_score_is_lost_also_of_parts(tried):
    batch = tried(TASKS, ["a", "b"])

    def parts(turn):
        if is_b_of_even(turn):
            raise ValueError("unreadable")
        return {"size": size(turn), "why": "so"}

    batch.score("x", parts)
    told = "; 15 of 60 cells have no score: 15 of 30 tasks can be compared)"
    assert told in can_show(batch.plan())


def test_what_nobody_rated_is_not_said_to_be_scored_by_a_function(tried):
    batch = tried(TASKS, ["a", "b"])
    for cell in batch.cells[:40]:
        batch.rate(cell, "mine", 1 + cell.task_index % 5)
    assert "; 20 of 60 cells have no score: 20 of 30 tasks can" in can_show(batch.plan())


def test_an_llm_whose_answers_are_not_scored_yet_is_counted_with_the_others(tried):
    batch = tried(TASKS, ["a", "b"], run_id="own")
    batch.score("x", size)
    batch = tried(TASKS, ["a", "b", "c"], run_id="own")
    told = can_show(batch.plan())
    assert "; 30 of 90 answers are not scored yet: batch.score(...))" in told
    assert "comparisons=3" in told


@pytest.mark.parametrize("count", [1, 10])
@pytest.mark.parametrize("has_other", [False, True], ids=["alone", "with another run"])
def test_what_failed_tells_nothing_of_answers_that_are_not_scored_yet(tried, count, has_other):
    if has_other:
        tried([f"All {n}" for n in range(25)], [*"abc"]).score("x", size)
    tasks = [f"Own {n}{' breaks' * (n < count)}" for n in range(20)]
    batch = tried(tasks, ["a", "c"])
    batch.score("x", size)
    batch = batch.add(llms=["b"]).wait(60)
    left = 20 - count
    for plan in (batch.plan(), tried(tasks, [*"acb"], run_id=batch.run_id, dry_run=True)):
        told = can_show(plan)
        assert f"; {left} of {60 - count} answers are not scored yet: batch.score(...)" in told
        assert plan.shows.tasks == left
        assert "comparisons=3" in told
    later = tried(MORE, [*"acb"], dry_run=True)
    assert later.shows.tasks == len(MORE)
    batch.score("x", size)
    assert batch.plan().shows.tasks == left


def test_answers_that_are_not_scored_yet_are_told_also_of_an_llm_that_has_too_few(tried):
    tasks = [f"Own {n}{' breaks' * (n < 16)}" for n in range(20)]
    batch = tried(tasks, ["a", "c"])
    batch.score("x", size)
    told = can_show(batch.add(llms=["b"]).wait(60).plan())
    assert (
        "; 4 of 44 answers are not scored yet: batch.score(...); b has a score on too few" in told
    )


@pytest.mark.parametrize("share", [1.0, 0.55, 0.45])
def test_more_repeats_show_no_more_where_one_alone_tells(tried, share):
    batch = tried(TASKS, ["a", "b"])
    lacking = [n for n in range(30) if n % 20 >= 20 * share]
    batch.score("x", lambda turn: None if is_one_of(turn, lacking) else size(turn))
    one, three = (tried(MORE, ["a", "b"], repeats, dry_run=True) for repeats in (1, 3))
    assert three.shows.difference == pytest.approx(one.shows.difference)
    assert "repeats not known to differ: as for one repeat" in can_show(three)
    assert "not known to differ" not in can_show(one)


def is_one_of(turn, tasks, llm="b"):
    return f" by {llm}" in turn.text and int(turn.text.split()[1]) in tasks


SPREADS = {"a": 1, "b": 1, "c": 8}


def named(random, plan):
    """How many percent of runs of 20 tasks name c, which is better than a by what is told."""
    found = [
        paired_difference(
            dict(
                enumerate(random.normal(10 + plan.shows.difference, SPREADS["c"], (20, 1)).tolist())
            ),
            dict(enumerate(random.normal(10, SPREADS["a"], (20, 1)).tolist())),
            draws=499,
            level=plan.shows.level,
        )
        for _ in range(400)
    ]
    return 100 * np.mean([each.low > 0 for each in found])


def spread(random, count):
    """A score by which LLMs vary unlike each other, on so many tasks."""
    even = [NormalDist().inv_cdf((n + 0.5) / count) for n in range(count)]
    order = {llm: random.permutation(count) for llm in SPREADS}

    def value(turn):
        _, number, _, llm, *_ = turn.text.split()
        return SPREADS[llm] * even[order[llm][int(number)]]

    return value


def test_of_llms_that_vary_unlike_those_two_tell_that_take_most(tried):
    batch = tried([f"Task {n}" for n in range(60)], ["a", "b", "c"])
    random = np.random.default_rng(3)
    batch.score("x", spread(random, 60))
    plan = tried([f"More {n}" for n in range(20)], ["a", "b", "c"], dry_run=True)
    assert re.search(r" of [ab] and c, whose difference takes most to show; of 3", can_show(plan))
    told = plan.shows.difference
    assert 75 <= named(random, plan) <= 90
    same = tried([f"More {n}" for n in range(20)], ["a", "b"], dry_run=True)
    assert same.shows.difference < told / 3
    assert "takes most" not in can_show(same)


@pytest.mark.parametrize("score", [is_right, size])
def test_what_is_there_already_is_not_taken_to_get_lost_again(tried, score):
    batch = tried(TASKS, ["a", "b"], run_id="own")

    def some_of(turn):
        number, lacks = int(turn.text.split()[1]), 0 if " by a" in turn.text else 1
        return None if number % 5 == lacks else score(turn)

    batch.score("x", some_of)
    plan = tried(TASKS, ["a", "b", "c"], run_id="own").plan()
    # Of the 24 tasks of one that c is compared with; the two that are there have 18 in common.
    assert plan.shows.tasks in (18, 24)
    assert plan.shows.difference == pytest.approx(batch.plan().shows.difference, rel=0.35)


def test_a_score_that_is_on_two_scales_is_told_of(tried):
    tried(TASKS, ["a", "b"], run_id="stars").score("x", lambda turn: 1 + int(5 * chance(turn.text)))
    plain = can_show(tried(MORE, ["a", "b"], dry_run=True))
    assert "another scale" not in plain
    tried(TASKS[:9], ["a", "b"], run_id="marks").score("x", lambda turn: chance(turn.text) < 0.5)
    told = "in run stars on 30 tasks, while it is on another scale in run marks"
    assert told in can_show(tried(MORE, ["a", "b"], dry_run=True))


def test_whole_numbers_that_go_much_farther_elsewhere_are_told_of(tried):
    for run_id, most, count in (("stars", 5, 30), ("marks", 100, 9), ("tens", 10, 8)):
        batch = tried(TASKS[:count], ["a", "b"], run_id=run_id)
        batch.score("x", lambda turn, most=most: 1 + int(most * chance(turn.text)))
    told = "in run stars on 30 tasks, while it seems to be on another scale in run marks and run"
    assert told in can_show(tried(MORE, ["a", "b"], dry_run=True))
    tried(TASKS[:7], ["a", "b"], run_id="right").score("x", is_right)
    told = "while it is on another scale in run right, while it seems to be on another"
    assert told in can_show(tried(MORE, ["a", "b"], dry_run=True))


def up_to(most):
    return lambda turn: 1 + int(most * chance(turn.text))


@pytest.mark.parametrize(("own", "other"), [(5, 100), (100, 5)])
def test_a_run_whose_own_numbers_seem_to_be_on_another_scale_is_told_of(tried, own, other):
    tried(TASKS, ["a", "b"], run_id="much").score("x", up_to(other))
    batch = tried(MORE[:3], ["a", "b"])
    batch.score("x", up_to(own))
    told = "in run much on 30 tasks, while it seems to be on another scale in this run, since this"
    assert told in can_show(batch.plan())


@pytest.mark.parametrize("llms", ["c", "ac"])
def test_one_llm_that_is_on_another_scale_is_told_of(tried, llms):
    tried(TASKS, ["a", "b"], run_id="stars").score("x", up_to(5))
    tried(TASKS[:9], [*llms], run_id="marks").score("x", up_to(100))
    told = "while it seems to be on another scale in run marks"
    for asked in ("abc", "ac", "bc"):
        assert (told in can_show(tried(MORE, [*asked], dry_run=True))) is (asked != llms)
    assert "another scale" not in can_show(tried(MORE, ["a", "b"], dry_run=True))
    # Of what a run tells itself, no other one does.
    more = [*TASKS, MORE[0]]
    assert "another scale" not in can_show(tried(more, ["a", "b"], dry_run=True, run_id="stars"))
    extended = tried(TASKS, ["a", "b", "c"], dry_run=True, run_id="stars")
    assert f"of a and b, and nothing there tells how c varies, {told}" in can_show(extended)


def test_a_run_that_failed_as_a_whole_is_told_of(tried, server, d):
    @server.agent("broken", llms=["a", "b"])
    def broken(prompt):
        raise ValueError("broken")

    d.batches.run("broken", TASKS[:6], ["a", "b"], run_id="gone").wait(60)
    plan = d.batches.run("broken", MORE, ["a", "b"], dry_run=True)
    assert "0.3 of columns; all 12 cells of a and b failed in run gone)" in can_show(plan)
    tried(TASKS[:6], ["a", "b"], run_id="came")
    assert "failed" not in can_show(tried(MORE, ["a", "b"], dry_run=True))


def test_words_for_yes_and_no_have_a_way_out(tried):
    tried(TASKS, ["a", "b"]).score("x", lambda turn: "yes" if is_right(turn) else "no")
    told = can_show(tried(MORE, ["a", "b"], dry_run=True))
    assert told == "unknown: no score has a mean: score with True and False, or with numbers"


def test_of_cells_that_lack_scores_it_is_said_whose_they_are(tried):
    batch = tried(TASKS, ["a", "b", "c"])
    batch.score("x", lambda turn: None if is_b_of_even(turn) else size(turn))
    told = can_show(tried(MORE, ["a", "b", "c"], dry_run=True))
    assert re.search(r"if again 15 of 60 cells of (a and b|b and c) get no score", told)


@pytest.mark.parametrize("is_sent", [False, True], ids=["to come", "answered"])
@pytest.mark.parametrize("score", [size, is_right])
def test_an_llm_of_which_nothing_tells_loses_no_more_than_another_one_did(tried, score, is_sent):
    batch = tried([f"{task}{' breaks' * (n % 2)}" for n, task in enumerate(TASKS)], ["a", "b"])
    batch.score("x", score)
    if is_sent:
        plan = batch.add(llms=["c"]).wait(60).plan()
        lost = (
            "; 30 of 75 answers are not scored yet: batch.score(...); 15 of 90 cells get no score"
        )
    else:
        plan = tried(batch.tasks, [*"abc"], run_id=batch.run_id, dry_run=True)
        lost = "; 15 of 60 cells have no score"
    told = can_show(plan)
    assert "nothing there tells how c varies" in told
    assert lost in told
    assert "if again" not in told
    batch = batch.add(llms=["c"]).wait(60)
    batch.score("x", score)
    assert plan.shows.tasks in {*compared_of(batch, "x").values()} == {15, 30}


@pytest.mark.parametrize("failed", [16, 11])
@pytest.mark.parametrize("score", [size, is_right])
def test_an_llm_that_lost_most_stands_in_for_none(tried, score, failed):
    tasks = [f"Task {n}{' breaks' * (n < failed)}" for n in range(20)]
    tried(tasks, [*"ab"]).score("x", score)
    one = tried([f"More {n}" for n in range(20)], ["a", "c"], dry_run=True)
    assert one.shows.tasks == 20
    assert "and nothing there tells how c varies" in can_show(one)
    assert "no score" not in can_show(one)


@pytest.mark.parametrize("score", [size, is_right])
def test_what_an_llm_has_lost_is_not_forgotten_beside_one_that_nothing_tells_of(tried, score):
    tasks = [f"Task {n}{' breaks' * (n < 16)}" for n in range(20)]
    tried(tasks, [*"ab"]).score("x", score)
    tried([f"Elsewhere {n}" for n in range(12)], ["a"]).score("x", score)
    one = tried([f"More {n}" for n in range(20)], ["b", "c"], dry_run=True)
    told = "if again 16 of 20 cells of b get no score: 4 of 20 tasks can be compared"
    assert told in can_show(one)
    assert one.shows.tasks == 4


def test_a_run_of_one_of_two_llms_tells_before_one_of_neither(tried):
    tried([f"Task {n}{' breaks' * (n < 6)}" for n in range(20)], ["b"]).score("x", size)
    tried([f"Elsewhere {n}" for n in range(12)], ["a"]).score("x", size)
    one = tried([f"More {n}" for n in range(20)], ["b", "c"], dry_run=True)
    assert "on 14 tasks of b, and nothing there tells how c varies" in can_show(one)
    assert "if again 6 of 20 cells of b get no score: 14 of 20 tasks can" in can_show(one)


def compared_of(batch, name):
    """On how many tasks each two LLMs have a score."""
    frame = batch.to_frame().dropna(subset=[f"score.{name}"])
    tasks = {llm: set(of) for llm, of in frame.groupby("llm_id")["task_index"]}
    return {two: len(tasks[two[0]] & tasks[two[1]]) for two in combinations(tasks, 2)}


@pytest.mark.parametrize("score", [size, is_right])
def test_what_was_answered_fails_no_more(tried, score):
    past = [f"All {n}{' breaks' * (n < 20)}" for n in range(40)]
    tried(past, [*"abc"], run_id="all").score(
        "x", lambda turn: None if is_one_of(turn, range(35, 40)) else score(turn)
    )
    batch = tried(TASKS[:20], ["a", "c"])
    batch.score("x", score)
    coming = tried(TASKS[:20], [*"acb"], run_id=batch.run_id, dry_run=True)
    assert "; if again 25 of 40 cells of b get no score: 7 of 20 tasks can" in can_show(coming)
    plan = batch.add(llms=["b"]).wait(60).plan()
    # Of the 20 answers of b there, 5 could not be scored.
    assert "; if again 5 of 20 cells of b get no score: 15 of 20 tasks can" in can_show(plan)


@pytest.mark.parametrize("score", [size, is_right])
@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 4), (2, 3)])
def test_more_repeats_of_tasks_that_fail_as_a_whole_fail_too(tried, score, before, after):
    tasks = [f"{task}{' breaks' * (n < 10)}" for n, task in enumerate(TASKS[:20])]
    batch = tried(tasks, ["a", "b"], before)
    batch.score("x", score)
    plan = tried(tasks, ["a", "b"], after, run_id=batch.run_id, dry_run=True)
    lost, cells = 10 * before, 40 * before
    told = f"; if again {lost} of {cells} cells get no score: 10 of 20 tasks can be compared"
    assert told in can_show(plan)
    batch = batch.add(repeats=after).wait(60)
    batch.score("x", score)
    assert plan.shows.tasks == min(compared_of(batch, "x").values()) == 10


def test_what_somebody_cancelled_is_not_taken_to_get_lost_again(d, server, tried):
    @server.agent("tried", llms=["a", "b", "c"])
    def waits(prompt, turn):
        if "waits" in prompt:
            yield ToolCall("stock", {"item": prompt}, external=True)
        yield f"{prompt} by {turn.llm_id}"

    tasks = [f"{task}{' waits' * (n % 3 == 0)}" for n, task in enumerate(TASKS)]
    batch = d.batches.run("tried", tasks, ["a", "b"])
    while batch.refresh().counts.get("completed", 0) < 40:
        time.sleep(0.01)
    batch.cancel().wait(60)
    assert batch.counts == {"completed": 40, "cancelled": 20}
    batch.score("x", size)
    plan = tried(MORE, ["a", "b"], dry_run=True)
    assert plan.shows.tasks == len(MORE)
    assert "if again" not in can_show(plan)
    assert "20 of 60 cells have no score: 20 of 30 tasks can be compared" in can_show(batch.plan())


def test_of_two_llms_of_which_no_run_has_both_it_is_said_of_whom_nothing_tells(tried):
    tried(TASKS, ["a", "c"], run_id="two").score("x", size)
    for llms, untold in (("ab", "b"), ("bc", "b"), ("ac", None)):
        told = can_show(tried(MORE, [*llms], dry_run=True))
        if untold is None:
            assert "nothing" not in told
        else:
            lacking = f"nothing there tells how {untold} varies"
            assert f"in run two on 30 tasks of a and c, and {lacking}" in told


def test_losses_of_the_run_itself_are_told_beside_those_that_may_come(tried):
    past = [f"All {n}{' breaks' * (n < 10)}" for n in range(25)]
    tried(past, [*"abc"], run_id="all").score("x", size)
    batch = tried(TASKS[:20], ["a", "c"])
    batch.score("x", lambda turn: None if is_one_of(turn, range(4), "a") else size(turn))
    plan = tried(TASKS[:20], [*"acb"], run_id=batch.run_id, dry_run=True)
    told = "4 of 40 cells have no score and if again 10 of 25 cells of b get no score: "
    assert told in can_show(plan)
    assert f": {12 if 'b and c, whose' in can_show(plan) else 9} of 20 tasks" in can_show(plan)


@pytest.mark.parametrize("score", [size, is_right])
@pytest.mark.parametrize(("before", "there", "added"), [(20, "ac", "b"), (0, "ab", "c")])
def test_an_llm_to_come_is_taken_to_lose_as_many_as_in_the_run_that_tells_of_it(
    tried, score, before, there, added
):
    past = [f"All {n}{' breaks' * (n < before)}" for n in range(50)]
    tried(past, [*"abc"], run_id="all").score("x", score)
    tasks = [f"Own {n}{' breaks' * (n < 16)}" for n in range(40)]
    batch = tried(tasks, [*there], run_id="own")
    batch.score("x", score)
    plan = tried(tasks, [*there, added], run_id="own", dry_run=True)
    assert plan.shows.tasks in (18, 24)
    if before:
        told = can_show(plan)
        assert re.search("in run all on 30 tasks of (a and b|b and c), whose difference", told)
        assert "; if again 20 of 50 cells of b get no score: 24 of 40 tasks" in told
    batch = batch.add(llms=[added]).wait(60)
    batch.score("x", score)
    assert batch.plan().shows.tasks == 24


@pytest.mark.parametrize("later", ["ab", "abc"], ids=["two of them", "a third that failed"])
def test_a_run_of_all_llms_tells_before_a_larger_one_of_fewer(tried, server, d, later):
    random = np.random.default_rng(3)
    order = {llm: {count: random.permutation(count) for count in (40, 60)} for llm in SPREADS}

    @server.agent("tried", llms=["a", "b", "c"])
    def tried(prompt, turn):
        if turn.llm_id == "c" and "Later" in prompt:
            raise ValueError("broken")
        yield f"{prompt} by {turn.llm_id}"

    def value(turn):
        name, number, _, llm = turn.text.split()
        count = {"Task": 40, "Later": 60}[name]
        place = order[llm][count][int(number)]
        return SPREADS[llm] * NormalDist().inv_cdf((place + 0.5) / count)

    def run(name, count, llms, **more):
        return d.batches.run("tried", [f"{name} {n}" for n in range(count)], [*llms], **more)

    run("Task", 40, "abc", run_id="all").wait(60).score("x", value)
    before = run("More", 20, "abc", dry_run=True)
    assert 75 <= named(random, before) <= 90
    run("Later", 60, later).wait(60).score("x", value)
    after = run("More", 20, "abc", dry_run=True)
    assert replace(after.shows, assumption="") == replace(before.shows, assumption="")
    assert ("all 60 cells of c failed" in can_show(after)) == (later == "abc")
    assert "in run all on 40 tasks of" in can_show(before)


def test_what_the_run_itself_does_not_tell_of_another_run_does(tried):
    random = np.random.default_rng(3)
    tried([f"All {n}" for n in range(40)], [*"abc"], run_id="all").score("x", spread(random, 40))
    own = [f"Own {n}" for n in range(20)]
    batch = tried(own, [*"ab"], run_id="own")
    batch.score("x", spread(random, 20))
    plan = tried(own, [*"abc"], dry_run=True, run_id="own")
    told = "c, whose difference takes most to show, since this run's own scores tell nothing of c"
    assert re.search(rf"in run all on 40 tasks of [ab] and {told}; of 3", can_show(plan))
    assert 75 <= named(random, plan) <= 90
    assert "in run own on 20 tasks" in can_show(batch.plan())
    assert "nothing" not in can_show(batch.plan())
    assert batch.add(llms=["c"]).wait(60).plan().shows.difference == plan.shows.difference


def test_what_failed_in_the_run_itself_another_run_tells_of(tried, server):
    random = np.random.default_rng(3)
    tried([f"All {n}" for n in range(40)], [*"ac"], run_id="all").score("x", spread(random, 40))
    breaks = [True]

    @server.agent("tried", llms=["a", "b", "c"])
    def tried_again(prompt, turn):
        if breaks and turn.llm_id == "c":
            raise ValueError("broken")
        yield f"{prompt} by {turn.llm_id}"

    batch = tried([f"Own {n}" for n in range(20)], [*"ac"])
    batch.score("x", spread(random, 20))
    breaks.clear()
    plan = batch.retry_failed().wait(60).plan()
    assert "on 20 tasks and of c in run all on 40 tasks, taken as uncorrelated" in can_show(plan)
    assert "c in another version" in can_show(plan)
    assert 75 <= named(random, plan) <= 90


def test_each_two_llms_are_told_by_a_run_that_has_both(tried):
    random = np.random.default_rng(3)
    for llms, count in (("ab", 42), ("bc", 40), ("ac", 38)):
        batch = tried([f"{llms} {n}" for n in range(count)], [*llms], run_id=llms)
        batch.score("x", spread(random, count))
    plan = tried(MORE[:20], [*"abc"], dry_run=True)
    told = r"in run (bc on 40 tasks of b|ac on 38 tasks of a) and c, whose difference takes most"
    assert re.search(told, can_show(plan))
    assert "nothing" not in can_show(plan)
    assert 75 <= named(random, plan) <= 90


def test_llms_of_which_nothing_tells_how_they_vary_are_named(tried):
    tried(TASKS, ["a", "b"], run_id="two").score("x", size)
    told = "in run two on 30 tasks of a and b, and nothing there tells how c varies"
    assert told in can_show(tried(MORE, ["a", "b", "c"], dry_run=True))
    assert "nothing there tells" not in can_show(tried(MORE, ["a", "b"], dry_run=True))


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("order", ["ab", "ba"])
def test_llms_that_were_tried_in_runs_of_their_own_vary_as_there(tried, order, beside):
    random = np.random.default_rng(3)
    for llm in order:
        run_id, count, sd = {"a": ("one", 40, 1), "b": ("two", 30, 4)}[llm]
        tasks = [f"{run_id} {n}" for n in range(count)]
        batch = tried(tasks, [llm, *"c" * beside], run_id=run_id)
        even = [10 + sd * NormalDist().inv_cdf((n + 0.5) / count) for n in range(count)]
        of = {
            f"{task} by {llm}": v for task, v in zip(tasks, random.permutation(even), strict=True)
        }
        batch.score("x", lambda turn, of=of: of.get(turn.text.partition(" again")[0]))
    plan = tried(MORE[:30], ["a", "b"], dry_run=True)
    told = can_show(plan)
    assert "of a in run one on 40 tasks and of b in run two on 30 tasks, taken as uncor" in told
    assert "nothing there tells" not in told
    found = [
        paired_difference(
            dict(enumerate(random.normal(10 + plan.shows.difference, 1, (30, 1)).tolist())),
            dict(enumerate(random.normal(10, 4, (30, 1)).tolist())),
            draws=499,
        )
        for _ in range(400)
    ]
    assert 75 <= 100 * np.mean([each.low > 0 for each in found]) <= 88


def test_repeats_of_one_llm_tell_nothing_of_those_of_another_one(tried):
    random = np.random.default_rng(4)
    sums = {}
    for llm, repeats, sd in (("a", 3, 1.0), ("b", 1, 6.0)):
        batch = tried([f"{llm} {n}" for n in range(30)], [llm], repeats, run_id=f"own {llm}")
        even = [10 + sd * NormalDist().inv_cdf((n + 0.5) / 30) for n in range(30)]
        of = {f"{llm} {n}": value for n, value in enumerate(random.permutation(even))}
        within = 4.0 if llm == "a" else 0.0
        batch.score(
            "x",
            lambda turn, of=of, within=within: (
                of[turn.text.split(" by ")[0]] + within * (chance(turn.text, "try") - 0.5)
            ),
        )
        sums[llm] = np.var(even, ddof=1) + within**2 / 12 / repeats
    plan = tried(MORE[:30], ["a", "b"], 3, dry_run=True)
    # Means of three values of a, and of b those of one as they were.
    right = detectable(30, sd_of_differences=sum(sums.values()) ** 0.5).difference
    assert plan.shows.difference == pytest.approx(right, rel=0.06)


@pytest.fixture
def of_versions(d, server):
    """Score runs of versions of an agent, each of which varies so much."""

    def run(versions, llms="a", *, count=30, score=None, run_id=""):
        tasks = [f"{versions} {n}" for n in range(count)]
        run_id = run_id or f"of {' '.join(map(str, versions))}"
        batch = d.batches.run("tried", tasks, [*llms], versions=versions, run_id=run_id).wait(60)
        batch.score("x", score or (lambda turn: spreads[turn.text[-1]] * chance(turn.text)))

    def plan(versions, llms="a"):
        return d.batches.run("tried", MORE, [*llms], versions=versions, dry_run=True)

    spreads = {"1": 1, "2": 2, "3": 9}
    for number in spreads:

        @server.agent("tried", llms=["a", "b"], description=number)
        def tried(prompt, turn, number=number):
            return f"{prompt} by {turn.llm_id} {number}"

        d.batches.run("tried", ["it is published"], ["a"]).wait(60)
    return run, plan


def test_of_versions_those_runs_alone_tell_that_have_all_of_them(of_versions):
    run, plan = of_versions
    run([1, 2])
    run([3])
    told = "unknown: no other run has scores of all these versions"
    for versions in ([1, 3], [2, 3], [1, 2, 3]):
        assert (can_show(plan(versions)), plan(versions).shows) == (told, None)
    assert "in run of 1 2 on 30 tasks" in can_show(plan([1, 2]))
    run([1, 3], count=20)
    assert "in run of 1 3 on 20 tasks" in can_show(plan([1, 3]))


def test_a_run_of_the_same_versions_tells_before_a_larger_one_of_others(of_versions):
    run, plan = of_versions
    run([1], "ab", count=40)
    run([3], "ab", count=25)
    for version, count in ((1, 40), (3, 25)):
        assert f"in run of {version} on {count} tasks" in can_show(plan([version], "ab"))


@pytest.mark.parametrize("versions", [None, [1]])
def test_how_two_versions_of_one_llm_go_together_tells_nothing_of_two_llms(of_versions, versions):
    run, plan = of_versions
    run([1, 2], score=lambda turn: 9 * chance(turn.text.split(" by ")[0]) + chance(turn.text) / 9)
    sd = 9 * (2 * (1 - 0.3) / 12) ** 0.5
    right = detectable(30, sd_of_differences=sd).difference
    assert plan(versions, "ab").shows.difference == pytest.approx(right, rel=0.15)


def test_of_a_run_of_several_versions_that_one_tells_that_is_asked(of_versions):
    run, plan = of_versions
    run([1, 3])
    one, other = (plan([version], "ab").shows.difference for version in (1, 3))
    assert 6 * one < other


def test_llms_of_runs_of_their_own_are_told_by_the_version_that_is_asked(of_versions):
    run, plan = of_versions
    run([1], "a", count=30)
    run([3], "a", count=25)
    run([2], "b", count=20)
    for version, count in ((1, 30), (3, 25)):
        told = f"of a in run of {version} on {count} tasks and of b in run of 2 on 20 tasks"
        assert told in can_show(plan([version], "ab"))


@pytest.mark.parametrize("lossy", ["1", "2"])
def test_what_one_of_two_versions_loses_counts_as_it_does_of_llms(of_versions, lossy):
    run, plan = of_versions
    plays = {"a 3": f"a {lossy}", "b 3": "a 2" if lossy == "1" else "a 1"}

    def right(turn):
        task, _, of = turn.text.partition(" by ")
        number, of = int(task.split()[-1]), plays.get(of, of)
        if of[-1] == lossy and number < 10:
            return None
        return chance(number, of) < (0.9 if number % 2 else 0.2)

    run([1, 2], count=40, score=right)
    run([3], "ab", count=40, score=right)
    versions, llms = plan([1, 2]), plan([3], "ab")
    assert versions.shows.difference == llms.shows.difference
    for told in map(can_show, (versions, llms)):
        assert "if again 10 of 80 cells get no score" in told
        assert "what the better one lacks counted as 0" in told


def test_of_two_llms_in_two_versions_those_two_are_told_that_take_most(of_versions):
    run, plan = of_versions
    sds = {"a 1": 1, "a 2": 6, "b 1": 1, "b 2": 6}

    def number_of(text):
        task, _, of = text.partition(" by ")
        is_lost = of == "b 2" and int(task.split()[-1]) < 6
        return None if is_lost else 10 + sds[of] * NormalDist().inv_cdf(chance(text))

    run([1, 2], "ab", score=lambda turn: number_of(turn.text))
    found = {of: {} for of in sds}
    for n in range(30):
        for of in sds:
            if (value := number_of(f"[1, 2] {n} by {of}")) is not None:
                found[of][n] = value
    own = max(
        detectable(
            round(len(MORE) * len(there) / 30),
            sd_of_differences=np.std([found[one][n] - found[two][n] for n in there], ddof=1),
            comparisons=6,
        ).difference
        for one, two in combinations(found, 2)
        for there in [sorted(found[one].keys() & found[two].keys())]
    )
    told = plan([1, 2], "ab")
    assert told.shows.difference == pytest.approx(own, rel=0.03)
    assert "of a @ v2 and b @ v2, whose difference takes most to show" in can_show(told)


def test_versions_that_are_asked_tell_before_others_that_have_both(of_versions):
    run, plan = of_versions
    for llm in "ab":
        run([3], llm, run_id=f"{llm} alone")
    run([1], "ab")
    told = can_show(plan([3], "ab"))
    assert "of a in run a alone on 30 tasks and of b in run b alone on 30 tasks" in told
    assert ", of another version" not in told
    assert "x in run of 1 on 30 tasks, of another version" in can_show(plan([2], "ab"))


def test_what_is_known_of_one_version_alone_tells_before_a_run_of_others(of_versions):
    run, plan = of_versions
    run([3], "a", run_id="a alone")
    run([1], "ab")
    told = "of a in run a alone on 30 tasks and of b in run of 1 on 30 tasks"
    assert f"{told}, taken as uncorrelated, b in another version" in can_show(plan([3], "ab"))


def test_what_failed_of_another_version_is_told_of_none_that_is_compared(of_versions, server, d):
    run, plan = of_versions
    run([1, 2], "ab")

    @server.agent("tried", llms=["a", "b"], description="4")
    def broken(prompt, turn):
        raise ValueError("broken")

    d.batches.run("tried", TASKS[:12], ["a"], run_id="broken").wait(60)
    assert "failed" not in can_show(plan([1], "ab"))
    assert "all 12 cells of a failed in run broken" in can_show(plan([4], "ab"))


def test_of_yes_and_no_that_pair_is_told_that_takes_most(d, tried):
    batch = tried(TASKS[:20], ["a", "b", "c"], run_id="rated")
    right = {"a": range(18), "b": range(10), "c": [0]}
    for cell in batch.cells:
        if cell.llm != "c" or cell.task_index < 10:
            batch.rate(cell, "right", int(cell.task_index in right[cell.llm]))
    values = {llm: {n: [float(n in right[llm])] for n in range(20)} for llm in right}
    values["c"] = {n: values["c"][n] for n in range(10)}
    # What nobody has rated is not lost.
    for new, plan in ((0, batch.plan()), (30, tried(MORE, ["a", "b", "c"], dry_run=True))):
        own = [
            detectable(
                new or len(there),
                comparisons=3,
                like=[{n: values[llm][n] for n in there} for llm in two],
            ).difference
            for two in combinations(right, 2)
            for there in [sorted(values[two[0]].keys() & values[two[1]].keys())]
        ]
        assert plan.shows.difference == pytest.approx(max(own), abs=0.011)
    assert detectable(20, comparisons=3, like=[*values.values()]).difference == pytest.approx(
        max(
            detectable(20, comparisons=3, like=[values[llm] for llm in two]).difference
            for two in combinations(right, 2)
        )
    )


def test_what_versions_lose_that_are_asked_tells_before_what_others_lose(of_versions):
    run, plan = of_versions
    run([1], "ab", score=lambda turn: None if chance(turn.text) < 0.5 else chance(turn.text))
    for llm in "ab":
        run([3], llm, run_id=f"{llm} alone")
    assert "no score" not in can_show(plan([3], "ab"))
    assert "no score" in can_show(plan([1], "ab"))


def test_an_llm_that_never_varied_in_its_own_run_counts_as_it_was(tried):
    tried(TASKS, ["a"], run_id="one").score("x", lambda turn: True)
    tried(MORE[:30], ["b"], run_id="two").score("x", is_right)
    plan = tried([f"New {n}" for n in range(30)], ["a", "b"], dry_run=True)
    assert "of a in run one on 30 tasks and of b in run two on 30 tasks" in can_show(plan)


def test_an_llm_with_too_few_scores_does_not_tell(tried):
    batch = tried(TASKS, ["a", "b"], run_id="own")
    batch.score("x", lambda turn: None if is_one_of(turn, range(4, 30)) else size(turn))
    told = "in run own on 30 tasks of a, and nothing there tells how b varies"
    assert told in can_show(tried(MORE, ["a", "b"], dry_run=True))


def test_a_batch_that_failed_as_a_whole_blames_no_other_run(d, server, tried):
    tried(TASKS, ["a", "b"], run_id="good").score("x", size)

    @server.agent("tried", llms=["a", "b"])
    def tried_again(prompt):
        raise ValueError("broken")

    failed = d.batches.run("tried", MORE, ["a", "b"]).wait(60)
    assert can_show(failed.plan()) == "unknown: no task has a score in two columns"


def but_for_costs(plan):
    """What a plan tells, but for what was spent: that may be known a moment later."""
    return [row for row in plan.rows() if row[0] != "spent so far"]


@pytest.mark.parametrize("score", [None, size])
def test_a_dry_run_of_tasks_that_failed_tells_what_the_batch_itself_does(tried, score):
    tried(MORE, ["a", "b"]).score("x", size)
    tasks = [f"{task} breaks" if n % 3 else task for n, task in enumerate(TASKS)]
    batch = tried(tasks, ["a", "b"])
    if score is not None:
        batch.score("x", score)
    again = tried(tasks, ["a", "b"], dry_run=True)
    assert but_for_costs(again) == but_for_costs(batch.plan())
    assert (again.failed, again.shows.tasks, again.sends) == (20, 10, 0)
    assert "retry_failed() sends 20 again that failed" in dict(again.rows())["to send"]
    further = tried([*tasks, *MORE[:15]], ["a", "b"], dry_run=True, run_id=batch.run_id)
    assert (further.failed, further.sends) == (20, 30)


def test_a_dry_run_of_tasks_that_were_cancelled_sends_nothing_and_shows_nothing(d, server, tried):
    tried(MORE, ["a", "b"]).score("x", size)

    @server.agent("tried", llms=["a", "b", "c"])
    def waits(prompt):
        yield ToolCall("stock", {"item": prompt}, external=True)

    batch = d.batches.run("tried", TASKS[:6], ["a", "b"])
    batch.cancel()
    again = d.batches.run("tried", TASKS[:6], ["a", "b"], dry_run=True)
    assert but_for_costs(again) == but_for_costs(batch.plan())
    assert (again.cancelled, again.sends, again.shows) == (12, 0, None)


@pytest.mark.parametrize("score", [size, is_right])
@pytest.mark.parametrize("before", [10, 16])
@pytest.mark.parametrize("beside", ["b", "ab", "cb"])
def test_what_an_llm_has_lost_counts_whatever_other_runs_there_are(tried, score, before, beside):
    past = [f"All {n}{' breaks' * (n < before)}" for n in range(20)]
    tried(past, [*beside], run_id="some").score("x", score)
    tried(TASKS[:24], ["a", "c"], run_id="whole").score("x", score)
    left = 20 - before
    plan = tried(MORE[:20], ["b", "a"], dry_run=True)
    assert plan.shows.tasks == left
    own = tried(TASKS[:24], [*"acb"], run_id="whole", dry_run=True)
    assert own.shows.tasks == left * 24 // 20
    batch = tried([f"Came {n}{' breaks' * (n < before)}" for n in range(20)], ["b", "a"])
    batch.score("x", score)
    assert compared_of(batch, "x") == {("a", "b"): left}
    told = can_show(plan)
    if score is is_right and before == 10:
        assert "; what the better one lacks counted as 0" in told
    assert re.search(rf"if again {before} of (20|40|44) cells( of [abc] and b| of b)? get", told)


@pytest.mark.parametrize(("count", "lost"), [(4, 0), (20, 16)])
def test_numbers_stay_numbers_though_too_few_tasks_tell_of_an_llm(tried, count, lost):
    random = np.random.default_rng(3)
    tried([f"All {n}" for n in range(40)], [*"ac"], run_id="all").score("x", spread(random, 40))
    few = [f"Few {n}{' breaks' * (n < lost)}" for n in range(count)]
    batch = tried(few, ["b"])
    batch.score("x", size)
    for llms in (["b", "a"], ["b", "c"]):
        plan = tried(MORE[:20], llms, dry_run=True)
        told = "in run all on 40 tasks of a and c, and nothing there tells how b varies"
        assert told in can_show(plan)
        assert plan.shows.tasks == (4 if lost else 20)
        if not lost:
            assert 75 <= named(random, plan) <= 90


@pytest.mark.parametrize("more", [[], ["c"]])
def test_an_llm_that_nothing_tells_of_is_taken_to_lose_nothing(tried, more):
    past = [f"All {n}{' breaks' * (n < 10)}" for n in range(40)]
    tried(past, ["a", "b"], run_id="past").score("x", is_right)
    known, new = (tried(past, llms, run_id="past", dry_run=True) for llms in (["a", "b"], [*"abc"]))
    assert known.shows.tasks == new.shows.tasks == 30
    other = tried([f"New {n}" for n in range(40)], ["b", "c"], dry_run=True)
    assert other.shows.tasks == 30
    # What b lost is 0 for it if it is the better one, since c loses nothing there.
    assert other.shows.difference == pytest.approx(known.shows.difference, rel=0.1)
    assert "; what the better one lacks counted as 0" in can_show(other)


def test_a_run_that_tells_of_one_llm_tells_before_a_larger_one_that_tells_of_neither(tried):
    random = np.random.default_rng(3)
    batch = tried([f"One {n}" for n in range(12)], ["a", "b"], run_id="one")
    batch.score("x", lambda turn: None if is_one_of(turn, range(3, 12), "b") else size(turn))
    larger = tried([f"Two {n}" for n in range(40)], ["c", "b"], run_id="two")
    wild = spread(random, 40)
    larger.score("x", lambda turn: None if is_one_of(turn, range(3, 40), "b") else wild(turn))
    told = can_show(tried(MORE, ["a", "b"], dry_run=True))
    assert "in run one on 12 tasks of a, and nothing there tells how b varies" in told


def test_of_whom_all_failed_where_nothing_else_is_told_is_said(tried, d):
    tried(TASKS, ["a", "c"], run_id="whole").score("x", size)
    tried([f"Gone {n} breaks" for n in range(8)], ["b"], run_id="gone")
    told = can_show(tried(MORE, ["a", "b"], dry_run=True))
    assert told.endswith("; all 8 cells of b failed in run gone)")
    assert "failed" not in can_show(tried(MORE, ["a", "c"], dry_run=True))
    tried([f"Came {n}" for n in range(8)], ["b"]).score("x", size)
    assert "failed" not in can_show(tried(MORE, ["a", "b"], dry_run=True))


def test_of_three_llms_it_is_said_where_no_task_has_a_score_of_all(tried):
    batch = tried(TASKS[:20], ["a", "b", "c"], run_id="three")
    cut = {"b": range(10), "c": range(10, 20)}
    batch.score(
        "x",
        lambda turn: (
            None if any(is_one_of(turn, of, llm) for llm, of in cut.items()) else size(turn)
        ),
    )
    assert compared_of(batch, "x") == {("a", "b"): 10, ("a", "c"): 10, ("b", "c"): 0}
    assert can_show(batch.plan()) == "unknown: no task has a score in all columns"


def test_what_has_not_ended_for_an_llm_counts_as_what_is_to_come(tried, d):
    tried(TASKS[:20], ["a", "b"], run_id="own").score("x", size)
    some = d.batches.run("tried", TASKS[:4], ["c"], run_id="own").wait(60)
    some.score("x", size)
    plan = tried(MORE[:20], [*"abc"], dry_run=True)
    assert plan.shows.tasks == 20
    assert "comparisons=3" in can_show(plan)
    assert "too few" not in can_show(plan)


@pytest.mark.parametrize("llms", [["a", "c"], ["a", "b", "c"]])
def test_answers_that_nobody_has_rated_yet_are_not_lost(tried, llms):
    batch = tried(TASKS, ["a", "b"], run_id="rated")
    for cell in batch.cells:
        if cell.task_index < 10:
            batch.rate(cell, "q", 1 + (7 * cell.task_index + len(cell.column.llm)) % 5)
    for plan in (tried(MORE, llms, dry_run=True), tried(MORE, ["a", "b"], dry_run=True)):
        assert plan.shows.tasks == len(MORE)
        assert "no score" not in can_show(plan)
    assert batch.plan().shows.tasks == 10


@pytest.mark.parametrize(("lost", "tasks"), [(8, 12), (16, 20)])
def test_an_llm_that_loses_most_is_left_out_whichever_run_tells_of_it(tried, lost, tasks):
    past = [f"One {n}{' breaks' * (n < lost)}" for n in range(20)]
    tried(past, ["b"], run_id="one").score("x", size)
    tried([f"Two {n}" for n in range(40)], ["a", "c"], run_id="two").score("x", size)
    plan = tried(MORE[:20], [*"abc"], dry_run=True)
    assert plan.shows.tasks == tasks
    few = "b has a score on too few tasks to be compared"
    assert (few in can_show(plan)) == (lost == 16)
    batch = tried([f"Came {n}{' breaks' * (n < lost)}" for n in range(20)], [*"abc"])
    assert batch.plan().shows.tasks == tasks
    batch.score("x", size)
    assert batch.plan().shows.tasks == tasks
    assert (few in can_show(batch.plan())) == (lost == 16)


def test_of_whom_some_failed_where_no_score_tells_yet_is_said(tried):
    tried(TASKS, ["a", "c"], run_id="whole").score("x", size)
    tried([f"Gone {n}{' breaks' * (n < 6)}" for n in range(8)], ["b"], run_id="gone")
    told = can_show(tried(MORE, ["a", "b"], dry_run=True))
    assert told.endswith("; 6 of 8 cells of b failed in run gone)")


@pytest.mark.parametrize("score", [size, is_right])
@pytest.mark.parametrize("rated", [range(20, 30), range(5, 30, 3), [29]])
def test_failures_count_among_all_that_was_sent_however_little_of_it_is_scored(tried, score, rated):
    tried(TASKS, ["a", "c"], run_id="whole").score("x", score)
    batch = tried([f"Own {n}{' breaks' * (n < 6)}" for n in range(30)], ["b"], run_id="own")
    for cell in batch.cells:
        if cell.task_index in rated and cell.state == "completed":
            batch.rate(cell, "x", float(score(cell.turn)) if cell.turn else 1.0)
    for llms in (["a", "b"], ["a", "b", "c"]):
        plan = tried(MORE, llms, dry_run=True)
        assert plan.shows.tasks == 24
        lost = "if again 6 of (30|60) cells of (b|a and b|b and c) get no"
        assert re.search(lost, can_show(plan))


def test_a_sample_that_was_rated_by_hand_stands_for_all_that_was_answered(tried):
    batch = tried([f"Own {n}{' breaks' * (n == 25)}" for n in range(40)], ["a", "b"], run_id="own")
    for cell in batch.cells:
        if cell.task_index // 20 == (cell.column.llm == "b") and cell.state == "completed":
            batch.rate(cell, "q", 1 + cell.task_index % 5)
    plan = tried([f"More {n}" for n in range(40)], ["a", "b"], dry_run=True)
    assert plan.shows.tasks == 39
    assert "if again 1 of 80 cells gets no score: 39 of 40 tasks" in can_show(plan)


def test_of_whom_cells_failed_the_last_time_is_said_where_another_run_tells(tried):
    tried(TASKS, ["a", "b"], run_id="whole").score("x", size)
    tried([f"Last {n}{' breaks' * (n < 6)}" for n in range(8)], ["b"], run_id="last")
    assert can_show(tried(MORE, ["a", "b"], dry_run=True)).endswith(
        "; 6 of 8 cells of b failed in run last)"
    )
    assert "failed" not in can_show(tried(TASKS, ["a", "b"], run_id="whole", dry_run=True))


HIGH_OR_LOW = {"a": (1.0, 1.0, 0.75, 0.75), "b": (0.0, 0.25)}


def quarter(turn, lost=0):
    """High for a and low for b, in quarters; the first few are lost for a."""
    number, llm = int(turn.text.split()[1]), turn.text.split(" by ")[1][0]
    if llm == "a" and number < lost:
        return None
    values = HIGH_OR_LOW[llm]
    return values[number % len(values)]


def seen_of_redrawn(tasks, lost):
    """How many percent of batches name a that are drawn of the same quarters, as many lost."""
    random, found = np.random.default_rng(1), []
    for _ in range(100):
        a, b = (dict(enumerate(random.choice(HIGH_OR_LOW[of], (tasks, 1)).tolist())) for of in "ab")
        there = {task: values for task, values in a.items() if task >= lost}
        zeros = {task: there.get(task, [0.0]) for task in a}
        both = ({task: b[task] for task in there}, b)
        told = (
            paired_difference(*of, draws=499, kind="share").low
            for of in zip((there, zeros), both, strict=True)
        )
        found.append(all(low > 0 for low in told))
    return 100 * np.mean(found)


@pytest.mark.parametrize(
    ("tasks", "lost"), [*((12, lost) for lost in range(6)), (9, 2), (11, 2), (13, 2), (14, 2)]
)
def test_of_shares_in_quarters_a_difference_is_told_where_batches_show_it(tried, tasks, lost):
    batch = tried([f"Task {n}" for n in range(tasks)], ["a", "b"])
    batch.score("x", lambda turn: quarter(turn, lost))
    there = batch.plan().shows.difference
    assert there is not None
    assert there < 0.75
    assert seen_of_redrawn(tasks, lost) >= 80
    coming = tried([f"More {n}" for n in range(tasks)], ["a", "b"], dry_run=True)
    assert coming.shows.difference is not None


def of_checks(turn):
    """Which share of four checks holds: more of them where a task is easy for the LLM."""
    easy = chance(turn.text.split(" again ")[0], "easy")
    return sum(chance(turn.text, "try", n) < 0.1 + 0.8 * easy for n in range(4)) / 4


def checked(random, given, gap, shape):
    """Draw shares of four checks, whose chances are beta, by mean, spread and correlation."""
    size = 3 / (4 * given.sd**2 / (given.mean * (1 - given.mean)) - 1) - 1
    together = np.clip(given.correlation * (size + 4) / 4, -1, 1)
    both, *own = random.normal(size=(3, *shape))
    ends = (given.mean + gap / 2, given.mean - gap / 2)
    for of, mean, way in zip(own, ends, (1, np.sign(together)), strict=True):
        normal = way * both * abs(together) ** 0.5 + of * (1 - abs(together)) ** 0.5
        rates = stats.beta.ppf(stats.norm.cdf(normal), mean * size, (1 - mean) * size)
        yield random.binomial(4, rates) / 4


@pytest.mark.parametrize(("tasks", "lost"), [(12, 1), (20, 3), (40, 4)])
def test_what_is_told_of_shares_is_seen_so_often_where_some_are_lost(tried, tasks, lost):
    batch = tried([f"Task {n}" for n in range(tasks)], ["a", "b"])
    gone = [f"Task {n} by a" for n in range(lost)]
    batch.score("x", lambda turn: None if turn.text[:-8] in gone else of_checks(turn))
    has, columns = scored(batch, "x")
    assert has[0].sum() == tasks - lost
    told = variation(columns)
    drawn = checked(np.random.default_rng(5), told, batch.plan().shows.difference, (500, tasks))
    found = []
    for ours, theirs in zip(*drawn, strict=True):
        a, b = (dict(enumerate(of.reshape(-1, 1).tolist())) for of in (ours, theirs))
        zeros = {task: [0.0] if task < lost else of for task, of in a.items()}
        found.append(paired_difference(zeros, b, draws=999, kind="share").low > 0)
    assert 100 * np.mean(found) == pytest.approx(80, abs=6)
