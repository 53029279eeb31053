"""Servers of other people: they leave out, send null, and answer in fewer words than the examples.

Each row is a verb with the contract's own example of its answer. What the contract lets a server
leave out may be null as well, at any depth, and takes nothing else with it.
"""

import json
import time
from contextlib import suppress
from datetime import datetime

import httpx
import pytest
from msgspec.structs import replace
from starlette.responses import Response

from dari_nb.client import Bundle, Client, batch_item
from dari_nb.errors import SnapshotFailedError, UnexpectedAnswerError
from dari_nb.models import (
    Batch,
    Session,
    Transcript,
    as_content,
    format_time,
    parse_time,
)

from .conftest import KEY

TEXT = [{"type": "text", "text": "Summarize this ticket."}]
AGENT = {
    "id": "agt_123",
    "name": "support-agent",
    "active_version_id": "ver_9",
    "created_at": "2026-04-20T12:34:56Z",
    "deleted_at": "2026-04-21T12:34:56Z",
}
SESSION = {
    "id": "sess_123",
    "name": "Ticket T-1042",
    "agent_id": "agt_123",
    "version_id": "ver_9",
    "llm_id": "medium-claude",
    "storage_binding_id": "stb_1",
    "internet_access": False,
    "status": "idle",
    "last_message_id": "msg_123",
    "last_message_status": "completed",
    "created_at": "2026-03-31T18:40:00Z",
    "metadata": {"managed_run_id": "run_123"},
}
EVENT = {
    "id": "sess_123:evt_1",
    "session_id": "sess_123",
    "sequence_number": 1,
    "message_id": "msg_123",
    "type": "user.message",
    "source": "user",
    "actor": {"type": "user", "id": "org_123"},
    "data": {"content": TEXT, "metadata": {"ticket_id": "T-1042"}, "message_id": "msg_123"},
    "created_at": "2026-03-31T18:40:00Z",
}
SENT = {"event": EVENT, "message": {"id": "msg_123", "status": "queued"}, "session": SESSION}
MESSAGE = {
    "id": "msg_123",
    "session_id": "sess_123",
    "sequence_number": 4,
    "parts": TEXT,
    "metadata": {"a": 1},
    "status": "completed",
    "attempt": 1,
    "output": {
        "parts": [
            {"type": "text", "text": "I'll list it."},
            {"type": "tool_call", "id": "call_01", "name": "bash", "arguments": {"command": "ls"}},
            {
                "type": "tool_result",
                "tool_call_id": "call_01",
                "tool_name": "bash",
                "content": [{"type": "text", "text": "README.md\n"}],
                "is_error": False,
            },
        ],
        "error": "boom",
    },
    "created_at": "2026-04-21T18:40:00Z",
    "completed_at": "2026-04-21T18:40:12Z",
}
ITEMS = [
    {
        "type": "user_message",
        "id": "sess_123:evt_1",
        "message_id": "msg_123",
        "content": TEXT,
        "created_at": "2026-03-31T18:40:00Z",
    },
    {
        "type": "tool_call",
        "id": "sess_123:evt_4",
        "message_id": "msg_123",
        "tool_call_id": "call_abc",
        "tool_name": "lookup_ticket",
        "arguments": {"ticket_id": "T-1042"},
        "status": "completed",
        "result": {"priority": "high"},
        "is_error": False,
        "created_at": "2026-03-31T18:40:04Z",
        "completed_at": "2026-03-31T18:40:06Z",
    },
    {
        "type": "assistant_message",
        "id": "sess_123:evt_7",
        "message_id": "msg_123",
        "status": "completed",
        "content": TEXT,
        "created_at": "2026-03-31T18:40:09Z",
        "error_message": "none",
    },
]
TRANSCRIPT = {"agent": AGENT, "session": SESSION, "timeline": {"items": ITEMS}}
BATCH = {
    "batch_id": "batch_123",
    "status": "queued",
    "sessions": [
        {
            "index": 0,
            "session_id": "sess_123",
            "status": "queued",
            "last_message_status": "queued",
            "agent_id": "agt_123",
            "version_id": "ver_9",
            "llm_id": "medium-claude",
            "metadata": {"kind": "tester"},
            "transcript_url": "/v1/sessions/sess_123/transcript",
            "error": "none",
        },
        {"index": 1, "session_id": "sess_124", "status": "running"},
    ],
    "counts": {"queued": 1, "running": 1, "completed": 0, "failed": 0},
}
SNAPSHOT = {
    "source_snapshot_id": "src_456",
    "upload_url": "https://storage.example/upload/abc",
    "upload_headers": {"Content-Type": "application/gzip"},
    "expires_at": "2026-03-31T18:55:00Z",
    "status": "pending_upload",
}
VERSION = {
    "id": "ver_9",
    "agent_id": "agt_123",
    "is_active": True,
    "archive_sha256": "ea7c6a",
    "size_bytes": 612,
}
PUBLISHED = {
    "agent_id": "agt_123",
    "version_id": "ver_9",
    "agent_url": "https://api.dari.dev/v1/agents/agt_123",
}
HOOK = {
    "webhook_url": "https://example.com/dari/webhook",
    "signing_enabled": True,
    "event_types": ["tool.call_requested"],
    "signing_secret": "whsec_1",
}
ORG = "/organizations/current"
SESSIONS = "/sessions/sess_123"
HOOKS = "/agents/agt_123/webhook"
BINDING = {"bucket": "b", "base_prefix": "p", "service_account_key_credential_name": "GCS"}
BATCHED = [batch_item("agt_123", "Hi")]

