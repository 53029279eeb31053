import contextlib
import json
import math
import threading
from dataclasses import replace
from decimal import Decimal

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari, Usage
from dari_nb.render.matrix.figures import total_text
from dari_nb.resources import Dari
from dari_nb.resources.batches.matrix.picture import with_costs
from dari_nb.resources.batches.matrix_view import opened
from dari_nb.resources.connection.progress import Progress
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


def test_the_picture_has_everything_in_order(batch):
    matrix = batch._snapshot()
    assert (matrix.title, matrix.run_id) == ("flaky", batch.run_id)
    assert [(row.label, row.metadata) for row in matrix.rows] == [
        ("x", {"level": "1"}),
        ("y", {"level": "2"}),
    ]
    assert [(c.row, c.column, c.state) for c in matrix.cells] == [
        ("0", "a", "completed"),
        ("0", "b", "completed"),
        ("1", "a", "completed"),
        ("1", "b", "failed"),
    ]
    assert matrix.cells[0].session_id == batch.sessions[0].id


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


def test_late_costs_add_nothing_else_to_what_an_output_shows(d, server, monkeypatch):
    tries = (0.0, 0.05, 0.1, 0.15)
    monkeypatch.setattr("dari_nb.resources.batches.following.late_costs.TRIES", tries)

    @server.agent("costly", llms=["a", "b"])
    def costly(prompt, turn):
        if (prompt, turn.llm_id, turn.metadata["attempt"]) == ("x", "b", "1"):
            raise RuntimeError("out of luck")
        yield "done"
        yield Usage(cost_usd=Decimal("0.1"))

    batch = d.batches.run("costly", ["x"], ["a", "b"]).wait(20)
    shown = batch._snapshot()
    batch.retry_failed().add(tasks=["y"]).wait(20)
    batch.rate(batch[0, "a"], "rating", 5)
    batch.refresh()._costs_come().result(20)
    now = with_costs(shown, batch)
    assert [(c.state, c.cost_usd, c.attempts) for c in now.cells] == [
        ("completed", "0.1", 1),
        ("failed", None, 1),
    ]
    assert replace(now, cells=shown.cells) == shown
    assert not now.cells[0].scores


def test_who_waited_for_a_batch_finds_the_cost_of_one_cell_beside_that_of_another():
    with LocalDari(cost_delay=0.5) as server, Dari(server.url, server.api_key, server) as d:
        spent = threading.Event()

        @server.agent("costly", llms=["early", "late"])
        def costly(prompt, turn):
            if turn.llm_id == "late":
                spent.wait(20)
            yield Usage(cost_usd=Decimal("0.1"))
            if turn.llm_id == "early":
                while d.costs.session(turn.session_id) is None:
                    pass
                spent.set()
            yield "done"

        batch = d.batches.run("costly", ["x"], ["early", "late"]).wait(20)
        assert batch.to_frame()["cost_usd"].tolist() == [0.1, 0.1]
        batch.score("n", lambda turn: 1)
        assert batch.summary("n")["cost_usd"].tolist() == [0.1, 0.1]


@pytest.mark.parametrize("tasks", [["good", "bad"], ["bad one", "bad two"]])
def test_the_cost_of_what_failed_is_waited_for(tasks):
    with LocalDari(cost_delay=0.3) as server, Dari(server.url, server.api_key, server) as d:

        @server.agent("moody")
        def moody(prompt):
            yield Usage(Decimal("0.01"), 10, 10)
            if prompt.startswith("bad"):
                raise ValueError("no")
            yield "done"

        assert "$0.02" in d.batches.run("moody", tasks).wait(20).view().head


def test_a_failed_turn_whose_cost_has_not_come_is_told_as_unknown():
    with LocalDari(cost_delay=60) as server, Dari(server.url, server.api_key, server) as d:

        @server.agent("moody")
        def moody(prompt):
            yield Usage(Decimal("0.01"), 10, 10)
            raise ValueError("no")

        batch = d.batches.run("moody", ["x"]).wait(20)
        [cell] = batch._snapshot().cells
        assert total_text([cell, replace(cell, id="y", session_id="y", cost_usd="0.01")]) == (
            "$0.01 so far, unknown for 1 of 2"
        )


