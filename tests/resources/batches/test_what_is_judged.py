"""A score of which no interval can be told makes no other one less sure."""

import re

import pytest

LLMS = ["small", "large"]


@pytest.fixture
def batch(d, server):
    @server.agent("writer", llms=LLMS)
    def writer(prompt, turn):
        return f"{prompt} by {turn.llm_id}"

    batch = d.batches.run("writer", [f"q{n}" for n in range(16)], LLMS).wait(60)
    number = re.compile(r"q(\d+)")
    batch.score("right", lambda t: "large" in t.text or int(number.search(t.text)[1]) > 4)
    return batch


def same(text):
    """What is said up to which tasks lack the score, or are hidden."""
    return text.partition(" Their scores differ")[0]


def verdicts(batch):
    """What the matrix says, and what it says against one of its columns."""
    said = next(line for line in str(batch).splitlines() if "“right”" in line)
    return said, against(batch)


def against(batch):
    told = batch.view(score="right", baseline="small").against.partition("All columns")[0]
    return re.sub("<[^>]+>", "", told).replace("\N{NO-BREAK SPACE}", " ")


def test_one_rated_task_makes_nothing_less_sure(batch):
    before = verdicts(batch)
    assert "large did better than small on “right”" in before[0]
    assert "large did better" in before[1]
    planned = str(batch.plan())
    for llm in LLMS:
        batch.rate((0, llm), "rating", 4)
    assert [same(text) for text in verdicts(batch)] == [same(text) for text in before]
    assert str(batch.plan()) == planned


def test_numbers_that_are_the_same_everywhere_make_nothing_less_sure(batch):
    before = verdicts(batch)
    batch.score("size", lambda turn: 7)
    assert [same(text) for text in verdicts(batch)] == [same(text) for text in before]


def test_a_score_that_is_judged_beside_another_one_counts(batch):
    before = verdicts(batch)
    for task in range(2):
        for llm in LLMS:
            batch.rate((task, llm), "rating", 4 + (llm == "large") * task)
    said, of_baseline = verdicts(batch)
    assert "both comparisons hold together" in said
    assert of_baseline == before[1]


def test_a_column_that_shares_one_task_with_the_baseline_makes_no_other_less_sure(d, server):
    @server.agent("writer", llms=[*LLMS, "third"])
    def writer(prompt, turn):
        return f"{prompt} by {turn.llm_id}"

    def batch_of(llms):
        batch = d.batches.run("writer", [f"q{n}" for n in range(16)], llms, new_run=True).wait(60)
        for cell in batch.cells:
            is_good = cell.llm == "large" or cell.task_index > 4
            if cell.llm != "third" or not cell.task_index:
                batch.rate(cell, "right", is_good)
        return batch

    two, three = batch_of(LLMS), batch_of([*LLMS, "third"])
    interval = "95 % interval 0.05 to 0.54"
    assert interval in against(two)
    assert interval in against(three)
