"""What a view cannot show is refused with the reason, and with what there is."""

import pytest

from dari_nb.errors import InvalidRequestError


@pytest.fixture
def batch(d, server):
    @server.agent("plain", llms=["x", "y"])
    def plain(prompt, turn):
        return prompt

    batch = d.batches.run("plain", ["one", "two"], ["x", "y"]).wait(60)
    batch.score("right", lambda turn: turn.text == "one")
    return batch


@pytest.mark.parametrize("asked", [
    {"where": 5}, {"where": ["x"]}, {"where": b"x"}, {"where": None},
    {"baseline": ["a"]}, {"baseline": 0}, {"score": 5},
])  # fmt: skip
def test_what_is_no_text_is_refused(batch, asked):
    [name] = asked
    with pytest.raises(InvalidRequestError, match=f"{name} is a text, not "):
        batch.view(**asked)


@pytest.mark.parametrize(("where", "why"), [
    ("column = zzz", "there is no column zzz; there is x, y"),
    ("state = nonsense", "there is no state nonsense; there is planned, queued, running"),
    ("differs = zzz", "nothing is called zzz; there is number, task, column, state, answer"),
    ("cost > abc", "cost is a number, and abc is none"),
    ("right = maybe", "right is a number, and maybe is none"),
    ("right = no, column = y", "without a comma"),
    ("regressions", "with a baseline the condition is change = worse"),
    ("worse", "the condition is change = worse"),
    ("answer:", "one is answer: sorry"),
    ('column = "x', "a quotation mark is not closed"),
])  # fmt: skip
def test_what_can_never_be_met_is_named_with_what_there_is(batch, where, why):
    with pytest.raises(InvalidRequestError) as told:
        batch.view(where=where)
    assert why in str(told.value)


@pytest.mark.parametrize("where", [
    "state = failed", "right = yes column = x right = no", "three", "cost > 1", "cost = *",
    "column != zzz", "differs = answer", "right = 1", "right = yes", "",
])  # fmt: skip
def test_that_nothing_happens_to_meet_a_condition_is_an_answer(batch, where):
    assert batch.view(where=where, baseline=None).where == where


@pytest.mark.parametrize("asked", [
    {"where": "q" * 5000 + " = 1"}, {"where": "column = " + "q" * 5000},
    {"baseline": "q" * 5000}, {"score": "q" * 5000},
])  # fmt: skip
def test_what_is_long_is_cut_in_errors(batch, asked):
    with pytest.raises(InvalidRequestError) as told:
        batch.view(**asked)
    assert len(str(told.value)) < 500
