"""Several runs side by side, given as transcripts, sessions, turns or cells."""

import itertools
import json
import math
import random
from collections import defaultdict
from fractions import Fraction

import pytest

import dari_nb
from dari_nb.errors import InvalidRequestError
from dari_nb.local import ToolCall, ToolResult
from dari_nb.resources import Trajectories, Transcript

from ...recorded import FILES, runs_of


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
    assert trajectories.finding == (
        "They diverge at step 2: run 1 called fare_rules and succeeded; "
        "run 2 called cancel M20 first and did not succeed; 2 runs cannot tell it from chance. "
        "Success means that reward is 1: 1 of 2."
    )
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
        (-0.0, 0, "same"),
        (2.0**53, 2**53, "same"),
        (2.0**53, 2**53 + 1, "other arguments"),
        (2.0**70, 2**70, "same"),
        (True, 1, "other arguments"),
        (True, 1.0, "other arguments"),
        ("1", 1, "other arguments"),
        (0.1, 0.2, "other arguments"),
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


def test_p_of_each_step_is_that_of_an_independent_script():
    lots = random.Random(5)
    counted = 0
    for _ in range(30):
        runs = []
        for _ in range(7):
            calls = [(name, {"n": lots.randint(0, 1)}) for name in "abc" if lots.random() < 0.7]
            runs.append(run(*calls, task="t", reward=lots.randint(0, 1)))
        trajectories = dari_nb.trajectories(runs, success="reward")
        frame = trajectories.to_frame()
        expected = chances_by_step(frame, trajectories.first_divergence)
        found = {int(step): p for step, p in zip(frame["step"], frame["p"], strict=True)}
        assert found == pytest.approx(expected, nan_ok=True)
        counted += sum(p == p for p in expected.values())
    assert counted > 50


def chances_by_step(frame, first_divergence):
    """Deal out success in all ways: how often is the clearest split as clear as that of a step."""
    success = [bool(x) for x in frame.drop_duplicates("run").sort_values("run")["success"]]
    sides = {int(step): set() for step in frame["step"]}
    trajectories = defaultdict(list)
    for row in frame.dropna(subset="tool_name").sort_values(["run", "order"]).itertuples():
        trajectories[row.run].append((row.tool_name, canonical(row.arguments)))
    for step, rows in frame.groupby("step"):
        there = rows.dropna(subset="tool_name")
        groups = [set(there["run"])]
        values = defaultdict(set)
        for number, arguments in zip(there["run"], there["arguments"], strict=True):
            values[canonical(arguments)].add(number)
        groups += values.values() if len(values) > 1 else []
        sides[int(step)] |= {frozenset(g) for g in groups if 2 <= len(g) <= len(success) - 2}
    if first_divergence:
        place = first_divergence - 1
        for step, of in divergences(trajectories, len(success), place, frame):
            ways = defaultdict(set)
            for number in range(1, len(success) + 1):
                ways[of(trajectories[number])].add(number)
            sides[step] |= set(map(frozenset, ways.values()))
    if all(success) or not any(success):
        return dict.fromkeys(sides, float("nan"))
    numbers = range(1, len(success) + 1)
    everything = {side for of_step in sides.values() for side in of_step}
    for tool in {tool for trajectory in trajectories.values() for tool, _ in trajectory}:
        calling = frozenset(
            n
            for n, trajectory in trajectories.items()
            if any(name == tool for name, _ in trajectory)
        )
        everything |= {calling} if 2 <= len(calling) <= len(success) - 2 else set()
    deals = [set(deal) for deal in itertools.combinations(numbers, sum(success))]
    least = [min(fisher(side, deal, len(success)) for side in everything) for deal in deals]
    own = {number for number, ok in zip(numbers, success, strict=True) if ok}
    return {
        step: sum(p <= min(fisher(s, own, len(success)) for s in of_step) for p in least)
        / len(deals)
        if of_step
        else float("nan")
        for step, of_step in sides.items()
    }


def divergences(trajectories, count, place, frame):
    """Where they first diverge, and in what they call where that is later."""

    def at(trajectory, place):
        return trajectory[place] if place < len(trajectory) else (None, None)

    def tools(place):
        return {at(trajectories[number], place)[0] for number in range(1, count + 1)}

    step = place + 1
    if len(tools(place)) == 1:
        yield step, lambda trajectory: at(trajectory, place)
        later = place
        while len(tools(later)) == 1 and tools(later) != {None}:
            later += 1
        if tools(later) == {None}:
            return
        step = int(frame[frame["order"] == later + 1]["step"].min())
        yield step, lambda trajectory: at(trajectory, later)[0]
    else:
        yield step, lambda trajectory: at(trajectory, place)[0]