# Verb, arguments, method, path, the example, and the places that hold what an answer is for.
ENDPOINTS = [
    (
        "files.upload",
        (b"x",),
        "POST",
        "/files",
        {"id": "file_456", "filename": "t", "size_bytes": 1},
    ),
    ("snapshots.create", ("ab", 3), "POST", "/source-snapshots", SNAPSHOT),
    (
        "snapshots.finalize",
        ("src_456",),
        "POST",
        "/source-snapshots/src_456/finalize",
        {"source_snapshot_id": "src_456", "status": "ready", "failure_reason": "none"},
    ),
    (
        "snapshots.manifest",
        ("src_456",),
        "GET",
        "/source-snapshots/src_456/manifest",
        {"source_snapshot_id": "src_456", "manifest": {"name": "a"}, "system_prompt": "You are."},
    ),
    ("snapshots.delete", ("src_456",), "DELETE", "/source-snapshots/src_456", {}),
    ("agents.list", (), "GET", "/agents", {"agents": [AGENT, {**AGENT, "id": "agt_124"}]}),
    ("agents.get", ("agt_123",), "GET", "/agents/agt_123", AGENT),
    ("agents.delete", ("agt_123",), "DELETE", "/agents/agt_123", AGENT),
    ("agents.publish_snapshot", ("src_456",), "POST", "/agents", PUBLISHED),
    (
        "agents.versions",
        ("agt_123",),
        "GET",
        "/agents/agt_123/versions",
        {"agent": AGENT, "versions": [VERSION, {**VERSION, "id": "ver_8", "size_bytes": None}]},
    ),
    (
        "agents.version",
        ("agt_123", "ver_9"),
        "GET",
        "/agents/agt_123/versions/ver_9",
        {"agent": AGENT, "version": VERSION},
    ),
    (
        "agents.bundle_files",
        ("agt_123", "ver_9"),
        "GET",
        "/agents/agt_123/versions/ver_9/bundle",
        {"files": [{"path": "dari.yml", "size_bytes": 3}, {"path": "a.md", "size_bytes": 4}]},
    ),
    (
        "agents.read_bundle_file",
        ("agt_123", "ver_9", "dari.yml"),
        "GET",
        "/agents/agt_123/versions/ver_9/bundle/file",
        {"content": "name: a"},
    ),
    (
        "agents.set_model_backend",
        ("agt_123", "rtr_1"),
        "PUT",
        "/agents/agt_123/model-backend",
        AGENT,
    ),
    ("agents.send", ("agt_123", "Hi"), "POST", "/agents/agt_123/messages", SENT),
    ("sessions.create", ("agt_123",), "POST", "/agents/agt_123/sessions", SESSION),
    ("sessions.get", ("sess_123",), "GET", SESSIONS, SESSION),
    ("sessions.list", (), "GET", "/sessions", {"sessions": [SESSION, {**SESSION, "id": "s2"}]}),
    ("sessions.send", ("sess_123", "Hi"), "POST", f"{SESSIONS}/events", SENT),
    (
        "sessions.submit_tool_result",
        ("sess_123", "msg_123", "call_1", 7),
        "POST",
        f"{SESSIONS}/events",
        SENT,
    ),
    (
        "sessions.events",
        ("sess_123",),
        "GET",
        f"{SESSIONS}/events",
        {"events": [EVENT, {**EVENT, "id": "sess_123:evt_2", "sequence_number": 2}]},
    ),
    (
        "sessions.messages",
        ("sess_123",),
        "GET",
        f"{SESSIONS}/messages",
        {"messages": [MESSAGE, {**MESSAGE, "id": "msg_124"}]},
    ),
    ("sessions.transcript", ("sess_123",), "GET", f"{SESSIONS}/transcript", TRANSCRIPT),
    ("messages.get", ("msg_123",), "GET", "/messages/msg_123", MESSAGE),
    ("batches.create", (BATCHED,), "POST", "/session-batches", BATCH),
    ("batches.get", ("batch_123",), "GET", "/session-batches/batch_123", BATCH),
    ("webhooks.get", ("agt_123",), "GET", HOOKS, HOOK),
    ("webhooks.set", ("agt_123", "https://example.com/x"), "PUT", HOOKS, HOOK),
    ("webhooks.clear", ("agt_123",), "DELETE", HOOKS, HOOK),
    ("webhooks.rotate", ("agt_123",), "POST", f"{HOOKS}/rotate-secret", HOOK),
    (
        "costs.session",
        ("sess_123",),
        "GET",
        "/costs/sessions/sess_123",
        {"scope_kind": "session", "scope_id": "s", "event_count": 12, "total_cost_usd": "0.04"},
    ),
    (
        "credentials.list",
        (),
        "GET",
        f"{ORG}/credentials",
        {"credentials": [{"name": "A", "id": "cred_1"}, {"name": "B", "created": False}]},
    ),
    (
        "credentials.put",
        ("A", "secret"),
        "PUT",
        f"{ORG}/credentials/A",
        {"id": "cred_123", "name": "A", "created": True},
    ),
    (
        "credentials.delete",
        ("A",),
        "DELETE",
        f"{ORG}/credentials/A",
        {"name": "A", "deleted_at": "2026-06-13T00:00:00Z"},
    ),
    (
        "storage_bindings.list",
        (),
        "GET",
        f"{ORG}/storage-bindings",
        {"storage_bindings": [{"id": "stb_123", "name": "team"}, {"id": "stb_124", "name": "x"}]},
    ),
    (
        "storage_bindings.create",
        ("team",),
        "POST",
        f"{ORG}/storage-bindings",
        {"id": "stb_123", "name": "team", "provider": "gcs", "bucket": "b", "base_prefix": "p"},
    ),
    (
        "api_keys.list",
        (),
        "GET",
        f"{ORG}/api-keys",
        {"api_keys": [{"id": "key_1", "label": "ci"}, {"id": "key_2", "label": "x"}]},
    ),
    (
        "api_keys.create",
        ("ci",),
        "POST",
        f"{ORG}/api-keys",
        {"id": "key_123", "label": "ci", "key_type": "management", "api_key": "dari_x"},
    ),
    ("api_keys.delete", ("key_1",), "DELETE", f"{ORG}/api-keys/key_1", {"id": "key_1"}),
    (
        "members.list",
        (),
        "GET",
        f"{ORG}/members",
        {"members": [{"id": "u", "email": "e", "role": "owner"}, {"id": "v", "role": "admin"}]},
    ),
    ("members.invite", ("a@b.c",), "POST", f"{ORG}/invitations", {"id": "inv_123"}),
]
# An answer is for these; all else may be left out.
NEEDED = {
    *("files.upload id", "snapshots.create source_snapshot_id", "sessions.create id"),
    *("agents.list agents 0 id", "agents.list agents 1 id"),
    *("agents.versions versions 0 id", "agents.versions versions 1 id"),
    *("agents.bundle_files files 0 path", "agents.bundle_files files 1 path"),
    *("sessions.list sessions 0 id", "sessions.list sessions 1 id"),
    *("sessions.events events 0 id", "sessions.events events 1 id"),
    *("sessions.messages messages 0 id", "sessions.messages messages 1 id"),
    *("credentials.list credentials 0 name", "credentials.list credentials 1 name"),
    *("sessions.transcript timeline", "agents.version version"),
}


