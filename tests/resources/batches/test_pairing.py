"""Tasks of several batches meet where they are the same, never where anything tells them apart."""

import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
from dari_nb.resources.batches.pairing import pairs_of
from dari_nb.resources.batches.tasks import read_tasks

FILES = "Summarise the file."


@pytest.fixture
def made(d, server):
    """Make batches of an agent that answers with what it knows of a task beside its text."""

    @server.agent("knowing")
    def knowing(prompt, turn):
        known = (turn.metadata.get(name) for name in ("id", "lang", "seed"))
        return " ".join([prompt, *filter(None, known)])

    def make(tasks, name):
        rows = [{"prompt": prompt, **about} for prompt, about in tasks]
        return d.batches.run("knowing", rows, run_id=name).wait(60)

    return make


def rows_of(compared):
    """Say for each batch in which row each of its answers stands."""
    frame = compared.to_frame()
    return [
        dict(zip(of["text"], of["task_index"], strict=True))
        for _, of in frame.groupby("run_id", sort=False)
    ]


@pytest.mark.parametrize("more", [{}, {"seen": "yes"}])
def test_tasks_of_one_text_meet_by_their_ids(d, server, more):
    server.agent("a")(lambda prompt, turn: turn.metadata["id"])

    def run(ids, day):
        tasks = [{"prompt": FILES, "metadata": {"id": str(n), **more}} for n in ids]
        more.clear()
        batch = d.batches.run("a", tasks, run_id=day, metadata={"day": day}).wait(60)
        batch.score("ok", lambda turn: int(turn.text) < 6)
        return batch

    compared = dari.compare_batches(run(range(12), "mon"), run(range(6, 12), "tue"))
    assert "0 are worse, 0 better, 6 alike" in str(compared)
    mon, tue = rows_of(compared)
    assert tue == {str(n): mon[str(n)] for n in range(6, 12)}
    assert "6 tasks only in mon: “Summarise the file.” (id 0), " in compared.notes[0]


@pytest.mark.parametrize("languages", [["fr"], ["fr", "en"], ["en", "fr"]])
@pytest.mark.parametrize("shared", [{"day": "tue"}, None])
@pytest.mark.parametrize("new", [{}, {"seen": "yes"}])
def test_tasks_of_one_text_meet_by_what_tells_them_apart(d, server, languages, shared, new):
    server.agent("a")(lambda prompt, turn: turn.metadata["lang"])

    def run(languages, name, metadata, **more):
        texts = [f"q{n}" for n in range(3)]
        tasks = [{"prompt": q, "lang": lang, **more} for q in texts for lang in languages]
        batch = d.batches.run("a", tasks, run_id=name, metadata=metadata).wait(60)
        batch.score("ok", lambda turn: turn.text == "en")
        return batch

    mon, tue = run(["en", "fr"], "one", {"day": "mon"}), run(languages, "two", shared, **new)
    compared = dari.compare_batches(mon, tue)
    assert f"0 are worse, 0 better, {3 * len(languages)} alike" in str(compared)
    assert compared.changes()["change"].unique().tolist() == ["alike"]


def test_those_that_nothing_tells_apart_stand_alone_and_that_is_said(made):
    known = [("q", {"lang": "en"}), ("q", {"lang": "fr"}), ("other", {})]
    compared = dari.compare_batches(made(known, "one"), made([("q", {}), ("other", {})], "two"))
    assert rows_of(compared)[1] == {"q": 3, "other": 2}
    said = (
        "3 tasks are compared with none, since others have the same text and nothing tells which "
        "is the same: “q”, “q”, “q”"
    )
    assert compared.notes == [said]
    assert said in str(compared)


def test_tasks_of_one_text_with_other_ids_are_not_the_same(made):
    one, two = made([("q", {"id": "1"})], "one"), made([("q", {"id": "2"})], "two")
    with pytest.raises(InvalidRequestError, match="of one text those with another id are not"):
        dari.compare_batches(one, two)


