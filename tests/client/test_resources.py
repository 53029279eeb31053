"""Versions, batches, webhooks, costs, the organization: what is sent, and in which shapes read."""

from decimal import Decimal

import pytest
from starlette.responses import JSONResponse

from dari_nb.client import batch_item
from dari_nb.errors import ApiError, InvalidRequestError, TimedOutError, UnexpectedAnswerError

HELLO = {"content": [{"type": "text", "text": "Hi"}]}
ORG = "/organizations/current"
VERSION = {"id": "ver_1", "is_active": True, "archive_sha256": "ea", "size_bytes": None, "new": 1}
HOOK = {"webhook_url": "https://x/y", "signing_enabled": True, "signing_secret": "whsec_hush"}


def batch(status: str, **fields) -> dict:
    return {"batch_id": "batch_1", "status": status, "sessions": [], **fields}


CALLS = [
    ("agents.versions", ("agt_1",), {}, "GET", "/agents/agt_1/versions", None),
    ("agents.delete", ("agt_1",), {}, "DELETE", "/agents/agt_1", None),
    (
        "agents.bundle_files",
        ("agt_1", "ver_1"),
        {},
        "GET",
        "/agents/agt_1/versions/ver_1/bundle",
        0,
    ),
    (
        "agents.set_model_backend",
        ("agt_1", "rtr_1"),
        {},
        "PUT",
        "/agents/agt_1/model-backend",
        {"kind": "router", "router_id": "rtr_1"},
    ),
    (
        "agents.publish_snapshot",
        ("src_1",),
        {},
        "POST",
        "/agents",
        {"source_snapshot_id": "src_1"},
    ),
    (
        "agents.publish_snapshot",
        ("src_1",),
        {"agent_id": "agt_1"},
        "POST",
        "/agents/agt_1/versions",
        {"source_snapshot_id": "src_1"},
    ),
    ("batches.get", ("batch_1",), {}, "GET", "/session-batches/batch_1", None),
    ("webhooks.get", ("agt_1",), {}, "GET", "/agents/agt_1/webhook", None),
    ("webhooks.clear", ("agt_1",), {}, "DELETE", "/agents/agt_1/webhook", None),
    ("webhooks.rotate", ("agt_1",), {}, "POST", "/agents/agt_1/webhook/rotate-secret", None),
    (
        "webhooks.set",
        ("agt_1", "https://x/y"),
        {},
        "PUT",
        "/agents/agt_1/webhook",
        {"webhook_url": "https://x/y"},
    ),
    (
        "webhooks.set",
        ("agt_1", "http://localhost:8/y"),
        {"event_types": ["batch.failed"]},
        "PUT",
        "/agents/agt_1/webhook",
        {"webhook_url": "http://localhost:8/y", "event_types": ["batch.failed"]},
    ),
    ("costs.session", ("sess_1",), {}, "GET", "/costs/sessions/sess_1", None),
    ("credentials.list", (), {}, "GET", f"{ORG}/credentials", None),
    ("credentials.put", ("A_1", "v"), {}, "PUT", f"{ORG}/credentials/A_1", {"value": "v"}),
    ("credentials.delete", ("A_1",), {}, "DELETE", f"{ORG}/credentials/A_1", None),
    ("storage_bindings.list", (), {}, "GET", f"{ORG}/storage-bindings", None),
    (
        "storage_bindings.create",
        ("team",),
        {"bucket": "b", "base_prefix": "p", "service_account_key_credential_name": "GCS"},
        "POST",
        f"{ORG}/storage-bindings",
        {
            "provider": "gcs",
            "name": "team",
            "bucket": "b",
            "base_prefix": "p",
            "service_account_key_credential_name": "GCS",
        },
    ),
    ("api_keys.list", (), {}, "GET", f"{ORG}/api-keys", None),
    ("api_keys.create", ("ci",), {}, "POST", f"{ORG}/api-keys", {"label": "ci"}),
    ("api_keys.delete", ("key_1",), {}, "DELETE", f"{ORG}/api-keys/key_1", None),
    ("members.list", (), {}, "GET", f"{ORG}/members", None),
    (
        "members.invite",
        ("a@b.c",),
        {},
        "POST",
        f"{ORG}/invitations",
        {"email": "a@b.c", "role": "member"},
    ),
]
ANSWER = {
    "id": "x_1",
    "name": "n",
    "webhook_url": None,
    "signing_enabled": False,
    "more": [1],
    **{name: [{"id": "x_2", "name": "A"}] for name in ("versions", "credentials")},
    **{name: [{"id": "x_2"}] for name in ("storage_bindings", "api_keys", "members")},
}


@pytest.mark.parametrize(("verb", "args", "kwargs", "method", "path", "body"), CALLS)
def test_each_verb_sends_what_the_contract_says(
    dari, sync_side, verb, args, kwargs, method, path, body
):
    dari.answer(method, path, {"files": []} if body == 0 else ANSWER)
    found = sync_side.ask(dari.url, verb, *args, **kwargs)
    (seen,) = dari.asked(path)
    assert (seen.json if seen.body else None) == (body or None)
    if isinstance(found, list):
        assert [one.id for one in found if body is None] == (["x_2"] if body is None else [])
    else:
        assert found == ANSWER or found.to_dict()["more"] == [1]


