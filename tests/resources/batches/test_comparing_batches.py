"""Batches of different days beside each other: what got worse, and how sure that is."""

import re
from decimal import Decimal
from html import unescape

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
from dari_nb.local import Usage
from dari_nb.scores import paired_difference

TASKS = [{"prompt": f"Is {n} odd?", "expected": "yes" if n % 2 else "no"} for n in range(8)]


class Day:
    """An agent that errs on other tasks from day to day."""

    def __init__(self, server):
        self.wrong = {"small": {1}, "large": set()}

        @server.agent("parity", llms=["small", "large"])
        def parity(prompt, turn):
            n = int(prompt.split()[1])
            is_odd = bool(n % 2) != (n in self.wrong[turn.llm_id])
            return "yes" if is_odd else "no"


def right(turn):
    return turn.text == turn.session.metadata["expected"]


def right_as_number(turn):
    return int(right(turn))


@pytest.fixture
def day(server):
    return Day(server)


@pytest.fixture
def days(d, day):
    old = d.batches.run("parity", TASKS, ["small", "large"], run_id="monday").wait(60)
    day.wrong = {"small": set(), "large": {0, 2, 4}}
    tasks = [*reversed(TASKS[:7]), "Is 9 odd?"]
    new = d.batches.run("parity", tasks, ["small", "large"], run_id="tuesday").wait(60)
    for batch in (old, new):
        batch.score("right", lambda turn: turn.session.metadata.get("expected", "yes") == turn.text)
    return dari.compare_batches(old, new)


def test_the_same_tasks_stand_in_one_row_and_columns_have_their_run(days):
    assert [column.label for column in days.columns] == [
        "monday · small",
        "monday · large",
        "tuesday · small",
        "tuesday · large",
    ]
    frame = days.to_frame()
    assert frame["run_id"].value_counts().to_dict() == {"monday": 16, "tuesday": 16}
    of_three = frame[frame["task"] == "Is 3 odd?"]
    assert of_three["task_index"].nunique() == 1
    assert len(of_three) == 4
    assert {name: [task.text for task in tasks] for name, tasks in days.only.items()} == {
        "monday": ["Is 7 odd?"],
        "tuesday": ["Is 9 odd?"],
    }
    assert "1 task only in tuesday: “Is 9 odd?”" in str(days)


def test_a_column_is_compared_with_that_of_the_same_llm_as_the_statistics_say(days):
    told = days.differences().set_index("column")
    small, large = told.loc["tuesday · small"], told.loc["tuesday · large"]
    assert (small["regressions"], small["improvements"], small["alike"]) == (0, 1, 6)
    assert (large["regressions"], large["improvements"], large["tasks"]) == (3, 0, 7)
    assert large["baseline"] == "monday · large"
    assert large["level"] == 0.975
    before = {n: [True] for n in range(7)}
    after = {n: [n not in (0, 2, 4)] for n in range(7)}
    found = paired_difference(after, before, level=0.975, kind="yes/no")
    assert tuple(large[["difference", "low", "high", "method"]]) == (*found[:3], found.method)


def test_regressions_come_first_and_nothing_is_claimed_that_is_not_settled(days):
    view = days.view()
    assert view.baseline == days.baseline == "monday"
    assert view._against_now.counts == {"worse": 3, "better": 1, "alike": 10, "none": 4}
    assert "Of 9 tasks \N{MULTIPLICATION SIGN} 2 columns, " in view.against
    first = [row.label for row in view._sifted().rows[:4]]
    assert first == ["Is 0 odd?", "Is 2 odd?", "Is 4 odd?", "Is 1 odd?"]
    assert "did worse" not in view.against
    assert "7 tasks do not settle which is better" in view.against
    changes = days.changes()
    assert changes["change"].tolist()[:4] == ["worse", "worse", "worse", "better"]
    assert changes.iloc[0][["before", "after"]].tolist() == [1.0, 0.0]
    view.where = 'change = worse column = "tuesday · large"'
    assert [cell.text for cell in days.selection] == ["yes", "yes", "yes"]


