"""A batch looked at blind: static, opened, rated and chosen from, and what others see of it."""

import subprocess
import sys
import time

import pytest

import dari_nb as dari

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


def test_what_is_selected_blind_are_the_cells_themselves(batch, view):
    view.blind = True
    view.where = "answer: 27"
    assert {cell.llm for cell in batch.selection} == {"quokkatwo"}
    view.set_state({"selection": [shown_as(view, "3/zephyrone/0")]})
    assert batch.selection == [batch[3, "zephyrone"]]
    assert view.selection == [batch[3, "zephyrone"]]


def test_another_view_of_the_batch_shows_what_it_showed(batch, view):
    other = batch.view(where="right = no")
    before = state_of(other), static_output_of(other)
    view.blind = True
    assert (state_of(other), static_output_of(other)) == before
    other.close()


def test_batches_beside_each_other_are_blind_without_the_names_of_runs_and_agents(d, server, batch):
    @server.agent("otto", llms=LLMS)
    def otto(prompt, turn):
        return "Answer 5"

    other = d.batches.run("otto", [f"Task {n}" for n in range(4)], LLMS, run_id="monday").wait(60)
    view = dari.compare_batches(batch, other).view()
    assert "otto" in static_output_of(view)["text/plain"]
    view.blind = True
    told = static_output_of(view)["text/plain"] + state_of(view)
    assert telling(told) == []
    assert not any(word in told for word in ("monday", "otto", batch.run_id))
    view.close()


@pytest.mark.parametrize(
    ("given", "shown", "kept"),
    [
        ([(4, "")], (4, None), (4, "meh")),
        ([(None, "better")], (None, "better"), (2, "better")),
        ([(4, "better")], (4, "better"), (4, "better")),
        ([(4, ""), (None, "")], (None, None), (2, "meh")),
        ([(4, "better"), (4, "")], (4, None), (4, "meh")),
    ],
)
def test_what_a_rating_does_not_tell_stays_as_it_was_before_it_was_blind(
    batch, view, given, shown, kept
):
    view.blind = True
    cell = shown_as(view, "0/zephyrone/0")
    for value, note in given:
        body = {"cell": cell, "name": "rating", "value": value, "note": note}
        view._handlers["rate"](body).result(60)
    view.flush()
    now = next(one for one in view._matrix.cells if one.id == cell)
    assert (now.scores.get("rating"), now.notes.get("rating")) == shown
    row = batch.to_frame().set_index(["task", "llm_id"]).loc[("Task 0", "zephyrone")]
    assert (row["score.rating"], row["note.rating"]) == kept


@pytest.mark.parametrize(
    ("first", "other", "last", "kept"),
    [
        ((4, ""), (None, "fine"), (None, ""), (None, "fine")),
        ((4, ""), (3, "fine"), (None, ""), (3, "fine")),
        ((4, "good"), (3, ""), (5, "good"), (5, "good")),
        ((4, ""), (None, "fine"), (5, ""), (5, "fine")),
    ],
)
def test_two_who_rate_one_answer_blind_lose_nothing_of_each_other(batch, first, other, last, kept):
    views = [batch.view() for _ in range(2)]
    for view in views:
        view.blind = True
    for view, (value, note) in zip(
        [views[0], views[1], views[0]], [first, other, last], strict=True
    ):
        cell = shown_as(view, "1/zephyrone/0")
        body = {"cell": cell, "name": "rating", "value": value, "note": note}
        view._handlers["rate"](body).result(60)
    row = batch.to_frame().set_index(["task", "llm_id"]).loc[("Task 1", "zephyrone")]
    told = row[["score.rating", "note.rating"]]
    assert (
        tuple(None if missing else v for v, missing in zip(told, told.isna(), strict=True)) == kept
    )
    for view in views:
        view.close()


def press(view, cell_id, **change):
    """Give a rating or a note in a view; returns what the view shows then, and the answer."""
    cell = shown_as(view, cell_id) or cell_id
    answer = view._handlers["rate"]({"cell": cell, "name": "rating", **change}).result(60)
    view.flush()
    now = next(one for one in view._matrix.cells if one.id == cell)
    shown = (now.scores.get("rating"), now.notes.get("rating"))
    assert (answer["value"], answer["note"] or None) == shown
    return shown


def stored_in(batch, place=(1, "zephyrone")):
    cell = batch[place]
    value, note = cell.scores.get("rating"), batch._marks([cell])[cell.id].notes.get("rating")
    return value, note


