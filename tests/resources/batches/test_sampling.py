"""A blind sample of a batch: balanced, in random order, and rated where all ratings are."""

from collections import Counter
from itertools import pairwise

import pytest

from dari_nb.errors import DariError, InvalidRequestError
from dari_nb.local import ToolCall, ToolResult
from dari_nb.scores.scoring import score_of


@pytest.fixture
def batch(d, server):
    @server.agent("writer", llms=["terse-7b", "wordy-70b"])
    def writer(prompt, turn):
        return f"{prompt} {'long' if turn.llm_id == 'wordy-70b' else 'short'}"

    tasks = [{"prompt": f"Say {n}", "expected": str(n), "model": "gpt-9"} for n in range(10)]
    return d.batches.run("writer", tasks, ["terse-7b", "wordy-70b"], repeats=2).wait(60)


def answers(sample):
    return sample.to_frame()["answer"].tolist()


def test_columns_are_balanced_and_tasks_come_once_before_they_come_again(batch):
    drawn = answers(batch.sample(20))
    assert Counter(answer.split()[-1] for answer in drawn) == {"long": 10, "short": 10}
    assert Counter(drawn).most_common(1)[0][1] == 1


def test_a_seed_draws_the_same_and_more_begins_with_those(batch):
    assert answers(batch.sample(8)) == answers(batch.sample(8))
    assert answers(batch.sample(8)) != answers(batch.sample(8, seed=1))
    assert answers(batch.sample(16))[:8] == answers(batch.sample(8))
    assert len(batch.sample(1_000)) == 40


def drawn(batch, seed, size=1_000):
    """The task and the LLM of each answer of a sample, in its order."""
    return [
        (int(task), llm)
        for _, task, llm, *_ in map(str.split, answers(batch.sample(size, seed=seed)))
    ]


def evenly(counts, of):
    return max(counts[each] for each in of) - min(counts[each] for each in of)


@pytest.mark.parametrize(
    ("tasks", "llms", "repeats"),
    [(12, 2, 3), (5, 3, 2), (4, 6, 1), (9, 3, 1), (1, 4, 2), (7, 1, 2)],
)
def test_any_part_of_a_sample_has_tasks_and_columns_evenly(d, server, tasks, llms, repeats):
    names = [f"llm-{n}" for n in range(llms)]

    @server.agent("even", llms=names)
    def even(prompt, turn):
        return f"{prompt} {turn.llm_id}"

    asked = [f"Task {n}" for n in range(tasks)]
    batch = d.batches.run("even", asked, names, repeats=repeats).wait(60)
    for seed in range(4):
        found = drawn(batch, seed)
        assert Counter(found) == {(t, llm): repeats for t in range(tasks) for llm in names}
        for size in range(1, len(found) + 1):
            by_task, by_llm = map(Counter, zip(*found[:size], strict=True))
            assert evenly(by_task, range(tasks)) <= 1
            assert evenly(by_llm, names) <= 1
        for size in (1, tasks, len(found) // 2):
            assert drawn(batch, seed, max(1, size)) == found[: max(1, size)]


def test_where_answers_are_missing_tasks_come_before_columns(d, server):
    @server.agent("gaps", llms=["whole", "often", "rarely"])
    def gaps(prompt, turn):
        number = int(prompt.split()[1])
        if (turn.llm_id == "often" and number == 3) or (turn.llm_id == "rarely" and number > 1):
            raise RuntimeError("no")
        return f"{prompt} {turn.llm_id}"

    llms, asked = ["whole", "often", "rarely"], [f"Task {n}" for n in range(8)]
    batch = d.batches.run("gaps", asked, llms, repeats=2).wait(60)
    there = {n: 6 if n < 2 else 2 if n == 3 else 4 for n in range(8)}
    for seed in range(4):
        found = drawn(batch, seed)
        assert Counter(task for task, _ in found) == there
        for place, (task, _) in enumerate(found):
            before = Counter(task for task, _ in found[:place])
            assert before[task] == min(before[n] for n in there if before[n] < there[n])
        assert Counter(llm for _, llm in found[:8]) == {"whole": 3, "often": 3, "rarely": 2}
        assert drawn(batch, seed, 11) == found[:11]


def test_the_order_says_nothing_of_columns_or_tasks(batch):
    drawn = answers(batch.sample(20))
    kinds = [answer.split()[-1] for answer in drawn]
    assert kinds != sorted(kinds)
    assert kinds != ["long", "short"] * 10
    assert [answer.split()[1] for answer in drawn] != sorted(answer.split()[1] for answer in drawn)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [12, 20, 24, 40])
def test_answers_to_a_task_are_shown_far_from_each_other(batch, size, seed):
    tasks = [answer.split()[1] for answer in answers(batch.sample(size, seed=seed))]
    places = {task: [n for n, one in enumerate(tasks) if one == task] for task in tasks}
    near = [after - at for of in places.values() for at, after in pairwise(of)]
    assert min(near) >= 4


