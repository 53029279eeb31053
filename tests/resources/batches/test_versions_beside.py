"""Versions of an agent beside each other: one name for each column, and none taken for another."""

from itertools import combinations

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError, NoCellError
from dari_nb.scores import calibrated, pass_rates, summary, win_rates

TIMES = "\N{MULTIPLICATION SIGN}"
TASKS = [f"Task {n}" for n in range(8)]


@pytest.fixture
def versions(d, server):
    """Three versions of an agent, by their numbers."""
    for number in (1, 2, 3):
        server.agent("triage", llms=["small", "large"], description=f"v{number}")(
            lambda prompt: prompt
        )
    listed = d.agents["triage"].versions()
    return {version.number: version.id for version in listed}


@pytest.fixture
def run(d, versions):
    """Run versions on the tasks, each wrong on as many of them as is said of its column."""

    def run(numbers, llms=("small",), wrong=None, tasks=TASKS, **options):
        batch = d.batches.run("triage", tasks, llms, versions=list(numbers), **options).wait(60)
        short = {version: f"v{number}" for number, version in versions.items()}

        def is_right(turn):
            about = turn.session.metadata
            name = f"{about['llm_id']} @ {short[about['version_id']]}"
            return int(turn.text.split()[1]) >= (wrong or {}).get(name, 0)

        batch.score("exact", is_right)
        return batch

    return run


def test_a_column_has_one_name_which_is_printed_and_taken_everywhere(run, versions, server):
    batch = run([1, 2], ["small", "large"], {"small @ v1": 3})
    names = ["small @ v1", "large @ v1", "small @ v2", "large @ v2"]
    server.agent("referee")(lambda prompt: '{"better": "tie"}')
    server.agent("critic")(lambda prompt: '{"score": 4, "reason": "Why not."}')
    assert list(batch.plan().cost_per_item) == names
    assert batch.summary("exact")["llm_id"].tolist() == names
    assert str(batch.score("exact", lambda turn: True)).startswith("exact: small @ v1 8 of 8, ")
    judged = batch.judge("kind", "critic", rubric="Is it kind?")
    assert "small @ v1 mean 4" in str(judged)
    duels = batch.judge_pairs("kind", "referee", rubric="?", one="small @ v1", other="large @ v2")
    assert str(duels).startswith("small @ v1 better 0 times; large @ v2 better 0 times")
    batch.rate(batch.cells[0], "rating", 3)
    with pytest.raises(InvalidRequestError, match="'small @ v1' has 1 rating"):
        calibrated(batch, "judge.kind")
    long = f"small @ {versions[1]}"
    for name in ("small @ v1", long):
        assert batch[3, name].version == versions[1]
        assert len(batch.compare(name, "small @ v2", task=0).cells) == 2
        batch.rate((0, name), "quality", 4)
        assert batch.view(baseline=name).baseline == long
    assert batch[0, "small @ v1"].scores["quality"] == 4
    assert "0 · small @ v1" in str(batch.compare((0, "small @ v1"), (0, "small @ v2")))
    assert all(version not in f"{batch}{judged}{batch.plan()}" for version in versions.values())


@pytest.mark.parametrize("llms", [["small"], ["small", "large"]])
def test_every_table_of_scores_and_every_chart_has_versions_as_columns(run, versions, llms):
    batch = run([1, 2], llms, {"small @ v1": 6, "large @ v2": 2}, repeats=3)
    names = [f"{llm} @ v{n}" if llms[1:] else f"v{n}" for n in (1, 2) for llm in llms]
    ids = [f"{llm} @ {versions[n]}" if llms[1:] else versions[n] for n in (1, 2) for llm in llms]
    for given, columns in ((batch, names), (batch.to_frame(), ids)):
        assert summary(given, "exact")["llm_id"].tolist() == columns
        assert summary(given, "exact")["mean"].tolist() == batch.summary("exact")["mean"].tolist()
        tried = pass_rates(given, "exact").set_index(["llm_id", "k"])["pass_at_k"]
        assert list(tried.index) == [(name, k) for name in columns for k in (1, 2, 3)]
        assert tried[columns[0], 3] == pytest.approx(2 / 8)
        pairs = win_rates(given, "exact")[["llm_id", "other"]].to_numpy().tolist()
        assert pairs == [list(pair) for pair in combinations(columns, 2)]
        chart = dari.plot_scores(given, "exact").to_dict()
        [drawn] = chart["datasets"].values()
        assert [row["llm_id"] for row in drawn] == columns
        [dots] = dari.plot_latency(given).to_dict()["datasets"].values()
        assert {row["llm_id"] for row in dots} == set(columns)
    assert summary(batch, "exact", by="llm_id")["llm_id"].tolist() == llms