def test_that_tasks_are_only_in_the_newer_one_is_said(d, day):
    day.wrong = {"small": {2}, "large": set()}
    old = d.batches.run("parity", TASKS[:5], ["small"], run_id="monday").wait(60)
    new = d.batches.run("parity", TASKS[2:], ["small"], run_id="tuesday").wait(60)
    for batch in (old, new):
        batch.score("right", right)
    told = (
        "Of 8 tasks, 0 are worse, 0 better, 3 alike, 3 not compared (not in monday) against "
        "monday on “right”; 2 were not run."
    )
    assert told in str(dari.compare_batches(old, new))


def test_seen_from_the_other_day_what_was_worse_is_better(d, day):
    day.wrong = {"small": {0, 1, 2}, "large": set()}
    old = d.batches.run("parity", TASKS, ["small", "large"], run_id="monday").wait(60)
    day.wrong = {"small": {3}, "large": {0, 1}}
    new = d.batches.run("parity", TASKS, ["small", "large"], run_id="tuesday").wait(60)
    for batch in (old, new):
        batch.score("right", right)
    for ones, worse, better in ((old, new), 3, 3), ((new, old), 3, 3):
        compared = dari.compare_batches(*ones)
        size = "Of 8 tasks \N{MULTIPLICATION SIGN} 2 columns"
        assert f"{size}, {worse} are worse, {better} better, 10 alike against " in str(compared)
        told = compared.differences()[["regressions", "improvements"]].sum()
        assert told.tolist() == [worse, better]
        view = compared.view(where="change = better")
        assert len(compared.selection) == better
        assert "<b>3 " not in view.against


def test_what_the_interval_supports_is_said(d, day):
    day.wrong = {"small": set(), "large": set()}
    tasks = [{"prompt": f"Is {n} odd?", "expected": "yes" if n % 2 else "no"} for n in range(30)]
    old = d.batches.run("parity", tasks, ["small"], run_id="monday").wait(60)
    day.wrong = {"small": set(range(20)), "large": set()}
    new = d.batches.run("parity", tasks, ["small"], run_id="tuesday").wait(60)
    for batch in (old, new):
        batch.score("right", right)
    compared = dari.compare_batches(old, new)
    name = compared.columns[1].label
    assert f"<b>{name}</b> did worse<small> (difference" in compared.view().against


def test_of_three_each_number_is_of_the_tasks_that_it_came_from(d, day):
    runs = [
        d.batches.run("parity", tasks, ["small"], run_id=name).wait(60)
        for name, tasks in (("one", TASKS), ("two", TASKS), ("three", TASKS[:6]))
    ]
    for batch in runs:
        batch.score("right", right)
    compared = dari.compare_batches(*runs)
    assert compared.notes == ["2 tasks only in one and two: “Is 6 odd?”, “Is 7 odd?”"]
    assert compared.differences()["tasks"].tolist() == [8, 6]
    view = compared.view()
    assert "not compared" not in view.against
    assert "“right”</em>; 2 were not run. " in view.against
    told = "8 tasks do not settle which is better for <b>two · small</b>; 6 tasks do not settle"
    assert told in view.against


def test_two_agents_are_called_by_their_names(d, day, server):
    @server.agent("parity-2", llms=["small"])
    def other(prompt, turn):
        return "yes"

    old = d.batches.run("parity", TASKS, ["small"], repeats=2).wait(60)
    new = d.batches.run("parity-2", TASKS[:3], ["small"]).wait(60)
    compared = dari.compare_batches(old, new)
    assert [column.label for column in compared.columns] == ["parity · small", "parity-2 · small"]
    times = "\N{MULTIPLICATION SIGN}"
    head = str(compared).splitlines()[0]
    sizes = f"8 tasks {times} 1 column {times} 2 (parity), 3 tasks {times} 1 column (parity-2)"
    assert head.startswith(f"parity and parity-2 · {sizes} · done")
    for batch in (old, new):
        batch.score("right", right)
    told = "Of 8 tasks, 2 are worse, 1 better, 0 alike against parity on “right”; 5 were not run. "
    assert told in str(compared)