def test_where_to_press_is_said_in_the_view_of_a_sample_alone(batch):
    assert "1 to 5 rates it, 5 is the best" in batch.sample(4).view().hint
    assert "compare" not in batch.sample(4).view().hint
    assert "Ctrl+click or ⌘ click to compare" in batch.view().hint


def opened_in(view, sample):
    """All cells of a view, opened, and its state without script and style."""
    opened = [
        view._handlers["cell"]({"cells": [cell.id]}).result(60) for cell in sample._blinded.cells
    ]
    state = {name: v for name, v in view.get_state().items() if name not in ("_esm", "_css")}
    return opened, state


def test_nothing_that_is_shown_tells_who_has_answered(batch):
    batch.score("length", lambda turn: len(turn.text))
    sample = batch.sample(6)
    view = sample.view()
    opened, state = opened_in(view, sample)
    shown = [str(opened), str(state), repr(view._matrix), str(sample), repr(sample)]
    shown += [*sample.to_mimebundle().values(), sample.to_frame().to_csv()]
    for text in shown:
        assert not any(word in text for word in ("terse", "wordy", "gpt-9", "ver_"))
    assert not any("length" in text for text in shown[:5])
    assert "expected" in repr(view._matrix)
    assert view.blind


def test_ratings_of_a_page_land_where_all_ratings_are(batch):
    sample = batch.sample(6)
    view = sample.view()
    body = {"cell": sample._blinded.cells[2].id, "name": view.rating, "value": 4, "note": "good"}
    view._handlers["rate"](body).result(60)
    [rated] = [cell for cell in batch.cells if cell.scores]
    assert rated.scores == {"rating": 4}
    assert sample.to_frame().loc[2, ["rating", "note"]].tolist() == [4, "good"]
    assert batch.sample(6).left == 5
    sample.rate(2, None)
    assert not rated.scores


def test_a_sample_reads_as_far_as_it_is_rated(batch):
    sample = batch.sample(6)
    view = sample.view()
    for text in (view.head, *sample.to_mimebundle().values()):
        assert "0 of 6 answers rated" in text
        assert not any(word in text for word in ("done", "completed", "dari-progress"))
    sample.rate(0, 3)
    assert "1 of 6 answers rated" in sample.view().head
    assert "1 of 6 answers rated" in str(sample)


def test_answers_are_reached_by_number_and_tell_nobody(batch):
    sample = batch.sample(6, name="human")
    sample.rate(2, True, "good")
    assert [cell.answer for cell in sample] == answers(sample)
    assert (sample[2].scores, sample[0].scores) == ({"human": True}, {})
    with pytest.raises(DariError, match="has no session"):
        _ = sample[0].session
    with pytest.raises(IndexError):
        _ = sample[6]
    frame = sample.to_frame()
    assert list(frame) == ["number", "task", "expected", "answer", "human", "note"]
    assert frame["expected"].tolist() == [cell.answer.split()[1] for cell in sample]
    assert frame.loc[2, "human"]
    assert list(batch.sample(1, name="expected").to_frame())[4] == "score.expected"


def test_what_a_sample_lacks_is_said(d, server, batch):
    @server.agent("half", llms=["good-7b", "broken-70b"])
    def half(prompt, turn):
        if turn.llm_id == "broken-70b":
            raise RuntimeError("no")
        return f"{prompt}!"

    sample = d.batches.run("half", ["a", "b"], ["good-7b", "broken-70b"]).wait(60).sample(9)
    for text in (sample.view().head, repr(sample), *sample.to_mimebundle().values()):
        assert "1 of 2 columns has no answer" in text
        assert "9 were asked for, and there are no more" in text
        assert "70b" not in text
    assert "asked for" not in repr(batch.sample(40))


def test_a_judge_keeps_its_name_from_people_and_they_theirs_from_functions(batch, server):
    @server.agent("judge")
    def judge(prompt):
        return '{"score": 4}'

    batch.judge("h", rubric="Any.")
    for call in (
        lambda: batch.sample(3, name="judge.h"),
        lambda: batch.rate((0, "terse-7b"), "judge.h", 1),
    ):
        with pytest.raises(InvalidRequestError, match=r"'judge.h' is what a judge says"):
            call()
    batch.sample(3).rate(0, 5)
    rate_as_a_judge(batch)
    for call in (
        lambda: batch.score("rating", lambda turn: 1),
        lambda: batch.judge("kind", rubric="Any."),
    ):
        with pytest.raises(InvalidRequestError, match="holds 1 rating by hand"):
            call()


