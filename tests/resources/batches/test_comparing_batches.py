"""Batches of different days beside each other: what got worse, and how sure that is."""

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
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
    first = [row.label for row in view._sifted().rows[:4]]
    assert first == ["Is 0 odd?", "Is 2 odd?", "Is 4 odd?", "Is 1 odd?"]
    changes = days.changes()
    assert changes["change"].tolist()[:4] == ["worse", "worse", "worse", "better"]
    assert changes.iloc[0][["before", "after"]].tolist() == [1.0, 0.0]
    view.where = 'change = worse column = "tuesday · large"'
    assert [cell.text for cell in days.selection] == ["yes", "yes", "yes"]


def test_ratings_go_to_the_batch_that_a_cell_is_of(d, day):
    old = d.batches.run("parity", TASKS[:2], ["small"], run_id="monday").wait(60)
    new = d.batches.run("parity", TASKS[:2], ["small"], run_id="tuesday").wait(60)
    compared = dari.compare_batches(old, new)
    compared.rate((1, "tuesday · small"), "rating", 2)
    assert new[1, "small"].scores == {"rating": 2}
    assert old[1, "small"].scores == {}
    assert compared[1, "tuesday · small"].scores == {"rating": 2}
    assert compared.compare("monday · small", "tuesday · small", task=0).first_divergence is None
    compared.score("long", lambda turn: "1" in turn.prompt)
    for batch in (old, new):
        assert [cell.scores["long"] for cell in batch.cells] == [False, True]


def test_tasks_are_the_same_by_their_id_where_their_words_have_changed(d, day):
    old = d.batches.run("parity", [{"prompt": "Is 1 odd?", "id": "a"}], ["small"]).wait(60)
    new = d.batches.run("parity", [{"prompt": "Is 1 odd today?", "id": "a"}], ["small"]).wait(60)
    compared = dari.compare_batches(old, new)
    assert len(compared.tasks) == 1
    assert compared.to_frame()["task"].tolist() == ["Is 1 odd?", "Is 1 odd today?"]
    assert len(compared.notes) == 1


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


@pytest.mark.parametrize(
    ("wanted", "baseline"),
    [
        ("small @ v1", "monday · small @ v1"),
        ("tuesday · large @ v2", "tuesday · large @ v2"),
        ("v1", "monday"),
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


@pytest.fixture
def two(d, day):
    day.wrong = {"small": {1, 2}}
    return [
        d.batches.run("parity", TASKS, ["small"], run_id=name).wait(60)
        for name in ("monday", "tuesday")
    ]


def test_what_was_judged_on_unlike_scales_is_not_compared(d, two, server):
    scales = [(1, 5), (0, 10)]
    server.agent("judge")(lambda prompt: '{"score": 1, "reason": "Why not."}')
    for batch, scale in zip(two, scales, strict=True):
        batch.judge("kind", rubric="Is it kind?", scale=scale)
    compared = dari.compare_batches(d.batches["monday"], d.batches["tuesday"])
    for refused in (compared.differences, lambda: compared.view(score="judge.kind")):
        with pytest.raises(InvalidRequestError, match="is not compared"):
            refused()
    two[0].judge("kind", rubric="Is it kind?", scale=scales[1])
    assert dari.compare_batches(*two).differences("judge.kind")["alike"].tolist() == [8]


@pytest.mark.parametrize(
    ("old", "new"),
    [(lambda t: 1 + len(t.text), right), (lambda t: 2, lambda t: "good")],
)
def test_scores_of_unlike_kinds_are_not_compared(two, old, new):
    for batch, function in zip(two, (old, new), strict=True):
        batch.score("q", function)
    with pytest.raises(InvalidRequestError, match="is not compared"):
        dari.compare_batches(*two).differences("q")


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