def test_ratings_go_to_the_batch_that_a_cell_is_of(d, day):
    old = d.batches.run("parity", TASKS[:2], ["small"], run_id="monday").wait(60)
    new = d.batches.run("parity", TASKS[:2], ["small"], run_id="tuesday").wait(60)
    compared = dari.compare_batches(old, new)
    compared.rate((1, "tuesday · small"), "rating", 2)
    assert new[1, "small"].scores == {"rating": 2}
    assert old[1, "small"].scores == {}
    assert compared[1, "tuesday · small"].scores == {"rating": 2}
    assert compared.compare("monday · small", "tuesday · small", task=0).first_divergence is None


def test_tasks_are_the_same_by_their_id_where_their_words_have_changed(d, day):
    old = d.batches.run("parity", [{"prompt": "Is 1 odd?", "id": "a"}], ["small"]).wait(60)
    new = d.batches.run("parity", [{"prompt": "Is 1 odd today?", "id": "a"}], ["small"]).wait(60)
    compared = dari.compare_batches(old, new)
    assert len(compared.tasks) == 1
    assert compared.to_frame()["task"].tolist() == ["Is 1 odd?", "Is 1 odd today?"]
    assert compared.notes == ["1 task with another text under the same id: “Is 1 odd?”"]
    assert compared.notes[0] in str(compared)


def test_what_cannot_be_compared_is_refused_with_the_reason(d, day, days):
    one = d.batches.run("parity", TASKS[:1], ["small"]).wait(60)
    other = d.batches.run("parity", TASKS[1:2], ["small"]).wait(60)
    with pytest.raises(InvalidRequestError, match="have no task in common"):
        dari.compare_batches(one, other)
    with pytest.raises(InvalidRequestError, match="Batches are compared, not DataFrame"):
        dari.compare_batches(one, other.to_frame())
    with pytest.raises(InvalidRequestError, match="by 'beauty'; there is: right"):
        days.differences("beauty")


def test_batches_are_judged_each_by_itself_and_then_compared(days, server):
    server.agent("judge")(lambda prompt: '{"score": 4, "reason": "Why not."}')
    for judge in (days.judge, days.judge_pairs):
        with pytest.raises(InvalidRequestError, match="Judge each batch by itself") as refused:
            judge("kind", rubric="Is it kind?")
        assert "then compare them again" in str(refused.value)
    assert "judge.kind" not in days.cells[0].scores


def test_a_score_that_one_of_the_batches_has_is_taken_back_there(two, server):
    @server.agent("judge")
    def judge(prompt):
        return "I cannot say."

    old, new = two
    days = dari.compare_batches(old, new)
    old.score("long", lambda turn: len(turn.text))
    new.judge("bad", rubric="Any.")
    for name in ("long", "judge.bad"):
        assert name in str(days)
        days.score(name, None)
        assert name not in str(days)
        with pytest.raises(InvalidRequestError):
            days.score(name, None)


def test_that_a_batch_has_no_such_score_yet_is_said(d, day):
    old, new = (
        d.batches.run("parity", TASKS, ["small", "large"], run_id=name).wait(60)
        for name in ("monday", "tuesday")
    )
    old.score("right", right)
    compared = dari.compare_batches(old, new)
    assert "against monday on “right”; tuesday has no “right” yet." in str(compared)
    new.score("right", right)
    assert " yet" not in str(compared)
    for batch, llm in ((old, "small"), (old, "large"), (new, "small")):
        batch.rate((0, llm), "kind", True)
    said = re.sub("<[^>]*>", "", compared.view(score="kind").against)
    assert "; tuesday · large has no “kind” yet." in said


def test_they_are_compared_by_a_score_that_all_have_before_one_that_only_one_has(d, day):
    old, new = (
        d.batches.run("parity", TASKS, ["small", "large"], run_id=name).wait(60)
        for name in ("monday", "tuesday")
    )
    old.score("right", right)
    for batch in (old, new):
        batch.score("length", lambda turn: len(turn.text))
    compared = dari.compare_batches(old, new)
    assert "against monday on “length”" in str(compared)
    assert "against monday on “right”" in re.sub(
        "<[^>]*>", "", compared.view(score="right").against
    )
    new.score("right", right)
    assert "against monday on “right”" in str(compared)


