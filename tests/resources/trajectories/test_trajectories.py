"""Several runs side by side, given as transcripts, sessions, turns or cells."""

import json

import pytest

import dari_nb
from dari_nb.errors import InvalidRequestError
from dari_nb.local import ToolCall, ToolResult
from dari_nb.resources import Trajectories, Transcript


def messages(*calls, said="Done."):
    made = [{"role": "user", "content": "Cancel M20."}]
    for n, (name, arguments) in enumerate(calls):
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = {"id": f"call_{n}", "type": "function", "function": function}
        made.append({"role": "assistant", "content": None, "tool_calls": [call]})
        made.append({"role": "tool", "tool_call_id": f"call_{n}", "content": f"result of {name}"})
    return [*made, {"role": "assistant", "content": said}]


def run(*calls, **about):
    return Transcript.from_messages({"messages": messages(*calls), **about})


USER, RULES, CANCEL = ("get_user", {"id": 1}), ("fare_rules", {}), ("cancel", {"id": "M20"})
TWO = [USER, RULES, CANCEL], [USER, CANCEL]


def two(**about):
    return [run(*calls, task="t", reward=n, **about) for n, calls in zip((1, 0), TWO, strict=True)]


def test_runs_of_a_file_part_where_their_calls_do():
    trajectories = dari_nb.trajectories(two(), title="Task 12")
    assert isinstance(trajectories, Trajectories)
    assert trajectories.first_divergence == 2
    assert repr(trajectories) == "<Trajectories of 2 runs, diverge at step 2>"
    assert [step.kind for step in trajectories.steps] == ["same", "only here", "same"]
    assert str(trajectories).startswith("Task 12\nThey diverge at step 2")
    assert "<strong>Task 12</strong>" in trajectories._repr_mimebundle_()["text/html"]
    assert "trajectories.open(1)" in trajectories.to_mimebundle()["text/markdown"]


def test_the_frame_has_a_row_for_each_step_and_run():
    frame = dari_nb.trajectories(two()).to_frame()
    told = frame[["step", "run", "tool_name", "order", "diverges", "success"]].astype(object)
    assert told.where(told.notna(), None).to_numpy().tolist() == [
        [1, 1, "get_user", 1, False, True],
        [1, 2, "get_user", 1, False, False],
        [2, 1, "fare_rules", 2, True, True],
        [2, 2, None, None, True, False],
        [3, 1, "cancel", 3, False, True],
        [3, 2, "cancel", 2, False, False],
    ]
    assert json.loads(frame["arguments"].iloc[-1]) == {"id": "M20"}
    assert json.loads(frame["result"].iloc[-1]) == "result of cancel"
    assert dict(frame.dtypes.astype(str)) == dari_nb.frames.TRAJECTORIES.dtypes
    clusters = dari_nb.trajectories([*two(), two()[0]]).clusters()
    assert dict(clusters.dtypes.astype(str)) == dari_nb.frames.CLUSTERS.dtypes
    assert clusters["run_numbers"].tolist() == ["[1,3]", "[2]"]
    assert clusters["rate"].tolist() == [1.0, 0.0]


def test_fields_of_an_argument_have_no_order_at_any_depth():
    one = ("search", {"where": {"city": "Rome", "near": True}, "most": 3})
    other = ("search", {"most": 3, "where": {"near": True, "city": "Rome"}})
    trajectories = dari_nb.trajectories([run(one), run(other), run(("search", {"most": 4}))])
    assert [step.kind for step in trajectories.steps] == ["other arguments"]
    assert trajectories.clusters()["run_numbers"].tolist() == ["[1,2]", "[3]"]


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        (1.0, 1, "same"),
        (2.0**53, 2**53 + 1, "other arguments"),
        (True, 1, "other arguments"),
        ([{"a": 1.0, "b": 2**70}], [{"b": 2.0**70, "a": 1}], "same"),
    ],
)
def test_arguments_are_the_same_where_they_are_equal_in_json(one, other, kind):
    trajectories = dari_nb.trajectories(
        [run(("f", {"x": one, "y": 3})), run(("f", {"x": other, "y": 3.0}))]
    )
    assert [step.kind for step in trajectories.steps] == [kind]
    differing = ["x"] if kind != "same" else []
    assert [step.differing() for step in trajectories.steps] == [differing]
    assert len(trajectories.clusters()) == (1 if kind == "same" else 2)


def test_success_is_a_score_a_function_or_how_runs_ended():
    runs = two(right="yes")
    assert dari_nb.trajectories(runs, success="reward").clusters()["succeeded"].tolist() == [1, 0]
    by_hand = dari_nb.trajectories(runs, success=lambda each: each is runs[1])
    assert by_hand.clusters()["succeeded"].tolist() == [1, 0]
    assert json.loads(by_hand.clusters()["run_numbers"][0]) == [2]
    assert "unknown" in str(dari_nb.trajectories(runs, success=lambda _: None))
    plain = [run(*calls) for calls in TWO]
    said = dari_nb.trajectories(plain).finding
    assert said.endswith("Success means that it was completed: 2 of 2.")

    def solved(each):
        return each.metadata["reward"] == "1"

    assert dari_nb.trajectories(runs, success=solved).finding.endswith("solved() is true: 1 of 2.")


