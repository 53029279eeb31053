"""Numbers of which nobody can say whether more is better are lower and higher, and no more."""

import re

import pytest

import dari_nb as dari

UP, DOWN = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"
TASKS = [str(n) for n in range(6)]


@pytest.fixture
def run(d, server):
    """Run tasks with three LLMs that say which one they are, and the task."""
    server.agent("plain", llms=[*"abc"])(lambda prompt, turn: f"{turn.llm_id} {prompt}")
    return lambda llms="abc", **named: d.batches.run("plain", TASKS, [*llms], **named).wait(60)


def forms(view):
    """What is saved of a view, without style sheets."""
    static = view.presenter.subject.static_output()
    return [static["text/html"].partition("</style>")[2], static["text/markdown"], str(view)]


def plain(html):
    return re.sub("<[^>]*>", "", html)


def words(turn):
    llm, task = turn.text.split()
    return 300 + int(task) + {"a": -50, "b": 7, "c": 0}[llm] * (int(task) > 0)


def test_numbers_against_a_baseline_are_lower_and_higher(run):
    batch = run()
    batch.score("words", words)
    view = batch.view(baseline="c", score="words")
    told = plain(view.against)
    assert "5 are lower, 5 higher, 2 alike against c on “words”." in told
    assert "a is lower (higher on 0 of 6 tasks, lower on 5); b is higher (higher on 5" in told
    html, markdown, _ = forms(view)
    assert f" <small>{DOWN} lower</small>" in html
    assert f" <small>{UP} higher</small>" in html
    for form in (view.against, html, markdown):
        assert not re.search("worse|better|dari-(yes|no)", form)


@pytest.mark.parametrize("asked", ["change = lower", "change = worse"])
def test_what_is_lower_is_asked_for_as_it_is_said_and_as_frames_call_it(run, asked):
    batch = run()
    batch.score("words", words)
    view = batch.view(baseline="c", score="words")
    assert 'data-where="change = lower"' in view.against
    view.where = asked
    assert {(cell.task_index, cell.llm) for cell in batch.selection} == {
        (n, "a") for n in range(1, 6)
    }


def test_what_fell_from_one_day_to_the_next_is_lower_and_the_frames_keep_their_words(run):
    days = [run("ab", run_id=name) for name in ("monday", "tuesday")]
    for batch, seconds in zip(days, (9.5, 4.5), strict=True):
        batch.score("cost_s", lambda turn, seconds=seconds: seconds)
    compared = dari.compare_batches(*days)
    assert "12 are lower, 0 higher, 0 alike against monday on “cost_s”" in str(compared)
    assert f"{DOWN} lower" in str(compared)
    assert not re.search("worse|better", str(compared))
    assert set(compared.changes()["change"]) == {"worse"}
    assert compared.differences()["regressions"].tolist() == [6, 6]


@pytest.mark.parametrize("name", ["rating", "tone", "judge.helpful", "right"])
def test_ratings_and_what_is_judged_are_worse_and_better(run, server, name):
    batch = run("ac")
    server.agent("judge")(lambda prompt: f'{{"score": {2 if "a 0" in prompt else 4}}}')
    if name == "right":
        batch.score(name, lambda turn: turn.text != "a 0")
    elif name == "judge.helpful":
        batch.judge("helpful", rubric="Is it helpful?")
    else:
        for cell in batch.cells:
            batch.rate(cell, name, 2 if (cell.task_index, cell.llm) == (0, "a") else 4)
    view = batch.view(baseline="c", score=name)
    assert "1 is worse, 0 better, 5 alike against c" in plain(view.against)
    assert f'<small class="dari-no">{DOWN} worse</small>' in forms(view)[0]
