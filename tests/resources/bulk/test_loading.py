"""Reading many sessions: several at once, in order, nothing twice, errors told or passed over."""

from __future__ import annotations

import _thread
import json
import threading
from pathlib import Path

import pandas as pd
import pytest

import dari_nb as dari
from dari_nb.client import Client, batch_item
from dari_nb.errors import InvalidRequestError, NotFoundError
from dari_nb.resources.bulk import cache

SESSIONS = 60
COSTS = "/v1/costs/sessions/"


class Requests:
    """Paths that were asked for, by a client of the connection; may do something at each."""

    def __init__(self, d, server):
        self.paths = []
        self.at_each = lambda count: None
        self._lock = threading.Lock()
        d.client.close()
        d._link._client = Client(server.url, server.api_key, event_hooks={"request": [self._seen]})

    def _seen(self, request):
        with self._lock:
            self.paths.append(request.url.path)
            count = len(self.paths)
        self.at_each(count)

    def taken(self, ending=""):
        """Return what was asked for since the last time."""
        paths, self.paths = self.paths, []
        return [path for path in paths if path.endswith(ending)]


@pytest.fixture
def asked(d, server):
    return Requests(d, server)


@pytest.fixture
def ids(server, tmp_path: Path):
    """Finished sessions of one turn with a tool call each."""
    path = tmp_path / "runs.jsonl"
    with path.open("w") as file:
        for n in range(SESSIONS):
            call = {"id": f"c{n}", "function": {"name": "add", "arguments": json.dumps({"n": n})}}
            messages = [
                {"role": "user", "content": f"question {n}"},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": f"c{n}", "content": str(n)},
                {"role": "assistant", "content": f"answer {n}"},
            ]
            file.write(json.dumps({"messages": messages, "task_id": n % 3, "model": "m"}) + "\n")
    return server.load_runs(path)


def test_sessions_are_read_over_several_connections_and_stay_in_order(d, ids, asked):
    threads = set()
    asked.at_each = lambda count: threads.add(threading.get_ident())
    frame = dari.events_frame(ids, dari=d)
    assert frame["session_id"].unique().tolist() == ids
    assert len(asked.taken("/events")) == SESSIONS
    assert threading.get_ident() not in threads
    assert len(threads) > 1
    turned = dari.events_frame(ids[::-1], dari=d)
    assert turned["session_id"].unique().tolist() == ids[::-1]


@pytest.mark.parametrize(
    "frame",
    [
        dari.events_frame,
        dari.messages_frame,
        dari.tool_calls_frame,
        dari.sessions_frame,
        dari.costs_frame,
    ],
)
def test_many_at_once_are_the_same_as_one_by_one(d, ids, frame):
    together = frame(ids, dari=d, refresh=True)
    singly = [frame(session_id, dari=d, refresh=True) for session_id in ids[:4]]
    expected = pd.concat(singly, ignore_index=True).astype(together.dtypes.to_dict())
    pd.testing.assert_frame_equal(together.head(len(expected)), expected)


def test_what_has_ended_is_read_once_for_all_frames_of_it(d, ids, asked):
    events = dari.events_frame(ids, dari=d)
    calls = dari.tool_calls_frame(ids, dari=d)
    again = dari.events_frame(ids, dari=d)
    assert len(asked.taken("/events")) == SESSIONS
    pd.testing.assert_frame_equal(events, again)
    assert calls["arguments"].tolist() == [f'{{"n":{n}}}' for n in range(SESSIONS)]


def test_a_new_message_in_a_session_is_seen(d, asked):
    session = d.sessions.create("echo")
    session.send("one").wait()
    assert dari.messages_frame(session.id, dari=d)["prompt"].tolist() == ["one"]
    d.sessions.get(session.id).send("two").wait()
    assert dari.messages_frame(session.id, dari=d)["prompt"].tolist() == ["one", "two"]
    assert dari.events_frame(session, kinds="user.message")["text"].tolist() == ["one", "two"]


def test_refresh_reads_ended_sessions_again(d, ids, asked):
    dari.events_frame(ids[:5], dari=d)
    dari.events_frame(ids[:5], dari=d, refresh=True)
    assert len(asked.taken("/events")) == 10


