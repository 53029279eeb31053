import itertools
import json
from collections import defaultdict

import pytest

import dari_nb
from dari_nb.errors import ConflictError, InvalidRequestError
from dari_nb.render.calls.alignment import arguments_of
from dari_nb.resources import Transcript
from dari_nb.resources.batches.matrix_view import opened

from ...recorded import FILES, runs_of


@pytest.fixture(params=FILES, ids=lambda path: path.name)
def path(request):
    return request.param


@pytest.fixture
def runs(path):
    """The file as an independent script reads it."""
    return runs_of(path)


@pytest.fixture(params=["sessions", "files"])
def source(request, server, path):
    """The runs as sessions of a server, and as transcripts that are on none."""
    return server.load_runs(path) if request.param == "sessions" else Transcript.from_file(path)


@pytest.fixture
def matrix(d, source):
    return matrix_of(d, source)


def matrix_of(d, source, **options):
    return d.batches.from_runs(
        source,
        task="task_id",
        repeat="trial",
        label="instruction",
        score_columns=["reward"],
        **options,
    )


def cell_of(matrix, run):
    return matrix[run["task_id"], run["model"], run["trial"]]


def calls_of(run):
    calls = (call for m in run["messages"] for call in m.get("tool_calls") or ())
    return [(c["function"]["name"], json.loads(c["function"]["arguments"])) for c in calls]


def test_recorded_runs_are_a_matrix_of_tasks_and_trials(matrix, runs):
    assert len(matrix) == len(runs)
    shape = [len({run[key] for run in runs}) for key in ("task_id", "model", "trial")]
    assert [len(matrix.tasks), len(matrix.columns), matrix.repeats] == shape
    for run in runs:
        cell = cell_of(matrix, run)
        said = [m["content"] for m in run["messages"] if m["role"] == "assistant" and m["content"]]
        assert cell.task.label == run["instruction"]
        assert cell.scores == {"reward": run["reward"]}
        assert list(cell.tools) == [name for name, _ in calls_of(run)]
        assert cell.text.endswith(said[-1])
        assert (cell.state, cell.latency_s) == ("completed", None)


def test_rewards_are_those_of_an_independent_script_for_each_task_and_overall(matrix, runs):
    tasks, models = defaultdict(list), defaultdict(list)
    for run in runs:
        tasks[run["task_id"], run["model"]].append(run["reward"])
        models[run["model"]].append(run["reward"])
    frame = matrix.to_frame()
    by_task = frame.groupby(["task_index", "llm_id"], observed=True)["score.reward"].agg(list)
    assert {place: sorted(rewards) for place, rewards in by_task.items()} == {
        place: sorted(rewards) for place, rewards in tasks.items()
    }
    summary = matrix.summary("reward")
    means = dict(zip(summary["llm_id"], summary["mean"], strict=True))
    expected = {model: sum(rewards) / len(rewards) for model, rewards in models.items()}
    assert means == pytest.approx(expected, abs=1e-12)
    pivot = matrix.pivot("reward")
    for run in runs:
        place = (run["model"], run["trial"])
        assert pivot.xs(run["task_id"], level="task_index").iloc[0][place] == run["reward"]


def test_comparing_trials_shows_where_their_trajectories_diverge(matrix, runs):
    by_task = defaultdict(list)
    for run in runs:
        by_task[run["task_id"], run["model"]].append(run)
    for first, second, *_ in by_task.values():
        compared = matrix.compare(cell_of(matrix, first), cell_of(matrix, second))
        paths = [calls_of(first), calls_of(second)]
        for side, path in enumerate(paths):
            calls = [step.calls[side] for step in compared.steps if step.calls[side]]
            assert [(call.tool_name, arguments_of(call)) for call in calls] == path
        pairs = zip(*paths, strict=False)
        same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        is_all = paths[0] == paths[1]
        assert compared.first_divergence == (None if is_all else same + 1)
        assert is_all or f"Call {same + 1}" in repr(compared)


