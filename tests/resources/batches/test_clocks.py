"""What is said now counts, whatever the clock says and what times a file holds."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dari_nb.scores import ScoreBook

LLMS = ["small", "large"]
BOOK = Path("dari-scores.jsonl")


def in_iso(time):
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


AHEAD = in_iso(datetime.now(UTC) + timedelta(minutes=10))
TIMES = {
    "ahead": AHEAD,
    "ahead with a zone": AHEAD.replace("Z", "+00:00"),
    "the last there is": "9999-12-31T23:59:59.999999Z",
    "beyond the last": "9999-12-31T23:59:59-12:00",
    "no time": "tomorrow",
    "nothing": "",
    "none": None,
}
times = pytest.mark.parametrize("time", TIMES.values(), ids=TIMES)


@pytest.fixture
def batch(d, server):
    @server.agent("writer", llms=LLMS)
    def writer(prompt):
        return f"About {prompt}"

    return d.batches.run("writer", ["one", "two"], LLMS).wait(60)


def dated(line, time):
    fields = {**json.loads(line), "at": time}
    return json.dumps({name: value for name, value in fields.items() if value is not None}) + "\n"


def date_all(time):
    """Have all that is in the book said at a time, as a clock that was wrong would tell it."""
    BOOK.write_text("".join(dated(line, time) for line in BOOK.read_text().splitlines()))


def ratings(batch):
    return [cell.scores.get("rating") for cell in batch.cells]


@times
def test_a_rating_counts_where_the_book_has_one_of_a_later_time(batch, again, time):
    for cell in batch.cells:
        batch.rate(cell, "rating", 1)
    date_all(time)
    batch = again().batches[batch.run_id]
    batch.rate((0, "small"), "rating", 5)
    batch.view()._rate(batch[0, "large"].id, "rating", 4, "")
    batch.rate((1, "small"), "rating", None)
    assert ratings(batch) == [5, 4, None, 1]
    sample = batch.sample(4)
    for number in range(4):
        sample.rate(number, 3)
    assert ratings(batch) == [3, 3, 3, 3]
    assert ratings(again().batches[batch.run_id]) == [3, 3, 3, 3]


@times
def test_a_function_counts_where_the_book_has_a_later_one(batch, again, time):
    batch.score("right", lambda turn: False)
    date_all(time)
    batch = again().batches[batch.run_id]
    batch.score("right", lambda turn: "one" in turn.text)
    assert [cell.scores["right"] for cell in batch.cells] == [True, True, False, False]
    batch.score("right", None)
    assert all("right" not in cell.scores for cell in batch.cells)


def test_of_two_files_that_are_merged_in_any_order_what_was_said_last_counts(batch, tmp_path):
    batch.rate((0, "small"), "rating", 1)
    date_all(AHEAD)
    ahead = BOOK.read_text()
    for value in (2, 3):
        batch.rate((0, "small"), "rating", value)
    lines = BOOK.read_text().removeprefix(ahead).splitlines(keepends=True)
    for order in ([ahead, *lines], [*reversed(lines), ahead]):
        merged = tmp_path / "merged.jsonl"
        merged.write_text("".join(order))
        assert [score.value for score in ScoreBook(merged).scores()] == [3]
