import math

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
from dari_nb.scores.scoring import score_of


@pytest.fixture
def batch(d, flaky):
    flaky.fails = lambda task_index, llm, repeat: (task_index, llm) == ("1", "b")
    tasks = [{"prompt": "x", "level": 1}, {"prompt": "y", "level": 2}]
    return d.batches.run("flaky", tasks, ["a", "b"]).wait(20)


def test_cells_are_had_by_task_and_llm(batch):
    assert batch[0, "b"].text == "x by b"
    assert (batch[1, "b"].state, batch[1, "b"].text) == ("failed", None)
    assert "out of luck" in batch[1, "b"].error
    assert batch[1, "b"].metadata == {"level": "2"}
    with pytest.raises(KeyError, match="tasks are 0 to 1, LLMs a, b"):
        batch[0, "z"]
    with pytest.raises(KeyError):
        batch[2, "a"]
    with pytest.raises(KeyError):
        batch[0, "a", 1]


def test_a_batch_is_text_markdown_and_html(batch):
    bundle = batch.to_mimebundle()
    assert set(bundle) == {"text/plain", "text/markdown", "text/html"}
    assert all("x by a" in form and "out of luck" in form for form in bundle.values())
    assert repr(batch) == (f"<Batch {batch.run_id}: 2 tasks x 2 LLMs x 1; 3 completed, 1 failed>")


def test_following_prints_progress_and_the_matrix_without_escape_codes(d, flaky, capsys):
    d.batches.run("flaky", ["x", "y"], ["a"]).follow()
    out = capsys.readouterr().out
    assert out.index("2 of 2 done") < out.index("x by a") < out.index("y by a")
    assert "\x1b" not in out


def test_frames_and_pivots_have_the_cells(batch):
    frame = batch.to_frame()
    assert list(frame["llm_id"]) == ["a", "b", "a", "b"]
    assert list(frame["metadata.level"]) == ["1", "1", "2", "2"]
    assert frame["batch_id"].nunique() == 1
    assert batch.pivot("text").loc[(0, "x"), "b"] == "x by b"
    with pytest.raises(InvalidRequestError, match="no 'beauty'"):
        batch.pivot("beauty")
    with pytest.raises(InvalidRequestError, match=r"did you mean 'status'\?"):
        batch.pivot("statos")


def test_what_scores_come_to_is_the_first_line(batch):
    assert repr(batch.score("len", lambda turn: len(turn.text))).startswith("len: a mean ")
    right = batch.score("right", lambda turn: {"a": True, "b": 0.5})
    assert right.to_mimebundle()["text/html"].count("right.b: a mean 0.5 (2 values)") == 1
    assert repr(batch.score("kind", lambda turn: "good")).startswith(
        "kind: a 2 values, b 1 value\n"
    )


def test_errors_of_scoring_are_the_first_lines_of_a_table(batch):
    def right(turn):
        if turn.text.startswith("y"):
            raise ValueError("too hard to tell")
        return True

    made = batch.score("right", right)
    lines = repr(made).splitlines()
    assert lines[0] == "right: a 1 of 1 (1 without), b 1 of 1"
    assert lines[1].split() == ["task", "column", "value", "error"]
    assert lines[2].split(maxsplit=3) == ["1", "y", "a", "ValueError: too hard to tell"]
    assert [line.split()[:4] for line in lines[3:]] == [
        ["0", "x", "a", "yes"],
        ["0", "x", "b", "yes"],
    ]
    assert made.to_frame()["error"].tolist() == ["", "", "ValueError: too hard to tell"]


def test_a_batch_is_summed_up_and_plotted_by_itself(batch):
    with pytest.raises(InvalidRequestError, match="no scores yet: give some first"):
        batch.summary()
    batch.score("words", lambda turn: len(turn.text.split()))
    assert batch.summary()["score"].unique().tolist() == ["words"]
    for chart in (batch.plot(), batch.plot("words"), batch.plot("score"), dari.plot_scores(batch)):
        assert chart.to_dict()["title"]["text"] == "words: mean and interval"
    assert batch.plot("latency_s").to_dict()["title"]["text"] == "seconds to the answer"
    with pytest.raises(InvalidRequestError, match="no score 'wit'"):
        batch.plot("wit")
    with pytest.raises(InvalidRequestError, match="No cost is known"):
        batch.plot("cost_usd")


async def length(turn):
    return {"words": len(turn.text.split()), "letters": len(turn.text)}


def test_a_coroutine_may_score_and_give_several_values(batch):
    batch.score("length", length)
    assert batch[0, "a"].scores == {"length.words": 3, "length.letters": 6}
    assert batch.pivot("length.words").loc[(1, "y"), "a"] == 3


def test_a_cell_without_an_answer_has_nothing_to_rate(batch):
    failed = next(cell for cell in batch.cells if cell.state == "failed")
    with pytest.raises(InvalidRequestError, match="no answer to rate: this cell is “failed”"):
        batch.rate(failed, "right", True)
    batch.rate(failed, "right", None, "the provider was down")
    batch.score("right", lambda turn: True)
    assert len(batch.to_frame()["score.right"].dropna()) == len(batch) - 1