@pytest.mark.parametrize("llms", [["small"], ["small", "large"]])
def test_a_place_that_several_versions_have_is_refused_with_their_names(run, llms):
    batch = run([1, 2], llms)
    both = "small @ v1, small @ v2" if llms[1:] else "v1, v2"
    for use in (
        lambda: batch[3, "small"],
        lambda: batch.rate((3, "small"), "rating", 4),
        lambda: batch.compare((3, "small"), (3, "small")),
    ):
        with pytest.raises(NoCellError, match=f"is 2 cells: say which column.*there is: {both}"):
            use()
    with pytest.raises(InvalidRequestError, match=f"no column 'big'. There is: {both[:2]}"):
        batch.compare("big", "small", task=0)
    for use in (
        lambda: batch.compare("small", "large", task=0),
        lambda: batch.view(baseline="small"),
        lambda: batch.view(where='column = "small"'),
    ):
        with pytest.raises(InvalidRequestError, match=f"(?i)no column .*there is:? {both[:2]}"):
            use()


def test_a_batch_of_two_versions_is_wholly_alike_to_itself(run):
    batch = run([1, 2], ["small", "large"], {"small @ v1": 5, "large @ v2": 2})
    compared = dari.compare_batches(batch, batch)
    said = f"Of 8 tasks {TIMES} 4 columns, 0 are worse, 0 better, 32 alike against "
    assert said in str(compared)
    told = compared.differences()
    assert told[["regressions", "improvements", "difference"]].sum().tolist() == [0, 0, 0]
    assert [name.partition(" · ")[2] for name in told["column"]] == [
        name.partition(" · ")[2] for name in told["baseline"]
    ]
    assert "not compared" not in str(compared)
    assert "ver_" not in str(compared)


def test_a_new_version_is_compared_with_the_one_of_two_that_is_chosen(run, versions):
    old = run([1, 2], ["small", "large"], {"small @ v1": 4}, run_id="monday")
    new = run([3], ["small", "large"], {"small @ v3": 2}, run_id="tuesday")
    both = "choose “monday @ v1” or “monday @ v2” as the baseline."
    compared = dari.compare_batches(old, new)
    ones = "tuesday · small @ v3 and tuesday · large @ v3 are not compared"
    assert f"{ones}, since there is more than one version: {both}" in str(compared)
    assert "Nothing is compared with monday on “exact”." in str(compared)
    assert " against monday" not in str(compared)
    with pytest.raises(InvalidRequestError, match=r'choose “monday @ v1” .*baseline="v1"'):
        compared.differences()
    for chosen, number, counts in (
        ("v1", "v1", (0, 2)),
        (versions[1], "v1", (0, 2)),
        (2, "v2", (2, 0)),
    ):
        compared = dari.compare_batches(old, new, baseline=chosen)
        assert compared.baseline == f"monday @ {number}"
        assert f"tuesday · small @ v3 against monday · small @ {number}" in str(compared)
        left = "v1" if number == "v2" else "v2"
        assert f"monday · small @ {left} and monday · large @ {left} are not" in str(compared)
        told = compared.differences().iloc[0]
        assert (told["regressions"], told["improvements"]) == counts
        assert (told["column"], told["baseline"]) == (
            "tuesday · small @ v3",
            f"monday · small @ {number}",
        )
        assert dari.compare_batches(old, new).view(baseline=f"monday @ {number}").against
    with pytest.raises(InvalidRequestError, match=r"no column 'v7' .*monday, monday @ v1, "):
        dari.compare_batches(old, new, baseline="v7")
    for asked, meant in (("small", "monday · small @ v1"), ("mondey @ v1", "monday @ v1")):
        with pytest.raises(InvalidRequestError, match=rf"\(did you mean '{meant}'\?\); there is"):
            dari.compare_batches(old, new, baseline=asked)