def test_frames_of_the_matrix_have_what_its_sessions_have(matrix, runs):
    calls = dari_nb.tool_calls_frame(matrix)
    assert len(calls) == sum(len(calls_of(run)) for run in runs)
    turn = matrix.cells[0].turn
    assert len(dari_nb.messages_frame(turn)) == 1
    assert set(dari_nb.events_frame(turn)["message_id"].dropna()) == {turn.id}
    assert list(dari_nb.sessions_frame(matrix)["session_id"]) == [s.id for s in matrix.sessions]


def test_recorded_runs_are_scored_and_rated(matrix):
    matrix.score("words", lambda turn: len(turn.text.split()))
    cell = matrix.cells[0]
    matrix.rate(cell, "rating", 4, "polite")
    assert cell.scores["words"] == len(cell.turn.text.split())
    assert cell.scores["rating"] == 4
    assert list(matrix.to_frame()["note.rating"].dropna()) == ["polite"]


def test_ratings_are_there_again_when_the_same_runs_are_loaded_again(d, server, path):
    first = matrix_of(d, server.load_runs(path))
    first.rate(first.cells[0], "rating", 5)
    again = matrix_of(d, Transcript.from_file(path))
    assert again.cells[0].scores["rating"] == 5
    loaded = [server.load_runs(path), server.load_runs(path, agent="other")]
    named = [matrix_of(d, ids, run_id="mine") for ids in loaded]
    named[0].rate(named[0].cells[0], "rating", 1)
    assert [m.cells[0].scores.get("rating") for m in named] == [1, None]


def test_the_same_file_loaded_again_is_the_same_sessions(d, server, path):
    first = server.load_runs(path)
    again = server.load_runs(path)
    assert (again, again.again) == (first, len(first))
    assert len(d.sessions.list()) == len(first) == len(set(first))


def test_nothing_is_sent_and_files_need_no_server(d, path):
    matrix = matrix_of(d, Transcript.from_file(path))
    assert not any(hasattr(matrix, name) for name in ("send", "add", "retry_failed"))
    assert d.sessions.list() == []
    session = matrix.cells[0].session
    for refused in (lambda: session.send("Hi"), session.chat, session.stream):
        with pytest.raises(InvalidRequestError, match="is a recording: it can be read"):
            refused()
    with pytest.raises(ConflictError, match="no workspace"):
        session.workspace()
    assert list(matrix.workspaces()) == []


def test_the_matrix_is_text_markdown_and_html_and_opens_its_cells(matrix, runs):
    bundle = matrix.to_mimebundle()
    assert set(bundle) == {"text/plain", "text/markdown", "text/html"}
    assert all("reward" in form for form in bundle.values())
    assert matrix.view().head
    items = matrix._items(matrix.cells[0])
    assert sum(item.type == "tool_call" for item in items) == len(calls_of(runs[0]))


RUNS = FILES[0]


def run(task, model="m", trial=0, **metadata):
    messages = [{"role": "user", "content": task}, {"role": "assistant", "content": task.upper()}]
    known = {"task": task, "trial": trial, **metadata}
    return Transcript.from_messages(messages, llm=model, metadata=known)


def test_places_without_a_session_are_no_cells(d):
    matrix = d.batches.from_runs(
        [run("a"), run("a", trial=1), run("b")], task="task", repeat="trial"
    )
    assert [cell.id for cell in matrix.cells] == ["0/m/0", "0/m/1", "1/m/0"]
    assert matrix.counts == {"completed": 3}
    assert len(matrix.to_frame()) == len(matrix._snapshot().cells) == 3


def test_columns_may_be_any_metadata_and_repetitions_the_order(d):
    given = [run("a", colour=colour, trial=n) for n, colour in enumerate(["red", "blue", "red"])]
    matrix = d.batches.from_runs(given, task="task", group="colour", title="Colours")
    assert [(cell.llm, cell.repeat) for cell in matrix.cells] == [
        ("red", 0),
        ("red", 1),
        ("blue", 0),
    ]
    assert matrix._snapshot().title == "Colours"
    _, head = opened(matrix, matrix.cells[0])
    assert (head.title, head.llm) == ("Agent", "red")


