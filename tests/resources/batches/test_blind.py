"""A batch looked at blind: static, opened, rated and chosen from, and what others see of it."""

import pytest

LLMS = ["zephyrone", "quokkatwo"]
TELLING = ("zephyr", "quokka", "vera", "right", "✓", "✗", "overloaded", "sess_", "ver_", "meh")


@pytest.fixture
def batch(d, server):
    @server.agent("vera", llms=LLMS)
    def vera(prompt, turn):
        if turn.llm_id == "quokkatwo" and "1" in prompt:
            raise RuntimeError("model quokkatwo overloaded")
        return f"Answer {91 if turn.llm_id == 'zephyrone' else 27}"

    batch = d.batches.run("vera", [f"Task {n}" for n in range(4)], LLMS).wait(60)
    batch.score("right", lambda turn: "91" in turn.text)
    batch.rate((0, "zephyrone"), "rating", 2, "meh")
    return batch


@pytest.fixture
def view(batch):
    view = batch.view()
    yield view
    view.close()


def telling(text):
    return [word for word in TELLING if word in text.lower()]


def state_of(view):
    return str({n: v for n, v in view.get_state().items() if n not in ("_esm", "_css")})


def static_output_of(view):
    return view.presenter.subject.static_output()


def shown_as(view, cell_id):
    """The id by which a page knows a cell, as it is told when that is selected."""
    view.active = cell_id
    shown = view.get_state()["active"]
    view.active = None
    return shown


def test_static_output_tells_nothing_while_it_is_blind_and_all_of_it_after(view):
    assert telling(static_output_of(view)["text/plain"])
    before = static_output_of(view)
    view.blind = True
    for form, text in static_output_of(view).items():
        assert telling(text.partition("</style>")[2] or text) == [], form
        assert "Answer 91" in text
    assert telling(state_of(view)) == []
    view.blind = False
    assert static_output_of(view) == before


def test_what_is_opened_tells_no_agent_time_or_cause(view):
    view.blind = True
    told = ""
    for row in range(4):
        for llm in LLMS:
            cell = shown_as(view, f"{row}/{llm}/0")
            told += str(view._handlers["cell"]({"cells": [cell]}).result(60))
    assert "Answer 27" in told
    assert "Turn failed." in told
    assert telling(told) == []
    assert "<time" not in told


def test_a_rating_is_kept_of_the_answer_that_was_read_and_in_static_output_at_once(batch, view):
    view.blind = True
    cell = shown_as(view, "2/quokkatwo/0")
    body = {"cell": cell, "name": "rating", "value": 4, "note": "fine"}
    view._handlers["rate"](body).result(60)
    assert batch[2, "quokkatwo"].scores["rating"] == 4
    text = static_output_of(view)["text/plain"]
    assert "rating 4" in text
    assert "fine" in text
    assert "rating 2" not in text
    again = {**body, "cell": shown_as(view, "0/zephyrone/0"), "value": 5, "note": ""}
    view._handlers["rate"](again).result(60)
    assert batch[0, "zephyrone"].scores["rating"] == 5