def places(value, here=()):
    """The path of each value in some JSON."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in entries:
        yield (*here, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*here, key))


def put(answer, place, value):
    """A copy of an answer with another value in one place."""
    answer = json.loads(json.dumps(answer))  # so that no two places share what is in them
    inner = answer
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return answer


def options_of(verb) -> dict:
    return BINDING if verb == "storage_bindings.create" else {}


@pytest.fixture
def canned():
    """Calls an endpoint's verb, with an answer that comes from no server."""
    given = []
    transport = httpx.MockTransport(lambda request: httpx.Response(given[1], content=given[0]))
    with Client("http://127.0.0.1:9", KEY, transport=transport) as client:

        def ask(row, body, status=200):
            given[:] = body.encode(), status
            noun, _, name = row[0].partition(".")
            return getattr(getattr(client, noun), name)(*row[1], **options_of(row[0]))

        yield ask


def in_plain(found):
    """What was found, without what it was made from."""
    if isinstance(found, list):
        return [in_plain(one) for one in found]
    if hasattr(found, "__struct_fields__"):
        names = [name for name in found.__struct_fields__ if name != "_wire"]
        return {name: in_plain(getattr(found, name)) for name in names}
    return found


@pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: row[0])
def test_null_in_answer_changes_nothing_else(canned, row):
    verb, _, _, _, example = row
    whole = in_plain(canned(row, json.dumps(example)))
    for place in places(example):
        if " ".join(map(str, (verb, *place))) in NEEDED:
            continue
        found = in_plain(canned(row, json.dumps(put(example, place, None))))
        if isinstance(whole, list) and len(place) > 2:
            assert len(found) == len(whole), place
            others = [one for one in range(len(whole)) if one != place[1]]
            assert [found[one] for one in others] == [whole[one] for one in others], place
        elif isinstance(whole, dict):
            changed = [name for name in whole if whole[name] != found[name]]
            assert len(changed) <= 2, (place, changed)