def rate_as_a_judge(batch):
    """Write into the book what another program may have: a rating by a name that is a judge's."""
    batch.book.add(
        [score_of(batch[0, "terse-7b"], "judge.kind", batch.run_id, value=5, by="person")]
    )


def test_a_name_of_judges_is_no_persons_before_any_judge_has_said_something(batch):
    for call in (
        lambda: batch.sample(3, name="judge.kind"),
        lambda: batch.rate((0, "terse-7b"), "judge.kind", 3),
        lambda: batch.rate((0, "terse-7b"), "judge.kind", None, "It greets."),
    ):
        with pytest.raises(
            InvalidRequestError, match=r"'judge.kind' is what a judge says, which no rating by hand"
        ):
            call()
    assert batch.book.scores() == []
    rate_as_a_judge(batch)
    batch.rate((0, "terse-7b"), "judge.kind", None)
    assert batch.book.scores() == []


def test_without_answers_there_is_nothing_to_rate(d, server):
    @server.agent("down")
    def down(prompt):
        raise RuntimeError("down")

    batch = d.batches.run("down", ["a"]).wait(20)
    with pytest.raises(InvalidRequestError, match="there is nothing to rate"):
        batch.sample(1)


@pytest.mark.parametrize("function", [lambda turn: 1, None])
def test_no_function_replaces_what_a_judge_says_or_takes_it_back(batch, server, function):
    @server.agent("judge")
    def judge(prompt):
        return '{"score": 4}'

    batch.judge("h", rubric="Any.")
    for name in ("judge.h", "judge.new"):
        with pytest.raises(InvalidRequestError, match=f"'{name}' is what a judge says"):
            batch.score(name, function)
    assert [cell.scores for cell in batch.cells] == [{"judge.h": 4}] * 40


def test_ratings_of_one_name_are_of_one_kind(batch):
    cells = batch.cells
    batch.rate(cells[0], "mix", "yes")
    for value in (True, 4):
        with pytest.raises(InvalidRequestError, match="'mix' holds values such as 'yes', and"):
            batch.rate(cells[1], "mix", value)
    batch.rate(cells[0], "mix", True)
    batch.rate(cells[1], "mix", 1)
    with pytest.raises(InvalidRequestError, match="holds values such as True, and 4 is of another"):
        batch.rate(cells[2], "mix", 4)
    batch.rate(cells[0], "mix", None)
    batch.rate(cells[2], "mix", 4)


def test_another_name_is_another_score(batch):
    sample = batch.sample(3, name="clarity")
    sample.rate(0, 2)
    assert (sample.left, batch.sample(3).left) == (2, 3)
    assert sample.view().rating == "clarity"


def test_what_functions_have_given_is_no_sample_of_ratings(batch):
    batch.score("fn", lambda turn: {"style": 3})
    batch.score("three", lambda turn: 3)
    for name in ("fn", "fn.style", "three"):
        with pytest.raises(InvalidRequestError, match=f"'{name}' is what a function has given"):
            batch.sample(4, name=name)


def test_only_ratings_by_hand_count_as_rated(batch):
    sample = batch.sample(4, name="good")
    batch.score("good", lambda turn: 3)
    assert sample.left == 4
    with pytest.raises(InvalidRequestError, match="take that back first"):
        sample.rate(0, 4)
    batch.score("good", None)
    sample.rate(0, 4)
    assert sample.left == 3
    assert sample.to_frame()["good"].dropna().tolist() == [4]
    for text in sample.to_mimebundle().values():
        assert "1 of 4 answers rated" in text


def test_ratings_of_another_name_are_not_shown(batch):
    for cell in batch.cells:
        batch.rate(cell, "gold", 4, "It is golden.")
    sample = batch.sample(4, name="mine")
    sample.rate(1, 2, "It is mine.")
    for text in seen(sample):
        assert "gold" not in text
    assert [cell.scores for cell in sample] == [{}, {"mine": 2}, {}, {}]
    assert any("It is mine." in text for text in seen(sample))


def test_recovered_batches_draw_the_same(batch, again):
    other = again().batches.recover(batch.run_id).wait(60)
    assert answers(other.sample(8)) == answers(batch.sample(8))


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda batch: batch.sample(0), "size must be at least 1"),
        (lambda batch: batch.sample(3, seed=-1), "seed must be at least 0"),
        (lambda batch: batch.sample(3, name=""), "needs a name"),
        (lambda batch: batch.sample(3).rate(3, 4), "There are 3 answers, from 0 to 2"),
        (lambda batch: batch.sample(3).rate(0, 9), "number from 1 to 5"),
    ],
)
def test_what_cannot_be_is_refused(batch, call, why):
    with pytest.raises(InvalidRequestError, match=why):
        call(batch)
    assert not any(cell.scores for cell in batch.cells)


