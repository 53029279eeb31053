"""What the contract leaves open: an answer in each of its readings means the same to the client.

The rows are named after the points of the contract's last section. Signatures (U22) have tests of
their own, as have replay, resume and gaps of streams (U17) and the two ways of lists (U5).
"""

import pytest
from starlette.responses import JSONResponse, Response

from dari_nb import errors
from dari_nb.client import Retry, batch_item

TEXT = [{"type": "text", "text": "Hi"}]
BATCH = {"batch_id": "batch_1", "status": "running", "sessions": []}
SESSION = {"id": "sess_1", "agent_id": "agt_1", "version_id": "ver_1", "status": "idle"}
EVENT = {
    "id": "sess_1:evt_1",
    "session_id": "sess_1",
    "sequence_number": 1,
    "message_id": "msg_1",
    "type": "user.message",
    "source": "user",
    "actor": {"type": "user", "id": "org_1"},
    "data": {"content": TEXT, "message_id": "msg_1"},
    "created_at": "2026-03-31T18:40:00Z",
}
SENT = {"event": EVENT, "message": {"id": "msg_1", "status": "queued"}, "session": SESSION}
AGENT = {"id": "agt_1", "name": "tour", "active_version_id": "ver_1"}
MESSAGE = {"id": "msg_1", "session_id": "sess_1", "parts": TEXT, "status": "failed"}
ITEM = {"index": 0, "status": "failed", "error": "no such version"}
VERSION = {"id": "ver_1", "agent_id": "agt_1", "is_active": True}
BUNDLE = "/agents/agt_1/versions/ver_1/bundle"


def transcript(*items) -> dict:
    return {"agent": AGENT, "session": SESSION, "timeline": {"items": list(items)}}