# Their answer is what they are for.
TELLING = {"files.upload", "snapshots.create", "sessions.create", "agents.send"}
DOING = [row for row in ENDPOINTS if row[2] != "GET" and row[0] not in TELLING]


@pytest.mark.parametrize("row", DOING, ids=lambda row: row[0])
def test_short_answer_to_write_is_accepted(canned, row):
    canned(row, "{}")
    canned(row, "", 204)


@pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: row[0])
def test_malformed_answer_is_read_or_unexpected(canned, row):
    *_, example = row
    bodies = ["<html>", "[]", "[3]", "7", '"x"', "true", "{", '{"id": [', '{"id": {"a": 1}}']
    spoilt = [put(example, place, v) for place in places(example) for v in (7, "x", [3], {"a": 1})]
    for body in [*bodies, *map(json.dumps, spoilt)]:
        with suppress(UnexpectedAnswerError, SnapshotFailedError):
            canned(row, body)


@pytest.mark.parametrize("name", ["data", "sequence_number", "type"])
def test_a_null_in_an_event_takes_it_from_no_list_and_no_stream(dari, sync_side, name):
    path = "/sessions/sess_1/events"
    dari.add()
    dari.ledger.append({**dari.add(), name: None} | {"id": "with a null"})
    del dari.ledger[1]
    listed = sync_side.ask(dari.url, "sessions.events", "sess_1")
    assert [event.id for event in listed] == ["sess_1:evt_1", "with a null"]
    assert {event.id for event in sync_side.follow(dari.url, count=2)} == {one.id for one in listed}
    dari.lists = False
    assert {event.id for event in sync_side.follow(dari.url, count=2)} == {one.id for one in listed}
    assert listed[1].text == ""
    assert len(dari.asked(path)) == 3


