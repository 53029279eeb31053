"""The same frames as dask collections: dtypes, partitions, and where the key is."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import cloudpickle
import pytest

from dari_nb import frames
from dari_nb.client import Client
from dari_nb.errors import InvalidRequestError, NotFoundError
from dari_nb.local import LocalDari

KEY = "dari_0f_the_worker"


@pytest.fixture(scope="module")
def server() -> Iterator[LocalDari]:
    with LocalDari(api_key=KEY) as server:
        yield server


@pytest.fixture(scope="module")
def ids(server: LocalDari) -> list[str]:
    with Client(server.url, KEY) as client:
        agent = client.agents.get("calculator").id
        sent = [client.agents.send(agent, f"{n} + 1", metadata={"task": str(n)}) for n in range(7)]
        for each in sent:
            with client.sessions.stream(each.session.id, until=each.message.id) as events:
                list(events)
        return [each.session.id for each in sent]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARI_API_KEY", KEY)


def test_workers_in_other_processes_find_the_key_by_its_name(server, ids) -> None:
    calls = frames.dask("tool_calls", ids, base_url=server.url, slice_of=4)
    counts = calls.groupby("tool_name", observed=True)["order"].count()
    assert counts.compute(scheduler="processes", num_workers=2).to_dict() == {"evaluate": 7}


@pytest.mark.parametrize("key", ["vault_of_the_worker:key"])
def test_the_key_is_nowhere_in_the_graph(server, ids, key, tmp_path, monkeypatch) -> None:
    (tmp_path / "vault_of_the_worker.py").write_text(f"def key():\n    return {KEY!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    made = frames.dask("events", ids, base_url=server.url, key=key, slice_of=3)
    graph = cloudpickle.dumps(dict(made.__dask_graph__()))
    for packed in (graph, pickle.dumps(made), repr(made).encode()):
        assert KEY.encode() not in packed
    assert ids[0].encode() in graph
    assert len(made.compute(scheduler="synchronous")) == 56


def test_filters_expansion_and_metadata_work_on_the_workers(server, ids) -> None:
    place = {"base_url": server.url, "slice_of": 3}
    events = frames.dask("events", ids, kinds="user.message", **place)
    assert len(events) == 7
    assert len(frames.dask("events", ids, since="2100-01-01", **place)) == 0
    wanted = {"arguments": {"expression": "string"}}
    calls = frames.dask("tool_calls", ids, tools="evaluate", expand=wanted, **place)
    assert "arguments.expression" in calls.columns
    assert calls["arguments.expression"].compute().notna().all()
    messages = frames.dask("messages", ids, metadata=["task"], **place)
    assert messages["metadata.task"].compute().tolist() == list("0123456")


def test_no_sessions_make_an_empty_collection_with_the_same_dtypes(server) -> None:
    made = frames.dask("events", [], base_url=server.url)
    assert len(made.compute()) == 0
    assert made.compute().dtypes.astype(str).to_dict() == frames.EVENTS.dtypes


def test_sessions_can_be_objects_or_a_batch(server, ids) -> None:
    with Client(server.url, KEY) as client:
        resources = [client.sessions.get(session_id) for session_id in ids[:2]]

    class Batch:
        sessions = resources

    for source in (resources, Batch(), ids[:2]):
        assert len(frames.dask("sessions", source, base_url=server.url)) == 2


def test_a_session_that_is_not_there_fails_the_partition(server, ids) -> None:
    made = frames.dask("events", [*ids, "sess_none"], base_url=server.url, slice_of=3)
    with pytest.raises(NotFoundError):
        made.compute(scheduler="synchronous")


def test_a_worker_without_the_key_says_which_name_it_lacks(server, ids, monkeypatch) -> None:
    made = frames.dask("events", ids, base_url=server.url)
    monkeypatch.delenv("DARI_API_KEY")
    with pytest.raises(InvalidRequestError):
        made.compute(scheduler="synchronous")
    lost = frames.dask("events", ids, base_url=server.url, key="no_such_module:key")
    with pytest.raises(InvalidRequestError):
        lost.compute(scheduler="synchronous")


@pytest.mark.parametrize(
    "options",
    [
        {"what": "turns"},
        {"slice_of": 0},
        {"expand": "arguments"},
        {"base_url": None},
        {"sessions": [3]},
    ],
)
def test_what_cannot_be_right_is_refused_at_once_and_no_key_is_quoted(ids, options) -> None:
    given = {"what": "events", "sessions": ids, "base_url": "http://127.0.0.1:1", **options}
    with pytest.raises(InvalidRequestError) as raised:
        frames.dask(given.pop("what"), given.pop("sessions"), **given)
    assert KEY not in str(raised.value)