def test_what_failed_beside_answers_without_a_score_yet_is_not_worse(d, server):
    asked = {}

    @server.agent("shaky")
    def shaky(prompt):
        asked[prompt] = asked.get(prompt, 0) + 1
        if asked[prompt] == 3:
            raise ValueError("down")
        return "yes"

    old, new = (
        d.batches.run("shaky", TASKS, repeats=2, run_id=name).wait(60)
        for name in ("monday", "tuesday")
    )
    old.score("right", lambda turn: True)
    compared = dari.compare_batches(old, new)
    [row] = compared.differences("right").to_dict("records")
    assert (row["regressions"], row["failed"]) == (0, len(TASKS))
    new.score("right", lambda turn: True)
    [row] = compared.differences("right").to_dict("records")
    assert row["regressions"] == len(TASKS)


def test_how_a_column_of_another_name_is_compared_is_said(d, day, server):
    old = d.batches.run("parity", TASKS, ["small", "large"], run_id="monday").wait(60)
    server.agent("odd", llms=["tiny"])(lambda prompt: "yes")
    new = d.batches.run("odd", TASKS, ["tiny"], run_id="tuesday").wait(60)
    for batch in (old, new):
        batch.score("right", right)
    compared = dari.compare_batches(old, new)
    way = 'compare_batches(…, baseline="small")'
    assert f"tuesday · tiny is like no column of monday: {way} compares it" in str(compared)
    assert way in unescape(compared.view().head)
    with pytest.raises(InvalidRequestError, match="are not compared") as refused:
        compared.differences()
    assert way in str(refused.value)
    compared = dari.compare_batches(old, new, baseline="small")
    told = compared.differences().set_index("column").loc["tuesday · tiny"]
    assert (told["baseline"], told["tasks"]) == ("monday · small", 8)
    assert "is like no column" not in str(compared)


@pytest.mark.parametrize(("old_llms", "old"), [(["small"], "small"), (None, "default")])
def test_one_llm_is_compared_with_another_only_where_it_is_chosen_and_both_are_named(
    d, day, old_llms, old
):
    old_batch = d.batches.run("parity", TASKS, old_llms, run_id="monday").wait(60)
    new = d.batches.run("parity", TASKS, ["large"], run_id="tuesday").wait(60)
    for batch in (old_batch, new):
        batch.score("right", right)
    compared = dari.compare_batches(old_batch, new)
    assert [column.label for column in compared.columns] == [f"monday · {old}", "tuesday · large"]
    way = f'compare_batches(…, baseline="{old}")'
    assert f"tuesday · large is like no column of monday: {way} compares it" in str(compared)
    assert "Nothing is compared with monday on “right”." in str(compared)
    with pytest.raises(InvalidRequestError, match=f'baseline="{old}"'):
        compared.differences()
    chosen = dari.compare_batches(old_batch, new, baseline=old)
    assert f"on “right”: tuesday · large against monday · {old}." in str(chosen)
    [told] = chosen.differences().to_dict("records")
    assert (told["column"], told["baseline"]) == ("tuesday · large", f"monday · {old}")


@pytest.mark.parametrize(
    ("wanted", "baseline"),
    [
        ("small", "monday · small @ v1"),
        ("small @ v1", "monday · small @ v1"),
        ("monday · small @ v1", "monday · small @ v1"),
        ("tuesday · large @ v2", "tuesday · large @ v2"),
        ("v1", "monday"),
        (1, "monday"),
        ("monday", "monday"),
    ],
)
def test_an_llm_or_a_version_is_a_baseline_also_when_versions_differ(d, server, wanted, baseline):
    Day(server)
    llms = ["small", "large"]
    old = d.batches.run("parity", TASKS, llms, run_id="monday").wait(60)

    @server.agent("parity", llms=llms)
    def parity(prompt, turn):
        return "yes"

    new = d.batches.run("parity", TASKS, llms, run_id="tuesday").wait(60)
    for batch in (old, new):
        batch.score("right", right)
    compared = dari.compare_batches(old, new, baseline=wanted)
    labels = {column.id: column.label for column in compared._snapshot().columns}
    assert labels.get(compared.baseline, compared.baseline) == baseline
    assert set(compared.differences()["baseline"]) <= {baseline, *labels.values()}
    by_view = dari.compare_batches(old, new).view(baseline=wanted)
    assert by_view.baseline == compared.baseline
    for none in ("v2", 2, "v7", "huge"):
        with pytest.raises(InvalidRequestError, match="There is no column"):
            dari.compare_batches(old, new, baseline=none)