def test_a_failed_message_whose_parts_are_null_tells_its_cause(dari, sync_side):
    output = {"parts": None, "error": "out of credit"}
    dari.answer("GET", "/messages/m", {"id": "m", "status": "failed", "output": output})
    message = sync_side.ask(dari.url, "messages.get", "m")
    assert (message.output.error, message.text) == ("out of credit", "")
    assert message.to_dict()["output"] == output


@pytest.mark.parametrize("has_more", [None, True])
def test_a_null_for_more_loses_no_page(dari, sync_side, has_more):
    pages = [{"agents": [{"id": "a"}], "next_cursor": "c", "has_more": has_more}]
    dari.answer("GET", "/agents", *pages, {"agents": [None, {"id": "b"}], "next_cursor": None})
    assert [agent.id for agent in sync_side.ask(dari.url, "agents.list")] == ["a", "b"]


def test_pages_that_go_round_in_a_circle_are_an_error(dari, sync_side):
    pages = [{"agents": [{"id": "a"}], "next_cursor": cursor} for cursor in ("b", "c", "b", "c")]
    dari.answer("GET", "/agents", *pages)
    with pytest.raises(UnexpectedAnswerError, match=r"GET /v1/agents: .* in a circle"):
        sync_side.ask(dari.url, "agents.list")
    assert len(dari.seen) == 3


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, (None, None, "sess_1")),
        ({"event": None, "message": None, "session": None}, (None, None, "sess_1")),
        ({"message": {"id": "msg_1"}}, (None, "msg_1", "sess_1")),
        ({"event": {"id": "e", "message_id": "msg_1"}}, ("e", "msg_1", "sess_1")),
        ({"event": {"type": "user.message"}, "message": {}}, (None, None, "sess_1")),
        (
            {"id": "e", "type": "user.message", "data": {"message_id": "msg_1"}},
            ("e", "msg_1", "sess_1"),
        ),
        ({"session": {"last_message_id": "msg_1"}}, (None, "msg_1", "sess_1")),
        ({"session": {"id": "sess_1", "status": "running"}}, (None, None, "sess_1")),
    ],
)
def test_a_message_that_was_taken_is_sent_whatever_the_answer_leaves_out(
    dari, sync_side, answer, said
):
    dari.answer("POST", "/sessions/sess_1/events", answer)
    sent = sync_side.ask(dari.url, "sessions.send", "sess_1", "Hi")
    assert (sent.event and sent.event.id, sent.message_id, sent.session.id) == said