LISTS = [
    ("agents.versions", ("agt_1",), "/agents/agt_1/versions", "versions"),
    ("credentials.list", (), f"{ORG}/credentials", "credentials"),
    ("storage_bindings.list", (), f"{ORG}/storage-bindings", "storage_bindings"),
    ("api_keys.list", (), f"{ORG}/api-keys", "api_keys"),
    ("members.list", (), f"{ORG}/members", "members"),
]


@pytest.mark.parametrize(("verb", "args", "path", "key"), LISTS)
def test_new_lists_may_come_in_pages_too(dari, sync_side, verb, args, path, key):
    one, two = [{"id": "x_1", "name": "a"}], [{"id": "x_2", "name": "b"}]
    dari.answer("GET", path, {key: one, "has_more": True, "next_cursor": "c"}, {key: two})
    assert [found.id for found in sync_side.ask(dari.url, verb, *args)] == ["x_1", "x_2"]


@pytest.mark.parametrize(
    ("answer", "ids"),
    [
        ({"agent_id": "agt_1", "version_id": "ver_1", "agent_url": "u"}, ("agt_1", "ver_1")),
        ({"id": "agt_1", "version_id": "ver_1"}, ("agt_1", "ver_1")),
        ({"id": "agt_1", "name": "n", "active_version_id": "ver_1"}, ("agt_1", "ver_1")),
        ({"agent": {"id": "agt_1", "active_version_id": "ver_1"}}, ("agt_1", "ver_1")),
        ({"agent": {"id": "agt_1"}, "version": {"id": "ver_1"}}, ("agt_1", "ver_1")),
        ({"agent_id": "agt_1"}, ("agt_1", None)),
    ],
)
def test_a_published_agent_is_understood_in_every_shape(dari, sync_side, answer, ids):
    dari.answer("POST", "/agents", JSONResponse(answer, 201))
    found = sync_side.ask(dari.url, "agents.publish_snapshot", "src_1")
    assert (found.agent_id, found.version_id) == ids
    assert found.to_dict() == answer


@pytest.mark.parametrize(
    "answer",
    [
        {"files": ["dari.yml", "a/b.md"]},
        {"files": [{"path": "dari.yml"}, {"path": "a/b.md", "size_bytes": 3}]},
        {"version_id": "v", "entries": [{"name": "dari.yml"}, {"name": "a/b.md", "size": 3}]},
        ["dari.yml", "a/b.md"],
    ],
)
def test_a_bundles_files_are_understood_in_every_shape(dari, sync_side, answer):
    path = "/agents/agt_1/versions/ver_1/bundle"
    dari.answer("GET", path, answer)
    found = sync_side.ask(dari.url, "agents.bundle_files", "agt_1", "ver_1")
    assert [file.path for file in found] == ["dari.yml", "a/b.md"]
    assert found[1].size_bytes in (None, 3)


@pytest.mark.parametrize("answer", [{"files": [3]}, 7])
def test_a_bundle_without_files_is_an_answer_that_cannot_be_read(dari, sync_side, answer):
    dari.answer("GET", "/agents/agt_1/versions/ver_1/bundle", JSONResponse(answer))
    with pytest.raises(UnexpectedAnswerError):
        sync_side.ask(dari.url, "agents.bundle_files", "agt_1", "ver_1")


def test_a_file_of_a_bundle_is_asked_for_by_its_path(dari, sync_side):
    path = "/agents/agt_1/versions/ver_1/bundle/file"
    dari.answer("GET", path, {"content": "name: é\n"})
    name = "prompts/sys tem&x.md"
    assert sync_side.ask(dari.url, "agents.read_bundle_file", "agt_1", "ver_1", name) == "name: é\n"
    assert dari.seen[0].query == [("path", name)]


def test_a_batch_is_sent_with_a_key_in_its_body_and_tried_again_with_the_same(dari, side):
    busy = JSONResponse({"detail": "later"}, 503)
    dari.answer("POST", "/session-batches", busy, JSONResponse(batch("queued"), 201))
    items = [
        batch_item("agt_1", "Hi", llm_id="small", metadata={"n": "1"}),
        {"agent_id": "agt_1", "message": {"content": "Hi", "metadata": {"k": 1}}},
    ]
    assert side.ask(dari.url, "batches.create", items).id == "batch_1"
    first, second = dari.seen
    assert first.body == second.body
    assert 0 < len(first.json["idempotency_key"]) <= 128
    assert first.json["items"] == [
        {"agent_id": "agt_1", "llm_id": "small", "metadata": {"n": "1"}, "message": HELLO},
        {"agent_id": "agt_1", "message": {**HELLO, "metadata": {"k": 1}}},
    ]


