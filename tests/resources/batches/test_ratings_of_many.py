"""What one rating costs is the same among few cells and among many, and nothing goes unchecked."""

import re

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.scores import Score, ScoreBook
from dari_nb.scores.scoring import score_of

LLMS = ["small", "large"]


@pytest.fixture
def made(d, server):
    @server.agent("writer", llms=LLMS)
    def writer(prompt):
        return f"About {prompt}"

    def made(tasks):
        batch = d.batches.run("writer", [f"task {n}" for n in range(tasks)], LLMS).wait(60)
        cells = batch.cells
        right = [score_of(cell, "right", batch.run_id, value=True) for cell in cells]
        rated = [score_of(cell, "rating", batch.run_id, value=3, by="person") for cell in cells]
        batch.book.add([*right, *rated])
        batch.rate(cells[0], "rating", 2)
        return batch

    return made


def test_a_rating_is_as_much_work_among_few_cells_as_among_many(made, lines_run):
    def work(tasks):
        batch = made(tasks)
        view = batch.view()
        of_code = lines_run(lambda: batch.rate((1, "small"), "rating", 4, "fine"))
        of_page = lines_run(lambda: view._rate(batch[1, "large"].id, "rating", 4, "fine"))
        told = lines_run(lambda: view._rating(batch[1, "large"].id, "rating"))
        assert batch[1, "large"].scores["rating"] == 4
        return of_code, of_page, told

    few, many = work(4), work(100)
    assert all(more < 1.1 * fewer for fewer, more in zip(few, many, strict=True))


def test_a_book_reads_what_another_process_adds_and_only_that(tmp_path, lines_run):
    path = tmp_path / "book.jsonl"
    ours, theirs = ScoreBook(path), ScoreBook(path)
    spots = range(500)
    theirs.add(Score(run_id="run", name="ok", task_index=n, value=n) for n in spots)
    assert len(ours.scores("run")) == 500
    theirs.add([Score(run_id="run", name="ok", task_index=7, value=-1)])
    found = []
    work = lines_run(lambda: found.extend(ours._of_run("run").at((7, None, None, 0))))
    assert [score.value for score in found] == [-1]
    assert work < 200
    assert [s.value for s in ours._of_run("run").named("ok", "function", ["number"])].count(-1) == 1


def test_what_was_checked_among_all_cells_still_is(made):
    batch = made(3)
    for name, value, why in (
        ("right", 1, "'right' is what a function has given"),
        ("parts.style", 1, "'parts.style' is what a function has given: .*'parts', None"),
        ("tone", "dry", "'tone' holds values such as 4, and 'dry' is of another kind"),
        ("by.hand", "dry", "'by.hand' holds values such as 4, and 'dry' is of another kind"),
        ("yes", 7, "'yes' holds values such as True, and 7 is of another kind"),
    ):
        cells = batch.cells
        told = {
            "parts.style": score_of(cells[2], "parts", batch.run_id, value={"style": 1.5}),
            "by.hand": score_of(cells[3], "by", batch.run_id, value={"hand": 4}, by="person"),
        }
        if name in told:
            batch.book.add([told[name]])
        elif name == "tone":
            batch.rate(cells[3], name, 4)
        elif name == "yes":
            batch.rate(cells[3], name, value=True)
            batch.rate(cells[4], name, 0.5)
        with pytest.raises(InvalidRequestError, match=re.compile(why)):
            batch.rate(cells[1], name, value)
    # The cell that holds it alone may get a value of another kind.
    batch.rate(batch.cells[3], "tone", "dry")
    batch.rate(batch.cells[1], "tone", "plain")
    batch.rate(batch.cells[1], "yes", value=False)


def test_what_was_said_of_an_earlier_attempt_is_of_no_answer(made):
    batch = made(2)
    old = [
        Score(run_id=batch.run_id, name="tone", llm_id="small", session_id="sess_1", **said)
        for said in ({"value": 1}, {"value": 4, "by": "person"})
    ]
    batch.book.add(old)
    batch.rate((0, "large"), "tone", "dry")
    assert batch[0, "large"].scores["tone"] == "dry"
