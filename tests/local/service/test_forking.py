"""A session is forked at any of its messages, and stays byte by byte what it was."""

import io
import json
import zipfile
from decimal import Decimal

import pytest

from dari_nb.local import LocalDari, Reasoning, ToolCall, ToolResult, Usage

IDS = ("id", "session_id", "message_id", "tool_call_id")


def works(prompt, turn):
    """Writes down each prompt, with a tool; fails and waits as it is told."""
    yield Usage(Decimal("0.25"), input_tokens=100, output_tokens=10)
    yield Reasoning("Hm.", {"signature": "EqQB"})
    book = turn.workspace / "book.txt"
    book.write_text(book.read_text() + prompt if book.exists() else prompt)
    yield ToolCall("write", {"text": prompt})
    yield ToolResult({"path": "book.txt"})
    if prompt == "fail":
        raise RuntimeError("No luck.")
    if prompt == "wait":
        yield "So far"
        yield ToolCall("ask", {}, external=True)
    yield f"Wrote {prompt}. There were {len(turn.history)} items and {len(turn.files)} files."


def scripted(api):
    """A session with files, tools, a failure and turns that were cancelled; and its messages."""
    first = api.ask("works", "a", api.upload("notes.txt", b"alpha"), metadata={"lesson": "1"})
    session_id = first["session_id"]
    for text in ("b", "fail"):
        api.finished(api.send(session_id, text)["message"]["id"])
    waits = api.send(session_id, "wait")["message"]["id"]
    queued = api.send(session_id, "never")["message"]["id"]
    after = api.send(session_id, "c", api.upload("notes.txt", b"beta"))["message"]["id"]
    api.reaches(waits, "waiting_for_tool")
    for one in (queued, waits):
        body = {"type": "message.cancel_requested", "message_id": one}
        api.post(f"/sessions/{session_id}/events", body)
    api.finished(after)
    api.rests(session_id)
    return session_id, api.messages(session_id)


def fork(api, session_id, message_id, place="after", **fields):
    session = api.get(f"/sessions/{session_id}")
    point = {"session_id": session_id, f"{place}_message_id": message_id}
    return api.post(f"/agents/{session['agent_id']}/sessions", {**fields, "fork_of": point})


def files_of(api, session_id):
    answer = api.http.get(f"/sessions/{session_id}/workspace.zip")
    if answer.status_code == 409:
        return None
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    return {name: archive.read(name).decode() for name in archive.namelist()}


def plain(thing):
    """The same without ids, and without what a copy has of its own."""
    if isinstance(thing, list):
        return [plain(one) for one in thing]
    if not isinstance(thing, dict):
        return thing
    own = (*IDS, "copied_from", "usage")
    return {name: plain(value) for name, value in thing.items() if name not in own}


def all_of(api, session_id):
    paths = ("", "/events", "/messages", "/transcript")
    return [api.http.get(f"/sessions/{session_id}{path}").content for path in paths]


@pytest.fixture
def own(call):
    with LocalDari(cost_delay=0) as server, call(server) as api:
        server.agent("works", llms=["small", "large"])(works)
        yield api


# What is in the workspace when each of the messages has ended.
BOOKS = ["a", "ab", "abfail", "abfailwait", "abfailwait", "abfailwaitc"]


def test_a_fork_at_any_message_is_that_session_up_to_there(own):
    session_id, messages = scripted(own)
    before = all_of(own, session_id)
    items = own.items(session_id)
    assert [m["status"] for m in messages] == ["completed"] * 2 + ["failed"] * 3 + ["completed"]
    for number, message in enumerate(messages):
        for place, count in (("before", number), ("after", number + 1)):
            made = fork(own, session_id, message["id"], place)
            assert "notes" not in made
            kept = {m["id"] for m in messages[:count]}
            got = own.messages(made["id"])
            assert plain(got) == plain(messages[:count])
            assert [m["copied_from"] for m in got] == [
                {"session_id": session_id, "message_id": m["id"]} for m in messages[:count]
            ]
            wanted = [item for item in items if item["message_id"] in kept]
            assert plain(own.items(made["id"])) == plain(wanted)
            assert (made["status"], made["metadata"]) == ("idle", {"forked_from": session_id})
            if count:
                book = {"notes.txt": "alpha", "book.txt": BOOKS[count - 1]}
                more = {"notes-2.txt": "beta"} if count == len(messages) else {}
                assert files_of(own, made["id"]) == {**book, **more}
            else:
                assert files_of(own, made["id"]) is None
    assert all_of(own, session_id) == before


def test_copies_have_ids_of_their_own_and_say_where_they_happened(own):
    session_id, messages = scripted(own)
    made = fork(own, session_id, messages[-1]["id"])["id"]
    events, originals = own.events(made), {e["id"]: e for e in own.events(session_id)}
    assert [e["sequence_number"] for e in events] == list(range(1, len(originals) + 1))
    text = json.dumps([{**e, "copied_from": None} for e in events])
    known = {session_id, *(m["id"] for m in messages)}
    known |= {e["data"]["tool_call_id"] for e in originals.values() if "tool_call_id" in e["data"]}
    assert [one for one in known if one in text] == []
    for event in events:
        original = originals[event["copied_from"]["event_id"]]
        assert event["copied_from"]["session_id"] == session_id
        assert event["copied_from"]["message_id"] == original["message_id"]
        assert event["created_at"] == original["created_at"]
        assert plain(event) | {"sequence_number": 0} == plain(original) | {"sequence_number": 0}
    calls = [e["data"]["tool_call_id"] for e in events if e["type"].startswith("tool.")]
    assert len(calls) == 2 * len(set(calls))