def test_a_function_of_the_turn_scores_the_answers(d, batch, folder):
    def right(turn):
        if turn.session.metadata["level"] == "2":
            raise ValueError("too hard to tell")
        return turn.text == turn.prompt + " by a"

    scores = batch.score("right", right)
    assert [(score.value, score.error) for score in scores] == [
        (True, None),
        (False, None),
        (None, "ValueError: too hard to tell"),
    ]
    assert [cell.scores.get("right") for cell in batch.cells] == [True, False, None, None]
    assert batch.pivot("right").loc[(0, "x")].tolist() == [True, False]
    assert list(batch.summary("right")["mean"]) == [1.0, 0.0]
    # They are beside the notebook, where the next kernel finds them.
    kept = [json.loads(line) for line in (folder / "dari-scores.jsonl").read_text().splitlines()]
    assert {score["run_id"] for score in kept} == {batch.run_id}
    again = d.batches.recover(batch.run_id)
    assert again[0, "a"].scores == {"right": True}


def test_what_scores_come_to_is_the_first_line(batch):
    assert repr(batch.score("len", lambda turn: len(turn.text))).startswith("len: a mean ")
    right = batch.score("right", lambda turn: {"a": True, "b": 0.5})
    assert right.to_mimebundle()["text/html"].count("right.b: a mean 0.5 (2 values)") == 1
    assert repr(batch.score("kind", lambda turn: "good")).startswith(
        "kind: a 2 values, b 1 value\n"
    )


@pytest.mark.parametrize(
    ("one", "other", "held"),
    [
        (True, 3, "yes and 3"),
        (1, "<b>", "1 and “<b>”"),
        (False, "no way", "no and “no way”"),
        (True, "yes", "yes and “yes”"),
    ],
)
def test_values_of_two_kinds_under_one_name_are_the_first_line(batch, one, other, held):
    scored = batch.score("mix", lambda turn: one if turn.text.startswith("x") else other)
    assert str(scored).startswith(f"mix has no mean: it holds {held} (3 values)\n")
    assert "<b>" not in scored.to_mimebundle()["text/html"]


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


def test_printed_a_batch_is_its_matrix(batch):
    assert str(batch) == batch.to_mimebundle()["text/plain"]
    assert "x by a" in f"{batch}"


async def length(turn):
    return {"words": len(turn.text.split()), "letters": len(turn.text)}


def test_while_answers_are_scored_side_by_side_the_first_tell_no_time(d, flaky, monkeypatch):
    many = d.batches.run("flaky", [str(n) for n in range(6)], ["a", "b"]).wait(20)
    texts = []

    class Hour:
        now = 0

        def monotonic(self):
            self.now += 3600
            return self.now

    def advance(progress, count=1, own=Progress.advance):
        own(progress, count)
        texts.append(progress.text)

    monkeypatch.setattr("dari_nb.resources.connection.progress.time", Hour())
    monkeypatch.setattr(Progress, "advance", advance)
    monkeypatch.setattr(Progress, "_log", lambda self: None)
    many.score("right", lambda turn: True)
    assert texts[0] == "1 of 12 answers scored"
    assert not any(" left" in text for text in texts)


def test_a_coroutine_may_score_and_give_several_values(batch):
    batch.score("length", length)
    assert batch[0, "a"].scores == {"length.words": 3, "length.letters": 6}
    assert batch.pivot("length.words").loc[(1, "y"), "a"] == 3


def test_ratings_by_hand_stand_beside_scores_and_can_be_taken_back(batch):
    batch.score("right", lambda turn: True)
    cell = batch[0, "a"]
    batch.rate(cell, "rating", 4, "short")
    batch.rate(cell, "checked", False)
    picture = batch._snapshot().cells[0]
    scores = {"right": True, "checked": False, "rating": 4}
    assert (picture.scores, picture.notes) == (scores, {"rating": "short"})
    batch.rate(cell, "checked", None)
    assert batch[0, "a"].scores == {"right": True, "rating": 4}


def test_a_new_rating_leaves_the_note_that_was_written_unless_it_has_one(batch):
    def rating():
        return tuple(batch.to_frame().loc[0, ["score.q", "note.q"]])

    batch.rate((0, "a"), "q", 4, "a bit short")
    batch.rate((0, "a"), "q", 3)
    assert rating() == (3, "a bit short")
    batch.rate((0, "a"), "q", 2, "wrong")
    assert rating() == (2, "wrong")
    batch.rate((0, "a"), "q", 2, "")
    assert "note.q" not in batch.to_frame() or batch.to_frame()["note.q"].isna().all()
    batch.rate((0, "a"), "q", 1, "wrong")
    batch.rate((0, "a"), "q", None)
    assert "score.q" not in batch.to_frame()