def seen(sample):
    """All that a sample shows, opened cells included, without script and style."""
    view = sample.view()
    opened, state = opened_in(view, sample)
    news = [body for _, _, body in view._changes.since(0)]
    return [str(opened), str(state), str(news), *sample.to_mimebundle().values()]


def test_a_sample_of_several_answers_a_task_has_no_mean_and_counts_answers(batch):
    sample = batch.sample(40)
    for number in range(40):
        sample.rate(number, 1 + number % 5)
    view = sample.view()
    for text in seen(sample):
        assert not any(word in text for word in ("average", "interval", " ± ", "mean"))
    for head in (view.head, *sample.to_mimebundle().values()):
        assert "40 answers" in head
        assert "LLM" not in head
        assert "40 tasks" not in head
    assert not any(column.means for column in view._matrix.columns)


def test_nothing_tells_when_and_in_which_session_an_answer_was_given(d, server):
    @server.agent("caller", llms=["quick", "slow"])
    def caller(prompt):
        yield ToolCall("look", {"at": prompt})
        yield ToolResult("seen")
        yield "Looked."

    done = d.batches.run("caller", ["One", "Two"], ["quick", "slow"]).wait(60)
    ids = [part for cell in done.cells for part in (cell.session_id, cell.message_id)]
    shown = seen(done.sample(4))
    assert "Looked." in shown[0]
    for text in shown:
        assert not any(word in text for word in ("<time", "datetime", "sess_", "evt_", *ids))
        assert not any(word in text for word in ("By latency_s", "By cost_usd", "latency_s > 1"))
    items = done.sample(1)._blinded
    assert not any(item.created_at for item in items._items(items.cells[0]))


def test_a_note_of_before_is_not_shown_and_stays(batch):
    for cell in batch.cells:
        batch.rate(cell, "rating", 4, f"{cell.column} is quick")
    sample = batch.sample(2)
    assert "is quick" not in str(sample.to_mimebundle())
    assert sample.to_frame()["note"].isna().all()
    sample.rate(0, 2)
    sample.rate(1, 3, "dull")
    assert sample.to_frame()["note"].fillna("").tolist() == ["", "dull"]
    frame = batch.to_frame()
    notes = dict(zip(frame["score.rating"], frame["note.rating"], strict=True))
    assert notes[2].endswith(" is quick")
    assert notes[3] == "dull"


def test_notes_of_a_sample_come_back_with_their_ratings_and_others_stay_hidden(batch, again):
    sample = batch.sample(4)
    sample.rate(0, 2, "mine")
    sample.rate(1, 3)
    [seen] = [cell for cell in batch.cells if cell.scores.get("rating") == 3]
    batch.rate(seen, "rating", 3, "wordy is quick")
    after = again().batches.recover(batch.run_id).wait(60)
    sample = after.sample(4)
    assert sample.to_frame()["note"].fillna("").tolist() == ["mine", "", "", ""]
    assert not any("is quick" in text for text in sample.to_mimebundle().values())
    view = sample.view()
    for number, change in enumerate([{"value": 5}, {"value": 1}, {"note": "new"}]):
        body = {"cell": sample[number].id, "name": "rating", **change}
        view._handlers["rate"](body).result(60)
    assert sample.to_frame()["note"].fillna("").tolist() == ["mine", "", "new", ""]
    frame = after.to_frame()
    notes = dict(zip(frame["score.rating"], frame["note.rating"], strict=True))
    assert (notes[5], notes[1]) == ("mine", "wordy is quick")


def test_a_number_given_in_the_batch_leaves_the_note_of_a_sample_what_it_is(batch, again):
    batch.sample(2).rate(0, 2, "mine")
    [rated] = [cell for cell in batch.cells if cell.scores.get("rating") == 2]
    body = {"cell": rated.id, "name": "rating", "value": 4}
    batch.view()._handlers["rate"](body).result(60)
    sample = again().batches.recover(batch.run_id).wait(60).sample(2)
    assert sample.to_frame()[["rating", "note"]].values.tolist()[0] == [4, "mine"]


def test_what_a_sample_hides_is_what_others_wrote_last(batch):
    sample = batch.sample(2)
    sample.rate(0, 2)
    [rated] = [cell for cell in batch.cells if cell.scores]
    for note in ("first", "second"):
        batch.rate(rated, "rating", 3, note)
        sample.rate(0, 4, "mine")
        sample.rate(0, 5)
        assert sample.to_frame()["note"][0] == "mine"
        sample.rate(0, 5, "")
        assert batch._marks([rated])[rated.id].notes == {"rating": note}
        assert sample.to_frame()["note"].isna().all()


def test_what_is_blind_in_any_case_does_not_ask_whether_it_is_to_be(batch):
    assert 'name="blind"' not in batch.sample(4).view().tools
    view = batch.view()
    view.blind = True
    assert 'name="blind"' in view.tools
