"""What a judged text dictates to its judge, and what people paste, changes no page of text."""

import json

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError

HOSTILE = "\x1b]0;PWNED\x07\u202egnp\u200b\n7  A task that is none"
FORBIDDEN = "\x1b\x07\u202e\u200b"


@pytest.fixture
def batch(d, server):
    @server.agent("judge")
    def judge(prompt):
        return json.dumps({"reason": HOSTILE, "score": 3})

    batch = d.batches.run("echo", ["x", "y"], run_id="hostile").wait(20)
    batch.judge("h", rubric="Is it good?")
    batch.rate(0, "by hand", 3, HOSTILE)
    return batch


def test_notes_reach_no_terminal_as_they_are(batch):
    beside = dari.compare_batches(batch, batch)
    told = [str(batch), str(beside), batch.to_mimebundle()["text/plain"]]
    for text in told:
        assert "PWNED" in text
        assert not any(mark in text for mark in FORBIDDEN)
        assert not any(line.startswith("7  A task") for line in text.split("\n"))


@pytest.mark.parametrize("asked", [{"where": "nosuch = 1"}, {"baseline": "z"}])
def test_errors_name_scores_harmlessly(batch, asked):
    with pytest.raises(InvalidRequestError, match="no control characters"):
        batch.rate(0, "quality\x1b]0;PWNED\x07", 3)
    batch.rate(0, "quality\u202egnp", 3)
    with pytest.raises(InvalidRequestError) as raised:
        batch.view(**asked)
    assert not any(mark in str(raised.value) for mark in FORBIDDEN)
