"""What a tool that knows nothing but the description finds: schemathesis against the server."""

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dari_nb.local import LocalDari
from dari_nb.local.http.app import OPERATIONS
from dari_nb.local.http.openapi import description

# A stream has no end. What deletes comes last, so that the others find what they name.
CALLED = [o for o in OPERATIONS if o.media != "text/event-stream"]
CALLED.sort(key=lambda operation: operation.method == "DELETE")
SCHEMA = schemathesis.openapi.from_dict(description(OPERATIONS))
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
DARI_YML = b"""\
name: known
harness: pi
instructions: {system: system.md}
llm: {default: small, options: {small: {model: openai/gpt-5.5}}}
"""
CREDENTIAL = {"name": "KNOWN"}
BINDING = {
    "provider": "gcs",
    "name": "known",
    "bucket": "b",
    "base_prefix": "p",
    "service_account_key_credential_name": "GCS_KEY",
}


def bounded(examples):
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def target():
    """A server of its own with one of each thing."""
    with LocalDari(webhook_backoff=()) as server:
        yield server


@pytest.fixture
def known(target, call, blocks):
    """Ids by the names that paths and bodies give them."""
    bundle = {"dari.yml": DARI_YML, "system.md": b"Hello"}
    current = "/organizations/current"
    with call(target) as api:
        published = api.publish(bundle)
        message = api.ask("echo", "hello")
        item = {"agent_id": api.agent_id("echo"), "message": {"content": blocks("x")}}
        api.http.put(f"{current}/credentials/KNOWN", json={"value": "x"})
        bindings = api.get(f"{current}/storage-bindings")["storage_bindings"]
        return {
            "agent_id": published["agent_id"],
            "version_id": published["version_id"],
            "llm_id": "small",
            "session_id": message["session_id"],
            "message_id": message["id"],
            "batch_id": api.post("/session-batches", {"items": [item]})["batch_id"],
            "source_snapshot_id": api.snapshot(api.packed(bundle)),
            "key_id": api.post(f"{current}/api-keys", {"label": "known"})["id"],
            "storage_binding_id": next(
                (one["id"] for one in bindings if one["name"] == "known"), None
            )
            or api.post(f"{current}/storage-bindings", BINDING)["id"],
            "file_id": api.upload("known.txt", b"x"),
            "webhook_url": "https://example.com/known",
            "path": "dari.yml",
        }


def with_known(value, known):
    """Put real ids where something generated stands for one."""
    if isinstance(value, dict):
        return {
            key: known[key] if key in known and isinstance(one, str) else with_known(one, known)
            for key, one in value.items()
        }
    return [with_known(one, known) for one in value] if isinstance(value, list) else value


def called(target, known, operation, mode, examples):
    """Call an operation with generated input; returns the codes of its answers."""
    strategy = SCHEMA[operation.path][operation.method].as_strategy(generation_mode=mode)
    seen = set()

    @bounded(examples)
    @given(case=strategy, is_known=st.sampled_from([True, True, False]))
    def check(case, is_known):
        if is_known:
            case.path_parameters = with_known(case.path_parameters or {}, known | CREDENTIAL)
            case.query = with_known(case.query or {}, known)
            if isinstance(case.body, dict):
                case.body = with_known(case.body, known)
        answer = case.call_and_validate(
            base_url=f"{target.url}/v1",
            headers={"Authorization": f"Bearer {target.api_key}"},
            checks=CHECKS,
        )
        seen.add(answer.status_code)

    check()
    return seen


@pytest.mark.parametrize("operation", CALLED, ids=lambda operation: operation.name)
def test_a_stranger_finds_no_5xx_and_no_undocumented_answer(target, known, operation):
    seen = called(target, known, operation, GenerationMode.POSITIVE, 8)
    assert operation.status in seen


WITH_INPUT = [o for o in CALLED if o.body or o.form or o.query or "{" in o.path]


@pytest.mark.parametrize("operation", WITH_INPUT, ids=lambda operation: operation.name)
def test_what_breaks_the_description_finds_none_either(target, known, operation):
    seen = called(target, known, operation, GenerationMode.NEGATIVE, 6)
    assert any(code >= 400 for code in seen)


TEXTS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)


def test_the_stream_answers_as_it_is_described(target, known):
    codes = description(OPERATIONS)["paths"]["/sessions/{session_id}/stream"]["get"]["responses"]
    headers = {"Authorization": f"Bearer {target.api_key}"}
    session_id = known["session_id"]
    seen = set()
    with httpx.Client(base_url=f"{target.url}/v1", headers=headers) as http:

        @bounded(30)
        @given(
            session=st.one_of(st.just(session_id), TEXTS.filter(lambda text: "/" not in text)),
            last=st.one_of(
                st.none(), TEXTS, st.integers(0, 99).map(lambda n: f"{session_id}:evt_{n}")
            ),
            key=st.sampled_from([None, None, None, "Bearer dari_other"]),
        )
        def check(session, last, key):
            sent = {"Last-Event-ID": last} if last is not None else {}
            sent |= {"Authorization": key} if key else {}
            url = httpx.URL(f"{target.url}/v1").copy_with(
                raw_path=b"/v1/sessions/%b/stream" % _quoted(session)
            )
            with http.stream("GET", url, headers=sent) as answer:
                first = next(answer.iter_bytes(), b"")
            seen.add(str(answer.status_code))
            media = answer.headers["content-type"].partition(";")[0]
            assert media in codes[str(answer.status_code)]["content"]
            assert first.startswith(b": connected" if answer.is_success else b'{"detail"')

        check()
    assert seen == {"200", "401", "404"}


def _quoted(text):
    return "".join(f"%{byte:02X}" for byte in text.encode()).encode() or b"x"
