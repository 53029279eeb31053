"""What is asked for in code or a view: conditions, a baseline, what is selected and static."""

import re
from html import unescape

import pytest

from dari_nb.errors import InvalidRequestError, NoCellError

TASKS = [
    {"prompt": "The site is down", "expected": "high", "topic": "web"},
    {"prompt": "I lost my password", "expected": "high", "topic": "account"},
    {"prompt": "Thanks, all good!", "expected": "low", "topic": "web"},
]


@pytest.fixture
def batch(d, server):
    @server.agent("triage", llms=["small", "large"])
    def triage(prompt, turn):
        hears = "down" in prompt or (turn.llm_id == "large" and "lost" in prompt)
        return "high" if hears else "low"

    batch = d.batches.run("triage", TASKS, ["small", "large"], repeats=2).wait(60)
    batch.score("right", lambda turn: turn.text == turn.session.metadata["expected"])
    return batch


def test_without_a_view_nothing_is_selected(batch):
    assert batch.selection == []
    assert batch.selection.to_frame().shape[0] == 0
    assert list(batch.selection.to_frame()) == list(batch.to_frame())


def test_selected_is_what_the_view_finds_and_then_what_is_marked(batch):
    view = batch.view(where="right = no topic = account")
    assert [cell.id for cell in batch.selection] == ["1/small/0", "1/small/1"]
    assert batch.selection.session_ids == [batch[1, "small", n].session_id for n in (0, 1)]
    assert batch.selection.to_frame()["score.right"].tolist() == [False, False]
    view.selection = [(2, "large")]
    assert batch.selection == [batch[2, "large"]]
    view.selection = []
    view.where = "column = large right = yes web"
    assert {cell.task_index for cell in batch.selection} == {0, 2}
    view.where = ""
    assert batch.selection == []
    assert repr(batch.selection)


def test_the_last_view_is_the_one_that_counts(batch):
    batch.view(where="right = no")
    batch.view()
    assert batch.selection == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"where": "lenght < 3"}, "there is no lenght; there is number, task, column, state"),
        ({"baseline": "small", "score": "judge"}, "by 'judge'; there is: right"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(batch, asked, words):
    with pytest.raises(InvalidRequestError, match=words.replace("(", r"\(")):
        batch.view(**asked)


def test_a_state_is_asked_for_as_it_is_shown(batch):
    for where in ("state = done", "state = completed", "status: done"):
        assert len(batch.view(where=where).shown) == 12
    assert batch.view(where="state != done").shown == []
    assert batch.view(where='state = "to come"').shown == []


def suggested(batch):
    [example] = re.findall('placeholder="Words, (.*?) …"', batch.view().tools)
    return unescape(example)


def test_the_field_suggests_what_can_find_something(batch):
    assert suggested(batch) == "right = no"
    batch.score("right", None)
    assert batch.view(where=suggested(batch)).shown
    batch.rate((0, "small"), "rating", 2)
    batch.rate((0, "large"), "rating", 5)
    assert suggested(batch) == "rating < 3"
    assert [cell.id for cell in batch.view(where="rating < 3").shown] == ["0/small/0"]


def test_cells_that_are_compared_are_called_by_task_column_and_repeat(batch):
    compared = batch.compare((1, "small", 0), (1, "large", 1))
    for name in ("task 1 · small · repeat 0", "task 1 · large · repeat 1"):
        assert name in repr(compared)


def test_that_no_cell_meets_a_condition_is_an_answer(batch):
    view = batch.view(where="right = no topic = web")
    assert view._sifted().rows == []
    assert batch.selection == []


@pytest.mark.parametrize("place", [(0,), slice(0, 1), (True, "small")])
def test_what_is_no_place_is_told_with_one_that_is(batch, place):
    with pytest.raises(
        NoCellError, match=r"is no cell\. One is \(task, LLM\) .*\(0, 'small'\)|\(1, "
    ):
        batch[place]