def test_a_further_llm_of_the_newer_day_is_not_counted_among_what_has_changed(d, day):
    day.wrong = {"small": set(), "large": set(range(8))}
    old = d.batches.run("parity", TASKS, ["small"], run_id="monday").wait(60)
    new = d.batches.run("parity", TASKS, ["small", "large"], run_id="tuesday").wait(60)
    for batch in (old, new):
        batch.score("right", right)
    compared = dari.compare_batches(old, new)
    assert "Of 8 tasks, 0 are worse, 0 better, 8 alike against monday on “right”." in str(compared)
    assert "tuesday · large is like no column of monday" in str(compared)
    assert compared.differences()["column"].tolist() == ["tuesday · small"]


def test_that_a_run_is_compared_with_itself_is_said(d, day):
    old = d.batches.run("parity", TASKS[:4], ["small"], run_id="monday").wait(60)
    old.score("right", right)
    itself = (
        "where an answer is compared with itself nothing can differ, whatever the interval; "
        "compare another run"
    )
    for again in (old, d.batches["monday"]):
        compared = dari.compare_batches(old, again)
        assert compared.notes == [f"monday (2) is the same run as monday: {itself}"]
        assert compared.notes[0] in str(compared)
        assert compared.notes[0] in unescape(compared.view().head)
    more = d.batches.run("parity", TASKS[:4], ["small"], repeats=2, run_id="monday").wait(60)
    [said] = dari.compare_batches(old, more).notes
    assert said == f"monday (2) has 4 answers in common with monday: {itself}"
    new = d.batches.run("parity", TASKS[:4], ["small"], run_id="tuesday").wait(60)
    assert dari.compare_batches(old, new).notes == []


def test_tasks_that_white_space_alone_tells_apart_are_told_as_that(d, day):
    spaced = [{**TASKS[0], "prompt": "Is 0  odd?\n"}, {**TASKS[1], "prompt": " Is 1 odd?"}]
    old = d.batches.run("parity", TASKS[:5], ["small"], run_id="monday").wait(60)
    new = d.batches.run("parity", [*spaced, *TASKS[3:7]], ["small"], run_id="tuesday").wait(60)
    near = ", which differ from those elsewhere by white space alone: “Is 0 odd?” (expected no), "
    odd = "“Is 1 odd?” (expected yes)"
    assert dari.compare_batches(old, new).notes == [
        f"2 tasks only in monday{near}{odd}",
        "1 task only in monday: “Is 2 odd?”",
        f"2 tasks only in tuesday{near}{odd}",
        "2 tasks only in tuesday: “Is 5 odd?”, “Is 6 odd?”",
    ]
    other = d.batches.run("parity", spaced, ["small"], run_id="friday").wait(60)
    with pytest.raises(InvalidRequestError, match="differ by white space alone: give these one"):
        dari.compare_batches(old, other)
    expects = [{**spaced[0], "expected": "who knows"}, TASKS[1]]
    last = d.batches.run("parity", expects, ["small"], run_id="sunday").wait(60)
    assert "white space" not in str(dari.compare_batches(old, last).notes)


@pytest.fixture
def two(d, day):
    day.wrong = {"small": {1, 2}}
    return [
        d.batches.run("parity", TASKS, ["small"], run_id=name).wait(60)
        for name in ("monday", "tuesday")
    ]


