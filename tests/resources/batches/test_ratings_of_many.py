"""What one rating costs is the same among few cells and among many, and nothing goes unchecked."""

import pytest

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
