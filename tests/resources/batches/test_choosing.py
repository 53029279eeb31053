"""What is asked for in code or a view: conditions, a baseline, what is selected and static."""

import re
from html import unescape

import pytest

from dari_nb.errors import InvalidRequestError, NoCellError
from dari_nb.render.matrix.cells import answers_text
from dari_nb.render.matrix.matrix import MatrixCell

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


def test_of_several_views_the_one_counts_in_which_something_was_chosen_last(batch):
    first, second = batch.view(), batch.view()
    first.set_state({"selection": [batch[0, "large"].id]})  # as its page does
    assert batch.selection == [batch[0, "large"]]
    second.set_state({"where": "right = no topic = account"})
    assert [cell.id for cell in batch.selection] == ["1/small/0", "1/small/1"]
    first.active = (2, "small")  # to open a cell chooses nothing
    assert len(batch.selection) == 2
    first.selection = []
    assert batch.selection == []


def test_against_a_column_the_counts_and_the_interval_are_told(batch):
    view = batch.view(baseline="small")
    assert view._against_now.counts == {"worse": 0, "better": 1, "alike": 2, "none": 0}
    assert (view._against_now.score, view._against_now.name) == ("right", "small")
    assert (
        '0 are worse, <button type="button" data-where="change = better">1 better' in view.against
    )
    assert "3 tasks do not settle which is better" in view.against
    assert [row.id for row in view._sifted().rows] == ["1", "0", "2"]
    view.baseline = ""
    assert view.against == ""


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"where": "lenght < 3"}, "there is no lenght; there is number, task, column, state"),
        ({"where": "right <"}, "“right <” is no condition; one is right < 1"),
        ({"baseline": "tiny"}, "no column 'tiny' to compare with; there is: small, large"),
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


def test_a_state_that_tasks_have_of_their_own_is_asked_for_in_its_own_words(d, server):
    server.agent("clerk")(lambda prompt: "noted")
    tasks = [{"prompt": "A ticket", "state": "done"}, {"prompt": "Another", "state": "open"}]
    view = d.batches.run("clerk", tasks).wait(60).view(where="state = done")
    assert [cell.task_index for cell in view.shown] == [0]


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


@pytest.mark.parametrize(
    ("values", "asked"),
    [((0, 1000), "500"), ((2, 9_000), "4500"), ((0.2, 5.4), "2.8"), ((0, 0.06), "0.5")],
)
def test_the_field_suggests_numbers_as_people_write_them(batch, values, asked):
    batch.score("right", None)
    for place, value in enumerate(values):
        batch.rate((place, "small"), "tok", value)
    assert suggested(batch) == f"tok < {asked}"
    assert batch.view(where=suggested(batch)).shown


def test_where_there_are_several_scores_each_can_be_chosen_by_its_name(batch):
    view = batch.view(score="right")
    batch.rate((0, "small"), "rating", 2)
    view.flush()
    [menu] = re.findall('<select name="score".*?</select>', view.tools)
    assert re.findall('value="(.*?)"', menu) == ["right", "rating"]
    assert (view.score, batch.view().score, batch.view().by) == ("right", "", "right")


def test_cells_that_are_compared_are_called_by_task_column_and_repeat(batch):
    compared = batch.compare((1, "small", 0), (1, "large", 1))
    for name in ("task 1 · small · repeat 0", "task 1 · large · repeat 1"):
        assert name in repr(compared)


def test_that_no_cell_meets_a_condition_is_an_answer(batch):
    view = batch.view(where="right = no topic = web")
    assert view._sifted().rows == []
    assert batch.selection == []


def test_printed_a_view_shows_what_was_asked_for_and_says_so(batch, capsys):
    view = batch.view(where="right = no", baseline="small")
    view.presenter.subject.print()
    out = capsys.readouterr().out
    assert "1 of 3 tasks: right = no" in out
    assert "Of 3 tasks, 0 are worse, 1 better, 2 alike against small on “right”." in out
    assert "I lost my password" in out
    assert "Thanks" not in out
    assert "\N{BLACK UP-POINTING TRIANGLE} better" in out


def test_a_page_that_changes_the_baseline_has_the_sentence_of_the_new_one(batch):
    view = batch.view(baseline="small")
    # As the page sends it: the sentence of the old one is gone at once.
    view.set_state({"baseline": "large", "against": ""})
    assert ">1 is worse</button>, 0 better" in view.against
    assert "against <b>large</b>" in view.against