@pytest.mark.parametrize("older", [None, (3, "old")])
@pytest.mark.parametrize("other", [(5, "cn"), (2, "cn"), (2, ""), (None, "cn"), (1, "")])
@pytest.mark.parametrize("pressed", [(None,), (4, 2, None)])
def test_what_another_says_in_between_stands_again_once_a_rating_is_taken_back(
    batch, view, older, other, pressed
):
    if older:
        batch.rate((1, "zephyrone"), "rating", *older)
    view.blind = True
    press(view, "1/zephyrone/0", value=2)
    batch.rate((1, "zephyrone"), "rating", *other)
    for value in pressed:
        shown = press(view, "1/zephyrone/0", value=value)
        assert shown == (value, None)
        assert stored_in(batch) == (value or other[0], other[1] or None)


def test_two_who_take_back_what_they_gave_blind_leave_what_was_there_before(batch):
    batch.rate((1, "zephyrone"), "rating", 3, "old")
    one, two = views = [batch.view() for _ in range(2)]
    for view in views:
        view.blind = True
    press(one, "1/zephyrone/0", value=4)
    press(two, "1/zephyrone/0", value=5, note="mine")
    assert stored_in(batch) == (5, "mine")
    press(one, "1/zephyrone/0", value=None)
    assert stored_in(batch) == (5, "mine")
    press(two, "1/zephyrone/0", value=None, note="")
    assert stored_in(batch) == (3, "old")
    for view in views:
        view.close()


ELSEWHERE = """
import sys
from dari_nb.scores import Score, ScoreBook

path, run_id, llm_id, version_id, session_id, value, note = sys.argv[1:]
place = {"run_id": run_id, "task_index": 1, "llm_id": llm_id, "version_id": version_id or None}
said = {"name": "rating", "value": int(value), "note": note, "by": "person"}
ScoreBook(path).add([Score(**place, session_id=session_id, **said)])
"""


def rated_elsewhere(batch, value, note):
    """Rate as another kernel does, which tells this one nothing."""
    cell = batch[1, "zephyrone"]
    place = [str(batch.book.path), batch.run_id, cell.llm, cell.version or "", cell.session_id]
    subprocess.run([sys.executable, "-c", ELSEWHERE, *place, str(value), note], check=True)


def test_a_number_leaves_the_note_of_another_kernel_and_a_note_its_number(batch, view):
    press(view, "1/zephyrone/0", value=2, note="first")
    rated_elsewhere(batch, 1, "second")
    assert press(view, "1/zephyrone/0", value=3) == (3, "second")
    assert stored_in(batch) == (3, "second")
    rated_elsewhere(batch, 5, "third")
    assert press(view, "1/zephyrone/0", note="mine") == (5, "mine")
    assert stored_in(batch) == (5, "mine")
    rated_elsewhere(batch, 4, "fourth")
    assert press(view, "1/zephyrone/0", note="") == (4, None)
    rated_elsewhere(batch, 4, "fifth")
    assert press(view, "1/zephyrone/0", value=None) == (None, "fifth")
    assert stored_in(batch) == (None, "fifth")


def test_who_opens_a_cell_sees_what_another_kernel_has_rated_it(batch, view):
    press(view, "1/zephyrone/0", value=2, note="first")
    rated_elsewhere(batch, 5, "theirs")
    view._handlers["cell"]({"cells": ["1/zephyrone/0"]}).result(60)
    deadline = time.monotonic() + 60
    while not any(cell.notes.get("rating") == "theirs" for cell in view._matrix.cells):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def cell_of(view):
    return next(cell for cell in view._matrix.cells if cell.id == "1/zephyrone/0")


@pytest.fixture
def nobody_looks(monkeypatch):
    """What another kernel writes is not seen by itself, however long a test takes."""
    monkeypatch.setattr("dari_nb.resources.batches.matrix.marks._LOOK_S", 3_600)


def test_a_number_of_another_kernel_that_was_not_seen_is_not_taken_back(batch, nobody_looks, view):
    for _ in range(10):
        press(view, "1/zephyrone/0", value=4)
        rated_elsewhere(batch, 3, "theirs")
        # Whatever else draws the view anew has it seen.
        if cell_of(view).scores["rating"] == 4:
            break
    assert press(view, "1/zephyrone/0", value=None) == (3, "theirs")
    assert stored_in(batch) == (3, "theirs")
    assert press(view, "1/zephyrone/0", value=None) == (None, "theirs")


@pytest.mark.parametrize("other", [(5, "theirs"), (2, "theirs")])
def test_what_another_kernel_says_in_between_stands_again_too(batch, view, other):
    view.blind = True
    press(view, "1/zephyrone/0", value=2)
    rated_elsewhere(batch, *other)
    press(view, "1/zephyrone/0", value=4)
    assert stored_in(batch) == (4, "theirs")
    press(view, "1/zephyrone/0", value=None)
    assert stored_in(batch) == other


def by_code(batch, value, note):
    batch.rate((1, "zephyrone"), "rating", value, note)


def in_a_plain_view(batch, value, note):
    plain = batch.view()
    press(plain, "1/zephyrone/0", value=value, note=note)
    plain.close()