def test_an_empty_text_takes_a_rating_back(batch):
    batch.rate((0, "a"), "mood", "calm")
    for empty in ("", "  "):
        batch.rate((0, "b"), "mood", "angry")
        batch.rate((0, "b"), "mood", empty)
        assert "mood" not in batch[0, "b"].scores
    batch.rate((0, "a"), "rating", 4)
    batch.rate((0, "a"), "rating", "")
    assert "rating" not in batch[0, "a"].scores
    batch.rate((1, "a"), "never", "")
    assert "score.never" not in batch.to_frame()
    batch.rate((1, "a"), "never", "", "no word of it")
    assert batch.to_frame()["note.never"].dropna().tolist() == ["no word of it"]


def test_the_interval_of_a_mean_stays_on_the_scale_of_ratings(d, server):
    @server.agent("plain")
    def plain(prompt):
        return prompt

    batch = d.batches.run("plain", ["a", "b", "c"]).wait(60)
    for number, value in enumerate((1, 5, 5)):
        batch.rate(number, "rating", value)
        batch.rate(number, "grade", value)
    by_name = {mean.score: mean for mean in batch._snapshot().columns[0].means}
    rating, grade = by_name["rating"], by_name["grade"]
    assert (rating.low, rating.high) == (1, 5)
    assert grade.low < 1 < 5 < grade.high
    assert "1 to 5" in batch.to_mimebundle()["text/html"]


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


def test_a_note_by_hand_on_an_answer_is_no_place_for_a_function(batch):
    batch.rate((0, "a"), "right", None, "hard to say")
    with pytest.raises(InvalidRequestError, match="holds 1 rating by hand"):
        batch.score("right", lambda turn: True)
    batch.rate((0, "a"), "right", None)
    told = batch.score("right", lambda turn: True).to_frame()["value"].dropna()
    assert len(told) == len(batch.to_frame()["score.right"].dropna())


def test_a_rating_takes_a_place_as_comparing_does(batch):
    batch.rate((0, "a"), "quality", 4, "short")
    batch.rate((0, "b", 0), "quality", 2)
    assert [batch[0, llm].scores for llm in "ab"] == [{"quality": 4}, {"quality": 2}]
    with pytest.raises(KeyError, match="LLMs a, b"):
        batch.rate(0, "quality", 3)
    said = batch.to_mimebundle()
    assert all("short" in form for form in said.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("q", value)
            for value in (math.nan, math.inf, 10**400, {}, {"a": 1}, [1], b"x", object())
        ),
        *((name, 3) for name in (None, "", "\n", 5, b"x", "x" * 100_000)),
    ],
    ids=lambda given: repr(given)[:12],
)
def test_a_rating_that_could_not_be_kept_is_refused(batch, name, value):
    with pytest.raises(InvalidRequestError):
        batch.rate((0, "a"), name, value)
    with pytest.raises(InvalidRequestError):
        batch.rate((0, "a"), name, None if value == 3 else value, "a note")
    assert batch[0, "a"].scores == {}
    assert not batch.book.path.exists()


@pytest.mark.parametrize("name", ["cost_usd", "State", "answer", "llm"])
def test_what_conditions_call_something_else_is_no_score(batch, name):
    for give in (
        lambda: batch.rate((0, "a"), name, 4),
        lambda: batch.score(name, lambda turn: True),
        lambda: batch.sample(1, name=name),
    ):
        with pytest.raises(InvalidRequestError, match="call something else already: give another"):
            give()


@pytest.mark.parametrize(
    ("note", "said"),
    [(5, "A note is a text, not an int"), ("x" * 5_000_000, "10,000 characters at most, not 5,0")],
)
def test_a_note_is_a_text_of_some_length(batch, note, said):
    with pytest.raises(InvalidRequestError, match=said):
        batch.rate((0, "a"), "quality", 4, note)
    assert not batch.book.path.exists()