def test_a_score_is_given_by_functions_or_by_hand(batch):
    batch.score("right", lambda turn: True)
    batch.score("length", lambda turn: {"words": 3})
    for name, way in (("right", "right"), ("length.words", "length"), ("length", "length")):
        for value, note in ((1, ""), (None, "a note")):
            with pytest.raises(InvalidRequestError, match="what a function has given") as told:
                batch.rate((0, "a"), name, value, note)
            assert f"batch.score('{way}', None)" in str(told.value)
        batch.rate((0, "a"), name, None)
    batch.score("length", None)
    batch.rate((0, "a"), "length.words", 2)
    for name in ("length", "length.words"):
        with pytest.raises(InvalidRequestError, match="holds 1 rating by hand") as told:
            batch.score(name, lambda turn: {"words": 3})
        assert "batch.rate(cell, 'length.words', None)" in str(told.value)
    batch.rate((0, "a"), "length.words", None)
    batch.score("length", lambda turn: {"words": 3})
    assert batch[0, "a"].scores == {"right": True, "length.words": 3}


def test_a_rating_takes_a_place_as_comparing_does(batch):
    batch.rate((0, "a"), "quality", 4, "short")
    batch.rate((0, "b", 0), "quality", 2)
    assert [batch[0, llm].scores for llm in "ab"] == [{"quality": 4}, {"quality": 2}]
    with pytest.raises(KeyError, match="LLMs a, b"):
        batch.rate(0, "quality", 3)
    said = batch.to_mimebundle()
    assert all("short" in form for form in said.values())


@pytest.mark.parametrize(
    ("name", "value"), [("q", math.nan), ("q", {}), ("q", object()), ("", 3), (5, 3)]
)
def test_a_rating_that_could_not_be_kept_is_refused(batch, name, value):
    with pytest.raises(InvalidRequestError):
        batch.rate((0, "a"), name, value)
    with pytest.raises(InvalidRequestError):
        batch.rate((0, "a"), name, None if value == 3 else value, "a note")
    assert batch[0, "a"].scores == {}
    assert not batch.book.path.exists()


@pytest.mark.parametrize("name", ["cost_usd"])
def test_what_conditions_call_something_else_is_no_score(batch, name):
    for give in (
        lambda: batch.rate((0, "a"), name, 4),
        lambda: batch.score(name, lambda turn: True),
        lambda: batch.sample(1, name=name),
    ):
        with pytest.raises(InvalidRequestError, match="call something else already: give another"):
            give()


def test_scores_of_an_attempt_that_was_sent_again_do_not_count(batch):
    cell = batch[1, "b"]
    batch.book.add([score_of(cell, "rating", batch.run_id, value=1, by="person")])
    assert cell.scores == {"rating": 1}
    batch.retry_failed().wait(20)
    assert (cell.state, cell.scores) == ("completed", {})


def test_scores_may_be_kept_in_another_file(d, flaky, folder):
    with pytest.raises(InvalidRequestError, match="its folder is not there"):
        d.batches.run("flaky", ["x"], ["a"], scores_path="sub/mine.jsonl")
    assert not d.sessions.list()
    (folder / "sub").mkdir()
    with pytest.raises(InvalidRequestError, match="sub: it is a folder"):
        d.batches.run("flaky", ["x"], ["a"], scores_path="sub")
    (folder / "own").write_text("import dari_nb\n")
    with pytest.raises(InvalidRequestError, match="own: it is a file of another kind"):
        d.batches.run("flaky", ["x"], ["a"], scores_path="own")
    assert (folder / "own").read_text() == "import dari_nb\n"
    assert not d.sessions.list()
    batch = d.batches.run("flaky", ["x"], ["a"], scores_path="sub/mine.jsonl").wait(20)
    batch.score("right", lambda turn: True)
    assert (folder / "sub" / "mine.jsonl").exists()
    assert not (folder / "dari-scores.jsonl").exists()
    found = d.batches.recover(batch.run_id, scores_path="sub/mine.jsonl")
    assert found[0, "a"].scores == {"right": True}


def test_cells_are_compared_beside_each_other(batch):
    compared = batch.compare((0, "a"), (0, "b"))
    assert "x by <del>a</del>" in compared.to_mimebundle()["text/html"]
    assert "task 0 · a" in repr(compared)
    assert repr(batch.compare([batch[0, "a"], batch[0, "b"]])) == repr(compared)
    with pytest.raises(InvalidRequestError, match="two cells or more"):
        batch.compare((0, "a"))


def test_columns_are_compared_where_they_differ_or_on_a_task(batch):
    assert [cell.id for cell in batch.compare("a", "b").cells] == ["0/a/0", "0/b/0"]
    assert [cell.id for cell in batch.compare("a", "b", task=1).cells] == ["1/a/0", "1/b/0"]
    assert [c.task_index for c in batch.compare("b", (0, "a"), task=1).cells] == [1, 0]
    with pytest.raises(InvalidRequestError, match=r"no column 'large'. There is: a, b\."):
        batch.compare("a", "large")
    with pytest.raises(InvalidRequestError, match="no task 7: the last one is 1"):
        batch.compare("a", "b", task=7)


def test_workspaces_come_as_they_are_asked_for(d, server):
    @server.agent("writer", llms=["a", "b"])
    def writer(prompt, turn):
        (turn.workspace / "out.csv").write_text(f"llm\n{turn.llm_id}\n")
        return "written"

    batch = d.batches.run("writer", ["x"], ["a", "b"]).wait(20)
    read = {cell.llm: workspace.read_csv("out.csv") for cell, workspace in batch.workspaces()}
    assert {llm: frame["llm"].tolist() for llm, frame in read.items()} == {"a": ["a"], "b": ["b"]}