def test_answers_are_counted_where_some_are_the_same_and_some_are_not(d, server):
    replies = iter(["high", "high ", " low"])

    @server.agent("unsure", llms=["a"])
    def unsure(prompt):
        return next(replies)

    batch = d.batches.run("unsure", ["How urgent is it?"], ["a"], repeats=3).wait(60)
    static = batch.to_mimebundle()
    for form in static.values():
        assert "high 2\N{MULTIPLICATION SIGN}, low 1\N{MULTIPLICATION SIGN}" in form
        assert "Answers that differ in white space alone are one." in form


@pytest.mark.parametrize(("repeats", "all_of"), [(3, "all 3"), (2, "both")])
def test_what_got_worse_is_said_of_all_repeats_together_at_the_first(d, server, repeats, all_of):
    @server.agent("unsure", llms=["sure", "unsure"])
    def unsure(prompt, turn):
        return "low" if turn.llm_id == "unsure" and turn.metadata["repeat"] == "1" else "high"

    asked = ["How urgent is it?"]
    batch = d.batches.run("unsure", asked, ["sure", "unsure"], repeats=repeats).wait(60)
    batch.score("right", lambda turn: turn.text == "high")
    worse = f"{all_of} together: \N{BLACK DOWN-POINTING TRIANGLE} worse"
    static = batch.view(baseline="sure").presenter.subject.static_output()
    assert all(form.count(worse) == 1 for form in static.values())
    [right, wrong] = [line for line in static["text/plain"].splitlines() if "   unsure " in line]
    assert "right" in right
    assert right.endswith(worse)
    assert "worse" not in wrong
    for form in (static["text/html"].partition("</style>")[2], static["text/markdown"]):
        assert form.index(worse) < form.index("not right")


@pytest.mark.parametrize(
    "place", [(0,), slice(0, 1), (0, "small", 0, 0), (True, "small"), ([], "small"), ()]
)
def test_what_is_no_place_is_told_with_one_that_is(batch, place):
    with pytest.raises(
        NoCellError, match=r"is no cell\. One is \(task, LLM\) .*\(0, 'small'\)|\(1, "
    ):
        batch[place]


def test_who_goes_through_a_batch_itself_is_told_of_its_cells(batch):
    with pytest.raises(NoCellError, match=r"batch\.cells is a list of all\.$"):
        list(batch)


def test_numbers_that_are_counted_alike_are_shown_alike(batch):
    batch.score("big", lambda turn: 10**18 - (turn.text == "high"))
    batch.score("least", lambda turn: -1e-320)
    static = str(batch.to_mimebundle()["text/plain"])
    assert "No task tells small and large apart on “big”: 1e+18 each" in static
    assert "big 1e+18" in static
    assert "99999" not in static
    assert "least -1e-320" in static


def test_what_was_not_sent_is_no_answer():
    answers = ["high", "low", "high"]
    cells = [
        MatrixCell(str(n), "r", "a", n, state="completed", text=text)
        for n, text in enumerate(answers)
    ]
    unsent = [MatrixCell(str(n), "r", "a", n, state="unsent", text="Not sent") for n in range(3, 7)]
    assert answers_text([*cells, *unsent]) == answers_text(cells)
    assert answers_text([*cells[::2], *unsent]) == ""


def test_a_figure_that_counts_opens_the_cells_that_it_counts(batch):
    view = batch.view()
    counts = re.findall(r'data-where="([^"]*)"[^>]*>(\d+) of (\d+)</button>', view.head)
    assert [(n, of) for _, n, of in counts] == [("6", "6"), ("4", "6")]
    for where, n, _ in counts:
        view.where = unescape(where)
        assert len(batch.selection) == int(n)


def test_a_mean_on_fewer_cells_than_its_column_has_says_on_how_many(batch):
    batch.rate((0, "small"), "rating", 5)
    view = batch.view(baseline="large")
    [small, large] = [re.sub(r"<[^>]*>", "", head["html"]) for head in view._changes._columns]
    assert "rating 5 (1 of 6)" in small
    assert re.search(r"right 0\.67 +0", small)
    assert "rating" not in large
    static = view.presenter.subject.static_output()
    assert "rating 5 (1 of 6)" in re.sub(r"<[^>]*>", "", static["text/html"])
    assert "rating 5 (1 of 6)" in static["text/markdown"]
    assert (
        "Without “rating”: small in 5 of 6 cells and large in all 6 cells (not scored)"
        in static["text/plain"]
    )
