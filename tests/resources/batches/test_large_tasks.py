"""Tasks are sent in as many API batches as a server takes, however large they are."""

import tracemalloc

import pytest

from dari_nb.errors import InvalidRequestError

MEGABYTE = 1_000_000


@pytest.fixture
def lengths(server):
    @server.agent("length", llms=["a", "b"])
    def length(prompt):
        return str(len(prompt))


@pytest.mark.parametrize("most", [None, 1 << 30], ids=["known before", "refused first"])
def test_what_is_too_large_at_once_goes_in_parts(d, lengths, again, monkeypatch, most):
    if most is not None:
        monkeypatch.setattr("dari_nb.resources.batches.sending.chunks.MOST_BYTES", most)
    tasks = [f"{n}".ljust(3 * MEGABYTE) for n in range(6)]
    batch = d.batches.run("length", tasks, ["a", "b"], run_id="large").wait(100)
    assert batch.counts == {"completed": 12}
    assert batch.outcome == "large: 12 sessions started"
    found = again().batches.run("length", tasks, ["a", "b"], run_id="large")
    assert (found.started, found.found) == (0, 12)


def test_sending_many_tells_how_many_are_sent(d, lengths, monkeypatch, capsys):
    monkeypatch.setattr("dari_nb.resources.connection.progress.PATIENCE", 0)
    monkeypatch.setattr("dari_nb.resources.connection.progress._LOG_PAUSE", 0)
    monkeypatch.setattr("dari_nb.resources.batches.sending.chunks.MOST_BYTES", 1)
    d.batches.run("length", [f"Task {n}" for n in range(6)], ["a", "b"], repeats=2)
    told = [line for line in capsys.readouterr().err.splitlines() if "sessions sent" in line]
    assert told[-1] == "24 of 24 sessions sent"
    counts = [int(line.split()[0]) for line in told]
    assert counts == sorted(counts)


def test_a_task_that_no_server_takes_is_named(d, lengths):
    batch = d.batches.run("length", ["x", "y" * 40 * MEGABYTE, "z"]).wait(60)
    assert batch.counts == {"completed": 2, "failed": 1}
    assert batch[1, None].error.startswith("Not sent: tasks[1] has 40 MB, more than is taken: ")
    with pytest.raises(InvalidRequestError, match=r"tasks\[0\] has 40 MB, more than is taken"):
        d.batches.run("length", ["y" * 40 * MEGABYTE])


def test_a_matrix_of_long_answers_is_told_without_reading_through_them(d, server, folder):
    @server.agent("long", llms=["a", "b"])
    def long(prompt, turn):
        start, end = (prompt, "") if prompt != "end" else ("", turn.llm_id)
        return f"{start} {turn.llm_id if start else ''} {'many words ' * 400_000}{end}"

    batch = d.batches.run("long", ["x", "y", "end"], ["a", "b"], repeats=2).wait(100)
    looks = [lambda: str(batch), batch.to_mimebundle, batch.view]
    for look in looks:
        look()
        tracemalloc.start()
        try:
            look()
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most < MEGABYTE
    assert "the answers differ on 3 of 3 tasks" in str(batch)
