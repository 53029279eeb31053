"""What a tool that knows nothing but the description finds: schemathesis against the server."""

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dari_nb.local import LocalDari
from dari_nb.local.http.app import ROUTES
from dari_nb.local.openapi import OPERATIONS, description

SERVED = [(method, route.path) for route in ROUTES for method in route.methods - {"HEAD"}]
# A stream has no end. What deletes comes last, so that the others find what they name.
CALLED = [o for o in OPERATIONS if (o.method, o.path) in SERVED and o.media != "text/event-stream"]
CALLED.sort(key=lambda operation: operation.method == "DELETE")
SCHEMA = schemathesis.openapi.from_dict(description(SERVED))
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
BOUNDED = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def target():
    """A server of its own with an agent, a session and a message that a path can name."""
    with LocalDari() as server:
        headers = {"Authorization": f"Bearer {server.api_key}"}
        with httpx.Client(base_url=f"{server.url}/v1", headers=headers) as http:
            agent = http.get("/agents").json()["agents"][0]
            message = {"type": "user.message", "content": [{"type": "text", "text": "hello"}]}
            sent = http.post(f"/agents/{agent['id']}/messages", json=message).json()
        known = {
            "agent_id": agent["id"],
            "version_id": agent["active_version_id"],
            "session_id": sent["session"]["id"],
            "message_id": sent["message"]["id"],
        }
        yield server, known


@pytest.mark.parametrize("operation", CALLED, ids=lambda operation: operation.name)
def test_a_stranger_finds_no_5xx_and_no_undocumented_answer(target, operation):
    server, known = target
    strategy = SCHEMA[operation.path][operation.method].as_strategy()

    @BOUNDED
    @given(case=strategy, is_known=st.booleans())
    def check(case, is_known):
        if is_known:
            names = case.path_parameters or {}
            case.path_parameters = {name: known.get(name, value) for name, value in names.items()}
        case.call_and_validate(
            base_url=f"{server.url}/v1",
            headers={"Authorization": f"Bearer {server.api_key}"},
            checks=CHECKS,
        )

    check()
