"""A blind sample of a batch: balanced, in random order, and rated where all ratings are."""

from collections import Counter

import pytest

from dari_nb.errors import DariError, InvalidRequestError


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


def test_without_answers_there_is_nothing_to_rate(d, server):
    @server.agent("down")
    def down(prompt):
        raise RuntimeError("down")

    batch = d.batches.run("down", ["a"]).wait(20)
    with pytest.raises(InvalidRequestError, match="there is nothing to rate"):
        batch.sample(1)


@pytest.mark.parametrize("function", [lambda turn: 1])
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


@pytest.mark.parametrize(
    "call",
    [
        lambda batch: batch.sample(0),
        lambda batch: batch.sample(3, seed=-1),
        lambda batch: batch.sample(3).rate(3, 4),
        lambda batch: batch.sample(3).rate(0, 9),
    ],
)
def test_what_cannot_be_is_refused(batch, call):
    with pytest.raises(InvalidRequestError):
        call(batch)
    assert not any(cell.scores for cell in batch.cells)
