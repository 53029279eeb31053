"""Who is ahead where scores are lost: of numbers by the interval, else with 0 for what is lost."""

import re

import pytest

import dari_nb as dari
from dari_nb.scores import win_rates

TASKS = [str(n) for n in range(24)]


@pytest.fixture
def run(d, server):
    """Run tasks with an agent that fails on these, by its LLM."""

    def run(llms=("a", "b"), fails=None, tasks=TASKS, **options):
        fails = fails or {}

        @server.agent("loses", llms=[*"abc"])
        def loses(prompt, turn):
            if int(prompt) in fails.get(turn.llm_id, ()):
                raise RuntimeError("broken")
            return prompt

        return d.batches.run("loses", tasks, [*llms], new_run=True, **options).wait(60)

    return run


def by(function):
    """Score by task and LLM; ``None`` gives no score."""
    return lambda turn: function(int(turn.text), turn.session.metadata["llm_id"])


def sentence(batch):
    return str(batch).splitlines()[2]


def plain(html):
    return re.sub("<[^>]*>", "", html)


def low_or_high(task, llm):
    """Higher for a on each task; b is far below all else once."""
    if llm == "a":
        return 10 + task % 3 if task > 4 else None
    return 5 + task % 4 if task else -100


def test_of_numbers_the_one_is_named_whose_interval_leaves_out_0_whatever_is_missing(run):
    batch = run()
    batch.score("size", by(lambda *of: low_or_high(*of) if of[0] else None))
    batch.score("far", by(lambda *of: low_or_high(of[0] % 8 + 5 * (of[0] < 20), of[1])))
    assert (win_rates(batch, "size")["difference_low"] > 0).all()
    said = sentence(batch)
    assert said.startswith("a is higher than b on “size”: ")
    assert "; 5 of 24 cells of a and 1 of 24 cells of b could not be scored: " in said
    head, against = (plain(of) for of in (batch.view().head, batch.view(baseline="b").against))
    assert "a is higher than b on “size”" in head
    assert "a is higher (" in against
    told = [str(batch), head, against, batch.to_mimebundle()["text/markdown"]]
    assert not any("counted as" in text or "did better" in text for text in told)


def test_what_is_missing_is_said_once_with_the_reason_beside_the_verdict(run):
    batch = run(fails={"a": [7]})
    batch.score("right", by(lambda task, llm: None if llm == "a" and task < 2 else llm == "a"))
    batch.score("size", by(lambda task, llm: None if task < 3 else task + 9 * (llm == "a")))
    first, second = str(batch).splitlines()[2:4]
    why = "could not be scored: the function returned nothing"
    assert first.count("cells") == 1
    assert f"; 1 of 24 cells of a failed and 2 {why} (difference" in first
    assert second.count("cells") == 2
    assert "; 1 of 24 cells of a failed and 3 could not" in second
    assert f"; 3 of 24 cells of b {why} (difference" in second
    assert not any("Without" in text for text in (first, second))
    view = batch.view(where="column = a state = completed right != *")
    assert [cell.task_index for cell in batch.selection] == [0, 1]
    assert f"; 1 of 24 cells of a failed and 2 {why}." in plain(batch.view(baseline="b").against)
    assert f"and 2 {why} (" in plain(view.head)


def test_columns_that_lack_a_score_for_one_reason_are_told_together(run):
    batch = run()
    few = {"a": 2, "b": 5}
    batch.score("s", by(lambda task, llm: None if task < few[llm] else task))
    said = sentence(batch)
    assert (
        "; 5 of 24 cells of b and 2 of 24 cells of a could not be scored: "
        "the function returned nothing (difference"
    ) in said
    assert said.count("returned nothing") == said.count(" cells of b") == 1
    assert said.endswith("Only the 19 tasks are compared on which all have “s”.")


def test_ratings_of_one_that_failed_are_those_that_there_are(run):
    batch = run(fails={"a": range(10)})
    for cell in batch.cells:
        if cell.state == "completed":
            batch.rate(cell, "rating", 4 + cell.task_index % 2 if cell.llm == "a" else 3)
    said = sentence(batch)
    assert said.startswith("a is higher than b on “rating”: ")
    assert "; 10 of 24 cells of a failed" in said


RIGHT = {"a": 1, "b": 0}


@pytest.mark.parametrize(
    ("fails", "unscored", "what"),
    [
        (range(12), (), "failed"),
        ((), range(12), "could not be scored"),
        (range(6), range(6, 12), "failed or could not be scored"),
    ],
)
@pytest.mark.parametrize(
    ("share", "counted", "which"),
    [(1, "wrong", "better"), (0.75, "0", "higher")],
    ids=["yes or no", "shares"],
)
def test_what_leaves_it_open_is_told_as_it_is(run, fails, unscored, what, share, counted, which):
    batch = run(fails={"a": [*fails]})

    def score(task, llm):
        if llm == "a":
            return None if task in unscored else share
        return share * (task >= 22 or (task < 12 and task % 2))

    batch.score("right", by(score))
    left = f"counted as {counted}, what {what} leaves open which is {which}"
    assert left in sentence(batch)
    assert left in plain(batch.view().head)
    assert left.capitalize() in plain(batch.view(baseline="b").against)


def test_that_what_failed_leaves_open_is_told_of_each_that_is_not_settled(run):
    batch = run("abc", fails={"a": range(6)})
    few = {"a": 24, "b": 9, "c": 0}
    batch.score("right", by(lambda task, llm: (task * 7) % 24 < few[llm]))
    said = sentence(batch)
    assert said.startswith("a did better than c on “right”: ")
    assert "; counted as wrong, what failed leaves it open against b, " in said


def test_a_number_that_failed_is_no_0_and_no_regression(run):
    old, new = run(run_id="monday", llms="a"), run(run_id="tuesday", llms="a", fails={"a": [0, 1]})
    for batch in (old, new):
        batch.score("size", by(lambda task, llm: 3 + task % 4))
    compared = dari.compare_batches(old, new)
    assert "Of 24 tasks, 0 are lower, 0 higher, 22 alike, 2 not compared" in str(compared)
    changes = compared.changes()
    assert changes["lacking"].tolist()[-2:] == ["1 of 1 failed"] * 2
