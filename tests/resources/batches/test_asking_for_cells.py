"""What a view cannot show is refused with the reason, and with what there is."""

import pytest

from dari_nb.errors import InvalidRequestError


@pytest.fixture
def batch(d, server):
    @server.agent("plain", llms=["x", "y"])
    def plain(prompt, turn):
        return prompt

    batch = d.batches.run("plain", ["one", {"prompt": "two", "topic": "home work"}], ["x", "y"])
    batch.wait(60)
    batch.score("right", lambda turn: turn.text == "one")
    batch.score("length", lambda turn: 2 + len(turn.text))
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
    ("status = nonsense", "there is no status nonsense; there is planned, queued, running"),
    ("differs = zzz", "nothing is called zzz; there is number, task, column, state, answer"),
    ("cost_usd > abc", "cost_usd is a number, and abc is none"),
    ("right = maybe", "right is yes or no, and maybe is neither"),
    ("right = no, column = y", "without a comma"),
    ("regressions", "with a baseline the condition is change = worse"),
    ("worse", "the condition is change = worse"),
    ("change = worse", "change needs a baseline, and a score to compare by"),
    ("change=worse right=no", "change needs a baseline, and a score to compare by"),
    ("right = no Change != alike", "change needs a baseline, and a score to compare by"),
    ("answer:", "one is answer: sorry"),
    ("right < x", "right is yes or no, and x is neither"),
    ("right > maybe", "right is yes or no, and maybe is neither"),
    ("length > 2,5", "length is a number, and 2,5 is none"),
    ("length < high", "length is a number, and high is none"),
    ("latency_s < x", "latency_s is a number, and x is none"),
    ("cost_usd < x", "cost_usd is a number, and x is none"),
    ("column < y", "column holds words, and < compares numbers"),
    ("state <= completed", "state holds words, and <= compares numbers"),
    ("state >= completed right = no", "state holds words, and >= compares numbers"),
    ("task > 5", "task holds words, and > compares numbers"),
    ("right = no or right = yes", "there is no or: all conditions are to be met"),
    ("column = x OR column = y", "there is no or: all conditions are to be met"),
    ("wrong", "the condition is right = no"),
    ('column = "x', "a quotation mark is not closed"),
    ('"', "a quotation mark is not closed"),
    ("not one", "there is no not: one is topic != travel"),
    ("right = yes and NOT column = y", "there is no not: one is topic != travel"),
    ("topic = home work", 'quotation marks: topic = "home work"'),
])  # fmt: skip
def test_what_can_never_be_met_is_named_with_what_there_is(batch, where, why):
    with pytest.raises(InvalidRequestError) as told:
        batch.view(where=where)
    assert why in str(told.value)


@pytest.mark.parametrize(("values", "where", "why"), [
    (["0,75", "10"], "v > 2,5", "v holds “0,75”, and > compares numbers such as 2.5 and dates"),
    (["10", "-0,75"], "v < 2", "v holds “-0,75”, and < compares numbers"),
    (["1,000", "900"], "v > 950", "v holds “1,000”, and > compares numbers"),
    (["01.11.2026", "02.12.2025"], "v > 2026-01-01", "v holds “01.11.2026”, and > compares"),
    (["2026-11-01", "2026-11-02"], "v >= 02.11.2026", "“02.11.2026” has no order: >= compares"),
    (["2026-11-01T09:00:00+05:00", "x"], "v > 2026", "v holds “2026-11-01t09:00:00+05:00”, and >"),
])  # fmt: skip
def test_what_only_looks_like_numbers_and_dates_is_not_put_in_order(d, batch, values, where, why):
    tasks = [{"prompt": f"of {value}", "v": value} for value in values]
    batch = d.batches.run("plain", tasks, ["x"]).wait(60)
    with pytest.raises(InvalidRequestError) as told:
        batch.view(where=where)
    assert why in str(told.value)


@pytest.mark.parametrize(("values", "where", "left"), [
    (["0.75", "10", "x"], "v > 2.5", ["10"]),
    (["2026-11-01", "2026-11-02T10:00:00Z", "n/a"], "v > 2026-11-02", ["2026-11-02T10:00:00Z"]),
])  # fmt: skip
def test_numbers_and_dates_are_put_in_order_beside_words(d, batch, values, where, left):
    tasks = [{"prompt": value, "v": value} for value in values]
    batch = d.batches.run("plain", tasks, ["x"]).wait(60)
    assert [cell.text for cell in batch.view(where=where).shown] == left


@pytest.mark.parametrize("where", [
    "state = failed", "right = yes column = x right = no", "three", "cost_usd > 1", "cost_usd = *",
    "column != zzz", "differs = answer", "right = 1", "right = yes", "",
])  # fmt: skip
def test_that_nothing_happens_to_meet_a_condition_is_an_answer(batch, where):
    assert batch.view(where=where, baseline=None).where == where
    assert batch.view(where).where == where


@pytest.mark.parametrize("asked", [
    {"where": "q" * 5000 + " = 1"}, {"where": "column = " + "q" * 5000},
    {"baseline": "q" * 5000}, {"score": "q" * 5000},
])  # fmt: skip
def test_what_is_long_is_cut_in_errors(batch, asked):
    with pytest.raises(InvalidRequestError) as told:
        batch.view(**asked)
    assert len(str(told.value)) < 500


@pytest.mark.parametrize(("where", "said"), [
    ("zebra", "0 of 2 tasks hold the word “zebra”"),
    ("two", "1 of 2 tasks holds the word “two”"),
    ("zebra two", "0 of 2 tasks hold the words “zebra”, “two”"),
    ("right = no two", "1 of 2 tasks: right = no two (with the word “two”)"),
    ("right = no", "1 of 2 tasks: right = no"),
])  # fmt: skip
def test_static_output_tells_words_from_conditions(batch, where, said):
    view = batch.view(where=where)
    lines = view.presenter.subject.static_output()["text/plain"].splitlines()
    assert said in lines