def test_forks_of_forks_are_forks(own):
    session_id, messages = scripted(own)
    first = fork(own, session_id, messages[1]["id"])["id"]
    mine = own.finished(own.send(first, "x")["message"]["id"])
    copies = own.messages(first)
    second = fork(own, first, copies[1]["id"], "before")
    third = fork(own, first, mine["id"])
    assert second["metadata"] == third["metadata"] == {"forked_from": first}
    assert plain(own.messages(second["id"])) == plain(messages[:1])
    origins = [m["copied_from"] for m in own.messages(third["id"])]
    assert origins == [
        *({"session_id": session_id, "message_id": m["id"]} for m in messages[:2]),
        {"session_id": first, "message_id": mine["id"]},
    ]
    assert files_of(own, second["id"]) == {"notes.txt": "alpha", "book.txt": "a"}
    assert files_of(own, third["id"])["book.txt"] == "abx"
    found = own.get("/sessions", params={"metadata.forked_from": first})["sessions"]
    assert [s["id"] for s in found] == [second["id"], third["id"]]


def test_copies_cost_nothing_again(own):
    session_id, messages = scripted(own)
    made = fork(own, session_id, messages[-1]["id"])["id"]
    assert own.get(f"/costs/sessions/{made}")["event_count"] == 0
    own.finished(own.send(made, "x")["message"]["id"])
    assert own.get(f"/costs/sessions/{made}")["total_cost_usd"] == "0.25"
    sums = [
        sum(e["data"].get("usage", {}).get("input_tokens", 0) for e in own.events(one))
        for one in (session_id, made)
    ]
    assert sums == [500, 100]
    *copies, last = own.get(f"/sessions/{made}/messages")["messages"]
    assert last["usage"] == {"input_tokens": 100, "output_tokens": 10}
    assert not any("usage" in copy for copy in copies)


def test_nobody_is_told_of_copies(own, receiver):
    session_id, messages = scripted(own)
    types = ["session.completed", "session.failed", "tool.call_requested"]
    hook = {"webhook_url": receiver.url, "event_types": types}
    assert own.http.put(f"/agents/{own.agent_id('works')}/webhook", json=hook).is_success
    made = fork(own, session_id, messages[-1]["id"])["id"]
    own.finished(own.send(made, "x")["message"]["id"])
    own.finished(own.send(session_id, "y")["message"]["id"])
    from_here = [told["data"]["session_id"] for told in receiver.received()]
    assert set(from_here) <= {made, session_id}
    assert len(from_here) <= 2


def test_of_a_large_workspace_a_fork_has_what_it_holds_now(call):
    with LocalDari() as server, call(server) as api:

        @server.agent("heavy")
        def heavy(prompt, turn):
            (turn.workspace / "big.bin").write_bytes(bytes(17 << 20))
            (turn.workspace / "small.txt").write_text(prompt)
            (turn.workspace / "link").unlink(missing_ok=True)
            (turn.workspace / "link").symlink_to("/etc")

        first = api.ask("heavy", "a")
        api.finished(api.send(first["session_id"], "b")["message"]["id"])
        made = fork(api, first["session_id"], first["id"])
        [note] = made["notes"]
        assert note.startswith(f"The workspace is as that of {first['session_id']} is now")
        files = files_of(api, made["id"])
        assert (len(files["big.bin"]), files["small.txt"]) == (17 << 20, "b")
        assert "link" not in files
        assert "notes" not in fork(api, first["session_id"], first["id"], "before")
        assert "notes" not in api.get(f"/sessions/{made['id']}")


def test_a_fork_lasts_as_its_session_does(call, tmp_path):
    path = tmp_path / "course.db"
    with LocalDari(path) as server, call(server) as api:
        server.agent("works")(works)
        session_id, messages = scripted(api)
        made = fork(api, session_id, messages[2]["id"])["id"]
        before = all_of(api, session_id), all_of(api, made), files_of(api, made)
    with LocalDari(path) as server, call(server) as api:
        assert (all_of(api, session_id), all_of(api, made), files_of(api, made)) == before
        again = fork(api, made, api.messages(made)[1]["id"])
        assert files_of(api, again["id"])["book.txt"] == "ab"


def test_a_recorded_run_is_forked_with_its_messages_as_they_were(call, tmp_path):
    call_ = {"id": "c1", "type": "function", "function": {"name": "stock", "arguments": '{"a":1}'}}
    run = [
        {"role": "user", "content": "Tea?"},
        {"role": "assistant", "content": "I look.", "tool_calls": [call_]},
        {"role": "tool", "tool_call_id": "c1", "content": "7"},
        {"role": "assistant", "content": "Seven."},
    ]
    path = tmp_path / "runs.jsonl"
    path.write_text(json.dumps({"messages": run}))
    with LocalDari() as server, call(server) as api:
        [session_id] = server.load_runs(path)
        [message] = api.messages(session_id)
        made = fork(api, session_id, message["id"])
        assert "notes" not in made
        assert plain(api.messages(made["id"])) == plain([message])
        [call_id] = [i["tool_call_id"] for i in api.items(made["id"]) if i["type"] == "tool_call"]
        [recorded] = [e["data"]["recorded_messages"] for e in api.events(made["id"])[:1]]
        assert recorded[1]["tool_calls"][0]["id"] == recorded[2]["tool_call_id"] == call_id != "c1"
        assert plain(recorded) == plain(run)