@pytest.mark.parametrize(
    "answer",
    [
        {"event": {"id": "e", "session_id": "sess_9"}},
        {"message": {"id": "m", "session_id": "sess_9"}},
        {"session": {"id": "sess_9"}},
        {"id": "e", "type": "user.message", "session_id": "sess_9"},
    ],
)
def test_a_one_shot_message_tells_its_session_in_any_of_its_parts(dari, sync_side, answer):
    dari.answer("POST", "/agents/agt_1/messages", answer)
    assert sync_side.ask(dari.url, "agents.send", "agt_1", "Hi").session.id == "sess_9"


def test_a_transcript_may_be_its_items_alone(dari, sync_side):
    answer = {"timeline": {"items": ITEMS}}
    dari.answer("GET", "/sessions/sess_1/transcript", answer)
    found = sync_side.ask(dari.url, "sessions.transcript", "sess_1")
    assert [item.type for item in found.items] == [item["type"] for item in ITEMS]
    assert (found.session.id, found.agent.id, found.agent.name) == ("sess_1", "", "")


@pytest.mark.parametrize("agent_id", [None, "agt_7"])
def test_a_bundle_is_published_with_answers_of_few_words(dari, sync_side, agent_id):
    dari.answer("POST", "/source-snapshots", {"id": "src_1", "upload_url": f"{dari.url}/put"})
    dari.answers["PUT", "/put"] = [Response()]
    dari.answer("POST", "/source-snapshots/src_1/finalize", {"status": "ready"})
    dari.answer("GET", "/source-snapshots/src_1/manifest", {"manifest": {"name": "tour"}})
    dari.answer("GET", "/agents", {"agents": [{"id": "agt_7", "name": "tour"}]})
    dari.answer("POST", "/agents", {"version_id": "ver_1"})
    dari.answer("POST", "/agents/agt_7/versions", {"version_id": "ver_1"})
    bundle = Bundle.from_files({"dari.yml": b"name: tour"})
    published = sync_side.ask(dari.url, "agents.publish", bundle, agent_id=agent_id)
    assert (published.agent_id, published.version_id) == ("agt_7", "ver_1")
    assert not [seen for seen in dari.seen if seen.method == "DELETE"]


def test_a_key_that_is_shown_once_is_not_lost_with_its_id(dari, sync_side):
    dari.answer("POST", "/organizations/current/api-keys", {"api_key": "dari_new"})
    made = sync_side.ask(dari.url, "api_keys.create", "ci")
    assert (made.api_key, made.label, made.id) == ("dari_new", "ci", "")


def test_what_was_replaced_in_a_resource_is_in_its_own_shape():
    session = Session.from_json(b'{"id": "s", "name": "a", "colour": "red"}')
    renamed = replace(session, name="b")
    assert renamed.to_dict() == {"id": "s", "name": "b", "colour": "red"}
    assert json.loads(renamed.to_json()) == renamed.to_dict()
    assert renamed != session
    assert session.to_json() == b'{"id": "s", "name": "a", "colour": "red"}'
    transcript = Transcript.from_dict(TRANSCRIPT)
    shorter = replace(transcript, items=transcript.items[:1], session=renamed)
    assert shorter.to_dict()["timeline"]["items"] == ITEMS[:1]
    assert shorter.to_dict()["session"] == renamed.to_dict()
    assert Transcript.from_dict(shorter.to_dict()) == shorter
    batch = replace(Batch.from_dict(BATCH), status="completed", items=[])
    assert (batch.to_dict()["status"], batch.to_dict()["sessions"]) == ("completed", [])


def test_one_file_is_attached_by_its_id_alone():
    assert as_content("Hi", "file_1") == as_content("Hi", ["file_1"])


def test_a_time_without_a_zone_is_in_utc_wherever_it_is(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    naive = datetime(2026, 3, 31, 18, 40)
    assert format_time(naive) == "2026-03-31T18:40:00.000Z"
    assert parse_time("2026-03-31T18:40:00") == parse_time(format_time(naive))
    monkeypatch.undo()
    time.tzset()
