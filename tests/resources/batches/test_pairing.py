"""Tasks of several batches meet where they are the same, never where anything tells them apart."""

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError

FILES = "Summarise the file."


@pytest.fixture
def made(d, server):
    """Make batches of an agent that answers with what it knows of a task beside its text."""

    @server.agent("knowing")
    def knowing(prompt, turn):
        known = (turn.metadata.get(name) for name in ("id", "lang", "seed"))
        return " ".join([prompt, *filter(None, known)])

    def make(tasks, name):
        rows = [{"prompt": prompt, **about} for prompt, about in tasks]
        return d.batches.run("knowing", rows, run_id=name).wait(60)

    return make


def rows_of(compared):
    """Say for each batch in which row each of its answers stands."""
    frame = compared.to_frame()
    return [
        dict(zip(of["text"], of["task_index"], strict=True))
        for _, of in frame.groupby("run_id", sort=False)
    ]


def test_tasks_of_one_text_meet_by_their_ids(d, server):
    server.agent("a")(lambda prompt, turn: turn.metadata["id"])

    def run(ids, day):
        tasks = [{"prompt": FILES, "metadata": {"id": str(n)}} for n in ids]
        batch = d.batches.run("a", tasks, run_id=day, metadata={"day": day}).wait(60)
        batch.score("ok", lambda turn: int(turn.text) < 6)
        return batch

    compared = dari.compare_batches(run(range(12), "mon"), run(range(6, 12), "tue"))
    assert compared.differences()["alike"].tolist() == [6]
    mon, tue = rows_of(compared)
    assert tue == {str(n): mon[str(n)] for n in range(6, 12)}
    assert [task.metadata["id"] for task in compared.only["mon"]] == list("012345")


def test_those_that_nothing_tells_apart_stand_alone_and_that_is_said(made):
    known = [("q", {"lang": "en"}), ("q", {"lang": "fr"}), ("other", {})]
    compared = dari.compare_batches(made(known, "one"), made([("q", {}), ("other", {})], "two"))
    assert rows_of(compared)[1] == {"q": 3, "other": 2}
    assert len(compared.notes) == 1


def test_tasks_of_one_text_with_other_ids_are_not_the_same(made):
    one, two = made([("q", {"id": "1"})], "one"), made([("q", {"id": "2"})], "two")
    with pytest.raises(InvalidRequestError):
        dari.compare_batches(one, two)