def test_ids_that_were_given_anew_do_not_part_or_join_tasks(made):
    one = made([(text, {"id": str(n)}) for n, text in enumerate("abcd")], "one")
    two = made([(text, {"id": str(n)}) for n, text in enumerate("xabc")], "two")
    compared = dari.compare_batches(one, two)
    assert rows_of(compared)[1] == {"x 0": 4, "a 1": 0, "b 2": 1, "c 3": 2}
    assert "3 tasks with another id under the same text: “a”, “b”, “c”" in compared.notes


def test_a_batch_meets_itself_whatever_its_tasks_are(made):
    batch = made([("q", {"seed": "1"}), ("q", {"seed": "2"}), ("q", {})], "one")
    compared = dari.compare_batches(batch, batch)
    assert len(compared.tasks) == 3
    [said] = compared.notes
    assert said.startswith("one (2) is the same run as one: ")


def test_of_three_no_row_has_two_that_an_older_batch_tells_apart(made):
    one, two = ([("p", {}), ("q", about)] for about in ({"id": "1"}, {}))
    three = [("q", {"id": "2"}), ("p", {})]
    compared = dari.compare_batches(made(one, "one"), made(two, "two"), made(three, "three"))
    assert rows_of(compared) == [{"p": 0, "q 1": 1}, {"p": 0, "q": 1}, {"q 2": 2, "p": 0}]


WORLD = [(text, lang) for text in ("p", "q", "r") for lang in ("en", "fr", "de")]


@st.composite
def batches(draw, world):
    """Some of the tasks, in any order, with what a day adds to them; and which they are."""
    which = draw(st.lists(st.sampled_from(range(len(world))), min_size=1, unique=True))
    day = draw(st.sampled_from([{}, {"day": "mon"}, {"day": "tue"}]))
    seeds = draw(st.sampled_from(["", "", "same", "each"]))
    number = draw(st.integers(0, 10**6))
    new = {"same": lambda n: {"seed": "1"}, "each": lambda n: {"seed": f"{number} {n}"}}
    rows = [{**world[n], **new.get(seeds, lambda n: {})(n)} for n in which]
    return which, read_tasks(rows, metadata=day)


def made_pairs(one, two):
    (old, olds), (new, news) = one, two
    found = pairs_of(olds, news).olds
    assert len(set(found.values())) == len(found)
    return [(old[before], new[after]) for after, before in found.items()]


def recurs(tasks):
    return len({task.text for task in tasks}) < len(tasks)


@settings(max_examples=300, deadline=None)
@given(st.data(), st.integers(0, 10**6))
def test_no_two_with_different_ids_ever_meet(data, seed):
    chance = random.Random(seed)
    texts = chance.choices("pqrstu", k=8)
    world = [{"prompt": text, "id": f"n{n}"} for n, text in enumerate(texts)]
    one, two = data.draw(batches(world)), data.draw(batches(world))
    pairs = made_pairs(one, two)
    assert {before for before, _ in pairs} == {*one[0]} & {*two[0]}
    assert all(before == after for before, after in pairs)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_two_ever_meet_that_differ_in_what_tells_others_of_their_text_apart(data):
    world = [{"prompt": text, "lang": lang} for text, lang in WORLD]
    one, two = data.draw(batches(world)), data.draw(batches(world))
    assume(recurs(one[1]) or recurs(two[1]))
    assert all(before == after for before, after in made_pairs(one, two))


@settings(max_examples=200, deadline=None)
@given(st.permutations(range(len(WORLD))), st.booleans())
def test_all_meet_that_are_told_apart_in_whatever_order_they_come(order, has_new):
    world = [{"prompt": text, "lang": lang} for text, lang in WORLD]
    new = [{**world[n], **({"seen": "yes"} if has_new else {})} for n in order]
    tasks = read_tasks(world, metadata={"day": "mon"}), read_tasks(new, metadata={"day": "tue"})
    found = pairs_of(*tasks)
    assert [found.olds[place] for place in range(len(order))] == list(order)
    assert found.unsure == (set(), set())