@pytest.mark.parametrize("id_key", ["batch_id", "id"])
def test_a_batchs_items_come_in_order_and_tell_whether_they_failed(dari, sync_side, id_key):
    sessions = [
        {"index": 2, "session_id": "sess_2", "status": "completed", "shade": "blue"},
        {"index": 0, "session_id": "", "status": "failed", "error": "no such version"},
        {"index": 1, "session_id": "sess_1", "status": "running", "last_message_status": "running"},
    ]
    counts = {"queued": 0, "running": 1, "completed": 1, "failed": 1}
    answer = {id_key: "batch_1", "status": "running", "sessions": sessions, "counts": counts}
    dari.answer("GET", "/session-batches/batch_1", answer)
    found = sync_side.ask(dari.url, "batches.get", "batch_1")
    assert (found.id, found.counts, found.to_dict()) == ("batch_1", counts, answer)
    assert [item.session_id for item in found.items] == [None, "sess_1", "sess_2"]
    assert [item.is_failed for item in found.items] == [True, False, False]
    assert [item.is_terminal for item in found.items] == [True, False, True]
    assert found.items[2].extra == {"shade": "blue"}


def test_waiting_for_a_batch_tells_each_state_and_ends_with_the_last(dari, sync_side):
    states = [batch("queued"), batch("running"), batch("partial_failed")]
    dari.answer("GET", "/session-batches/batch_1", *states)
    seen = []
    options = {"every": 0.01, "on_update": lambda now: seen.append(now.status)}
    found = sync_side.ask(dari.url, "batches.wait", "batch_1", **options)
    assert seen == ["queued", "running", "partial_failed"]
    assert found.is_terminal


def test_waiting_for_a_batch_has_an_end(dari, side):
    dari.answer("GET", "/session-batches/batch_1", batch("running"))
    with pytest.raises(TimedOutError):
        side.ask(dari.url, "batches.wait", "batch_1", timeout=0.05, every=0.01)


@pytest.mark.parametrize(
    ("sent", "text", "exact"),
    [
        ("0.0421", "0.0421", Decimal("0.0421")),
        (0.5, "0.5", Decimal("0.5")),
        (None, None, None),
        ("unknown", "unknown", None),
        ("NaN", "NaN", None),
    ],
)
def test_a_cost_keeps_its_decimals(dari, sync_side, sent, text, exact):
    dari.answer("GET", "/costs/sessions/sess_1", {"event_count": 12, "total_cost_usd": sent})
    found = sync_side.ask(dari.url, "costs.session", "sess_1")
    assert (found.total_cost_usd, found.total_cost, found.event_count) == (text, exact, 12)


@pytest.mark.parametrize(
    ("verb", "args", "method", "path", "answer"),
    [
        ("webhooks.rotate", ("agt_1",), "POST", "/agents/agt_1/webhook/rotate-secret", HOOK),
        (
            "api_keys.create",
            ("ci",),
            "POST",
            f"{ORG}/api-keys",
            {"id": "k", "api_key": "dari_hush"},
        ),
    ],
)
def test_a_secret_that_is_shown_once_is_a_field_but_in_no_repr(
    dari, sync_side, verb, args, method, path, answer
):
    dari.answer(method, path, answer)
    found = sync_side.ask(dari.url, verb, *args)
    assert "hush" in (getattr(found, "api_key", None) or found.signing_secret)
    assert "hush" not in repr(found) + str([found])


def test_a_credentials_value_that_the_server_quotes_is_hidden(dari, sync_side):
    answer = JSONResponse({"detail": "bad value: hush"}, 400)
    dari.answer("PUT", f"{ORG}/credentials/A", answer)
    with pytest.raises(ApiError, match=r"bad value: \[hidden\]"):
        sync_side.ask(dari.url, "credentials.put", "A", "hush")


ITEM = batch_item("agt_1", "Hi")


@pytest.mark.parametrize(
    ("verb", "args", "kwargs"),
    [
        ("batches.create", ([ITEM] * 101,), {}),
        ("batches.create", ([ITEM, {**ITEM, "agent_id": "agt_2"}],), {}),
        ("batches.create", (["agt_1"],), {}),
        ("batches.create", ([ITEM, {**ITEM, "message": {}}],), {}),
        ("batches.create", ([{**ITEM, "secrets": {"a": "s"}}],), {}),
        ("batches.create", ([ITEM],), {"idempotency_key": "x" * 129}),
        ("webhooks.set", ("agt_1", "ftp://x/y"), {}),
        ("webhooks.set", ("agt_1", "https://a:hush@x/y"), {}),
        ("webhooks.set", ("agt_1", "http://x:port"), {}),
        ("webhooks.set", ("agt_1", "https://x"), {"event_types": ["nope"]}),
        ("credentials.put", ("lower", "v"), {}),
        ("credentials.put", ("A", ""), {}),
        ("credentials.delete", ("1A",), {}),
        (
            "storage_bindings.create",
            ("n",),
            {"bucket": "b", "base_prefix": "p", "service_account_key_credential_name": "x y"},
        ),
    ],
)
def test_what_breaks_a_stated_rule_is_refused_before_anything_is_sent(
    dari, sync_side, verb, args, kwargs
):
    with pytest.raises(InvalidRequestError) as raised:
        sync_side.ask(dari.url, verb, *args, **kwargs)
    assert dari.seen == []
    assert "hush" not in str(raised.value)