@pytest.mark.parametrize(
    ("scales", "told"),
    [
        ([(1, 5), (0, 10)], ["a scale of 1 to 5 in monday", "a scale of 0 to 10 in tuesday"]),
        ([(0, 1), (1, 5)], ["yes or no in monday", "a scale of 1 to 5 in tuesday"]),
    ],
)
def test_what_was_judged_on_unlike_scales_is_not_compared(d, two, server, scales, told):
    server.agent("judge")(lambda prompt: '{"score": 1, "reason": "Why not."}')
    for batch, scale in zip(two, scales, strict=True):
        batch.judge("kind", rubric="Is it kind?", scale=scale)
    why = f"“judge.kind” is not compared: {', '.join(told)}. Give it in one way in all of them."
    compared = dari.compare_batches(d.batches["monday"], d.batches["tuesday"])
    assert why in str(compared)
    assert "are worse" not in str(compared)
    with pytest.raises(InvalidRequestError, match=re.escape(why[:-1])):
        compared.differences()
    for batch in two:
        batch.score("right", right)
    compared = dari.compare_batches(*two)
    assert "against monday on “right”" in str(compared)
    assert why in str(compared)
    with pytest.raises(InvalidRequestError, match=re.escape(why[:-1])):
        compared.view(score="judge.kind")
    two[0].judge("kind", rubric="Is it kind?", scale=scales[1])
    assert dari.compare_batches(*two).differences("judge.kind")["alike"].tolist() == [8]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (lambda t: 1 + len(t.text), right, ["numbers from 3 to 4", "yes or no"]),
        (right, lambda t: len(t.text) / 4, ["yes or no", "numbers from 0.5 to 0.75"]),
        (lambda t: "good", right, ["words", "yes or no"]),
        (lambda t: 2, lambda t: "good", ["2 everywhere", "words"]),
    ],
)
def test_scores_of_unlike_kinds_are_not_compared(two, old, new, told):
    for batch, function in zip(two, (old, new), strict=True):
        batch.score("q", function)
    why = f"“q” is not compared: {told[0]} in monday, {told[1]} in tuesday. Give it in one way"
    compared = dari.compare_batches(*two)
    assert why in str(compared)
    assert "has no mean" not in compared.view().against
    with pytest.raises(InvalidRequestError, match=re.escape(why)):
        compared.differences("q")


@pytest.mark.parametrize(
    ("old", "new", "is_doubtful"),
    [
        (lambda t: len(t.text), right_as_number, True),
        (lambda t: len(t.text) / 4, lambda t: 25 * len(t.text), True),
        (right_as_number, lambda t: 3 * right(t), False),
        (right_as_number, right, False),
    ],
)
def test_that_numbers_may_be_on_unlike_scales_is_said(two, old, new, is_doubtful):
    for batch, function in zip(two, (old, new), strict=True):
        batch.score("q", function)
    said = str(dari.compare_batches(*two))
    assert "against monday on “q”" in said
    assert ("this says nothing unless both are on one scale: numbers from" in said) is is_doubtful


def test_batches_are_called_by_the_names_they_were_given_or_else_by_their_days(d, day, monkeypatch):
    monkeypatch.setattr(
        "dari_nb.resources.batches.matching.day_of", lambda batch, _: f"Nov {len(batch.tasks)}"
    )
    for names, told in ((("old", "new"), ["old", "new"]), ((None, None), ["Nov 4", "Nov 8"])):
        runs = [
            d.batches.run("parity", tasks, ["small"], run_id=name).wait(60)
            for tasks, name in zip((TASKS[:4], TASKS), names, strict=True)
        ]
        compared = dari.compare_batches(*runs)
        assert [column.label for column in compared.columns] == [f"{t} · small" for t in told]


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (["Nov 4", "Nov 8"], ["Nov 4", "Nov 8"]),
        (["Nov 4", "Nov 4"], ["Nov 4", "Nov 4 (2)"]),
    ],
)
def test_batches_that_are_run_again_are_called_by_their_days(d, day, monkeypatch, days, told):
    runs = [d.batches.run("parity", TASKS[:2], ["small"], new_run=True).wait(60) for _ in days]
    of_run = dict(zip([batch.run_id for batch in runs], days, strict=True))
    monkeypatch.setattr(
        "dari_nb.resources.batches.matching.day_of", lambda batch, _: of_run[batch.run_id]
    )
    compared = dari.compare_batches(*runs)
    assert [column.label for column in compared.columns] == [f"{name} · small" for name in told]


def test_a_batch_beside_itself_is_called_by_its_day_and_its_number(d, day):
    batch = d.batches.run("parity", TASKS[:2], ["small"]).wait(60)
    one, two = (column.label for column in dari.compare_batches(batch, batch).columns)
    assert two == one.replace(" · ", " (2) · ")
    assert "run_" not in one
    named = d.batches.run("parity", TASKS[:2], ["small"], run_id="monday").wait(60)
    one, two = (column.label for column in dari.compare_batches(named, named).columns)
    assert (one, two) == ("monday · small", "monday (2) · small")


