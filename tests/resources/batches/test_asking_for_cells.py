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


@pytest.mark.parametrize("asked", [{"where": 5}, {"baseline": ["a"]}, {"score": 5}])
def test_what_is_no_text_is_refused(batch, asked):
    [name] = asked
    with pytest.raises(InvalidRequestError, match=f"{name} is a text, not "):
        batch.view(**asked)


@pytest.mark.parametrize(("values", "where", "left"), [
    (["0.75", "10", "x"], "v > 2.5", ["10"]),
    (["2026-11-01", "2026-11-02T10:00:00Z", "n/a"], "v > 2026-11-02", ["2026-11-02T10:00:00Z"]),
])  # fmt: skip
def test_numbers_and_dates_are_put_in_order_beside_words(d, batch, values, where, left):
    tasks = [{"prompt": value, "v": value} for value in values]
    batch = d.batches.run("plain", tasks, ["x"]).wait(60)
    assert [cell.text for cell in batch.view(where=where).shown] == left
