"""Versions of an agent beside each other: one name for each column, and none taken for another."""

import pytest

from dari_nb.errors import InvalidRequestError, NoCellError
from dari_nb.scores import calibrated

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


@pytest.mark.parametrize("llms", [["small", "large"]])
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