# Name, verb, arguments, method, path, answers, what all of them say.
SAME = [
    *[
        (f"U3 {verb}", verb, args, method, path, [JSONResponse(a, c) for c in codes], said)
        for verb, args, method, path, a, codes, said in [
            (
                "sessions.create",
                ("agt_1",),
                "POST",
                "/agents/agt_1/sessions",
                SESSION,
                (200, 201),
                lambda found: (found.id, found.status) == ("sess_1", "idle"),
            ),
            (
                "sessions.send",
                ("sess_1", "Hi"),
                "POST",
                "/sessions/sess_1/events",
                SENT,
                (200, 201, 202),
                lambda found: (found.event.id, found.message.id) == ("sess_1:evt_1", "msg_1"),
            ),
            (
                "agents.send",
                ("agt_1", "Hi"),
                "POST",
                "/agents/agt_1/messages",
                SENT,
                (200, 201, 202),
                lambda found: found.session.id == "sess_1",
            ),
            (
                "batches.create",
                ([batch_item("agt_1", "Hi")],),
                "POST",
                "/session-batches",
                BATCH,
                (200, 201, 202),
                lambda found: found.id == "batch_1",
            ),
            (
                "files.upload",
                (b"x",),
                "POST",
                "/files",
                {"id": "file_1"},
                (200, 201),
                lambda found: found.id == "file_1",
            ),
        ]
    ],
    (
        "U8 publish",
        "agents.publish_snapshot",
        ("src_1",),
        "POST",
        "/agents",
        [
            {"agent_id": "agt_1", "version_id": "ver_1"},
            {"agent_id": "agt_1", "version_id": "ver_1", "agent_url": "https://x/v1/agents/agt_1"},
            {"id": "agt_1", "version_id": "ver_1", "created_at": "2026-03-31T18:40:00Z"},
            {"id": "agt_1", "name": "tour", "agent_url": "u", "active_version_id": "ver_1"},
            {"agent": AGENT, "version": {"id": "ver_1"}},
            {"agent": AGENT},
        ],
        lambda found: (found.agent_id, found.version_id) == ("agt_1", "ver_1"),
    ),
    (
        "U8 agent",
        "agents.get",
        ("agt_1",),
        "GET",
        "/agents/agt_1",
        [AGENT, {"agent": AGENT}, {**AGENT, "created_at": None, "deleted_at": None, "more": 1}],
        lambda found: (found.name, found.active_version_id) == ("tour", "ver_1"),
    ),
    (
        "U8 versions",
        "agents.versions",
        ("agt_1",),
        "GET",
        "/agents/agt_1/versions",
        [
            {"agent": AGENT, "versions": [VERSION]},
            {"versions": [{**VERSION, "archive_sha256": "ea", "size_bytes": None}]},
            {"versions": [{**VERSION, "size_bytes": 612}], "has_more": False},
            [VERSION],
        ],
        lambda found: [(one.id, one.is_active) for one in found] == [("ver_1", True)],
    ),
    (
        "U8 version",
        "agents.version",
        ("agt_1", "ver_1"),
        "GET",
        "/agents/agt_1/versions/ver_1",
        [{"agent": AGENT, "version": VERSION}, VERSION, {**VERSION, "manifest": None}],
        lambda found: (found.id, found.agent_id, found.llms) == ("ver_1", "agt_1", []),
    ),
    (
        "U8 bundle",
        "agents.bundle_files",
        ("agt_1", "ver_1"),
        "GET",
        BUNDLE,
        [
            {"files": ["dari.yml"]},
            {"files": [{"path": "dari.yml"}]},
            {"files": [{"name": "dari.yml", "size": 3}]},
            {"entries": [{"path": "dari.yml", "size_bytes": 3, "mode": 420}]},
            [{"path": "dari.yml"}],
            ["dari.yml"],
        ],
        lambda found: [file.path for file in found] == ["dari.yml"],
    ),
    (
        "snapshot",
        "snapshots.create",
        ("ab", 3),
        "POST",
        "/source-snapshots",
        [
            {"source_snapshot_id": "src_1", "upload_url": "http://x/", "status": "pending_upload"},
            {"id": "src_1", "upload_url": "http://x/", "upload_headers": None},
            {"id": "src_1", "upload_url": "http://x/", "upload_headers": {"x-size": 3}},
        ],
        lambda found: (found.id, found.upload_url) == ("src_1", "http://x/"),
    ),
    (
        "optional session fields",
        "sessions.get",
        ("sess_1",),
        "GET",
        "/sessions/sess_1",
        [
            {**SESSION, "metadata": None, "name": None, "llm_id": None, "internet_access": None},
            {key: SESSION[key] for key in ("id", "agent_id", "version_id", "status")},
            {**SESSION, "llm_id": "small", "metadata": {"a": "b"}, "name": "n", "shade": 1},
        ],
        lambda found: (found.id, found.last_message_id, found.status) == ("sess_1", None, "idle"),
    ),
    *[
        (
            f"U16 {status}",
            "sessions.get",
            ("sess_1",),
            "GET",
            "/sessions/sess_1",
            [{**SESSION, "status": status}],
            lambda found, status=status: found.status == status,
        )
        for status in ("idle", "expired", "paused")
    ],
    (
        "U14 event envelope",
        "sessions.events",
        ("sess_1",),
        "GET",
        "/sessions/sess_1/events",
        [
            {"events": [EVENT]},
            {"events": [{**EVENT, "source": "runtime", "actor": None}]},
            {"events": [{**EVENT, "source": None, "actor": "user"}]},
            {"events": [{**EVENT, "message_id": None, "id": "evt_1"}]},
            {"events": [{key: EVENT[key] for key in ("id", "type", "data")}]},
            [EVENT],
        ],
        lambda found: (
            [(one.type, one.turn_id, one.text) for one in found]
            == [("user.message", "msg_1", "Hi")]
        ),
    ),
    (
        "a send whose event has no message",
        "sessions.submit_tool_result",
        ("sess_1", "msg_1", "call_1", 7),
        "POST",
        "/sessions/sess_1/events",
        [
            {"event": EVENT, "message": None, "session": SESSION},
            {"event": EVENT, "session": SESSION},
        ],
        lambda found: (found.message, found.session.id) == (None, "sess_1"),
    ),
    (
        "U13 failure",
        "messages.get",
        ("msg_1",),
        "GET",
        "/messages/msg_1",
        [
            {**MESSAGE, "output": {"parts": [], "error": "boom"}},
            {**MESSAGE, "output": {"parts": [], "error": {"message": "boom", "type": "x"}}},
            {**MESSAGE, "output": {"error": ["boom"]}},
            {**MESSAGE, "output": {"error": "boom"}, "metadata": None, "completed_at": None},
        ],
        lambda found: found.is_terminal and "boom" in str(found.output.error) and found.text == "",
    ),
    (
        "no output yet",
        "messages.get",
        ("msg_1",),
        "GET",
        "/messages/msg_1",
        [{**MESSAGE, "output": None}, MESSAGE, {**MESSAGE, "output": {"parts": []}}],
        lambda found: found.text == "",
    ),
    (
        "U18 placeholder",
        "sessions.transcript",
        ("sess_1",),
        "GET",
        "/sessions/sess_1/transcript",
        [
            transcript({"type": "assistant_message", "id": "", "status": "queued"}),
            transcript({"type": "assistant_message", "id": "m", "status": "queued", "content": []}),
            transcript({"type": "assistant_message", "status": "queued", "error_message": None}),
        ],
        lambda found: [(item.status, item.text) for item in found.items] == [("queued", "")],
    ),
    (
        "an item that was not created",
        "batches.get",
        ("batch_1",),
        "GET",
        "/session-batches/batch_1",
        [
            {**BATCH, "sessions": [{**ITEM, "session_id": None}]},
            {**BATCH, "sessions": [{**ITEM, "session_id": ""}]},
            {**BATCH, "sessions": [ITEM], "counts": {"failed": 1}},
            {"id": "batch_1", "status": "failed", "sessions": [{**ITEM, "error": {"detail": "x"}}]},
        ],
        lambda found: [(item.session_id, item.is_failed) for item in found.items] == [(None, True)],
    ),
    (
        "U23 costs",
        "costs.session",
        ("sess_1",),
        "GET",
        "/costs/sessions/sess_1",
        [
            {"scope_kind": "session", "scope_id": "sess_1", "total_cost_usd": "0.5"},
            {"total_cost_usd": 0.5, "event_count": 3},
            {"total_cost_usd": "0.50", "currency": "USD"},
            {"total_cost_usd": "5e-1"},
        ],
        lambda found: found.total_cost * 2 == 1,
    ),
    (
        "U21 webhook",
        "webhooks.get",
        ("agt_1",),
        "GET",
        "/agents/agt_1/webhook",
        [
            {"webhook_url": "https://x", "signing_enabled": True, "signing_secret": None},
            {"webhook_url": "https://x", "event_types": ["tool.call_requested"]},
            {"webhook_url": "https://x", "event_types": ["something.new"], "id": "wh_1"},
            {"webhook_url": "https://x", "event_types": []},
        ],
        lambda found: (found.webhook_url, found.signing_secret) == ("https://x", None),
    ),
    (
        "no webhook",
        "webhooks.clear",
        ("agt_1",),
        "DELETE",
        "/agents/agt_1/webhook",
        [{"webhook_url": None, "signing_enabled": False, "signing_secret": None}, {}],
        lambda found: (found.webhook_url, found.signing_enabled) == (None, False),
    ),
    (
        "a deleted snapshot",
        "snapshots.delete",
        ("src_1",),
        "DELETE",
        "/source-snapshots/src_1",
        [Response(status_code=204), JSONResponse({}), Response(b"deleted"), JSONResponse(None)],
        lambda found: found == {},
    ),
]