def test_signs_of_mathematics_are_signs(batch):
    batch.rate((0, "a"), "g", 2)
    batch.rate((0, "b"), "g", 4)
    for where, found in (
        ("g \N{GREATER-THAN OR EQUAL TO} 4", ["b"]),
        ("g\N{LESS-THAN OR EQUAL TO}2", ["a"]),
        ("g \N{NOT EQUAL TO} 2", ["b"]),
    ):
        batch.view(where=where)
        assert [cell.llm for cell in batch.selection] == found
    for where in ("< 0", ">= 3", "=1"):
        with pytest.raises(InvalidRequestError, match="a name stands before"):
            batch.view(where=where)


def test_a_score_of_too_many_digits_harms_nothing_that_is_read_later(batch, caplog):
    made = batch.score("n", lambda turn: int("9" * 400))
    assert "is not a finite number" in repr(made)
    batch.rate((0, "a"), "q", 4)
    with batch.book.path.open("a") as file:
        of = {"run_id": batch.run_id, "llm_id": "a", "session_id": batch[0, "a"].session_id}
        file.write(json.dumps({**of, "name": "old", "value": 10**400}) + "\n")
    assert batch[0, "a"].scores["q"] == 4
    assert "line 5 cannot be used" in caplog.text
    assert "old" not in batch[0, "a"].scores
    assert all(batch.to_mimebundle().values())
    assert batch.to_frame()["score.q"].notna().sum() == 1
    assert batch.pivot("q").loc[(0, "x"), "a"] == 4
    assert batch.summary("q")["mean"].to_list()[0] == 4
    batch.view().close()


def test_a_score_that_failed_everywhere_says_so_once_and_can_be_given_again_or_dropped(batch):
    shown = repr(batch.score("len", len))
    assert shown.count("TypeError") == 1
    assert "all 3 failed" in shown
    matrix = batch._snapshot()
    assert set(matrix.cells[0].score_errors) == {"len"}
    assert "Nothing has “len”: TypeError: " in str(batch)
    assert str(batch).count("TypeError") == 1
    assert 'batch.score("len", None) drops it.' in str(batch)
    assert "len: error" not in str(batch)
    batch.score("len", lambda turn: len(turn.text))
    assert batch[0, "a"].scores == {"len": 6}
    assert not batch._snapshot().cells[0].score_errors
    batch.rate((0, "a"), "rating", 5)
    assert list(batch.score("len", None)) == []
    assert batch[0, "a"].scores == {"rating": 5}
    with pytest.raises(InvalidRequestError, match="No function has scored 'len': there is nothing"):
        batch.score("len", None)


def test_texts_have_no_mean_and_it_is_said_what_to_do(batch):
    batch.score("tone", lambda turn: "calm")
    with pytest.raises(InvalidRequestError, match="'tone' has no mean: it holds 'calm'") as told:
        batch.summary("tone")
    assert "Score True or False, or a number" in str(told.value)
    assert len(str(told.value).splitlines()) == 1


def test_the_time_of_a_batch_leaves_out_what_lies_between_two_attempts(batch):
    moments = [("10:00:00", "10:00:02"), ("10:00:01", "10:00:03"), ("10:01:30", "10:01:31")]
    cells = iter(batch.cells)
    for began, ended in moments:
        cell = next(cells)
        days = {"created_at": f"2026-01-01T{began}Z", "completed_at": f"2026-01-01T{ended}Z"}
        cell.put(replace(cell.last, **days))
    last = next(cells)
    last.put(replace(last.last, created_at=None, completed_at=None))
    assert batch._snapshot().seconds == 4.0


def test_while_a_retry_runs_the_earlier_run_counts_for_nothing(d, server):
    gate = threading.Event()

    @server.agent("down")
    def down(prompt, turn):
        if turn.metadata["attempt"] == "1" and prompt != "a":
            raise RuntimeError("down")
        if turn.metadata["attempt"] != "1":
            gate.wait(60)
        yield "up"

    batch = d.batches.run("down", ["a", "b", "c"]).wait(20)
    long_ago = {"created_at": "2026-01-01T10:00:00Z", "completed_at": "2026-01-01T11:00:00Z"}
    for cell in batch.cells:
        cell.put(replace(cell.last, **long_ago, latency_s=3600.0))
    assert batch._snapshot().seconds == 3600.0
    batch.retry_failed()
    running = batch._snapshot()
    assert running.seconds < 600
    gate.set()
    batch.wait(20)
    assert batch._snapshot().seconds > 3600


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


