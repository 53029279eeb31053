"""Functions that answer the tool calls of batches."""

import threading

import pytest

from dari_nb.errors import InvalidRequestError


def test_all_sessions_of_a_batch_are_answered(d, caller):
    calls, lock = [], threading.Lock()

    def double(n: int) -> int:
        with lock:
            calls.append(n)
        return 2 * n

    tasks = [f"double {{'n': {n}}}" for n in range(15)]
    batch = d.batches.run(caller, tasks, tools=[double], approve="always").wait(60)
    assert [cell.text for cell in batch.cells] == [f"result: {2 * n}" for n in range(15)]
    assert sorted(calls) == list(range(15))


def test_a_batch_without_tools_is_taken_up_with_them(d, caller):
    batch = d.batches.run(caller, ["triple {'n': 1}"])
    assert batch.use_tools(lambda_named("triple"), approve=lambda name, given: True).wait(60)
    assert batch.cells[0].text == "result: 3"


def test_a_batch_asks_nobody_and_says_so_before_anything_is_sent(d, caller):
    with pytest.raises(InvalidRequestError, match="approve='always'"):
        d.batches.run(caller, ["triple {'n': 1}"], tools=[lambda_named("triple")])
    assert len(d.sessions.list()) == 0


def lambda_named(name):
    def function(n: int) -> int:
        return 3 * n

    function.__name__ = name
    return function