@pytest.mark.parametrize(
    ("verb", "args", "method", "path", "answer", "said"),
    [
        pytest.param(*row[1:5], answer, row[6], id=f"{row[0]} {place}")
        for row in SAME
        for place, answer in enumerate(row[5])
    ],
)
def test_an_answer_means_the_same_in_every_reading(
    dari, sync_side, verb, args, method, path, answer, said
):
    dari.answer(method, path, answer)
    assert said(sync_side.ask(dari.url, verb, *args))


# U2 and U7: what is wrong, in each form that a server may tell it.
DETAILS = {
    "text": (JSONResponse({"detail": "llm: unknown"}, 400), "llm: unknown"),
    "list": (
        JSONResponse({"detail": [{"loc": ["body", "llm"], "msg": "unknown", "type": "x"}]}, 422),
        "llm: unknown",
    ),
    "object": (JSONResponse({"detail": {"message": "llm: unknown", "code": 7}}, 422), "llm: unk"),
    "other object": (JSONResponse({"detail": {"llm": "unknown"}}, 400), "'llm': 'unknown'"),
    "another key": (JSONResponse({"error": "llm: unknown"}, 400), "llm: unknown"),
    "no json": (Response("llm: unknown\n", 422), "llm: unknown"),
    "nothing": (Response(status_code=400), "Bad Request"),
    "a page": (Response("<html>" + "x" * 600, 400, media_type="text/html"), "Bad Request"),
}