def test_what_distinguishes_no_task_is_no_metadata_of_one(d):
    given = [run(task, level=level, team="x") for task, level in [("a", 1), ("b", 2), ("c", 2)]]
    matrix = d.batches.from_runs(given, task="task", repeat="trial")
    assert [dict(task.metadata) for task in matrix.tasks] == [{"level": str(n)} for n in (1, 2, 2)]


def test_what_a_run_carries_is_in_the_frame_and_not_about_its_task(d):
    given = [
        run(task, model=model, level=level, input_tokens=len(model + task), seed=seed)
        for task, level, seeds in (("a", 1, "12"), ("bb", 2, "33"))
        for model, seed in zip(("m", "nn"), seeds, strict=True)
    ]
    matrix = d.batches.from_runs(given, task="task", repeat="trial")
    assert [dict(task.metadata) for task in matrix.tasks] == [{"level": "1"}, {"level": "2"}]
    frame = matrix.to_frame()
    assert frame["metadata.input_tokens"].to_list() == ["2", "3", "3", "4"]
    assert frame["metadata.seed"].to_list() == ["1", "2", "3", "3"]
    assert frame["metadata.level"].to_list() == ["1", "1", "2", "2"]
    asked = dari_nb.batch_frame(matrix, metadata=["input_tokens"])
    assert asked["metadata.input_tokens"].to_list() == ["2", "3", "3", "4"]
    assert matrix[0, "nn"].metadata["seed"] == "2"


def test_outcomes_of_single_runs_are_nothing_about_their_task(d):
    given = [
        run(task, target=task, match=right, **{"match.grade": grade, "input_tokens": 7 + right})
        for task, right, grade in (("a", 1, "C"), ("b", 0, "I"))
    ]
    matrix = d.batches.from_runs(given, task="task", score_columns="match", repeat="trial")
    assert [dict(task.metadata) for task in matrix.tasks] == [{"target": "a"}, {"target": "b"}]
    assert "grade" not in str(matrix)
    assert matrix.to_frame()["metadata.match.grade"].to_list() == ["C", "I"]


def test_sessions_are_found_by_metadata_and_mixed_with_recordings(d, server):
    server.load_runs(RUNS, "museum")
    found = d.batches.from_runs({"task_id": "0"}, task="task_id", repeat="trial")
    assert {session.metadata["task_id"] for session in found.sessions} == {"0"}
    task = {"task_id": "1", "trial": "9"}
    other = Transcript.from_messages([{"role": "user", "content": "x"}], llm="x", metadata=task)
    both = d.batches.from_runs([*found.sessions, other], task="task_id", repeat="trial")
    assert len(both) == len(found) + 1


def test_what_makes_no_matrix_is_refused(d):
    refusals = {
        "There is no session": lambda: d.batches.from_runs([], task="task"),
        r"has no 'color' in its metadata; it has: task, trial": lambda: d.batches.from_runs(
            [run("a")], task="color"
        ),
        "No session has 'rewrd' in its metadata; there is:": lambda: d.batches.from_runs(
            [run("a")], task="task", score_columns=["rewrd"]
        ),
        r"belong to the same place, a · m · 0: tell them apart": lambda: d.batches.from_runs(
            [run("a"), run("a", seed=2)], task="task", repeat="trial"
        ),
        "choose other metadata": lambda: d.batches.from_runs(
            [run(f"{n}", trial=n) for n in range(60)], task="task", repeat="trial"
        ),
    }
    for text, refused in refusals.items():
        with pytest.raises(InvalidRequestError, match=text):
            refused()


def test_names_in_files_of_runs_write_nothing_into_a_terminal(d, tmp_path):
    eval_ = {"task": "\x1b[2J\x9b31m\u202eevil", "model": "\x1b[31mM", "created": "2026-01-01"}
    messages = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    sample = {"id": 1, "epoch": 1, "messages": messages, "scores": {"match": {"value": "C"}}}
    path = tmp_path / "log.json"
    path.write_text(
        json.dumps({"version": 2, "status": "success", "eval": eval_, "samples": [sample]})
    )
    batch = d.batches.from_runs(path)
    for shown in (repr(batch), repr(batch.cells), repr(batch.cells[0]), str(batch)):
        assert shown
        assert not {"\x1b", "\x9b", "\u202e"} & set(shown)