@pytest.mark.parametrize(
    ("frame", "ending"),
    [(dari.events_frame, "/events")],
)
def test_after_an_interrupt_the_same_call_goes_on_where_it_was(d, ids, asked, frame, ending):
    whole = frame(ids, dari=d, refresh=True)
    cache.keeping_of(d._link).cached.clear()
    asked.taken()

    interrupted = threading.Event()

    def interrupt(count):
        if count == SESSIONS // 2:
            _thread.interrupt_main()
        if count >= SESSIONS // 2:
            interrupted.wait(20)

    asked.at_each = interrupt
    with pytest.raises(KeyboardInterrupt):
        frame(ids, dari=d)
    kept = len(cache.keeping_of(d._link).cached)
    assert 0 < kept < SESSIONS // 2
    asked.at_each = lambda count: None
    asked.taken()
    interrupted.set()
    pd.testing.assert_frame_equal(frame(ids, dari=d), whole)
    reads = [p for p in asked.taken(ending) if ending or p.startswith(COSTS)]
    assert len(reads) <= SESSIONS - kept


def test_a_session_that_cannot_be_read_raises_and_what_was_read_is_kept(d, ids, asked):
    with pytest.raises(NotFoundError):
        dari.events_frame([*ids, "sess_none"], dari=d)
    kept = len(cache.keeping_of(d._link).cached)
    asked.taken()
    assert dari.events_frame(ids, dari=d)["session_id"].nunique() == SESSIONS
    assert kept
    assert len(asked.taken("/events")) <= SESSIONS - kept


def test_sessions_that_cannot_be_read_are_left_out_on_request_and_named(d, ids):
    lost = [f"sess_none{n}" for n in range(5)]
    with pytest.warns(UserWarning, match="5 of 65 sessions could not be read") as warned:
        frame = dari.tool_calls_frame([*lost, *ids], dari=d, on_error="skip")
    assert frame["session_id"].tolist() == ids
    assert set(frame.attrs["skipped"]) == set(lost)
    assert "404" in frame.attrs["skipped"]["sess_none0"]
    assert warned[0].filename == __file__


def test_what_is_kept_is_bounded(d, ids, monkeypatch):
    dari.events_frame(ids[:1], dari=d)
    keeping = cache.keeping_of(d._link)
    one = keeping.size
    monkeypatch.setattr(cache, "KEPT_BYTES", 10 * one)
    dari.events_frame(ids, dari=d)
    assert one < keeping.size <= 10 * one
    assert keeping.size == sum(kept.size for kept in keeping.cached.values())
    assert ("Event", ids[0]) not in keeping.cached


def test_filters_hold_for_all_sources(d, ids):
    frame = dari.events_frame(ids, dari=d, kinds=["user.message"])
    assert frame["text"].tolist() == [f"question {n}" for n in range(SESSIONS)]
    calls = dari.tool_calls_frame(ids[:4], dari=d, tools="add", expand="arguments")
    assert calls["arguments.n"].tolist() == [0, 1, 2, 3]
    assert str(calls["arguments.n"].dtype) == "Int64"
    assert len(dari.tool_calls_frame(ids, dari=d, tools="other")) == 0
    asked = [d.agents.get("echo").send(f"question {n}").wait().session.id for n in range(3)]
    for each in (dari.sessions_frame, dari.messages_frame, dari.events_frame):
        assert len(each(asked, dari=d, since="2100-01-01")) == 0
        assert len(each(asked, dari=d, since="2000-01-01")) >= len(asked)
        # Nobody knows when recorded runs were.
        assert len(each(ids, dari=d, since="1960-01-01")) == 0


def test_an_agent_a_batch_and_its_id_name_their_sessions(d, server):
    agent = d.agents.get("echo")
    batch = d.client.batches.create([batch_item(agent.id, text) for text in ("a", "b")])
    ids = [item.session_id for item in batch.items]
    for source in (agent, batch, batch.id, [batch.id]):
        assert sorted(dari.sessions_frame(source, dari=d)["session_id"]) == sorted(ids)
    assert len(dari.costs_frame(batch, dari=d)) == 2


@pytest.mark.parametrize("source", [3, "echo"])
def test_what_names_no_session_is_refused(d, source):
    for frame in (dari.events_frame, dari.costs_frame):
        with pytest.raises(InvalidRequestError, match="neither a session"):
            frame(source, dari=d)
    with pytest.raises(InvalidRequestError, match="is no batch"):
        dari.batch_frame(source)


def test_options_that_are_none_are_refused(d):
    with pytest.raises(InvalidRequestError, match="on_error"):
        dari.events_frame([], dari=d, on_error="ignore")
    known = "dari, on_error, progress, refresh"
    with pytest.raises(TypeError, match=f"'renew'.*{known}"):
        dari.events_frame([], renew=True)
