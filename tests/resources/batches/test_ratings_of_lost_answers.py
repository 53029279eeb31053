"""A rating of an answer that is gone is told, counts for nothing, and is in no one's way."""

import contextlib

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari
from dari_nb.resources import Dari


@pytest.fixture
def after_a_restart(folder):
    """Run the same tasks with a local Dari in memory, as each of two kernels would."""
    with contextlib.ExitStack() as stack:

        def run():
            server = stack.enter_context(LocalDari())
            d = stack.enter_context(Dari(server.url, server.api_key, server))
            return d.batches.run("echo", ["x", "y"], run_id="mine").wait(20)

        yield run


def test_it_is_told_how_many_there_are(after_a_restart):
    batch = after_a_restart()
    for place in (0, 1):
        batch.rate(place, "quality", 3)
    assert "that are gone" not in str(batch)
    again = after_a_restart()
    told = "2 ratings in dari-scores.jsonl are of answers that are gone"
    assert all(told in form for form in again.to_mimebundle().values())
    assert 'connect("local", path=…)' in str(again)
    assert again[0, None].scores == {}


def test_its_name_takes_any_value(after_a_restart):
    after_a_restart().rate(0, "quality", "good")
    batch = after_a_restart()
    batch.rate(0, "quality", 4)
    batch.rate(1, "quality", 2)
    assert batch.to_frame()["score.quality"].tolist() == [4, 2]
    with pytest.raises(InvalidRequestError, match="holds values such as 4"):
        batch.rate(1, "quality", "good")


def test_a_function_may_score_by_its_name(after_a_restart):
    after_a_restart().rate(0, "quality", "good")
    assert len(after_a_restart().score("quality", lambda turn: True)) == 2