def fisher(side, succeeded, count):
    """The two-sided p-value, in whole numbers."""
    size, yes = len(side), len(succeeded)
    ways = [
        math.comb(size, n) * math.comb(count - size, yes - n) if n <= yes else 0
        for n in range(size + 1)
    ]
    return Fraction(sum(w for w in ways if w <= ways[len(side & succeeded)]), sum(ways))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_clusters_and_rates_of_recorded_runs_are_those_of_an_independent_script(file):
    transcripts, raw = Transcript.from_file(file), runs_of(file)
    by_task = defaultdict(list)
    for transcript, each in zip(transcripts, raw, strict=True):
        by_task[each["task_id"]].append((transcript, each))
    counted = 0
    for pairs in by_task.values():
        if len(pairs) < 2:
            continue
        counted += 1
        trajectories = dari_nb.trajectories(
            [transcript for transcript, _ in pairs], success="reward"
        )
        expected = defaultdict(list)
        for _, each in pairs:
            trajectory = tuple(
                (call["function"]["name"], canonical(call["function"]["arguments"]))
                for message in each["messages"]
                for call in message.get("tool_calls") or ()
            )
            expected[trajectory].append(each["reward"] == 1)
        found = trajectories.clusters()
        assert sorted(
            zip(found["calls"], found["runs"], found["succeeded"], strict=True)
        ) == sorted(
            (len(trajectory), len(group), sum(group)) for trajectory, group in expected.items()
        )
        frame = trajectories.to_frame().dropna(subset="tool_name")
        assert len(frame) == sum(
            len(trajectory) * len(group) for trajectory, group in expected.items()
        )
        prefix = 0
        trajectories_of = list(expected)
        while (
            all(len(trajectory) > prefix for trajectory in trajectories_of)
            and len({trajectory[prefix] for trajectory in trajectories_of}) == 1
        ):
            prefix += 1
        is_alike = len(trajectories_of) == 1
        assert trajectories.first_divergence == (None if is_alike else prefix + 1)
    assert counted >= 1


def canonical(arguments):
    try:
        return json.dumps(json.loads(arguments), sort_keys=True)
    except ValueError:
        return arguments


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
        ("task", "'task' is no yes or no"),
        (lambda _: "perhaps", "yes, no or None for a run, not 'perhaps'"),
    ],
)
def test_what_cannot_tell_success_is_refused(success, says):
    runs = [run(*calls, task="t", reward=0, words=n) for n, calls in enumerate(TWO, 12)]
    with pytest.raises(InvalidRequestError, match=says):
        dari_nb.trajectories(runs, success=success)


def test_of_runs_without_a_score_only_scores_are_named(d, server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    @server.agent("bad", llms=["a", "b"])
    def bad(prompt, turn):
        if prompt == "fail":
            raise RuntimeError("x")
        return prompt

    tasks = [{"prompt": word, "metadata": {"level": "1"}} for word in ("fail", "go")]
    batch = d.batches.run("bad", tasks, ["a", "b"]).wait(20)
    with pytest.raises(InvalidRequestError, match=r"^No run has a score 'ok': all 2 failed\.$"):
        batch.trajectories(0, success="ok")
    with pytest.raises(InvalidRequestError, match=r"^No run has a score 'ok', nor any other\.$"):
        batch.trajectories(1, success="ok")
    batch.score("right", lambda turn: True)
    batch.score("ok", lambda turn: None)
    with pytest.raises(InvalidRequestError, match=r"^No run has a score 'ok'; there is: right\.$"):
        batch.trajectories(1, success="ok")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (list, "two runs or more"),
        (lambda: two()[:1], "two runs or more"),
        (lambda: two()[0], "two runs or more"),
        (lambda: [*two(), 7], "7 is no run"),
    ],
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
    assert trajectories.finding == (
        "They diverge at step 2: whoever called fare_rules economy (2 of 2) succeeded, "
        "the others (0 of 2) did not; 4 runs cannot tell it from chance. "
        "Success means that solved is yes: 2 of 4."
    )
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


def test_runs_of_several_tasks_make_no_rule(d, shop):
    batch = d.batches.run("shop", ["M20", "M21"], ["small", "large"], repeats=2).wait(60)
    batch.score("solved", lambda turn: turn.session.llm_id == "large")
    cells = [batch[task, llm, n] for task, llm in ((0, "small"), (1, "large")) for n in (0, 1)]
    said = (
        "These are runs of 2 tasks. They diverge at step 2: runs 3 and 4 called fare_rules economy "
        "and succeeded; runs 1 and 2 called cancel M20 first and did not succeed."
    )
    assert dari_nb.trajectories(cells).finding.startswith(said)
    by_id = dari_nb.trajectories([cell.session_id for cell in cells], dari=d)
    assert by_id.finding.startswith("These are runs of 2 tasks. They diverge at step 2: ")


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


def test_matrices_of_recorded_runs_part_as_well(d):
    matrix = d.batches.from_runs(
        two_trials(), task="task_id", repeat="trial", score_columns=["reward"]
    )
    trajectories = matrix.trajectories(0)
    assert trajectories.first_divergence == 2
    assert "reward is 1: 1 of 2" in trajectories.finding


def two_trials():
    return [run(*calls, task_id="t", trial=n, reward=1 - n) for n, calls in enumerate(TWO)]


def test_a_run_opens_at_its_call():
    trajectories = dari_nb.trajectories(two())
    assert trajectories.open(1, step=2).active.tool_name == "fare_rules"
    assert trajectories.open(2).active is None
    for wrong, says in (((3,), "no run 3"), ((0,), "no run 0"), ((2, 2), "has no call at step 2")):
        with pytest.raises(InvalidRequestError, match=says):
            trajectories.open(*wrong)
    with pytest.raises(InvalidRequestError, match="no step 9"):
        trajectories.open(1, step=9)


def test_the_view_tells_what_is_open():
    view = dari_nb.trajectories(two()).view()
    view.active = "2:1"
    assert view.value == "2:1"
    assert repr(view) == "<TrajectoriesReader of 2 runs, 2:1 active>"
    with pytest.raises(Exception, match="is no run"):
        view.active = "two"
    view.close()