@pytest.mark.parametrize(("answer", "text"), DETAILS.values(), ids=DETAILS)
def test_a_refusal_says_why_in_every_reading(dari, sync_side, answer, text):
    dari.answer("GET", "/source-snapshots/src_1/manifest", answer)
    with pytest.raises(errors.ApiError) as raised:
        sync_side.ask(dari.url, "snapshots.manifest", "src_1")
    assert text in str(raised.value)
    assert type(raised.value) in (errors.BadRequestError, errors.UnprocessableEntityError)


@pytest.mark.parametrize("status", [400, 409])
def test_a_tool_result_that_is_refused_raises_whatever_the_code(dari, sync_side, status):
    """U11: none is settled, so that none is taken for a success or tried again."""
    dari.answer("POST", "/sessions/sess_1/events", JSONResponse({"detail": "answered"}, status))
    with pytest.raises(errors.ApiError):
        sync_side.ask(dari.url, "sessions.submit_tool_result", "sess_1", "msg_1", "call_1", 7)
    assert len(dari.seen) == 1


@pytest.mark.parametrize("status", [408, 503])
def test_a_one_shot_message_is_never_done_twice(dari, sync_side, status):
    """U12: nobody says whether its key is honoured, so it is sent but not relied on."""
    dari.answer("POST", "/agents/agt_1/messages", JSONResponse({"detail": "later"}, status))
    with pytest.raises(errors.ApiError) as raised:
        sync_side.ask(dari.url, "agents.send", "agt_1", "Hi", options={"retry": Retry()})
    assert len(dari.seen) == 1
    assert raised.value.idempotency_key == dari.seen[0].headers["idempotency-key"]


STATUSES = {"queued": False, "running": False, "waiting_for_tool": False}
ENDED = {"completed": True, "failed": True}


@pytest.mark.parametrize(("status", "ended"), {**STATUSES, **ENDED, "something_new": False}.items())
def test_a_message_has_ended_only_in_the_terminal_statuses(dari, sync_side, status, ended):
    dari.answer("GET", "/messages/msg_1", {**MESSAGE, "status": status})
    assert sync_side.ask(dari.url, "messages.get", "msg_1").is_terminal is ended


@pytest.mark.parametrize(
    ("status", "ended"),
    {
        "queued": False,
        "running": False,
        "completed": True,
        "failed": True,
        "partial_failed": True,
        "something_new": False,
    }.items(),
)
def test_a_batch_has_ended_only_in_the_terminal_statuses(dari, sync_side, status, ended):
    dari.answer("GET", "/session-batches/batch_1", {**BATCH, "status": status})
    assert sync_side.ask(dari.url, "batches.get", "batch_1").is_terminal is ended


@pytest.mark.parametrize(
    ("ids", "envelope"),
    [("sess_1:evt_{}", True), ("evt_{}", False), ("{}", True), ("01J:{}/x", False)],
)
def test_a_turn_is_followed_whatever_the_ids_look_like(dari, sync_side, ids, envelope):
    """Event ids are opaque, and the message may be named in the envelope or the payload (U14)."""
    where = {} if envelope else {"message_id": None}
    dari.add(id=ids.format(1))
    final = {"status": "completed", "extra": [1]}
    final |= {} if envelope else {"message_id": "msg_1"}
    dari.add("message.status_changed", id=ids.format(2), data=final, **where)
    found = sync_side.follow(dari.url, until="msg_1")
    assert [event.id for event in found] == [ids.format(1), ids.format(2)]