def test_the_same_version_comes_first_and_the_only_one_is_named(run):
    old = run([1, 2], ["small"], {"small @ v1": 4}, run_id="monday")
    same = run([2], ["small"], run_id="tuesday")
    assert "tuesday · small @ v2 is not" not in str(dari.compare_batches(old, same))
    told = dari.compare_batches(old, same).differences()
    assert told["baseline"].tolist() == ["monday · small @ v2"]
    assert "monday · small @ v1 is not compared." in str(dari.compare_batches(old, same))
    only = dari.compare_batches(same, run([3], ["small"], {"small @ v3": 3}, run_id="friday"))
    assert "friday · small @ v3 against tuesday · small @ v2" in str(only)
    assert only.differences()["regressions"].tolist() == [3]


@pytest.mark.parametrize("llms", [["small"], ["small", "large"]])
def test_how_large_it_is_is_told_in_the_same_words_everywhere(run, llms):
    batch = run([1, 2], llms, tasks=TASKS[:2])
    size = f"2 tasks x {len(llms)} LLM{'s' if llms[1:] else ''} x 2 versions"
    assert size in repr(batch)
    assert size in str(batch).replace(TIMES, "x")
    assert size in repr(batch.plan())


def test_a_column_of_spaces_is_asked_for_by_the_words_that_were_said(run):
    batch = run([1, 2, 3], ["small", "large"], tasks=TASKS[:2])
    with pytest.raises(InvalidRequestError, match='quotation marks: column = "large @ v2"'):
        batch.view(where="column = large @ v2")
    with pytest.raises(InvalidRequestError, match="there is no column large; there is small @ v1"):
        batch.view(where="column = large @ v4")


def test_who_did_better_is_told_with_the_tasks_on_which_it_did(run):
    tasks = [f"Task {n}" for n in range(20)]
    wrong = {"small @ v1": 12, "large @ v1": 12, "large @ v2": 6}
    view = run([1, 2], ["small", "large"], wrong, tasks).view(baseline="small @ v1")
    counted = "<b>small @ v2</b> did better (better on 12 of 20 tasks, worse on 0)"
    assert counted in view.against
    assert "20 tasks do not settle which is better for <b>large @ v1</b>" in view.against
    view.baseline = view._matrix.columns[2].id
    counted = "<b>small @ v1</b> did worse (better on 0 of 20 tasks, worse on 12)"
    assert counted in view.against


def test_runs_of_one_task_are_told_apart_by_their_versions(run):
    told = str(run([1, 2], ["small"], repeats=2).trajectories(0))
    for label in ("v1 · repeat 0", "v1 · repeat 1", "v2 · repeat 0", "v2 · repeat 1"):
        assert label in told
    told = str(run([1, 2], ["small", "large"]).trajectories(0))
    for label in ("small @ v1", "large @ v1", "small @ v2", "large @ v2"):
        assert label in told


def test_what_is_refused_changes_nothing_of_how_often_each_version_is_asked(d, again, versions):
    old, new = versions[1], versions[2]
    d.batches.run("triage", ["x"], ["small"], versions=[old], repeats=2, run_id="mine").wait(20)
    d.batches.run("triage", ["x"], ["small"], versions=[new], run_id="mine").wait(20)
    found = again().batches.recover("mine").wait(20)
    assert len(found) == 3
    with pytest.raises(InvalidRequestError, match="costs of 3 turns have not come"):
        found.add(repeats=3, max_cost=0.01)
    assert found.add(tasks=["y"]).wait(20).started == 4
    assert len(found) == 7