@pytest.mark.parametrize(
    ("then", "rows"),
    [("ba", [1, 0]), ("bc", [1, 2]), ("cb", [2, 1]), ("b", [1]), ("abc", [0, 1, 2])],
)
def test_tasks_of_the_same_words_meet_by_all_that_is_known_of_them(d, server, then, rows):
    server.agent("echo-3")(lambda prompt, turn: turn.metadata["ideal"])
    runs = [
        d.batches.run("echo-3", [{"prompt": "q", "ideal": i} for i in ideals], run_id=name).wait(60)
        for name, ideals in (("one", "ab"), ("two", then))
    ]
    frame = dari.compare_batches(*runs).to_frame()
    of_two = frame[frame["run_id"] == "two"]
    assert dict(zip(of_two["text"], of_two["task_index"], strict=True)) == dict(
        zip(then, rows, strict=True)
    )


def test_tasks_that_begin_alike_are_shown_where_they_differ(d, day):
    begins = "The whole site is down for all customers"
    long = "Cannot log in since the password was reset by somebody"
    shared = [{"prompt": "Is 1 odd?", "expected": "yes"}]
    old = [begins, long, {"prompt": "Late", "expected": "high"}]
    new = [f"{begins} since noon", {"prompt": "Late", "expected": "low"}]

    @d.server.agent("echo-2")
    def echo(prompt):
        return prompt

    runs = [
        d.batches.run("echo-2", [*shared, *tasks], run_id=name).wait(60)
        for name, tasks in (("one", old), ("two", new))
    ]
    one, two = dari.compare_batches(*runs).notes
    told = "“…down for all customers”, “Cannot log in since the password was res…”"
    assert one == f"3 tasks only in one: {told}, “Late” (expected high)"
    told = "“…down for all customers since noon”, “Late” (expected low)"
    assert two == f"2 tasks only in two: {told}"


def test_a_session_that_batches_share_is_paid_for_once(d, server):
    @server.agent("paid")
    def paid(prompt):
        yield Usage(Decimal("0.10"))
        yield "Done."

    old = d.batches.run("paid", ["one", "two"], run_id="shared").wait(60)
    new = d.batches.run("paid", ["one", "two"], repeats=2, run_id="shared").wait(60)
    for batch in (old, new):
        while batch.to_frame()["cost_usd"].isna().any():
            batch.refresh()
    for batches, cost in (((old, old), "$0.20"), ((old, new), "$0.40"), ((old, new, old), "$0.40")):
        compared = dari.compare_batches(*batches)
        assert cost in str(compared).splitlines()[0].split(" · ")
        assert f"${dari.costs_frame(compared)['cost_usd'].sum():.2f}" == cost


def test_one_task_in_common_has_no_interval_and_no_level(d, server):
    @server.agent("tried", llms=["a", "b"])
    def tried(prompt, turn):
        return f"{prompt} {turn.llm_id}"

    runs = {"old": ["one", "two"], "new": ["one", "three"]}
    batches = [
        d.batches.run("tried", tasks, ["a", "b"], run_id=name).wait(60)
        for name, tasks in runs.items()
    ]
    for batch in batches:
        batch.score("right", lambda turn: turn.text == "one a")
    said = str(dari.compare_batches(*batches))
    assert "no interval can be given; paired by task)" in said
    assert "hold together" not in said


def test_intervals_are_as_wide_as_the_comparisons_that_are_shown_take(days):
    first, *others = days.columns
    compared = dari.compare_batches(*[run.batch for run in days._runs], baseline="small")
    told = compared.differences()
    assert told["column"].tolist() == [column.label for column in others]
    assert told["baseline"].unique().tolist() == [first.label]
    assert told["level"].tolist() == pytest.approx([1 - 0.05 / 3] * 3)
    assert "at 98.33 %, so that all 3 comparisons hold together at 95 %" in str(compared)
    assert "at 97.5 %, so that both comparisons hold together at 95 %" in str(days)