@pytest.mark.parametrize(
    ("success", "says"),
    [
        ("quality", r"No run has a score 'quality'; there is: reward"),
        ("words", "'words' is no yes or no"),
        (lambda _: "perhaps", "yes, no or None for a run, not 'perhaps'"),
    ],
)
def test_what_cannot_tell_success_is_refused(success, says):
    runs = [run(*calls, task="t", reward=0, words=n) for n, calls in enumerate(TWO, 12)]
    with pytest.raises(InvalidRequestError, match=says):
        dari_nb.trajectories(runs, success=success)


@pytest.mark.parametrize(
    ("given", "says"),
    [(lambda: two()[:1], "two runs or more"), (lambda: [*two(), 7], "7 is no run")],
)
def test_what_are_no_runs_is_refused(given, says):
    with pytest.raises(InvalidRequestError, match=says):
        dari_nb.trajectories(given())


@pytest.fixture
def shop(server):
    """An agent that looks at the fare rules when it is large."""

    @server.agent("shop", llms=["small", "large"])
    def shop(prompt, turn):
        yield ToolCall("get_user", {"id": 1})
        yield ToolResult({"name": prompt})
        if turn.llm_id == "large":
            yield ToolCall("fare_rules", {"cabin": "economy"})
            yield ToolResult("no refund")
        yield ToolCall("cancel", {"id": prompt})
        yield ToolResult("done")
        yield "Done."

    return shop


def test_runs_of_one_task_of_a_batch(d, shop, tmp_path):
    scores = tmp_path / "scores.jsonl"
    batch = d.batches.run("shop", ["M20", "M21"], ["small", "large"], repeats=2, scores_path=scores)
    batch.wait(60)
    batch.score("solved", lambda turn: turn.session.llm_id == "large")
    trajectories = batch.trajectories(1)
    assert trajectories.title == "Task 1"
    assert trajectories.finding.startswith("They diverge at step 2")
    assert trajectories.clusters()["runs"].tolist() == [2, 2]
    assert [cell.task_index for cell in trajectories.runs] == [1] * 4
    assert "1, 2" not in trajectories.clusters()["run_numbers"].tolist()
    assert trajectories.to_mimebundle()["text/html"].count("<code>sess_") == 4
    assert batch.trajectories().title == "Task 0"
    with pytest.raises(InvalidRequestError, match="There is no task 7: the last one is 1"):
        batch.trajectories(7)
    with pytest.raises(InvalidRequestError, match=r"batch.trajectories\(task\)"):
        dari_nb.trajectories(batch)


def test_what_is_no_task_and_what_fails_is_told_in_a_sentence(d, shop):
    batch = d.batches.run("shop", ["M20", "M21"], ["small", "large"]).wait(60)
    for wrong in (True, [1], "1"):
        with pytest.raises(InvalidRequestError, match=r"There is no task .*: the last one is 1"):
            batch.trajectories(wrong)
    with pytest.raises(InvalidRequestError, match=r"success= failed on run 1, <Cell .*>: ZeroDiv"):
        batch.trajectories(0, success=lambda run: 1 / 0)


def test_one_run_cannot_part(d, shop):
    batch = d.batches.run("shop", ["M20"], ["small"]).wait(60)
    with pytest.raises(InvalidRequestError, match="Task 0 has one run"):
        batch.trajectories()


def test_sessions_their_ids_and_turns_are_runs_too(d, shop):
    turns = [d.agents["shop"].send("M20", llm=llm).wait(60) for llm in ("small", "large")]
    ids = [turn.session.id for turn in turns]
    for given in (turns, [turn.session for turn in turns], ids):
        trajectories = dari_nb.trajectories(given, dari=d)
        assert trajectories.first_divergence == 2
        assert trajectories.to_frame()["session_id"].unique().tolist() == ids
    assert "large" in str(trajectories.to_mimebundle()["text/html"])
    again = turns[0].session.send("M20").wait(60)
    both = dari_nb.trajectories([turns[0], again])
    assert both.first_divergence is None


def test_a_run_opens_at_its_call():
    trajectories = dari_nb.trajectories(two())
    assert trajectories.open(1, step=2).active.tool_name == "fare_rules"
    assert trajectories.open(2).active is None
    for wrong, says in (((3,), "no run 3"), ((0,), "no run 0"), ((2, 2), "has no call at step 2")):
        with pytest.raises(InvalidRequestError, match=says):
            trajectories.open(*wrong)
    with pytest.raises(InvalidRequestError, match="no step 9"):
        trajectories.open(1, step=9)
