import itertools
import json
from collections import defaultdict

import pytest

from dari_nb.errors import ConflictError, InvalidRequestError
from dari_nb.render.calls.alignment import arguments_of
from dari_nb.resources import Transcript
from dari_nb.resources.batches.matrix_view import opened

from ...recorded import FILES, runs_of


@pytest.fixture(params=FILES[:1], ids=lambda path: path.name)
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