def test_long_answers_that_differ_in_two_words_have_just_these_marked(d, server):
    @server.agent("ends", llms=["a", "b"])
    def ends(prompt, turn):
        end = "LEFT" if turn.llm_id == "a" else "RIGHT"
        far = "the same words here " * 3_000 if prompt == "far" else end
        return f"{far} {'same words stay here ' * 500}{end}"

    batch = d.batches.run("ends", ["near", "far"], ["a", "b"]).wait(20)
    for task, marks in ((0, 2), (1, 1)):
        compared = batch.compare("a", "b", task=task)
        html, text = compared.to_mimebundle()["text/html"], str(compared)
        assert html.count("<del>LEFT</del>") == html.count("<ins>RIGHT</ins>") == marks
        assert html.count("<del>") + html.count("<ins>") == 2 * marks
        assert "all differs" not in text
        assert text.count("LEFT") == text.count("RIGHT") == marks


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


def test_an_opened_cell_shows_its_transcript(batch):
    items, head = opened(batch, batch[0, "a"])
    assert [item.text for item in items] == ["x", "x by a"]
    assert (head.title, head.llm, head.state) == ("flaky", "a", "completed")
    items, head = opened(batch, batch[1, "b"])
    assert ("out of luck" in items[-1].error_message, head.state) == (True, "failed")


def test_the_interactive_matrix_is_there_for_a_finished_batch(batch):
    with contextlib.closing(batch.view()) as view:
        assert (view.rating, view.blocking, view.busy) == ("rating", False, False)


@pytest.fixture
def stopped(monkeypatch):
    """Score by a function, and stop it when three are told to be done; returns what that says."""

    def stopped(scored, name):
        def advance(progress, count=1):
            progress.done += count
            if progress.done == 3:
                raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr("dari_nb.resources.connection.progress.Progress.advance", advance)
            with pytest.raises(KeyboardInterrupt) as told:
                scored.score(name, lambda turn: "new")
        return str(told.value)

    return stopped


@pytest.fixture
def six(d, flaky):
    return d.batches.run("flaky", ["x", "y", "z"], ["a", "b"], run_id="six").wait(20)


def test_scores_stay_where_a_second_function_is_interrupted(six, again, stopped):
    six.score("kind", lambda turn: "old")
    kept = "3 of 6 answers were scored, and 'kind' keeps what it had until all are: score again"
    assert stopped(six, "kind") == kept
    for batch in (six, again().batches.recover("six")):
        assert list(batch.to_frame()["score.kind"]) == ["old"] * 6
    six.score("kind", lambda turn: "new")
    assert list(six.to_frame()["score.kind"]) == ["new"] * 6


def test_batches_that_are_compared_have_scores_of_one_function(d, six, stopped):
    other = d.batches.run("flaky", ["x", "y"], ["a"], run_id="other").wait(20)
    compared = dari.compare_batches(other, six)
    compared.score("kind", lambda turn: "old")
    assert len(compared.score("kind", lambda turn: "old")) == len(six)
    stopped(compared, "kind")
    assert list(compared.to_frame()["score.kind"]) == ["old"] * 8
    compared.score("kind", lambda turn: "new")
    assert list(compared.to_frame()["score.kind"]) == ["new"] * 8
    six.rate((0, "a"), "style", "good")
    with pytest.raises(InvalidRequestError, match="holds 1 rating by hand"):
        compared.score("style", lambda turn: "new")
    assert "style" not in other[0, "a"].scores


def test_scores_that_came_with_runs_stay_where_a_function_is_interrupted(d, folder, stopped):
    said = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "a"}]
    runs = [{"task_id": n, "model": "m", "messages": said, "score": 0.5} for n in range(6)]
    (folder / "runs.jsonl").write_text("".join(f"{json.dumps(run)}\n" for run in runs))
    batch = d.batches.from_runs(folder / "runs.jsonl")
    stopped(batch, "score")
    assert list(batch.to_frame()["score.score"]) == [0.5] * 6


def test_an_emoji_of_several_is_shown_as_one_and_a_joiner_elsewhere_is_seen(d, server):
    server.agent("echo")(lambda prompt: prompt)
    flag = "\U0001f3f3\ufe0f\u200d\U0001f308"
    batch = d.batches.run("echo", [f"Wave the {flag}", "in\u200dvisible \u200d\U0001f308"]).wait(60)
    for told in batch.to_mimebundle().values():
        assert f"Wave the {flag}" in told
        assert "in[U+200D]visible [U+200D]\U0001f308" in told.replace("\\", "")
