"""A body is taken exactly when the description, read by somebody else's validator, allows it."""

import json

import httpx
import jsonschema_rs
import pytest

from dari_nb.local import LocalDari

from ..conftest import Caller

DIGEST = "0" * 64
SNAPSHOT = {"format": "tar.gz", "sha256": DIGEST, "size_bytes": 2}
BINDING = {
    "provider": "gcs",
    "bucket": "b",
    "base_prefix": "",
    "service_account_key_credential_name": "GCS_KEY",
}
BLOCKS = [{"type": "text", "text": "x"}]
MESSAGE = {"type": "user.message", "content": BLOCKS}
CURRENT = "/organizations/current"
SESSIONS, MESSAGES = "/agents/{agent_id}/sessions", "/agents/{agent_id}/messages"
HOOK = {"webhook_url": "https://example.com/hook"}
ITEM = {"agent_id": "{agent_id}", "message": {"content": BLOCKS}}

TEXTS = [None, 1, []]
NAMES = ["KEY", "_9", "9KEY", "key", "KEY\n", ""]
SIZES = ["2", "2.0", "2.5", '"2"', "null", "0", "1e300"]


SOME = ["x", "", *TEXTS]
BATCHES = ("POST", "/session-batches")
INVITATIONS = ("POST", f"{CURRENT}/invitations")
KEYS = ("POST", f"{CURRENT}/api-keys")
NEW_SESSION, NEW_MESSAGE = ("POST", SESSIONS), ("POST", MESSAGES)
SET_WEBHOOK = ("PUT", "/agents/{other_id}/webhook")
# An operation, a body without one field, the field, and what it is tried with.
TABLE = [
    (
        *(("POST", "/source-snapshots"), SNAPSHOT, "sha256"),
        ["0" * 63, "0" * 65, "A" * 64, f"{DIGEST}\n", f"\n{DIGEST}", *TEXTS],
    ),
    (("POST", "/source-snapshots"), SNAPSHOT, "metadata", [{"a": [1]}, *TEXTS]),
    (("POST", "/source-snapshots"), SNAPSHOT, "format", ["tar.gz", "zip", *TEXTS]),
    (NEW_SESSION, {}, "metadata", [{"a": "b"}, {"a": 1}, {"a": None}, *TEXTS]),
    (NEW_SESSION, {}, "name", SOME),
    (NEW_SESSION, {}, "llm_api_key", SOME),
    (NEW_SESSION, {}, "internet_access", [True, False, 0, "true", None]),
    (NEW_SESSION, {}, "secrets", [{name: "x"} for name in NAMES]),
    (NEW_SESSION, {}, "secrets", [{"KEY": value} for value in SOME]),
    (NEW_MESSAGE, MESSAGE, "session", [{"secrets": {name: "x"}} for name in NAMES]),
    (NEW_MESSAGE, MESSAGE, "session", TEXTS),
    (NEW_MESSAGE, MESSAGE, "metadata", [{"a": [1]}, *TEXTS]),
    (NEW_MESSAGE, MESSAGE, "type", ["user.message", "tool.result_submitted", *TEXTS]),
    (NEW_MESSAGE, MESSAGE, "content", [BLOCKS, [{"type": "text"}], [{"type": "video"}], None]),
    (KEYS, {}, "label", SOME),
    (KEYS, {"label": "x"}, "key_type", ["management", "routing", "other", None]),
    (("PUT", f"{CURRENT}/credentials/KEY"), {}, "value", SOME),
    (("PUT", "/agents/{other_id}/model-backend"), {"kind": "router"}, "router_id", SOME),
    (SET_WEBHOOK, HOOK, "event_types", [[], ["session.failed"], ["session.paused"], [None]]),
    (SET_WEBHOOK, HOOK, "event_types", TEXTS),
    (
        *(INVITATIONS, {"role": "member"}, "email"),
        ["a@b.de", "a@b", "a@b\n", "a b@c", "a@b@c", "@b", "a@", "ä@ö.de", *TEXTS],
    ),
    (INVITATIONS, {"email": "a@b"}, "role", ["owner", "admin", "member", "guest", None]),
    (BATCHES, {}, "items", [[ITEM] * count for count in (0, 1, 100, 101)]),
    (BATCHES, {}, "items", [[ITEM | {"metadata": one}] for one in ({"a": "b"}, {"a": 1}, None)]),
    (BATCHES, {}, "items", [[ITEM | {"secrets": {name: "x"}}] for name in NAMES]),
    (BATCHES, {"items": [ITEM]}, "idempotency_key", ["", "x", "ä" * 128, "x" * 129, "😀" * 127]),
]


def bodies():
    """Method, path and body as JSON text of each case."""
    for size in SIZES:
        yield "POST", "/source-snapshots", json.dumps(SNAPSHOT).replace(": 2}", f": {size}}}")
    for place, name in enumerate([*NAMES, *TEXTS]):
        binding = BINDING | {"name": f"b{place}", "service_account_key_credential_name": name}
        yield "POST", f"{CURRENT}/storage-bindings", json.dumps(binding)
    for (method, path), rest, field, values in TABLE:
        for value in values:
            yield method, path, json.dumps(rest | {field: value})
    yield "POST", SESSIONS, ""
    yield "POST", SESSIONS, "[]"


CASES = list(dict.fromkeys(bodies()))


@pytest.fixture(scope="module")
def target():
    """A server whose operator allows whatever a body may ask for."""
    with LocalDari(internet_access=True) as server:
        yield server


@pytest.fixture(scope="module")
def api(target):
    caller = Caller(target)
    yield caller
    caller.http.close()


@pytest.fixture(scope="module")
def described(target):
    return httpx.get(f"{target.url}/openapi.json").json()


def allows(document, method, path, text):
    """Whether the description allows a body."""
    place = next(p for p in document["paths"] if matches(p, path))
    sent = document["paths"][place][method.lower()]["requestBody"]
    if not text:
        return not sent["required"]
    [(_, content)] = sent["content"].items()
    schema = {**content["schema"], "components": document["components"]}
    return jsonschema_rs.validator_for(schema).is_valid(json.loads(text))


def matches(described, path):
    pairs = zip(described.split("/"), path.split("/"), strict=False)
    return described.count("/") == path.count("/") and all(
        one.startswith("{") or one == other for one, other in pairs
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]} {case[2][-60:]}")
def test_a_body_is_taken_when_the_description_allows_it_and_refused_otherwise(case, described, api):
    method, path, text = case
    agent, other = api.agent_id("echo"), api.agent_id("calculator")
    text = text.replace("{agent_id}", agent)
    path = path.replace("{agent_id}", agent).replace("{other_id}", other)
    headers = {"content-type": "application/json"}
    answer = api.http.request(method, path, content=text, headers=headers)
    is_allowed = allows(described, method, case[1], text)
    assert answer.status_code in ((200, 201, 202) if is_allowed else (400, 422)), answer.text


def test_each_operation_of_these_has_bodies_of_both_kinds(described):
    kinds = {(*case[:2], allows(described, *case)) for case in CASES}
    assert len(kinds) == 2 * len({case[:2] for case in CASES})
