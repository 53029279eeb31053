"""Tasks are sent in as many API batches as a server takes, however large they are."""

import pytest

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