def in_a_blind_view(batch, value, note):
    other = batch.view()
    other.blind = True
    press(other, "1/zephyrone/0", value=value, note=note)
    other.close()


@pytest.mark.parametrize("says", [rated_elsewhere, by_code, in_a_plain_view, in_a_blind_view])
@pytest.mark.parametrize(
    ("pressed", "kept"),
    [
        ([{"value": None}], (5, "theirs")),
        ([{"note": ""}], (5, "theirs")),
        ([{"note": "more"}], (5, "more")),
        ([{"value": 3}], (3, "theirs")),
        ([{"note": "more"}, {"value": 3}], (3, "more")),
        ([{"note": "more"}, {"value": 3}, {"note": ""}], (3, "theirs")),
        ([{"value": 3}, {"value": None}], (5, "theirs")),
    ],
)
def test_what_is_given_blind_leaves_the_other_part_to_who_spoke_since(
    batch, view, says, pressed, kept
):
    view.blind = True
    press(view, "1/zephyrone/0", value=2, note="mine")
    says(batch, 5, "theirs")
    for change in pressed:
        press(view, "1/zephyrone/0", **change)
    assert stored_in(batch) == kept


def test_what_is_shown_blind_after_others_spoke_is_what_is_given_since(batch, view):
    view.blind = True
    assert press(view, "1/zephyrone/0", value=2) == (2, None)
    assert press(view, "1/zephyrone/0", note="mine") == (2, "mine")
    rated_elsewhere(batch, 5, "theirs")
    assert press(view, "1/zephyrone/0", value=3) == (3, None)
    assert press(view, "1/zephyrone/0", note="more") == (3, "more")
    assert stored_in(batch) == (3, "more")


def note_in_sample(batch):
    """The note that a sample of all answers has of the one that is rated; all others have none."""
    notes = batch.sample(8).to_frame()["note"].dropna().tolist()
    assert len(notes) <= 1
    return notes[0] if notes else None


def test_a_note_that_was_written_blind_is_shown_in_a_sample_and_no_other_is(batch, view):
    batch.rate((0, "zephyrone"), "rating", None)
    batch.rate((1, "zephyrone"), "rating", 3, "of the quick one")
    view.blind = True
    press(view, "1/zephyrone/0", value=4)
    assert note_in_sample(batch) is None
    press(view, "1/zephyrone/0", note="too short")
    assert note_in_sample(batch) == "too short"
    press(view, "1/zephyrone/0", value=5)
    assert note_in_sample(batch) == "too short"
    press(view, "1/zephyrone/0", note="")
    assert stored_in(batch) == (5, "of the quick one")
    assert note_in_sample(batch) is None


def test_a_note_of_a_sample_that_stands_again_is_shown_in_samples_again(batch, view):
    batch.rate((0, "zephyrone"), "rating", None)
    sample = batch.sample(8)
    number = next(n for n in range(len(sample)) if "91" in sample[n].text)
    sample.rate(number, 4, "from the sample")
    [cell] = [cell for cell in batch.cells if cell.scores.get("rating") == 4]
    view.blind = True
    press(view, cell.id, note="from the view")
    assert note_in_sample(batch) == "from the view"
    press(view, cell.id, value=2)
    press(view, cell.id, note="")
    assert note_in_sample(batch) == "from the sample"
    view.blind = False
    press(view, cell.id, value=3)
    assert note_in_sample(batch) == "from the sample"
    press(view, cell.id, note="knowing whose")
    assert note_in_sample(batch) is None


def test_a_note_in_a_view_leaves_a_value_that_is_no_number(batch, view):
    batch.rate((1, "zephyrone"), "usable", True)
    body = {"cell": "1/zephyrone/0", "name": "usable", "note": "as it is"}
    view._handlers["rate"](body).result(60)
    row = batch.to_frame().set_index(["task", "llm_id"]).loc[("Task 1", "zephyrone")]
    assert (row["score.usable"], row["note.usable"]) == (True, "as it is")


def test_a_note_that_comes_late_from_what_was_shown_before_is_kept_of_its_cell(batch, view):
    view.blind = True
    cell = shown_as(view, "2/quokkatwo/0")
    view.blind = False
    late = {"cell": cell, "name": "rating", "note": "nobody told me"}
    view._handlers["rate"](late).result(60)
    assert note_in_sample(batch) == "nobody told me"
    view.blind = True
    late = {"cell": "2/quokkatwo/0", "name": "rating", "note": "knowing whose"}
    view._handlers["rate"](late).result(60)
    row = batch.to_frame().set_index(["task", "llm_id"]).loc[("Task 2", "quokkatwo")]
    assert row["note.rating"] == "knowing whose"
    assert note_in_sample(batch) is None
