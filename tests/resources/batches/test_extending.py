import pytest

from dari_nb.errors import InvalidRequestError, NotFoundError

from .test_running import sessions_of


def states(batch):
    return {cell.id: (cell.state, cell.attempts, cell.text) for cell in batch.cells}


def test_what_cannot_be_added_is_refused_and_leaves_the_batch_as_it_is(d, flaky):
    batch = d.batches.run("flaky", ["x"], ["a"], 2)
    for repeats in (0, 1):
        with pytest.raises(InvalidRequestError, match=f"from 2 to 1,000, not {repeats}"):
            batch.add(repeats=repeats)
    with pytest.raises(InvalidRequestError, match="no LLM option 'z'; it has: a, b"):
        batch.add(llms=["z"])
    assert len(batch) == 2


def test_retrying_twice_counts_attempts_and_keeps_the_older_ones(d, server):
    lucky = []

    @server.agent("hopeless")
    def hopeless(prompt, turn):
        if prompt in lucky:
            return "at last"
        raise RuntimeError(f"attempt {turn.metadata['attempt']}")

    batch = d.batches.run("hopeless", ["x", "y"]).wait(20)
    assert batch.retry_failed().wait(20).counts == {"failed": 2}
    lucky.append("x")
    assert batch.retry_failed().wait(20).counts == {"completed": 1, "failed": 1}
    good, bad = batch.cells
    assert [attempt.error for attempt in good.history] == [
        "RuntimeError: attempt 1",
        "RuntimeError: attempt 2",
        None,
    ]
    assert (good.text, good.attempts, bad.attempts) == ("at last", 3, 3)
    assert batch.retry_failed().wait(20).started == 1
    lucky.append("y")
    assert batch.retry_failed().wait(20).counts == {"completed": 2}
    with pytest.raises(InvalidRequestError, match="has failed: nothing was sent"):
        batch.retry_failed()


def test_what_failed_again_in_another_kernel_is_sent_again(d, again, server):
    asked = []

    @server.agent("moody")
    def moody(prompt):
        asked.append(prompt)
        if prompt == "bad" and len(asked) < 4:
            raise RuntimeError("Not today.")
        return "Fine."

    here = d.batches.run("moody", ["good", "bad"]).wait(20)
    there = again().batches.recover(here.run_id).wait(20)
    assert there.retry_failed().wait(20).counts == {"completed": 1, "failed": 1}
    assert here.retry_failed().wait(20).started == 1
    assert here.counts == {"completed": 2}
    assert asked == ["good", "bad", "bad", "bad"]
    assert [attempt.number for attempt in here.cells[1].history] == [1, 2, 3]


def test_a_run_is_recovered_with_retries_and_additions(d, again, flaky):
    flaky.fails = lambda task_index, llm, repeat: (task_index, llm) == ("1", "a")
    tasks = [{"prompt": "x", "metadata": {"level": 1}}, "y"]
    batch = d.batches.run("flaky", tasks, ["a"], run_id="my run").wait(20).retry_failed()
    batch.add(llms=["b"], tasks=["z"]).wait(20)

    found = again().batches.recover("my run").wait(20)
    assert states(found) == states(batch)
    assert [(t.text, t.metadata) for t in found.tasks] == [
        ("x", {"level": "1"}),
        ("y", {}),
        ("z", {}),
    ]
    assert [attempt.state for attempt in found[1, "a"].history] == ["failed", "completed"]
    assert found.add(llms=["c"]).wait(20).started == 3
    assert [cell.text for cell in found.cells if cell.llm == "c"] == ["x by c", "y by c", "z by c"]
    # The cell itself still finds all of it.
    assert d.batches.run("flaky", tasks, ["a", "b", "c"], run_id="my run").started == 0
    assert len(sessions_of(d, "my run")) == 10


def test_a_run_is_found_by_each_of_its_api_batches(d, again, flaky):
    batch = d.batches.run("flaky", ["x", [{"type": "file", "file_id": "file_no"}]], ["a"]).wait(20)
    found = again().batches.get(batch.cells[0].batch_id).wait(20)
    assert found.run_id == batch.run_id
    assert states(found) == states(batch)
    assert found[1, "a"].error == batch[1, "a"].error


def test_what_is_not_there_cannot_be_recovered(d):
    with pytest.raises(NotFoundError, match="the run 'nothing'"):
        d.batches.recover("nothing")
    with pytest.raises(NotFoundError):
        d.batches.get("batch_nothing")


def test_runs_are_listed(d, flaky):
    d.batches.run("flaky", ["x", "y"], ["a", "b"], run_id="first").wait(20)
    d.batches.run("echo", ["x"], run_id="second").wait(20)
    d.agents.get("echo").send("no batch").wait(20)
    runs = d.batches.list()
    assert [(run.run_id, run.agent_name, run.sessions) for run in runs] == [
        ("second", "echo", 1),
        ("first", "flaky", 4),
    ]
    assert "second" in repr(runs[0])
    assert "first" in runs.to_mimebundle()["text/plain"]
